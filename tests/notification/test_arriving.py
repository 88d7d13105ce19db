"""What gateways tell of messages, at whatever moment, and to whichever replica: on a real MongoDB."""

from collections.abc import AsyncGenerator
from datetime import timedelta
from typing import Any

import pytest

from services.notification.arriving import Arriving
from services.notification.domain.attempts import Refused
from services.notification.domain.receipts import Receipt
from shared.events.notices import Channel, NoticeDelivered, NoticeFailed
from shared.mongo import Database
from tests.notification.examples import TICKET, a_person, a_submission, an_assignment, an_opening
from tests.notification.replica import Clock, Ear, Replica, a_replica
from tests.shared.fakes import FakePublisher
from tests.waiting import until

pytestmark = pytest.mark.integration

PHONE = "+62900001"


@pytest.fixture
def sms() -> Ear:
    return Ear(Channel.SMS)


@pytest.fixture
async def replica(database: Database, publisher: FakePublisher, clock: Clock, sms: Ear) -> AsyncGenerator[Replica]:
    """Its mail server is not there, so that what goes another way stays queued."""
    async with a_replica(database, publisher, clock, ears=(sms,)) as replica:
        yield replica


async def is_told(replica: Replica, *receipts: Receipt) -> bool:
    return await Arriving(replica.queueing, replica.clock).take(receipts)


async def hears_of_two(replica: Replica) -> None:
    """Messages to somebody with a telephone, which are to go out as one."""
    await replica.hear(a_submission(), a_person(email=None, phone=PHONE), an_opening(), an_assignment(anonymous=True))
    await replica.database["deliveries"].update_many({"recipient": "reporter"}, {"$set": {"gathered": True}})


async def sent(replica: Replica, sms: Ear) -> str:
    """A message to a reporter who can be reached by mail as well; returns its reference."""
    await replica.hear(a_submission(), a_person(phone=PHONE, prefers=Channel.SMS), an_opening())
    async with replica.sending():
        await until(lambda: len(replica.sent()) == 1)
    return sms.taken[0].reference


def told_of(replica: Replica) -> list[str]:
    """The events, but that it was sent."""
    return [type(one).__name__ for one in replica.notices() if isinstance(one, NoticeDelivered | NoticeFailed)]


async def is_all_told(replica: Replica) -> bool:
    return not await replica.has(**{"outbox.0": {"$exists": True}})


async def state_of(replica: Replica, channel: str = "sms") -> list[str]:
    return [one["state"] for one in await replica.deliveries(channel=channel)]


async def test_given_several_of_which_some_are_marked_when_told_of_then_it_must_be_told_again_and_each_counts_once(
    replica: Replica, sms: Ear
) -> None:
    reference = await sent(replica, sms)
    (marked,) = await replica.deliveries()
    other = {"_id": "00000000-0000-4000-8000-000000000001", "state": "queued", "outbox": []}
    await replica.database["deliveries"].insert_one({**marked, **other})
    receipt = Receipt(reference, arrived=True)

    early = await is_told(replica, receipt)
    await replica.database["deliveries"].update_one({"_id": other["_id"]}, {"$set": {"state": "sent"}})
    late = await is_told(replica, receipt)
    await until(lambda: len(told_of(replica)) == 2)

    assert (early, late) == (False, True)
    assert await state_of(replica) == ["delivered"] * 2


async def test_given_a_message_of_several_that_was_put_off_when_told_of_then_it_is_known_until_it_goes_out(
    database: Database, publisher: FakePublisher, clock: Clock, sms: Ear
) -> None:
    sms.answers.append(Refused("timeout", for_good=False))
    async with a_replica(database, publisher, clock, ears=(sms,)) as replica:
        await hears_of_two(replica)
        async with replica.sending():
            await until(lambda: replica.addresses(channel="sms", again=True, claim={"$exists": False}))
            (message,) = {one["message"] for one in await replica.deliveries(channel="sms")}
            early = await is_told(replica, Receipt(message, arrived=True))
            clock.forward(timedelta(minutes=2))
            replica.wake()
            await until(lambda: replica.has(channel="sms", state="sent"))

        assert not early
        assert message == sms.taken[0].reference


@pytest.mark.parametrize("failed_first", [True, False])
async def test_given_receipts_that_contradict_each_other_at_two_replicas_when_told_at_once_then_the_first_one_holds(
    replica: Replica, database: Database, clock: Clock, sms: Ear, *, failed_first: bool
) -> None:
    """Both have read what they are told of before the first of them writes."""
    reference = await sent(replica, sms)
    first, second = (
        Receipt(reference, arrived=arrived, reason="absent") for arrived in (not failed_first, failed_first)
    )
    publisher = FakePublisher()
    async with a_replica(database, publisher, clock, ears=(sms,)) as other:
        deliveries: Any = other.store.deliveries
        arrive = deliveries.arrive

        async def arrive_second(*told: Any) -> bool:
            await is_told(replica, first)
            return await arrive(*told)

        deliveries.arrive = arrive_second
        await is_told(other, second)
        await until(lambda: is_all_told(replica))
        told = [*told_of(replica), *told_of(other)]

    assert await state_of(replica) == ["failed" if failed_first else "delivered"]
    assert told == ["NoticeFailed" if failed_first else "NoticeDelivered"]
    assert await state_of(replica, "email") == (["queued"] if failed_first else [])


@pytest.mark.parametrize("failed_first", [True, False])
async def test_given_receipts_that_contradict_each_other_in_one_request_when_told_then_it_arrived(
    replica: Replica, sms: Ear, *, failed_first: bool
) -> None:
    reference = await sent(replica, sms)
    receipts = [Receipt(reference, arrived=False, reason="absent"), Receipt(reference, arrived=True)]

    assert await is_told(replica, *(receipts if failed_first else reversed(receipts)))
    await until(lambda: told_of(replica))

    assert told_of(replica) == ["NoticeDelivered"]
    assert await state_of(replica, "email") == []


async def test_given_a_replica_that_dies_when_a_failure_is_written_then_the_next_telling_takes_another_way_once(
    replica: Replica, sms: Ear
) -> None:
    failed = Receipt(await sent(replica, sms), arrived=False, reason="absent")
    queueing: Any = replica.queueing
    add, queueing.sources = queueing.sources, None
    with pytest.raises(AttributeError):
        await is_told(replica, failed)
    queueing.sources = add

    for _ in range(2):
        assert await is_told(replica, failed)

    assert await state_of(replica) == ["failed"]
    assert await state_of(replica, "email") == ["queued"]
    assert [one["ticket"] for one in await replica.deliveries()] == [TICKET] * 2
