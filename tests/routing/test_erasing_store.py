"""A whole ticket erased in routing's store: whatever comes in whatever order, nothing personal stays."""

from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.routing.domain.table import Action
from services.routing.handlers import ComplaintHandler
from services.routing.store.cases import CaseStore
from shared.events.complaints import (
    ComplaintErased,
    ComplaintSupplemented,
    ErasureReason,
    ErasureRequested,
    ProcessingRestricted,
)
from shared.events.personal import PersonalRecorded
from shared.ids import named_id
from shared.mongo import Database
from shared.outbox import OutboxRelay
from shared.records import Received
from shared.topics import COMPLAINTS, PERSONAL, WORDS
from shared.waiters import Waiters
from tests.routing.desks import CASE, COORDINATOR, OFFICER, a_desk, on_the_day, press
from tests.routing.examples import AT, TICKET, a_complaint, a_ticket, the_rulebook
from tests.shared.fakes import FakePublisher
from tests.shared.received import erased, received

pytestmark = [pytest.mark.integration, pytest.mark.both_drivers]

NAME, TEXT, ADDRESS, LATER = "Baiq Nurhayati", "Jembatan gantung putus", "Gang Cempaka", "Anak saya jatuh"
WRITTEN = "Sudah kami telepon Ibu Baiq"
SEARCH = "/v1/desk/cases?queue=all&q=gantung"
_numbers = count(9_000)


@pytest.fixture
def handle(store: CaseStore, relay: OutboxRelay) -> ComplaintHandler:
    return ComplaintHandler(store, relay, the_rulebook, Waiters(), now=on_the_day)


def a_part(ticket: str = TICKET, part: str = "s-1", **fields: Any) -> Received:
    said: dict[str, Any] = {"text": TEXT, "name": NAME, "address": ADDRESS} | fields
    event_id = named_id(ticket, part)
    return received(PERSONAL, PersonalRecorded(event_id=event_id, ticket=ticket, occurred_at=AT, part=part, **said))


def event(kind: Any, ticket: str = TICKET, **fields: Any) -> Received:
    said = {"event_id": named_id(ticket, kind, *fields.values()), "ticket": ticket, "occurred_at": AT}
    return received(COMPLAINTS, kind.model_validate(said | fields))


def streams_of(ticket: str) -> dict[str, list[Received]]:
    """The records of one ticket by topic and key, each in its order."""
    return {
        "complaints": [
            received(COMPLAINTS, a_complaint(ticket)),
            event(ComplaintSupplemented, ticket, part="f-1"),
            event(ErasureRequested, ticket),
            event(ComplaintErased, ticket, reason=ErasureReason.ASKED),
        ],
        "s-1": [a_part(ticket), erased(PERSONAL, f"{ticket}:s-1")],
        "f-1": [a_part(ticket, "f-1", text=LATER)],
    }


async def test_given_a_person_and_what_officers_wrote_when_the_ticket_is_erased_then_nothing_of_either_is_left(
    handle: ComplaintHandler, store: CaseStore, relay: OutboxRelay, publisher: FakePublisher, database: Database
) -> None:
    await handle([received(COMPLAINTS, a_complaint()), a_part(), a_part(part="f-1", text=LATER)])
    async with a_desk(store, relay) as desk:
        await press(desk, "accept")
        await press(desk, "progress", {"text": WRITTEN})
        before = (await desk.get(CASE, headers=OFFICER)).json()

        await handle([event(ComplaintErased, reason=ErasureReason.ASKED)])
        await handle([a_part(part="f-2", text=LATER)])
        await relay.clear_once()
        after = (await desk.get(CASE, headers=OFFICER)).json()
        found = (await desk.get(SEARCH, headers=COORDINATOR)).json()

    document = str(await database["cases"].find_one({"_id": TICKET}))
    assert [word for word in (NAME, TEXT, ADDRESS, LATER, WRITTEN, "gantung", "cempaka") if word in document] == []
    words = [record for record in publisher.published if record.topic == WORDS.name]
    assert [record.value is None for record in words] == [False, True]
    assert words[0].key == words[1].key
    assert (after["case"], after["complaint"], found["items"]) == (before["case"], None, [])
    assert after["history"][-1]["type"] == "complaint.erased.v1"


async def test_given_an_erased_ticket_when_it_is_told_again_then_the_tombstones_of_its_words_are_too(
    handle: ComplaintHandler, store: CaseStore, relay: OutboxRelay, publisher: FakePublisher
) -> None:
    await handle([received(COMPLAINTS, a_complaint()), a_part()])
    async with a_desk(store, relay) as desk:
        await press(desk, "accept")
        await press(desk, "progress", {"text": WRITTEN})
        await handle([event(ComplaintErased, reason=ErasureReason.ASKED)])
        await press(desk, "resolve", {"text": "Sudah ditambal"})

        await handle([event(ComplaintErased, reason=ErasureReason.ASKED)])
        seen = (await desk.get(CASE, headers=OFFICER)).json()

    words = [record for record in publisher.published if record.topic == WORDS.name]
    assert [record.value is None for record in words] == [False, True, False, True]
    assert words[0].key == words[1].key == words[3].key != words[2].key
    assert [line["text"] for line in seen["history"] if line["text"]] == ["Sudah ditambal"]
    assert [line["type"] for line in seen["history"]].count("complaint.erased.v1") == 1


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(random=st.randoms(use_true_random=False))
async def test_given_any_interleaving_of_parts_tombstones_and_erasure_when_all_is_read_then_the_end_is_the_same(
    handle: ComplaintHandler, database: Database, random: Any
) -> None:
    ticket = a_ticket(next(_numbers))
    streams = streams_of(ticket)
    turns = [name for name, stream in streams.items() for _ in stream]
    random.shuffle(turns)
    rest = {name: iter(stream) for name, stream in streams.items()}
    records = [next(rest[name]) for name in turns]
    records += random.sample(records, random.randint(0, 3))

    while records:
        size = random.randint(1, 3)
        await handle(records[:size])
        records = records[size:]

    document = await database["cases"].find_one({"_id": ticket})
    assert document is not None
    assert [word for word in (NAME, TEXT, ADDRESS, LATER, "gantung") if word in str(document)] == []
    assert (document.get("personal", {}), document["words"], document["all_erased"]) == ({}, [], True)
    assert [line["type"] for line in document["history"]][2:] == [
        "complaint.supplemented.v1",
        "erasure.requested.v1",
        "complaint.erased.v1",
    ]


async def test_given_a_restriction_when_people_at_the_desk_look_then_nobody_is_shown_anything_personal(
    handle: ComplaintHandler, store: CaseStore, relay: OutboxRelay
) -> None:
    await handle([received(COMPLAINTS, a_complaint()), a_part(), a_part(part="f-1", text=LATER)])
    await handle([event(ComplaintSupplemented, part="f-1"), event(ProcessingRestricted, restricted=True)])
    async with a_desk(store, relay) as desk:
        seen = {name: (await desk.get(CASE, headers=who)) for name, who in (("o", OFFICER), ("c", COORDINATOR))}
        refused = await desk.get(f"{CASE}/identity", headers=COORDINATOR)
        found = (await desk.get(SEARCH, headers=COORDINATOR)).json()
        listed = await desk.get("/v1/desk/cases?queue=all", headers=COORDINATOR)
        allowed = seen["c"].json()["allowed"]

        await handle([event(ProcessingRestricted, restricted=False)])
        again = (await desk.get(CASE, headers=OFFICER)).json()
        identity = await desk.get(f"{CASE}/identity", headers=COORDINATOR)

    for answer in (*seen.values(), listed):
        assert [word for word in (NAME, TEXT, ADDRESS, LATER) if word in answer.text] == []
    assert [answer.json()["withheld"] for answer in seen.values()] == [True, True]
    assert (refused.status_code, refused.json()["title"]) == (
        403,
        "The reporter restricted the processing of their data",
    )
    assert found["items"] == []
    assert Action.PUBLISH not in allowed
    assert (again["complaint"]["text"], again["withheld"], identity.json()["name"]) == (TEXT, False, NAME)


async def test_given_a_restriction_without_a_text_when_the_desk_looks_then_only_the_agency_is_not_told_so(
    handle: ComplaintHandler, store: CaseStore, relay: OutboxRelay
) -> None:
    await handle([received(COMPLAINTS, a_complaint()), event(ProcessingRestricted, restricted=True)])

    async with a_desk(store, relay) as desk:
        officer, coordinator = [(await desk.get(CASE, headers=who)).json() for who in (OFFICER, COORDINATOR)]

    assert (officer["withheld"], coordinator["withheld"]) == (True, False)
