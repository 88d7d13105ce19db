from collections import Counter

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from deploy.demo.complaints import demo_complaints
from deploy.demo.loading import DemoLoader, DemoNotLoaded, Submitted, Tokens, actions_of
from shared.ids import draw_ticket

COMPLAINTS = demo_complaints()
TOKENS = Tokens("operator", "coordinator")


def test_given_the_demo_when_planned_then_only_what_was_followed_up_is_acted_on() -> None:
    actions = {complaint.key: actions_of(complaint) for complaint in COMPLAINTS}

    acted_on = [complaint for complaint in COMPLAINTS if actions[complaint.key]]

    assert len(acted_on) == 185
    assert all(complaint.followed_up for complaint in acted_on)
    assert Counter(actions.values()) == {(): 93, ("progress",): 124, ("accept", "progress", "resolve"): 61}


async def test_given_the_demo_when_loaded_twice_then_the_second_time_asks_for_nothing_new() -> None:
    seen: list[tuple[str, str, str]] = []

    for _ in range(2):
        async with client_of(a_platform(seen)) as client:
            loader = DemoLoader(client, TOKENS)
            submitted = await loader.submit(COMPLAINTS[:20], lambda: None)
            await loader.follow_up([one for one in submitted if one.complaint.followed_up], lambda: None)

    assert len(seen) == 2 * len(set(seen))
    assert {token for path, token, _ in seen if path == "/v1/complaints"} == {"Bearer operator"}
    assert {token for path, token, _ in seen if path != "/v1/complaints"} == {"Bearer coordinator"}


async def test_given_a_token_that_is_not_known_yet_when_loaded_then_it_is_tried_again() -> None:
    seen: list[tuple[str, str, str]] = []

    async with client_of(a_platform(seen, first_status=401)) as client:
        submitted = await DemoLoader(client, TOKENS).submit(COMPLAINTS[:1], lambda: None)

    assert len(submitted) == 1
    assert len(seen) == 2


async def test_given_a_case_that_others_changed_when_followed_up_then_it_is_counted_and_left() -> None:
    case = Submitted(next(one for one in COMPLAINTS if one.followed_up), "NTB-336T-6BAV-RYHW-HK")

    async with client_of(a_platform([], desk_status=409)) as client:
        refused = await DemoLoader(client, TOKENS).follow_up([case], lambda: None)

    assert refused == 1


async def test_given_a_refusal_when_loaded_then_it_is_told_with_its_words() -> None:
    case = Submitted(next(one for one in COMPLAINTS if one.followed_up), "NTB-336T-6BAV-RYHW-HK")

    async with client_of(a_platform([], desk_status=404)) as client:
        with pytest.raises(DemoNotLoaded, match=r"NTB-336T-6BAV-RYHW-HK with status 404: .*no such case"):
            await DemoLoader(client, TOKENS).follow_up([case], lambda: None)


def a_platform(seen: list[tuple[str, str, str]], *, first_status: int = 202, desk_status: int = 200) -> Starlette:
    """Notes path, token and idempotency key of each request; the first complaint may be refused."""

    async def post(request: Request) -> JSONResponse:
        headers = request.headers
        seen.append((request.url.path, headers["authorization"], headers["idempotency-key"]))
        if request.url.path == "/v1/complaints":
            status = first_status if len(seen) == 1 else 202
            return JSONResponse({"ticket": draw_ticket(b"secret", "demo", COMPLAINTS[0].key)}, status)
        return JSONResponse({"title": "no such case"}, desk_status)

    return Starlette(routes=[Route("/{rest:path}", post, methods=["POST"])])


def client_of(app: Starlette) -> httpx2.AsyncClient:
    return httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://platform")
