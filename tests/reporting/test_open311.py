"""`/open311/v2` of reporting on the real store."""

import asyncio
import xml.etree.ElementTree as ET
from collections.abc import AsyncGenerator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.reporting.api.open311 import Open311, create_open311_router
from services.reporting.domain.projection import Told
from services.reporting.reading import Reading
from shared.conditional import Conditional
from shared.events.case import Status
from shared.open311 import Open311Faults, Open311Settings
from shared.outages import answer_outages
from shared.problems import ProblemApp
from tests.reporting.conftest import Projecting
from tests.reporting.samples import RECEIVED_AT, TRACKING_KEYS, a_directory, a_lifecycle, a_step, hours, ticket
from tests.waiting import until

# What the drivers do differently is the store's, and tested there with both.
pytestmark = [pytest.mark.integration, pytest.mark.parametrize("mongo", ["motor"], indirect=True)]

REQUESTS, UPDATES = "/open311/v2/requests", "/open311/v2/servicerequestupdates"
NOW = datetime.now(UTC)
SPRING = {"start_date": "2026-03-01T00:00:00+08:00", "end_date": "2026-04-01T00:00:00+08:00"}
"""The samples' month."""


@pytest.fixture
async def open311(projecting: Projecting) -> AsyncGenerator[httpx2.AsyncClient]:
    store, names = projecting.store, a_directory()
    reading = Reading(store, projecting.waiters, names, TRACKING_KEYS)
    app = ProblemApp()
    app.include_router(create_open311_router(Open311(Open311Settings(), store, names, reading)))
    answer_outages(app)
    app.add_middleware(Open311Faults)
    app.add_middleware(Conditional)
    transport: Any = httpx2.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx2.AsyncClient(transport=transport, base_url="http://reporting") as opened:
        yield opened


def received(number: int, at: datetime, **changes: Any) -> Told:
    return a_step(number, 1, occurred_at=at, received_at=at, **changes)


async def ids(open311: httpx2.AsyncClient, path: str = f"{REQUESTS}.json", **params: Any) -> list[str]:
    answer = await open311.get(path, params=params)
    assert answer.status_code == 200, answer.text
    return [request["service_request_id"] for request in answer.json()]


async def test_given_cases_of_all_kinds_when_requests_are_read_then_only_public_ones_of_90_days_are_there(
    open311: httpx2.AsyncClient, projecting: Projecting
) -> None:
    await projecting.take(
        received(1, NOW - timedelta(days=1)),
        received(2, NOW - timedelta(days=89)),
        received(3, NOW - timedelta(days=92)),
        received(4, NOW - timedelta(days=1), confidential=True),
    )

    found = await ids(open311)

    assert found == [ticket(1), ticket(2)]


async def test_given_a_window_when_requests_are_read_then_its_ends_are_moments_and_not_days(
    open311: httpx2.AsyncClient, projecting: Projecting
) -> None:
    precise = RECEIVED_AT.replace(microsecond=123_456)
    elsewhere = RECEIVED_AT.astimezone(datetime.fromisoformat("2026-01-01T00:00:00+08:00").tzinfo) + hours(3)
    await projecting.take(received(1, precise), received(2, RECEIVED_AT + hours(2)), received(3, elsewhere))

    around = await ids(open311, start_date="2026-03-05T01:30:00Z", end_date="2026-03-05T11:30:00+08:00")
    after = await ids(open311, start_date="2026-03-05T01:30:01Z", end_date="2026-03-05T04:30:00Z")
    unescaped = await open311.get(f"{REQUESTS}.json?start_date=2026-03-05T09:30:01+08:00&end_date=2026-03-05T11:00:00Z")

    assert sorted(around) == sorted([ticket(1), ticket(2)])
    assert sorted(after) == sorted([ticket(2), ticket(3)])
    assert len(unescaped.json()) == 2


async def test_given_services_and_states_when_asked_for_then_those_are_found(
    open311: httpx2.AsyncClient, projecting: Projecting
) -> None:
    await projecting.take(
        a_step(1, 1),
        a_step(2, 1, category="env.waste", status=Status.RESOLVED),
        a_step(3, 1, category="social.violence", status=Status.REJECTED),
        a_step(4, 1, status=Status.AWAITING_REPORTER),
    )

    closed = await ids(open311, status="closed", **SPRING)
    both = await ids(open311, status="open,closed", **SPRING)
    some = await ids(open311, service_code="env.waste, road.damage", status="open", **SPRING)

    assert sorted(closed) == sorted([ticket(2), ticket(3)])
    assert len(both) == 4
    assert sorted(some) == sorted([ticket(1), ticket(4)])


async def test_given_ids_when_asked_for_then_they_override_all_else_and_unknown_ones_are_left_out(
    open311: httpx2.AsyncClient, projecting: Projecting
) -> None:
    await projecting.take(a_step(1, 1), a_step(2, 1), a_step(3, 1, confidential=True))
    wanted = f"{ticket(2)},NTB-1,{ticket(3)},{ticket(9)},{ticket(1).lower()}"

    found = await ids(open311, service_request_id=wanted, status="nonsense", start_date="never")
    nobody = await ids(open311, service_request_id="NTB-1")

    assert found == [ticket(2), ticket(1)]
    assert nobody == []


@pytest.mark.parametrize("size", ["per_page", "page_size"])
async def test_given_more_requests_than_a_page_holds_when_pages_are_read_then_each_comes_once(
    open311: httpx2.AsyncClient, projecting: Projecting, size: str
) -> None:
    await projecting.take(*(received(number, RECEIVED_AT + hours(number * 5)) for number in range(25)))

    asked: dict[str, Any] = SPRING | {size: 7}
    pages = [await ids(open311, **asked, page=page) for page in range(1, 6)]
    again = [await ids(open311, **asked, page=page) for page in range(1, 6)]

    assert [len(page) for page in pages] == [7, 7, 7, 4, 0]
    assert len({each for page in pages for each in page}) == 25
    assert pages == again


async def test_given_an_incremental_reader_when_cases_change_then_it_reads_the_oldest_change_first(
    open311: httpx2.AsyncClient, projecting: Projecting
) -> None:
    await projecting.take(*(a_step(number, 1, occurred_at=RECEIVED_AT + hours(number)) for number in range(5)))
    since, before = (RECEIVED_AT + hours(1)).isoformat(), (RECEIVED_AT + hours(4)).isoformat()

    found = await ids(open311, updated_after=since)
    first = await ids(open311, updated_after=since, per_page=2)
    between = await ids(open311, updated_after=since, updated_before=before)
    recent = await ids(open311, updated_after=since, start_date=(RECEIVED_AT + hours(1)).isoformat())

    assert found == [ticket(2), ticket(3), ticket(4)]
    assert first == found[:2]
    assert between == found[:2]
    assert recent == []


async def test_given_a_moment_that_was_told_when_asked_for_what_came_after_then_nothing_is_missed(
    open311: httpx2.AsyncClient, projecting: Projecting
) -> None:
    at = RECEIVED_AT.replace(microsecond=400_000)
    await projecting.take(a_step(1, 1, occurred_at=at))
    told = (await open311.get(f"{REQUESTS}.json", params=SPRING)).json()[0]["updated_datetime"]

    await projecting.take(a_step(2, 1, occurred_at=at + timedelta(milliseconds=200)))
    found = await ids(open311, updated_after=told)

    assert found == [ticket(1), ticket(2)]


async def test_given_a_case_when_read_in_xml_then_its_elements_are_those_of_the_specification(
    open311: httpx2.AsyncClient, projecting: Projecting
) -> None:
    await projecting.take(*a_lifecycle(1))

    answer = await open311.get(f"{REQUESTS}/{ticket(1)}.xml", params={"locale": "en", "jurisdiction_id": ""})

    root = ET.fromstring(answer.content)  # noqa: S314 - our own
    assert (root.tag, [child.tag for child in root]) == ("service_requests", ["request"])
    assert [element.tag for element in root[0]] == [
        *("service_request_id", "status", "status_notes", "service_name", "service_code", "description"),
        *("agency_responsible", "service_notice", "requested_datetime", "updated_datetime", "expected_datetime"),
        *("address", "address_id", "zipcode", "lat", "long", "media_url"),
    ]
    assert root.findtext("request/requested_datetime") == "2026-03-05T09:30:00+08:00"
    assert root.findtext("request/status") == "closed"
    assert answer.headers["etag"]


async def test_given_a_request_that_is_not_there_yet_when_read_then_it_is_waited_for(
    open311: httpx2.AsyncClient, projecting: Projecting
) -> None:
    reading = asyncio.create_task(open311.get(f"{REQUESTS}/{ticket(1)}.json"))
    await until(lambda: ticket(1) in projecting.waiters.waiting)

    await projecting.take(a_step(1, 1))
    answer = await reading

    assert (answer.status_code, len(answer.json())) == (200, 1)


@pytest.mark.parametrize("kind", ["confidential", "unknown", "malformed"])
async def test_given_what_nobody_may_see_when_read_then_the_answer_is_the_same_404(
    open311: httpx2.AsyncClient, projecting: Projecting, kind: str
) -> None:
    await projecting.take(*a_lifecycle(1, confidential=True))
    path = {"confidential": ticket(1), "unknown": ticket(2), "malformed": "NTB-1"}[kind]

    answer = await open311.get(f"{REQUESTS}/{path}.json")

    assert answer.status_code == 404
    assert answer.json() == [
        {
            "code": 404,
            "description": "service_request_id was not found. No public request has this id. Confidential ones are not "
            "shown.",
        }
    ]


async def test_given_a_lifecycle_when_updates_are_read_then_each_step_is_one_with_public_words(
    open311: httpx2.AsyncClient, projecting: Projecting
) -> None:
    at: dict[str, Any] = {"received_at": NOW - hours(9)}
    steps = [
        a_step(1, 1, occurred_at=NOW - hours(8), **at),
        a_step(2, 1, occurred_at=NOW - hours(7), **at),
        a_step(1, 2, "accepted", occurred_at=NOW - hours(6), status=Status.ACCEPTED, **at),
        a_step(1, 3, "case.officer_assigned.v1", occurred_at=NOW - hours(5), **at),
        a_step(1, 4, "resolved", occurred_at=NOW - hours(4), status=Status.RESOLVED, **at),
        a_step(3, 1, occurred_at=NOW - hours(3), confidential=True, **at),
    ]
    await projecting.take(*steps)

    everything = (await open311.get(f"{UPDATES}.json")).json()
    between = {"start_date": (NOW - hours(7)).isoformat(), "end_date": (NOW - hours(6)).isoformat()}
    some = (await open311.get(f"{UPDATES}.json", params=between)).json()
    pages = [(await open311.get(f"{UPDATES}.json", params={"per_page": 3, "page": page})).json() for page in (1, 2, 3)]
    xml = ET.fromstring((await open311.get(f"{UPDATES}.xml")).content)  # noqa: S314 - our own

    told = [(update["update_id"], update["status"]) for update in everything]
    assert told == [
        (f"{ticket(1)}-1", "open"),
        (f"{ticket(2)}-1", "open"),
        (f"{ticket(1)}-2", "open"),
        (f"{ticket(1)}-4", "closed"),
    ]
    assert [update["update_id"] for update in some] == [f"{ticket(2)}-1", f"{ticket(1)}-2"]
    assert [update for page in pages for update in page] == everything
    assert (xml.tag, [child.tag for child in xml]) == ("service_request_updates", ["request_update"] * 4)
    assert ticket(3) not in str(everything)


async def test_given_old_cases_when_their_updates_are_asked_for_by_id_then_the_whole_history_is_told(
    open311: httpx2.AsyncClient, projecting: Projecting
) -> None:
    await projecting.take(*a_lifecycle(1), *a_lifecycle(2), *a_lifecycle(3, confidential=True))
    wanted = f"{ticket(1)},{ticket(3)}"

    answer = await open311.get(f"{UPDATES}.json", params={"service_request_id": wanted, "extensions": "true"})
    nobody = await open311.get(f"{UPDATES}.json", params={"service_request_id": "NTB-1"})

    assert [update["external_status_code"] for update in answer.json()] == [
        *("received", "assigned", "in_progress", "resolved"),
    ]
    assert {update["service_request_id"] for update in answer.json()} == {ticket(1)}
    assert answer.json()[2]["description"].endswith("Sudah kami tambal")
    assert nobody.json() == []


async def test_given_a_public_case_when_it_becomes_confidential_then_it_is_gone_everywhere(
    open311: httpx2.AsyncClient, projecting: Projecting
) -> None:
    await projecting.take(received(1, NOW - hours(2)))
    paths = (
        f"{REQUESTS}.json",
        f"{REQUESTS}.json?service_request_id={ticket(1)}",
        f"{REQUESTS}.json?updated_after=2026-01-01T00:00:00Z",
        f"{UPDATES}.json",
        f"{UPDATES}.json?service_request_id={ticket(1)}",
    )
    before = [len((await open311.get(path)).json()) for path in paths]

    await projecting.take(a_step(1, 2, "case.restricted.v1", confidential=True, received_at=NOW - hours(2)))
    after = [(await open311.get(path)).json() for path in paths]

    assert before == [1] * 5
    assert after == [[]] * 5


@pytest.mark.parametrize(
    ("path", "status", "description"),
    [
        ("requests.json?jurisdiction_id=sfgov.org", 404, "jurisdiction_id was not found"),
        ("requests/NTB-1.json?jurisdiction_id=sfgov.org", 404, "jurisdiction_id was not found"),
        ("servicerequestupdates.json?jurisdiction_id=sfgov.org", 404, "jurisdiction_id was not found"),
        ("requests.json?service_code=road.damage,road.dragons", 404, "service_code was not found"),
        ("requests.json?status=completed", 400, "status: must be open or closed"),
        ("requests.json?start_date=yesterday", 400, "start_date: must be a moment"),
        ("requests.json?start_date=2026-03-05T00:00:00", 400, "start_date: must be a moment"),
        ("requests.json?end_date=9999-03-05T00:00:00Z", 400, "end_date: must be a moment"),
        ("requests.json?updated_after=1", 400, "updated_after: must be a moment"),
        ("requests.json?start_date=2026-03-05T00:00:00Z&end_date=2026-03-04T00:00:00Z", 400, "start_date: is after"),
        ("requests.json?start_date=2026-01-01T00:00:00Z&end_date=2026-06-04T00:00:00Z", 400, "start_date: lies more"),
        ("requests.json?page=0", 400, "page: must be a whole number"),
        ("requests.json?page=101", 400, "page: there are at most 100"),
        ("requests.json?per_page=-1", 400, "per_page: must be"),
        ("requests.json?page_size=many", 400, "page_size: must be"),
        ("requests.json?locale=fr", 400, "locale: must be id or en"),
        ("servicerequestupdates.json?start_date=2020-01-01T00:00:00Z", 400, "start_date: lies more than 90 days back"),
        ("services.json", 404, "There is no such resource"),
    ],
)
async def test_given_what_cannot_be_answered_when_asked_for_then_the_fault_is_told_as_specified(
    open311: httpx2.AsyncClient, path: str, status: int, description: str
) -> None:
    answer = await open311.get(f"/open311/v2/{path}")

    assert answer.status_code == status, answer.text
    assert answer.json()[0]["code"] == status
    assert answer.json()[0]["description"].startswith(description)


NAMES = (
    *("service_request_id", "service_code", "status", "start_date", "end_date", "updated_after", "updated_before"),
    *("page", "per_page", "page_size", "extensions", "locale", "jurisdiction_id", "api_key"),
)
MOMENTS = st.datetimes(timezones=st.timezones()).map(datetime.isoformat)
NUMBERS = st.integers().map(str)
KNOWN = st.sampled_from(
    ["open", "closed", "road.damage,env.waste", ticket(1), f"{ticket(1)},{ticket(2)}", "true", "en"]
)


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(params=st.dictionaries(st.sampled_from(NAMES), KNOWN | MOMENTS | NUMBERS | st.text(max_size=20), max_size=5))
async def test_given_any_parameters_when_asked_for_then_nothing_breaks(
    open311: httpx2.AsyncClient, projecting: Projecting, params: dict[str, str]
) -> None:
    await projecting.take(received(1, NOW - hours(2)), received(2, NOW - hours(1), confidential=True))

    answers = [await open311.get(path, params=params) for path in (f"{REQUESTS}.json", f"{UPDATES}.xml")]

    assert {answer.status_code for answer in answers} <= {200, 400, 404}
    assert ticket(2) not in answers[0].text + answers[1].text
    ET.fromstring(answers[1].content)  # noqa: S314 - our own
