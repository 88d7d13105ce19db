from collections import Counter
from dataclasses import dataclass
from uuid import UUID

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
TICKET = "NTB-336T-6BAV-RYHW-HK"
AGENCY = "PUPR-52.03"
TOKENS = Tokens("operator", "coordinator", "officer of {}".format)


def test_given_the_demo_when_planned_then_only_what_was_followed_up_is_acted_on() -> None:
    actions = {complaint.key: actions_of(complaint) for complaint in COMPLAINTS}

    acted_on = [complaint for complaint in COMPLAINTS if actions[complaint.key]]

    assert len(acted_on) == 185
    assert all(complaint.followed_up for complaint in acted_on)
    assert Counter(actions.values()) == {(): 93, ("progress",): 124, ("accept", "progress", "resolve"): 61}


async def test_given_the_demo_when_loaded_twice_then_the_second_time_asks_for_nothing_new() -> None:
    seen: list[Asked] = []

    for _ in range(2):
        async with client_of(a_platform(seen)) as client:
            loader = DemoLoader(client, TOKENS)
            submitted = await loader.submit(COMPLAINTS[:20], lambda: None)
            await loader.follow_up([one for one in submitted if one.complaint.followed_up], lambda: None)

    assert len(seen) == 2 * len(set(seen))
    assert {asked.token for asked in seen if asked.path == "/v1/complaints"} == {"Bearer operator"}
    at_the_desk = [asked for asked in seen if asked.path != "/v1/complaints"]
    assert {asked.token for asked in at_the_desk if asked.key is None} == {"Bearer coordinator"}
    assert {asked.token for asked in at_the_desk if asked.key is not None} == {f"Bearer officer of {AGENCY}"}


async def test_given_a_case_when_followed_up_to_the_end_then_each_act_tells_the_revision_before_it() -> None:
    case = Submitted(next(one for one in COMPLAINTS if len(actions_of(one)) == 3), TICKET)
    seen: list[Asked] = []

    async with client_of(a_platform(seen)) as client:
        refused = await DemoLoader(client, TOKENS).follow_up([case], lambda: None)

    assert refused == 0
    assert [(asked.path.rpartition("/")[2], asked.revision) for asked in seen] == [
        (TICKET, None),
        ("accept", "1"),
        ("progress", "2"),
        ("resolve", "3"),
    ]


async def test_given_a_token_that_is_not_known_yet_when_loaded_then_it_is_tried_again() -> None:
    seen: list[Asked] = []

    async with client_of(a_platform(seen, first_status=401)) as client:
        submitted = await DemoLoader(client, TOKENS).submit(COMPLAINTS[:1], lambda: None)

    assert len(submitted) == 1
    assert len(seen) == 2


@pytest.mark.parametrize("status", [409, 412])
async def test_given_a_case_that_others_changed_when_followed_up_then_it_is_counted_and_left(status: int) -> None:
    case = Submitted(next(one for one in COMPLAINTS if one.followed_up), TICKET)

    async with client_of(a_platform([], desk_status=status)) as client:
        refused = await DemoLoader(client, TOKENS).follow_up([case], lambda: None)

    assert refused == 1


async def test_given_a_case_that_no_agency_has_any_more_when_followed_up_then_it_is_counted_and_left() -> None:
    case = Submitted(next(one for one in COMPLAINTS if one.followed_up), TICKET)
    seen: list[Asked] = []

    async with client_of(a_platform(seen, agency=None)) as client:
        refused = await DemoLoader(client, TOKENS).follow_up([case], lambda: None)

    assert refused == 1
    assert len(seen) == 1


async def test_given_a_case_that_goes_to_a_successor_meanwhile_when_followed_up_then_that_body_acts() -> None:
    case = Submitted(next(one for one in COMPLAINTS if one.followed_up), TICKET)
    seen: list[Asked] = []

    async with client_of(a_platform(seen, successor="PUPR-52.02")) as client:
        refused = await DemoLoader(client, TOKENS).follow_up([case], lambda: None)

    acts = [asked.token.removeprefix("Bearer ") for asked in seen if "/desk/cases/" in asked.path and asked.key]
    assert refused == 0
    assert acts[0] == TOKENS.officer_of(AGENCY)
    assert set(acts[1:]) == {TOKENS.officer_of("PUPR-52.02")}


async def test_given_a_refusal_when_loaded_then_it_is_told_with_its_words() -> None:
    case = Submitted(next(one for one in COMPLAINTS if one.followed_up), TICKET)

    async with client_of(a_platform([], desk_status=404)) as client:
        with pytest.raises(DemoNotLoaded, match=rf"{TICKET} with status 404: .*no such case"):
            await DemoLoader(client, TOKENS).follow_up([case], lambda: None)


async def test_given_a_desk_with_another_secret_when_checked_then_the_demo_is_not_loaded() -> None:
    async with client_of(a_platform([], desk_status=401)) as client:
        with pytest.raises(DemoNotLoaded, match=r"did not let the demo in, with status 401: .*SECRET"):
            await DemoLoader(client, TOKENS).check_desk()


@dataclass(frozen=True)
class Asked:
    """What matters of a request."""

    path: str
    token: str
    key: str | None
    revision: str | None


def a_platform(
    seen: list[Asked],
    *,
    first_status: int = 202,
    desk_status: int = 200,
    agency: str | None = AGENCY,
    successor: str | None = None,
) -> Starlette:
    """Notes each request. The first complaint may be refused, and each act; an act makes a revision more.

    A `successor` has the case from the first act on, which finds none for that reason.
    """
    holders = [agency, *([successor] if successor else [])]

    async def submit(request: Request) -> JSONResponse:
        seen.append(asked_by(request))
        status = first_status if len(seen) == 1 else 202
        return JSONResponse(
            {"ticket": draw_ticket(b"secret", "demo", UUID(request.headers["idempotency-key"]))}, status
        )

    async def read(request: Request) -> JSONResponse:
        seen.append(asked_by(request))
        status = 401 if desk_status == 401 else 200
        return JSONResponse({"case": {"agency": holders[0]}, "revision": 1}, status)

    async def act(request: Request) -> JSONResponse:
        seen.append(asked_by(request))
        revision = int(request.headers["if-match"]) + 1
        status = 404 if len(holders) > 1 else desk_status
        del holders[:-1]
        return JSONResponse({"title": "no such case", "case": {"agency": holders[0]}, "revision": revision}, status)

    return Starlette(
        routes=[
            Route("/v1/complaints", submit, methods=["POST"]),
            Route("/v1/desk/cases/{ticket}", read),
            Route("/v1/desk/cases/{ticket}/{action}", act, methods=["POST"]),
        ]
    )


def asked_by(request: Request) -> Asked:
    headers = request.headers
    return Asked(request.url.path, headers["authorization"], headers.get("idempotency-key"), headers.get("if-match"))


def client_of(app: Starlette) -> httpx2.AsyncClient:
    return httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://platform")
