"""Every command that the stores send finds an index: MongoDB's own profiler says so."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from deploy.issuing import Wish, issue
from services.routing.domain.agency import Accept, Resolve
from services.routing.domain.case import act
from services.routing.handlers import DirectoryPublisher
from services.routing.seeds import seed_entries
from services.routing.store.cases import CaseStore
from services.routing.store.directory import DirectoryStore, Edit
from services.routing.store.documents import Opening, Save, records_of
from services.routing.store.queues import QueueStore
from shared.directory import Directory
from shared.events.complaints import ComplaintSupported
from shared.events.directory import ClientRole
from shared.events.personal import PersonalRecorded
from shared.mongo import Database
from shared.outbox import OutboxRelay
from tests.profiler import watch, watched
from tests.routing.crowds import HOLE, Replica, a_personal_part, a_submission, all_of
from tests.routing.desks import on_the_day
from tests.routing.examples import AT, TICKET, a_complaint, a_ticket, an_opening, by, the_rulebook
from tests.shared.fakes import FakePublisher

pytestmark = [pytest.mark.integration, pytest.mark.both_drivers]
ENTRIES = seed_entries(range(2025, 2028))
LATER = datetime(2100, 1, 1, tzinfo=UTC)


async def test_given_every_path_of_cases_when_walked_then_an_index_finds_everything(
    store: CaseStore, relay: OutboxRelay, database: Database
) -> None:
    openings = [Opening(a_complaint(a_ticket(number)), an_opening(a_ticket(number)), "") for number in range(100)]
    part = PersonalRecorded(event_id=UUID(int=1), ticket=TICKET, occurred_at=AT, part="s-1", text="Jalan rusak")
    await QueueStore(store.collection).create_indexes()
    await store.open(openings)
    await watch(database)

    await store.record_personal([part])
    await relay.publish(await store.open([*openings[:5], Opening(a_complaint(), an_opening(), "")]))
    await store.digests([TICKET, a_ticket(1)])
    await store.erase_personal([part.key])
    await store.record_personal([part])
    await relay.clear_once()
    await relay.sweep_once(LATER)
    assert (await act_twice(store)) == [True, False]
    await store.due_before(LATER, 10)
    await store.held_by(["PUPR-52.03", "PLN"], 10)
    assert len(await store.last_submissions(5)) == 5
    early = a_complaint(a_ticket(900))
    assert await store.await_submission([early]) == []
    assert len(await store.waiting([early.ticket])) == 1
    await store.stop_waiting([early.ticket])
    await store.support([ComplaintSupported(event_id=uuid4(), ticket=TICKET, occurred_at=AT, supporter=uuid4())])
    assert await store.count_supports(TICKET) == 1

    found = await watched(database)
    assert {plan["op"] for plan in found} == {"command", "query", "update"}
    assert [plan for plan in found if "COLLSCAN" in plan["planSummary"]] == []
    assert any("outbox.queued_at" in plan["planSummary"] for plan in found)
    assert len(found) >= 20


async def act_twice(store: CaseStore) -> list[bool]:
    """The second comes with what it read before the first, and is refused."""
    stored = await store.load(TICKET)
    assert stored is not None
    change = act(stored.case, Accept(), by(), the_rulebook())
    return [await store.save(Save(stored, (uuid4(),), records_of(change, ""), change)) for _ in range(2)]


async def test_given_every_path_of_the_directory_when_walked_then_an_index_finds_everything(database: Database) -> None:
    records = DirectoryStore(database)
    await records.create_indexes()
    await watch(database)

    await records.seed(ENTRIES)
    await records.seed(ENTRIES[:10])
    await records.revisions_since(await records.now() + timedelta(minutes=1))
    await issue(records, Wish("ani", "Ani", ClientRole.OPERATOR, "PUPR-52.03"), "0" * 64)
    await records.revoke_client("ani", AT)
    edit = Edit("officer:ani/1", "officer:ani", {}, AT.date(), "budi", "x", AT, None)
    assert await records.note(edit)
    assert [one.id for one in await records.planned(AT.date())] == [edit.id]
    assert await records.make(edit) == 1
    assert [one.revision for one in await records.edits_of(edit.record)] == [1]
    assert not await records.withdraw(edit.id)
    assert [client.id for client in await records.clients()] == ["ani"]

    found = await watched(database)
    assert {plan["op"] for plan in found} >= {"query", "update"}
    assert [plan for plan in found if "COLLSCAN" in plan["planSummary"]] == []
    assert len(found) > len(ENTRIES)


async def test_given_a_published_directory_when_nobody_changes_it_then_routing_looks_and_reads_nothing(
    database: Database, publisher: FakePublisher
) -> None:
    records = DirectoryStore(database)
    await records.create_indexes()
    await records.seed(ENTRIES)
    two_minutes_ago = await records.now() - timedelta(minutes=2)
    await database["directory"].update_many({}, {"$set": {"recorded_at": two_minutes_ago}})
    reconciler = DirectoryPublisher(records, Directory(), publisher)  # type: ignore[arg-type]
    assert await reconciler.reconcile() == len(ENTRIES)
    await watch(database)

    await reconciler.reconcile()

    assert [plan["docsExamined"] for plan in await watched(database)] == [0]


async def test_given_a_record_of_another_version_when_the_directory_is_published_then_the_others_are(
    database: Database, publisher: FakePublisher
) -> None:
    records = DirectoryStore(database)
    await records.create_indexes()
    await records.seed(ENTRIES[:5])
    unknown = {
        "kind": "client",
        "id": "ani",
        "name": "Ani",
        "role": "officer",
        "token_digest": "0",
        "issued_at": "2026",
    }
    await database["directory"].insert_one(
        {"_id": "client:ani", "revision": 1, "recorded_at": await records.now(), "entry": unknown}
    )

    published = await DirectoryPublisher(records, Directory(), publisher).reconcile()  # type: ignore[arg-type]

    assert published == 5


async def test_given_every_path_of_families_when_walked_then_an_index_finds_everything(
    database: Database, publisher: FakePublisher
) -> None:
    replica = Replica(database, publisher)
    await replica.store.create_indexes()
    await QueueStore(replica.store.collection).create_indexes()
    await replica.handle([a_personal_part(99), *all_of(range(5))])
    await replica.handle([a_personal_part(7, HOLE, None), a_submission(7, region="52.03.07.1001")])
    await watch(database)

    await replica.settle()
    stored = await replica.store.load(a_ticket(0))
    assert stored is not None
    change = act(stored.case, Resolve(text="Selesai."), by(at=on_the_day()), the_rulebook())
    assert await replica.store.save(Save(stored, (uuid4(),), records_of(change, ""), change))
    await replica.settle()
    await replica.store.families.mark([a_ticket(1)])
    assert await replica.store.families.linked([a_ticket(0)]) == {a_ticket(0): 4}
    assert len(await replica.store.families.tickets_linked_to(a_ticket(0))) == 4

    found = await watched(database)
    assert [plan for plan in found if "COLLSCAN" in plan["planSummary"]] == []
    assert any("case.linked_to" in plan["planSummary"] for plan in found)
    assert any("unsettled" in plan["planSummary"] for plan in found)
