"""What nobody can read or write holds up nothing behind it, also at an agency's own system."""

from collections.abc import AsyncGenerator

import httpx2
import pytest

from shared.mongo import Database
from tests.notification.examples import a_ticket
from tests.notification.replica import Clock, Replica
from tests.notification.systems import Receiver, a_calling_replica, a_progress, an_office, events_of, hear, register
from tests.shared.fakes import FakePublisher
from tests.waiting import until

pytestmark = pytest.mark.integration


@pytest.fixture
def receiver() -> Receiver:
    return Receiver()


@pytest.fixture
async def office(database: Database, clock: Clock) -> AsyncGenerator[httpx2.AsyncClient]:
    async with an_office(database, clock) as office:
        yield office


@pytest.fixture
async def calling(
    database: Database, publisher: FakePublisher, clock: Clock, receiver: Receiver
) -> AsyncGenerator[Replica]:
    """Sends nothing before it is told."""
    async with a_calling_replica(database, publisher, clock, ear=receiver) as replica:
        yield replica


async def test_given_an_event_that_only_another_version_reads_when_others_come_then_they_are_sent_past_it(
    calling: Replica, receiver: Receiver, office: httpx2.AsyncClient
) -> None:
    webhook = (await register(office))["id"]
    await hear(calling, a_progress(1), a_progress(2), a_progress(3))
    this, kind = {"sequence": 2}, {"$set": {"kind": "a_kind_of_tomorrow"}}
    await calling.database["deliveries"].update_one(this, kind)

    async with calling.sending():
        await until(lambda: receiver.positions == [1, 3])
        await hear(calling, a_progress(4))
        await until(lambda: receiver.positions == [1, 3, 4])

    assert [event["position"] for event in await events_of(office, webhook)] == [1, 3, 4]
    assert await calling.has(sequence=2, state="queued")


async def test_given_two_systems_when_one_has_an_event_that_cannot_be_read_then_the_other_gets_all(
    calling: Replica, receiver: Receiver, office: httpx2.AsyncClient
) -> None:
    first, other = (await register(office))["id"], (await register(office, url="https://other.example/in"))["id"]
    await hear(calling, a_progress(1, a_ticket(1)), a_progress(2, a_ticket(1)))
    await calling.database["deliveries"].update_one(
        {"told": first, "sequence": 1}, {"$set": {"recipient": "tomorrows"}}
    )

    async with calling.sending():
        await until(lambda: len(receiver.asked) == 3)

    assert sorted(call.webhook for call in receiver.asked) == sorted([first, other, other])
