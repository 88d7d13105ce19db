import asyncio
from typing import Any
from uuid import UUID

import pytest

from services.routing.handlers import ComplaintHandler
from services.routing.store.cases import CaseStore
from shared.events.envelope import CaseEnvelope
from shared.events.personal import PersonalRecorded
from shared.metrics import REGISTRY
from shared.mongo import Database
from shared.outbox import OutboxRelay
from shared.records import Received
from shared.topics import CASES, COMPLAINTS, PERSONAL
from shared.waiters import Waiters
from tests.routing.desks import on_the_day
from tests.routing.examples import AT, TICKET, a_complaint, a_ticket, the_rulebook
from tests.shared.fakes import FakePublisher
from tests.shared.received import erased, received

pytestmark = [pytest.mark.integration, pytest.mark.both_drivers]


@pytest.fixture
def handle(store: CaseStore, relay: OutboxRelay) -> ComplaintHandler:
    return ComplaintHandler(store, relay, the_rulebook, Waiters(), now=on_the_day)


def submitted(ticket: str = TICKET, **fields: Any) -> Received:
    return received(COMPLAINTS, a_complaint(ticket, **fields))


def a_part(text: str = "Jalan rusak di depan pasar") -> PersonalRecorded:
    return PersonalRecorded(event_id=UUID(int=9), ticket=TICKET, occurred_at=AT, part="s-1", text=text)


def count_ignored() -> float:
    labels = {"service": "routing", "reason": "another_body"}
    return REGISTRY.get_sample_value("ntbcare_ignored_total", labels) or 0


def published_cases(publisher: FakePublisher) -> list[CaseEnvelope]:
    models = CASES.types
    events = [models[record.type].model_validate_json(record.value or b"") for record in publisher.published]
    return [event for event in events if isinstance(event, CaseEnvelope)]


async def test_given_complaints_when_they_are_handled_then_each_case_is_announced_in_order(
    handle: ComplaintHandler, publisher: FakePublisher
) -> None:
    tickets = [a_ticket(number) for number in range(30)]

    await handle([submitted(ticket) for ticket in tickets])

    events = published_cases(publisher)
    for ticket in tickets:
        assert [event.sequence for event in events if event.ticket == ticket] == [1, 2]
    assert len(events) == 60


async def test_given_a_redelivered_batch_when_it_is_handled_then_nothing_is_announced_again(
    handle: ComplaintHandler, publisher: FakePublisher
) -> None:
    batch = [submitted(a_ticket(number)) for number in range(5)]

    await handle(batch)
    await handle(batch)

    assert len(publisher.published) == 10


async def test_given_a_ticket_twice_in_a_batch_when_it_is_handled_then_the_first_wins(
    handle: ComplaintHandler, store: CaseStore
) -> None:
    await handle([submitted(digest="a" * 64), submitted(digest="b" * 64)])

    assert await store.digests([TICKET]) == {TICKET: "a" * 64}


async def test_given_another_body_later_when_it_is_handled_then_it_is_ignored_and_counted(
    handle: ComplaintHandler, publisher: FakePublisher
) -> None:
    before = count_ignored()
    await handle([submitted(digest="a" * 64)])

    await handle([submitted(digest="b" * 64)])

    assert count_ignored() == before + 1
    assert len(publisher.published) == 2


async def test_given_a_broker_that_is_down_when_complaints_are_handled_then_the_outbox_keeps_their_events(
    handle: ComplaintHandler, store: CaseStore, publisher: FakePublisher
) -> None:
    publisher.reachable = False

    await handle([submitted()])

    stored = await store.load(TICKET)
    assert stored is not None
    assert [record.type for record in stored.outbox] == ["case.opened.v1", "case.assigned.v1"]


async def test_given_a_part_and_its_erasure_in_one_batch_when_handled_then_nothing_of_it_stays(
    handle: ComplaintHandler, store: CaseStore
) -> None:
    part = a_part()

    await handle([submitted(), received(PERSONAL, part), erased(PERSONAL, part.key)])

    stored = await store.load(TICKET)
    assert stored is not None
    assert stored.personal == {}
    assert "pasar" not in str(await store.collection.find_one({"_id": TICKET}))


async def test_given_two_replicas_when_they_handle_one_batch_at_once_then_each_event_has_one_id(
    database: Database, publisher: FakePublisher
) -> None:
    batch = [submitted(a_ticket(number)) for number in range(30)]
    handlers: list[ComplaintHandler] = []
    for _ in range(2):
        store = CaseStore(database)
        relay = OutboxRelay("routing", store.collection, publisher)  # type: ignore[arg-type]
        handlers.append(ComplaintHandler(store, relay, the_rulebook, Waiters(), now=on_the_day))

    await asyncio.gather(*(handle(batch) for handle in handlers))

    events = published_cases(publisher)
    assert len({(event.ticket, event.sequence) for event in events}) == len(events) == 60
