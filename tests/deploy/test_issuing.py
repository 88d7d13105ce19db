import httpx2
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from deploy.issuing import ClientRefused, Wish, until_known
from shared.events.directory import ClientRole


@pytest.mark.parametrize(("client_id", "words"), [("public", "without a token"), ("demo", "the demo")])
def test_given_an_id_that_stands_for_others_when_wished_for_then_it_is_refused(client_id: str, words: str) -> None:
    name = "Portal"

    with pytest.raises(ClientRefused, match=rf"The id {client_id} stands for .*{words}.*--id"):
        Wish(client_id, name, ClientRole.INTEGRATOR)


async def test_given_a_service_that_learns_of_a_token_later_when_waited_for_then_it_is_asked_until_it_knows() -> None:
    asked: list[str] = []

    async with client_of(a_platform(asked, unknown=2)) as client:
        known = await until_known(client, "ntb_portal_1")

    assert known
    assert asked == ["Bearer ntb_portal_1"] * 3


def a_platform(asked: list[str], unknown: int) -> Starlette:
    """Notes each token, and does not know it the first few times."""

    async def answer(request: Request) -> JSONResponse:
        asked.append(request.headers["authorization"])
        return JSONResponse({}, 401 if len(asked) <= unknown else 422)

    return Starlette(routes=[Route("/v1/complaints", answer, methods=["POST"])])


def client_of(app: Starlette) -> httpx2.AsyncClient:
    return httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://platform")
