import asyncio
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from services.routing.domain.agency import Accept, Progress
from services.routing.domain.case import act
from services.routing.domain.deeds import Deed
from services.routing.store.cases import CaseStore
from services.routing.store.documents import Opening, Save, StoredCase, records_of
from shared.events.personal import PersonalRecorded
from shared.mongo import Database
from shared.outbox import OutboxRelay
from tests.routing.examples import AT, TICKET, a_complaint, a_ticket, an_opening, by, the_rulebook
from tests.shared.fakes import FakePublisher

pytestmark = [pytest.mark.integration, pytest.mark.both_drivers]
LATER = datetime.now(UTC) + timedelta(days=1)


def opening(ticket: str = TICKET, *, digest: str = "d" * 64) -> Opening:
    complaint = a_complaint(ticket, digest=digest)
    return Opening(complaint, an_opening(ticket, digest=digest), trace="")


def a_part(text: str = "Jalan rusak di depan pasar", part: str = "s-1") -> PersonalRecorded:
    return PersonalRecorded(event_id=UUID(int=9), ticket=TICKET, occurred_at=AT, part=part, text=text)


async def test_given_a_complaint_when_it_is_opened_twice_then_the_case_is_there_once(store: CaseStore) -> None:
    first = await store.open([opening()])
    again = await store.open([opening()])

    assert [record.type for record in first[TICKET]] == ["case.opened.v1", "case.assigned.v1"]
    assert again == {}
    assert await store.collection.count_documents({}) == 1


async def test_given_another_body_for_a_ticket_when_it_is_opened_then_the_first_one_stays(store: CaseStore) -> None:
    await store.open([opening(digest="a" * 64)])

    late = await store.open([opening(digest="b" * 64)])

    assert late == {}
    assert await store.digests([TICKET]) == {TICKET: "a" * 64}


async def test_given_two_replicas_when_they_open_the_same_complaints_then_each_case_is_one_replicas(
    database: Database,
) -> None:
    replicas = [CaseStore(database), CaseStore(database)]
    openings = [opening(a_ticket(number)) for number in range(50)]

    done = await asyncio.gather(*(replica.open(openings) for replica in replicas))

    assert sorted([*done[0], *done[1]]) == sorted(one.complaint.ticket for one in openings)


@pytest.mark.parametrize("first", ["the part", "the complaint"])
async def test_given_a_part_and_its_complaint_when_either_comes_first_then_the_case_has_both(
    store: CaseStore, first: str
) -> None:
    if first == "the part":
        await store.record_personal([a_part()])
        await store.open([opening()])
    else:
        await store.open([opening()])
        await store.record_personal([a_part()])

    stored = await store.load(TICKET)

    assert stored is not None
    assert stored.personal["s-1"]["text"] == "Jalan rusak di depan pasar"


async def test_given_a_part_without_a_complaint_when_the_case_is_read_then_there_is_none(store: CaseStore) -> None:
    await store.record_personal([a_part()])

    assert await store.load(TICKET) is None


async def test_given_an_erased_part_when_it_is_delivered_again_then_it_is_refused(store: CaseStore) -> None:
    await store.open([opening()])
    await store.record_personal([a_part()])
    await store.erase_personal([a_part().key])

    await store.record_personal([a_part()])

    stored = await store.load(TICKET)
    assert stored is not None
    assert stored.personal == {}
    assert "pasar" not in str(await store.collection.find_one({"_id": TICKET}))


async def test_given_an_erasure_before_anything_else_when_the_part_comes_then_it_is_refused(store: CaseStore) -> None:
    await store.erase_personal([a_part().key])
    await store.record_personal([a_part()])
    await store.open([opening()])

    stored = await store.load(TICKET)

    assert stored is not None
    assert stored.personal == {}


async def test_given_two_officers_when_they_save_at_once_then_one_wins_and_nothing_is_lost(store: CaseStore) -> None:
    await store.open([opening()])
    stored = await store.load(TICKET)
    assert stored is not None
    saves = [a_save(stored, Progress(text="Mulai"), number) for number in (1, 2)]

    won = await asyncio.gather(*(store.save(save) for save in saves))

    assert sorted(won) == [False, True]
    after = await store.load(TICKET)
    assert after is not None
    assert after.case.sequence == 3
    assert [record.type for record in after.outbox] == [
        "case.opened.v1",
        "case.assigned.v1",
        "words.recorded.v1",
        "case.progressed.v1",
    ]


async def test_given_one_key_at_two_replicas_when_the_second_saves_late_then_it_wrote_nothing(
    database: Database,
) -> None:
    first, second = CaseStore(database), CaseStore(database)
    await first.open([opening()])
    seen_by_first, seen_by_second = await first.load(TICKET), await second.load(TICKET)
    assert seen_by_first is not None
    assert seen_by_second is not None

    won = await first.save(a_save(seen_by_first, Accept()))
    late = await second.save(a_save(seen_by_second, Accept()))

    assert (won, late) == (True, False)
    after = await second.load(TICKET)
    assert after is not None
    assert str(by().key) in after.applied
    assert after.case.sequence == 3


def a_save(stored: StoredCase, deed: Deed, number: int = 1) -> Save:
    change = act(stored.case, deed, by(number=number), the_rulebook())
    return Save(stored, (by(number=number).key,), records_of(change, ""), change, moves=True)


async def test_given_parts_and_complaints_at_two_replicas_at_once_when_they_are_written_then_every_case_is_opened(
    database: Database,
) -> None:
    tickets = [a_ticket(number) for number in range(300)]
    complaints, parts = CaseStore(database), CaseStore(database)

    async def open_one(ticket: str) -> int:
        return len(await complaints.open([opening(ticket)]))

    async def keep_one(ticket: str) -> None:
        part = a_part().model_copy(update={"ticket": ticket})
        await parts.record_personal([part])

    opened = await asyncio.gather(*(open_one(ticket) for ticket in tickets), *(keep_one(ticket) for ticket in tickets))

    assert sum(count or 0 for count in opened) == 300
    assert (
        await complaints.collection.count_documents({"case": {"$exists": True}, "personal": {"$exists": True}}) == 300
    )


async def test_given_many_cases_when_they_are_saved_at_once_then_each_is(store: CaseStore) -> None:
    tickets = [a_ticket(number) for number in range(40)]
    await store.open([opening(ticket) for ticket in tickets])
    loaded = await asyncio.gather(*(store.load(ticket) for ticket in tickets))
    saves = [a_save(stored, Accept()) for stored in loaded if stored is not None]

    won = await asyncio.gather(*(store.save(save) for save in saves))

    assert won == [True] * 40
    assert (
        await store.collection.count_documents({"case.status": "accepted", "sequence": 3, "version": 2, "revision": 2})
        == 40
    )


async def test_given_a_crash_between_write_and_publish_when_the_sweep_comes_then_the_same_events_are_published_in_order(
    store: CaseStore, relay: OutboxRelay, publisher: FakePublisher
) -> None:
    written = await store.open([opening()])

    swept = await relay.sweep_once(LATER)

    assert swept == 1
    assert publisher.published == written[TICKET]
    assert await relay.sweep_once(LATER) == 0


async def test_given_an_outbox_when_it_is_too_fresh_then_the_sweep_leaves_it(
    store: CaseStore, relay: OutboxRelay, publisher: FakePublisher
) -> None:
    await store.open([opening()])

    assert await relay.sweep_once(datetime.now(UTC) - timedelta(seconds=2)) == 0
    assert publisher.published == []


async def test_given_a_broker_that_fails_in_the_middle_when_it_comes_back_then_only_the_rest_is_published(
    store: CaseStore, relay: OutboxRelay, publisher: FakePublisher
) -> None:
    written = await store.open([opening()])
    publisher.refuse_after = 1
    await relay.publish(written)
    assert publisher.kinds() == ["case.opened.v1"]

    publisher.refuse_after = None
    await relay.clear_once()
    await relay.sweep_once(LATER)

    assert publisher.kinds() == ["case.opened.v1", "case.assigned.v1"]
    stored = await store.load(TICKET)
    assert stored is not None
    assert (stored.outbox, stored.version) == ((), 1)
