"""What nobody can read or write holds up nothing behind it, also at an agency's own system."""

from collections.abc import AsyncGenerator
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx2
import pytest

from services.notification.writing import Draft
from shared.events.notices import Channel
from shared.mongo import Database
from tests.notification.examples import a_person, a_submission, a_ticket, an_opening
from tests.notification.replica import Clock, Ear, Replica, a_replica, finished
from tests.notification.systems import (
    Receiver,
    a_calling_replica,
    a_progress,
    an_office,
    events_of,
    hear,
    later,
    register,
)
from tests.shared.fakes import FakePublisher
from tests.smtp_sink import Sink
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


async def test_given_an_event_that_can_never_be_written_when_it_was_tried_a_few_times_then_it_is_parked_and_all_flows(
    calling: Replica, receiver: Receiver, office: httpx2.AsyncClient
) -> None:
    webhook = (await register(office))["id"]
    await hear(calling, a_progress(1), a_progress(2), a_progress(3))
    deliveries, this = calling.database["deliveries"], {"sequence": 1}
    body = (await calling.deliveries(**this))[0]["body"]
    await deliveries.update_one(this, {"$set": {"body": "{"}})

    async with calling.sending():
        await until(lambda: calling.has(attempts=1))
        for _ in range(3):
            await later(calling, timedelta(minutes=20))
        before = receiver.positions
        await later(calling, timedelta(minutes=20))
        await until(calling.all_done)
        readable = [event["position"] for event in await events_of(office, webhook)]
        (parked,) = await calling.deliveries(state="failed")
        await deliveries.update_one(this, {"$set": {"body": body}})
        revived = await calling.store.deliveries.revive(UUID(parked["_id"]), calling.clock())
        assert revived is not None
        await calling.queueing.decide([revived])
        await until(calling.all_done)

    assert before == []
    assert (parked["sequence"], parked["reason"], parked["attempts"]) == (1, "broken", 5)
    assert readable == [2, 3]
    assert receiver.positions == [2, 3, 1]
    assert [event["position"] for event in await events_of(office, webhook)] == [1, 2, 3]


async def test_given_a_mail_that_can_never_be_written_when_it_was_tried_a_few_times_then_the_next_way_is_taken(
    database: Database, publisher: FakePublisher, clock: Clock, port: int, sink: Sink
) -> None:
    ear = Ear(Channel.WHATSAPP)
    async with a_replica(database, publisher, clock, port=port, ears=[ear]) as replica, replica.sending():
        mail = next(sender for sender in replica.senders if sender.way.channel is Channel.EMAIL)
        mail.way = replace(mail.way, writing=Broken())
        await replica.hear(a_submission(), a_person(phone="+62811000001"), an_opening())
        for _ in range(5):
            await later(replica, timedelta(minutes=20))
        await finished(replica)

    assert sink.taken == []
    assert [message.to for message in ear.taken] == ["+62811000001"]
    assert [one["reason"] for one in await replica.deliveries(state="failed")] == ["broken"]


class Broken:
    """A template that misses something."""

    async def write(self, _draft: Draft) -> Any:
        raise KeyError("word")
