"""What is urgent does not wait behind what was put off, and a receipt that is quicker than our mark is not lost."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest

from services.notification.arriving import Arriving
from services.notification.domain.attempts import Answer, Refused
from services.notification.domain.receipts import Receipt
from shared.events.case import Status
from shared.events.cases import CaseProgressed
from shared.events.event import Urgency
from shared.events.notices import Channel, NoticeDelivered, NoticeFailed
from shared.mongo import Database
from tests.notification.examples import a_person, a_submission, a_ticket, an_opening, envelope
from tests.notification.replica import Clock, Ear, Replica, a_replica
from tests.shared.fakes import FakePublisher
from tests.waiting import until

pytestmark = pytest.mark.integration

PHONE = "+62900001"
BUSY = Refused("503", for_good=False)
CAPPED = {"quiet_from": None, "digests": [], "most_an_hour": 1}


@dataclass
class Telling(Ear):
    """Its gateway says what became of a message before it has answered."""

    quick: list[bool] = field(default_factory=list[bool])
    tell: Callable[[str], Awaitable[bool]] | None = None

    async def send(self, message: Any) -> Answer:
        if self.tell:
            self.quick.append(await self.tell(message.reference))
        return await super().send(message)


@pytest.fixture
def sms() -> Telling:
    return Telling(Channel.SMS)


@pytest.fixture
async def telephone(
    database: Database, publisher: FakePublisher, clock: Clock, sms: Telling
) -> AsyncGenerator[Replica]:
    async with a_replica(database, publisher, clock, ears=(sms,)) as replica, replica.sending():
        yield replica


async def complain(replica: Replica, number: int, urgency: Urgency = Urgency.IMPORTANT) -> str:
    """Always the same person, by telephone; returns the id of the delivery."""
    ticket, at = a_ticket(number), replica.clock()
    person = a_person(ticket, email=None, phone=PHONE, prefers=Channel.SMS)
    await replica.hear(a_submission(ticket), person, an_opening(ticket, at, urgency=urgency))
    (stored,) = await replica.deliveries(ticket=ticket)
    return stored["_id"]


async def later(replica: Replica) -> None:
    replica.clock.forward(timedelta(minutes=1))
    replica.wake()
    await until(replica.is_idle)


async def test_given_a_message_that_was_put_off_when_an_urgent_one_comes_then_it_goes_and_the_others_keep_their_order(
    telephone: Replica, sms: Telling
) -> None:
    sms.answers.append(BUSY)
    put_off = await complain(telephone, 1)
    await until(lambda: telephone.has(attempts=1, holds=True))

    behind = await complain(telephone, 2)
    urgent = [await complain(telephone, number, Urgency.URGENT) for number in (3, 4)]
    await until(lambda: len(sms.taken) == 2)
    await until(telephone.is_idle)
    told_at_once = [message.reference for message in sms.taken]
    await later(telephone)

    assert told_at_once == urgent
    assert [message.reference for message in sms.taken[2:]] == [put_off, behind]


async def test_given_an_urgent_message_that_was_put_off_when_another_comes_then_it_waits_behind_it(
    telephone: Replica, sms: Telling
) -> None:
    sms.answers.append(BUSY)
    put_off = await complain(telephone, 1, Urgency.URGENT)
    await until(lambda: telephone.has(attempts=1, holds=True))

    behind = [await complain(telephone, 2), await complain(telephone, 3, Urgency.URGENT)]
    await until(telephone.is_idle)
    told_at_once = list(sms.taken)
    await later(telephone)

    assert told_at_once == []
    assert [message.reference for message in sms.taken] == [put_off, behind[1], behind[0]]


async def test_given_both_kinds_that_were_put_off_when_more_that_is_urgent_comes_then_it_waits_for_its_like_alone(
    telephone: Replica, sms: Telling
) -> None:
    sms.answers.extend([Refused("503", for_good=False, not_before=timedelta(hours=1)), BUSY])
    ordinary = await complain(telephone, 1)
    await until(lambda: telephone.has(_id=ordinary, holds=True))
    await until(telephone.is_idle)
    urgent = [await complain(telephone, 2, Urgency.URGENT)]
    await until(lambda: telephone.has(_id=urgent[0], holds=True))
    await until(telephone.is_idle)

    urgent.append(await complain(telephone, 3, Urgency.URGENT))
    await until(telephone.is_idle)
    told_at_once = list(sms.taken)
    await later(telephone)
    after_a_minute = [message.reference for message in sms.taken]
    telephone.clock.forward(timedelta(hours=1))
    await later(telephone)

    assert told_at_once == []
    assert after_a_minute == urgent
    assert [message.reference for message in sms.taken] == [*urgent, ordinary]


async def test_given_an_urgent_message_that_comes_while_its_address_is_worked_on_when_that_is_put_off_then_it_goes(
    telephone: Replica, sms: Telling
) -> None:
    urgent = list[str]()

    async def meanwhile(_: str) -> bool:
        sms.tell = None
        urgent.append(await complain(telephone, 2, Urgency.URGENT))
        return True

    sms.tell = meanwhile
    sms.answers.append(BUSY)
    put_off = await complain(telephone, 1)
    await until(lambda: sms.taken)
    await until(telephone.is_idle)
    told_at_once = [message.reference for message in sms.taken]
    await later(telephone)

    assert told_at_once == urgent
    assert [message.reference for message in sms.taken] == [*urgent, put_off]


async def test_given_a_digest_whose_receipt_is_quicker_than_its_mark_when_it_is_told_then_it_must_be_said_again(
    database: Database, publisher: FakePublisher, clock: Clock, sms: Telling
) -> None:
    async with a_replica(database, publisher, clock, ears=(sms,), timing=CAPPED) as replica:
        arriving = Arriving(replica.queueing, clock)
        await complain(replica, 1)
        async with replica.sending():
            await until(lambda: sms.taken)
            await replica.hear(
                *(CaseProgressed(**envelope(number, Status.IN_PROGRESS, a_ticket(1))) for number in (2, 3))
            )
            await until(replica.is_idle)
            sms.tell = lambda reference: arriving.take([Receipt(reference, arrived=True)])
            clock.forward(timedelta(hours=1, minutes=1))
            replica.wake()
            await until(replica.all_done)
        (digest,) = sms.taken[1:]
        said_again = await arriving.take([Receipt(digest.reference, arrived=True)])

    assert (sms.quick, said_again) == ([False], True)
    assert [one["state"] for one in await database["deliveries"].find({"message": digest.reference}).to_list(None)] == [
        "delivered",
        "delivered",
    ]


async def test_given_two_replicas_that_are_told_opposite_things_when_both_take_them_then_one_is_told_on(
    telephone: Replica, sms: Telling
) -> None:
    await complain(telephone, 1)
    await until(telephone.all_done)
    one, other = (Arriving(telephone.queueing, telephone.clock) for _ in range(2))
    reference = sms.taken[0].reference

    await asyncio.gather(
        one.take([Receipt(reference, arrived=True)]), other.take([Receipt(reference, arrived=False, reason="absent")])
    )
    await until(telephone.all_done)

    (state,) = (await telephone.states()).values()
    told = [notice for notice in telephone.notices() if isinstance(notice, NoticeDelivered | NoticeFailed)]
    assert [notice.type for notice in told] == [f"notice.{state}.v1"]
