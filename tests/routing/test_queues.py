"""The desk's lists over HTTP, on the real store."""

from collections.abc import AsyncGenerator
from datetime import timedelta
from typing import Any

import httpx2
import pytest

from services.routing.domain.agency import Accept, Delegate, Resolve
from services.routing.domain.case import open_case
from services.routing.domain.draft import Case
from services.routing.domain.search import words_of
from services.routing.store.cases import CaseStore
from services.routing.store.documents import Opening, Save, records_of
from services.routing.store.queues import QueueStore
from services.routing.sweeper import Sweeper
from shared.events.personal import PersonalRecorded
from shared.ids import named_id
from shared.mongo import Database
from shared.outbox import OutboxRelay
from tests.profiler import watch, watched
from tests.routing.desks import COORDINATOR, OFFICER, a_desk, signed_in
from tests.routing.examples import AT, a_complaint, a_ticket, done, the_rulebook

pytestmark = [pytest.mark.integration, pytest.mark.both_drivers]

NOW = AT + timedelta(hours=23)
TRIAGED, ORDINARY, ACCEPTED, RESOLVED, LATE, ELSEWHERE, ABOUT = (a_ticket(number) for number in range(7))
LIST = "/v1/desk/cases"


async def opened(store: CaseStore, ticket: str, text: str = "Jalan rusak di depan pasar", **fields: Any) -> Case:
    complaint = a_complaint(ticket, **fields)
    change = open_case(complaint, the_rulebook(), fields.get("received_at", AT))
    part = PersonalRecorded(event_id=named_id(ticket), ticket=ticket, occurred_at=AT, part="s-1", text=text)
    await store.record_personal([part])
    await store.open([Opening(complaint, change, "")])
    return change.case


async def do(store: CaseStore, ticket: str, *deeds: Any) -> None:
    stored = await store.load(ticket)
    assert stored is not None
    change = done(stored.case, *deeds)
    assert await store.save(Save(stored, (), records_of(change, ""), change))


@pytest.fixture
async def desk(store: CaseStore, relay: OutboxRelay) -> AsyncGenerator[httpx2.AsyncClient]:
    """Seven cases, 23 hours after most of them came."""
    await QueueStore(store.collection).create_indexes()
    await opened(store, TRIAGED, "Tolong dibantu", category="other", answers={})
    await opened(store, ORDINARY, "Lampu mati di Selong", category="road.light", answers={})
    await opened(store, ACCEPTED)
    await do(store, ACCEPTED, Accept(), Delegate(officer="ani"))
    await opened(store, RESOLVED)
    await do(store, RESOLVED, Resolve(text="Selesai"))
    await opened(store, LATE, "Jalan putus, mobil terperosok", received_at=AT - timedelta(days=2))
    await opened(store, ELSEWHERE, region="52.06.01")
    await opened(store, ABOUT, category="integrity.levy", answers={}, about="PUPR-52.03")
    await Sweeper(store, relay, the_rulebook, lambda: NOW).sweep_once()
    async with a_desk(store, relay, now=lambda: NOW) as client:
        yield client


async def tickets(desk: httpx2.AsyncClient, headers: dict[str, str], **params: Any) -> list[str]:
    answer = await desk.get(LIST, params=params, headers=headers)
    assert answer.status_code == 200, answer.text
    return [item["ticket"] for item in answer.json()["items"]]


@pytest.mark.parametrize(
    ("headers", "params", "found"),
    [
        (COORDINATOR, {}, {TRIAGED, ORDINARY, ACCEPTED, LATE, ELSEWHERE, ABOUT}),
        (COORDINATOR, {"queue": "all"}, {TRIAGED, ORDINARY, ACCEPTED, RESOLVED, LATE, ELSEWHERE, ABOUT}),
        (COORDINATOR, {"queue": "triage"}, {TRIAGED}),
        (COORDINATOR, {"queue": "late"}, {LATE}),
        (COORDINATOR, {"queue": "due_soon"}, {ACCEPTED, ELSEWHERE, ABOUT, ORDINARY, TRIAGED}),
        (COORDINATOR, {"queue": "disputed"}, set[str]()),
        (COORDINATOR, {"queue": "awaiting"}, set[str]()),
        (COORDINATOR, {"region": "52.06"}, {ELSEWHERE}),
        (COORDINATOR, {"agency": "PUPR-52.03"}, {ACCEPTED, LATE}),
        (COORDINATOR, {"category": "road.light"}, {ORDINARY}),
        (COORDINATOR, {"urgency": "ordinary"}, {ORDINARY, TRIAGED}),
        (COORDINATOR, {"queue": "all", "status": "resolved"}, {RESOLVED}),
        (OFFICER, {}, {ACCEPTED, LATE}),
        (OFFICER, {"queue": "agency"}, {ACCEPTED, LATE}),
        (OFFICER, {"queue": "mine"}, {ACCEPTED}),
        (OFFICER, {"queue": "all"}, {ACCEPTED, LATE, RESOLVED}),
        (OFFICER, {"agency": "PUPR-52.06"}, set[str]()),
        (signed_in("coordinator", "PUPR-52.03"), {}, {TRIAGED, ORDINARY, ACCEPTED, LATE, ELSEWHERE}),
        (signed_in("leader", regions=("52.06",)), {}, {ELSEWHERE}),
        (COORDINATOR, {"q": "jalan PUTUS"}, {LATE}),
        (COORDINATOR, {"q": ACCEPTED.lower()}, {ACCEPTED}),
        (OFFICER, {"q": ELSEWHERE}, set[str]()),
        (OFFICER, {"q": RESOLVED}, {RESOLVED}),
        (COORDINATOR, {"q": "nothing like it"}, set[str]()),
    ],
)
async def test_given_seven_cases_when_a_list_is_asked_for_then_it_holds_what_is_meant_and_may_be_seen(
    desk: httpx2.AsyncClient, headers: dict[str, str], params: dict[str, str], found: set[str]
) -> None:
    assert set(await tickets(desk, headers, **params)) == found


async def test_given_open_cases_when_they_are_listed_then_what_is_due_first_is_first_and_pages_hold_each_once(
    desk: httpx2.AsyncClient,
) -> None:
    whole = await tickets(desk, COORDINATOR)
    paged, url = list[str](), f"{LIST}?limit=2"

    while url:
        page = (await desk.get(url, headers=COORDINATOR)).json()
        assert len(page["items"]) <= 2
        paged += [item["ticket"] for item in page["items"]]
        url = page["next"]

    assert paged == whole
    assert whole[0] == LATE
    assert set(whole[-2:]) == {ORDINARY, TRIAGED}


async def test_given_a_case_in_a_list_when_it_is_read_then_it_says_what_is_due_and_how_it_began(
    desk: httpx2.AsyncClient,
) -> None:
    (item,) = (await desk.get(LIST, params={"queue": "late"}, headers=COORDINATOR)).json()["items"]

    assert item["due_at"] == (AT - timedelta(days=1)).isoformat().replace("+00:00", "Z")
    assert item["excerpt"] == "Jalan putus, mobil terperosok"


async def test_given_the_queues_when_they_are_counted_then_the_counts_are_what_the_lists_hold(
    desk: httpx2.AsyncClient,
) -> None:
    for headers in (COORDINATOR, OFFICER):
        counts = (await desk.get("/v1/desk/counts", headers=headers)).json()

        for queue, count in counts.items():
            assert count == {"count": len(await tickets(desk, headers, queue=queue)), "more": False}, queue


async def test_given_open_cases_when_the_board_is_read_then_it_says_where_they_lie_and_since_when(
    desk: httpx2.AsyncClient,
) -> None:
    loads = (await desk.get("/v1/desk/board", headers=COORDINATOR)).json()["loads"]

    by_holder = {load["holder"]: load for load in loads}
    assert loads[0] == {
        "holder": "PUPR-52.03",
        "open": 2,
        "late": 1,
        "due_today": 1,
        "oldest_since": (AT - timedelta(days=2)).isoformat().replace("+00:00", "Z"),
    }
    assert by_holder["PUPR-52.06"]["due_today"] == 1
    assert by_holder["BIRO-ORGANISASI"]["open"] == 1


async def test_given_an_erased_part_when_its_words_are_looked_for_then_they_find_nothing_and_others_still_do(
    desk: httpx2.AsyncClient, store: CaseStore, database: Database
) -> None:
    more = PersonalRecorded(event_id=named_id(1), ticket=LATE, occurred_at=AT, part="f-1", text="Dekat jembatan")
    await store.record_personal([more])
    assert await tickets(desk, COORDINATOR, q="jembatan putus") == [LATE]

    await store.erase_personal([f"{LATE}:s-1"])

    assert await tickets(desk, COORDINATOR, q="terperosok") == []
    assert await tickets(desk, COORDINATOR, q="jembatan") == [LATE]
    assert "terperosok" not in str(await database["cases"].find_one({"_id": LATE}))


@pytest.mark.parametrize(
    "params",
    [{"queue": "best"}, {"q": "ab"}, {"q": "!?!?"}, {"cursor": "x"}, {"limit": 0}, {"region": "11"}, {"page": 2}],
)
async def test_given_a_wrong_question_when_a_list_is_asked_for_then_the_answer_is_a_problem(
    desk: httpx2.AsyncClient, params: dict[str, Any]
) -> None:
    answer = await desk.get(LIST, params=params, headers=COORDINATOR)

    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")


@pytest.mark.parametrize("path", [LIST, "/v1/desk/counts", "/v1/desk/board"])
async def test_given_nobody_when_a_list_is_asked_for_then_they_are_to_sign_in(
    desk: httpx2.AsyncClient, path: str
) -> None:
    assert (await desk.get(path)).status_code == 401


async def test_given_every_list_when_it_is_asked_for_then_an_index_finds_it(
    desk: httpx2.AsyncClient, database: Database
) -> None:
    await watch(database)

    for headers in (COORDINATOR, OFFICER, signed_in("leader", regions=("52.06", "52.03"))):
        for queue in ("all", "open", "mine", "agency", "triage", "late", "due_soon", "disputed", "awaiting"):
            await tickets(desk, headers, queue=queue)
            await tickets(desk, headers, queue=queue, q="jalan", category="road.damage", region="52.03")
        await desk.get("/v1/desk/counts", headers=headers)
        await desk.get("/v1/desk/board", headers=headers)

    found = await watched(database)
    assert len(found) > 60
    assert [plan for plan in found if "COLLSCAN" in plan["planSummary"]] == []


def test_given_accents_and_capitals_when_words_are_taken_then_they_are_plain() -> None:
    assert words_of("Jalan  RUSAK, di Pejanggik é jalan! 52 km") == ["jalan", "rusak", "pejanggik"]
    assert len(words_of(" ".join(f"kata{number}" for number in range(500)))) == 200
