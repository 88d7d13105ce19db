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


async def test_given_services_that_learn_of_a_token_one_by_one_when_waited_for_then_each_is_asked_until_it_knows() -> (
    None
):
    asked: list[str] = []

    async with client_of(a_platform(asked, {"/v1/desk/cases/NTB-336T-6BAV-RYHW-HK": 2, "/v1/complaints": 1})) as client:
        known = await until_known(client, "ntb_portal_1")

    assert known
    assert asked == ["/v1/desk/cases/NTB-336T-6BAV-RYHW-HK"] * 3 + ["/v1/complaints"] * 2


def a_platform(asked: list[str], unknown: dict[str, int]) -> Starlette:
    """Notes each path, and does not know the token the first few times."""

    async def answer(request: Request) -> JSONResponse:
        path = request.url.path
        asked.append(path)
        return JSONResponse({}, 401 if asked.count(path) <= unknown[path] else 403)

    return Starlette(routes=[Route("/{rest:path}", answer, methods=["GET", "POST"])])


def client_of(app: Starlette) -> httpx2.AsyncClient:
    return httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://platform")
