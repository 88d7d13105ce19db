import pytest

from shared.mongo import Database
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
from tests.profiler import watch, watched
from tests.shared.received import erased
from tests.smtp_sink import Sink
from tests.waiting import until

pytestmark = [pytest.mark.integration, pytest.mark.both_drivers]


async def test_given_every_path_when_walked_then_no_query_scans_a_collection(
    sending: Replica, database: Database, sink: Sink
) -> None:
    for number in range(300):
        ticket = a_ticket(number)
        await sending.hear(a_submission(ticket), a_person(ticket, email=f"r{number}@example.id"), an_opening(ticket))
    await finished(sending)
    await watch(database)

    # New and known deliveries, a contact that comes later, words that do not come, a refusal, an erasure, a stop.
    sink.answer("siti@example.id", "451 later")
    await sending.hear(a_submission(), an_opening(), an_assignment())
    await sending.hear(a_person(), an_opening(), a_resolution())
    await until(lambda: sink.asked >= 302)
    await sending.hear(erased(PERSONAL, f"{TICKET}:s-1"))
    sending.wake()
    await until(lambda: len(sending.notices()) == 304)
    await sending.relay.sweep_once(sending.clock())
    assert await sending.store.contacts.reached_at("r7@example.id")

    asked = await watched(database)
    assert {command["op"] for command in asked} == {"command", "query", "remove", "update"}
    assert [command for command in asked if "COLLSCAN" in command["planSummary"]] == []
    for index in ("_id", "channel", "to", "state", "ticket", "reached", "outbox.queued_at"):
        assert any(f"{{ {index}: " in command["planSummary"] for command in asked), index
