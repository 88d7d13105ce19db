import pytest

from shared.mongo import Database, Document
from shared.topics import PERSONAL
from tests.notification.examples import (
    TICKET,
    a_person,
    a_resolution,
    a_submission,
    a_ticket,
    an_assignment,
    an_opening,
)
from tests.notification.replica import Replica, finished
from tests.shared.received import erased
from tests.smtp_sink import Sink
from tests.waiting import until

pytestmark = pytest.mark.integration


async def plans(database: Database) -> list[tuple[str, str]]:
    """What was asked of the collections since the profiler was switched on, and how MongoDB found it."""
    asked: Document = {"ns": {"$regex": r"\.(contacts|deliveries|receipts)$"}, "planSummary": {"$exists": True}}
    found = await database["system.profile"].find(asked).to_list(None)
    return [(stored["op"], stored["planSummary"]) for stored in found]


async def test_given_every_path_when_walked_then_no_query_scans_a_collection(
    sending: Replica, database: Database, sink: Sink
) -> None:
    for number in range(300):
        ticket = a_ticket(number)
        await sending.hear(a_submission(ticket), a_person(ticket, email=f"r{number}@example.id"), an_opening(ticket))
    await finished(sending)
    await database.command("profile", 2)

    # New and known deliveries, a contact that comes later, words that do not come, a refusal, an erasure, a stop.
    sink.answer("siti@example.id", "451 later")
    await sending.hear(a_submission(), an_opening(), an_assignment())
    await sending.hear(a_person(), an_opening(), a_resolution())
    await until(lambda: sink.asked >= 303)
    await sending.hear(erased(PERSONAL, f"{TICKET}:s-1"))
    sending.sender.wake()
    await until(lambda: len(sending.notices()) == 304)
    await sending.relay.sweep_once(sending.sender.now())
    await database.command("profile", 0)

    asked = await plans(database)
    assert {operation for operation, _ in asked} == {"query", "update"}
    assert not [plan for plan in asked if "COLLSCAN" in plan[1]]
    for index in ("_id", "again", "ticket", "outbox.queued_at"):
        assert any(f"{{ {index}: " in plan for _, plan in asked), index
