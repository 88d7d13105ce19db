"""Agencies' own systems over HTTP: every endpoint by whoever asks, and what is wrong with what is asked for."""

from collections.abc import AsyncGenerator
from datetime import timedelta
from io import StringIO
from typing import Any, Final

import httpx2
import pytest

from shared.mongo import Database
from tests.notification.examples import AGENCY, AT
from tests.notification.replica import Clock
from tests.notification.systems import OTHER, URL, WEBHOOKS, an_office, key, register, signed_in, with_clients

pytestmark = pytest.mark.integration

READS: Final = [("GET", f"{WEBHOOKS}?agency={AGENCY}"), ("GET", "{one}"), ("GET", "{one}/events")]
CHANGES: Final[list[tuple[str, str]]] = [
    ("POST", WEBHOOKS),
    ("PATCH", "{one}"),
    ("POST", "{one}/secret"),
    ("POST", "{one}/enable"),
    ("DELETE", "{one}"),
]
BODIES: Final = {("POST", WEBHOOKS): {"agency": AGENCY, "url": URL}, ("PATCH", "{one}"): {"types": []}}
NO: Final = [401] * 8
OUT: Final = [403, 404, 404, 403, 404, 404, 404, 404]
READER: Final = [200, 200, 200, 403, 403, 403, 403, 403]
CHANGER: Final = [200, 200, 200, 201, 200, 200, 200, 204]


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


DIRECTORY, TOKENS = with_clients()
CALLERS: Final[dict[str, tuple[dict[str, str], list[int]]]] = {
    "nobody": ({}, NO),
    "somebody with a token of nobody's making": (bearer("ntb_ours_0123"), NO),
    "somebody with another kind of word": ({"Authorization": "Basic Y2l0cmE6"}, NO),
    "a system whose token was revoked": (bearer(TOKENS["revoked"]), NO),
    "an officer of the agency": (signed_in("officer", AGENCY), OUT),
    "the head of another agency": (signed_in("agency_head", OTHER), OUT),
    "a head of nothing": (signed_in("agency_head"), OUT),
    "a leader": (signed_in("leader"), OUT),
    "the system of another agency": (bearer(TOKENS["theirs"]), OUT),
    "a system of no agency": (bearer(TOKENS["nobodys"]), OUT),
    "the agency's own system": (bearer(TOKENS["ours"]), READER),
    "the agency's own system in small letters": ({"Authorization": f"bearer {TOKENS['ours']}"}, READER),
    "an auditor": (signed_in("auditor"), [200, 200, 403, *READER[3:]]),
    "the agency's head": (signed_in("agency_head", AGENCY), CHANGER),
    "a coordinator": (signed_in("coordinator", "BIRO-ORGANISASI"), [200, 200, 403, *CHANGER[3:]]),
}


@pytest.fixture
async def office(database: Database, clock: Clock) -> AsyncGenerator[httpx2.AsyncClient]:
    """The agency's head."""
    async with an_office(database, clock, directory=DIRECTORY) as office:
        yield office


@pytest.mark.parametrize("caller", CALLERS)
async def test_given_whoever_asks_when_every_endpoint_is_asked_then_the_matrix_answers(
    office: httpx2.AsyncClient, database: Database, clock: Clock, caller: str
) -> None:
    headers, expected = CALLERS[caller]
    one = f"{WEBHOOKS}/{(await register(office))['id']}"
    unknown = f"{WEBHOOKS}/0123456789abcdef"

    async with an_office(database, clock, directory=DIRECTORY, headers=headers) as asking:
        answers = [
            await asking.request(method, path.format(one=one), json=BODIES.get((method, path)))
            for method, path in (*READS, *CHANGES)
        ]
        of_none = await asking.get(unknown)

    assert [answer.status_code for answer in answers] == expected
    assert of_none.status_code == (401 if expected is NO else 404)
    assert all(answer.headers["cache-control"] == "no-store" for answer in answers)
    assert all("secret" not in answer.json() for answer in answers[:3] if "{" in answer.text)


async def test_given_somebody_whose_it_is_not_when_refused_then_the_words_say_whose_it_is(
    office: httpx2.AsyncClient, database: Database, clock: Clock
) -> None:
    one = f"{WEBHOOKS}/{(await register(office))['id']}"

    async with an_office(database, clock, directory=DIRECTORY, headers=signed_in("coordinator", "BIRO")) as asking:
        events = await asking.get(f"{one}/events")
    async with an_office(database, clock, directory=DIRECTORY, headers=signed_in("auditor")) as asking:
        change = await asking.delete(one)

    assert events.json()["detail"] == "It takes the agency's head, or its own system."
    assert change.json()["detail"] == "It takes the agency's head, or a coordinator."


async def test_given_a_new_webhook_when_read_then_the_secret_was_shown_once_and_a_renewal_shows_the_next(
    office: httpx2.AsyncClient, clock: Clock
) -> None:
    made = await register(office, types=["case.assigned.v1"])
    read = (await office.get(f"{WEBHOOKS}/{made['id']}")).json()
    renewed = (await office.post(f"{WEBHOOKS}/{made['id']}/secret")).json()
    listed = await office.get(WEBHOOKS, params={"agency": AGENCY})

    assert made["secret"].startswith("whsec_")
    assert renewed["secret"].startswith("whsec_")
    assert made["secret"] != renewed["secret"]
    assert renewed["old_secret_until"] == f"{AT + timedelta(hours=24):%Y-%m-%dT%H:%M:%SZ}"
    assert "whsec_" not in listed.text
    assert read == {
        "id": made["id"],
        "agency": AGENCY,
        "url": URL,
        "types": ["case.assigned.v1"],
        "state": "enabled",
        "created_at": f"{AT:%Y-%m-%dT%H:%M:%SZ}",
        "failing_since": None,
        "disabled_at": None,
        "old_secret_until": None,
    }


async def test_given_a_key_when_the_same_is_asked_for_again_then_there_is_one_and_anything_else_is_refused(
    office: httpx2.AsyncClient, database: Database, clock: Clock
) -> None:
    body = {"agency": AGENCY, "url": URL}

    first, again = [await office.post(WEBHOOKS, json=body, headers=key(1)) for _ in range(2)]
    other = await office.post(WEBHOOKS, json=body | {"url": f"{URL}/2"}, headers=key(1))
    no_key = await office.post(WEBHOOKS, json=body, headers={"Idempotency-Key": "1"})
    async with an_office(database, clock, headers=signed_in("agency_head", AGENCY, "dewi")) as colleague:
        theirs = await colleague.post(WEBHOOKS, json=body, headers=key(1))

    assert first.json() == again.json()
    assert (first.status_code, again.status_code, other.status_code, no_key.status_code) == (201, 201, 409, 422)
    assert theirs.json()["id"] != first.json()["id"]
    assert theirs.json()["secret"] != first.json()["secret"]


async def test_given_as_many_webhooks_as_there_may_be_when_one_more_is_asked_for_then_it_is_refused(
    office: httpx2.AsyncClient,
) -> None:
    body = {"agency": AGENCY, "url": URL}
    made = [await office.post(WEBHOOKS, json=body, headers=key(number)) for number in range(10)]

    more = await office.post(WEBHOOKS, json=body, headers=key(10))
    again = await office.post(WEBHOOKS, json=body, headers=key(9))
    await office.delete(f"{WEBHOOKS}/{made[0].json()['id']}")
    instead = await office.post(WEBHOOKS, json=body, headers=key(10))

    assert (more.status_code, more.json()["title"]) == (409, "There are too many")
    assert (again.status_code, instead.status_code) == (201, 201)
    assert len((await office.get(WEBHOOKS, params={"agency": AGENCY})).json()) == 10


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"url": "http://sistem.pupr-lotim.example/ntb"}, "url"),
        ({"url": "https://10.0.0.1/ntb"}, "url"),
        ({"url": "https://169.254.169.254/latest"}, "url"),
        ({"url": "https://[::1]/ntb"}, "url"),
        ({"url": "https://localhost/ntb"}, "url"),
        ({"url": "https://citra:rahasia@sistem.example/ntb"}, "url"),
        ({"url": "sistem"}, "url"),
        ({"url": ""}, "url"),
        ({"url": f"https://sistem.example/{'a' * 500}"}, "url"),
        ({"types": ["case.assigned.v1", "complaint.submitted.v1"]}, "types.1"),
        ({"types": ["case.assigned.v1"] * 41}, "types"),
    ],
)
async def test_given_what_cannot_be_called_when_asked_for_then_the_field_is_named_and_nothing_of_it_repeated(
    office: httpx2.AsyncClient, wrong: dict[str, Any], field: str
) -> None:
    one = f"{WEBHOOKS}/{(await register(office))['id']}"

    answers = [
        await office.post(WEBHOOKS, json={"agency": AGENCY, "url": URL} | wrong),
        await office.patch(one, json=wrong),
    ]

    assert [answer.status_code for answer in answers] == [422, 422]
    assert [[fault["field"] for fault in answer.json()["errors"]] for answer in answers] == [[field]] * 2
    assert not [answer for answer in answers if "rahasia" in answer.text]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"agency": "DINAS-52.03", "url": URL}, "agency"),
        ({"agency": "dinas", "url": URL}, "agency"),
        ({"agency": AGENCY}, "url"),
        ({"agency": AGENCY, "url": URL, "secret": "mine"}, "secret"),
    ],
)
async def test_given_a_body_that_is_not_right_when_sent_then_the_field_is_named(
    database: Database, clock: Clock, body: dict[str, Any], field: str
) -> None:
    async with an_office(database, clock, headers=signed_in("coordinator")) as coordinator:
        answer = await coordinator.post(WEBHOOKS, json=body)

    assert (answer.status_code, [fault["field"] for fault in answer.json()["errors"]]) == (422, [field])


@pytest.mark.parametrize("query", ["after=-1", "after=x", f"after={2**63}", "limit=0", "limit=201"])
async def test_given_a_position_that_there_cannot_be_when_asked_for_then_it_is_refused(
    office: httpx2.AsyncClient, query: str
) -> None:
    one = f"{WEBHOOKS}/{(await register(office))['id']}"

    answer = await office.get(f"{one}/events?{query}")
    last = await office.get(f"{one}/events?after={2**63 - 1}")

    assert answer.status_code == 422
    assert last.json() == {"items": [], "next": None}


async def test_given_no_secret_of_the_service_when_a_webhook_is_asked_for_then_there_are_none(
    office: httpx2.AsyncClient, database: Database, clock: Clock
) -> None:
    one = await register(office)

    async with an_office(database, clock, master="") as without:
        made = await without.post(WEBHOOKS, json={"agency": AGENCY, "url": URL})
        renewed = await without.post(f"{WEBHOOKS}/{one['id']}/secret")

    assert (made.status_code, renewed.status_code) == (503, 503)


async def test_given_all_that_can_be_asked_when_logged_then_no_secret_and_no_address_is(
    office: httpx2.AsyncClient, logged: StringIO
) -> None:
    made = await register(office, url=f"{URL}?kunci=rahasia")
    one = f"{WEBHOOKS}/{made['id']}"
    await office.patch(one, json={"url": "http://sistem.example/?kunci=rahasia"})
    renewed = (await office.post(f"{one}/secret")).json()

    shown = (made["secret"], renewed["secret"], "rahasia", "sistem")
    assert not [word for word in shown if word in logged.getvalue()]
