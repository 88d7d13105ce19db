"""Whatever is put off, and whoever of two replicas sends: each kind of message reaches an address in its order."""

import random
from datetime import timedelta

import pytest

from services.notification.domain.attempts import NotTried, Refused
from shared.events.case import Status
from shared.events.cases import CaseProgressed
from shared.events.event import Urgency
from shared.events.notices import Channel
from shared.mongo import Database
from tests.notification.examples import AT, a_person, a_submission, envelope
from tests.notification.replica import Clock, Ear, Replica, a_replica
from tests.shared.fakes import FakePublisher
from tests.waiting import until

pytestmark = pytest.mark.integration

LATER = Refused("503", for_good=False)
PHONE = "+62900001"


@pytest.fixture
def sms() -> Ear:
    return Ear(Channel.SMS)


def a_progress(number: int, urgency: Urgency = Urgency.IMPORTANT) -> CaseProgressed:
    """The later the higher its number."""
    progress = CaseProgressed(**envelope(number, Status.IN_PROGRESS, urgency=urgency))
    return progress.model_copy(update={"occurred_at": AT + timedelta(seconds=number)})


async def told(replica: Replica, sms: Ear) -> list[int]:
    """The numbers of what went out, in the order in which it did."""
    numbers = {one["_id"]: one["sequence"] for one in await replica.deliveries()}
    return [numbers[message.reference] for message in sms.taken]


@pytest.mark.parametrize("seed", range(2))
async def test_given_anything_that_comes_and_is_refused_when_all_went_out_then_each_kind_is_in_its_order(
    database: Database, publisher: FakePublisher, clock: Clock, sms: Ear, seed: int
) -> None:
    chance = random.Random(seed)
    urgent = {number for number in range(1, 31) if chance.random() < 0.4}
    async with (
        a_replica(database, publisher, clock, ears=(sms,)) as one,
        a_replica(database, publisher, clock, ears=(sms,)) as other,
        one.sending(),
        other.sending(),
    ):
        await one.hear(a_submission(), a_person(email=None, phone=PHONE))
        for number in range(1, 31):
            sms.answers.extend(chance.choices([LATER, NotTried()], k=chance.randint(0, 1)))
            pace = Urgency.URGENT if number in urgent else Urgency.IMPORTANT
            await chance.choice((one, other)).hear(a_progress(number, pace))
            await until(one.is_idle)
            clock.forward(timedelta(seconds=chance.randint(0, 40)))
            one.wake()
            other.wake()
        while not await one.all_done():
            clock.forward(timedelta(minutes=10))
            one.wake()
            other.wake()
            await until(one.is_idle)

    numbers = await told(one, sms)
    assert [number for number in numbers if number in urgent] == sorted(urgent)
    assert [number for number in numbers if number not in urgent] == sorted(set(range(1, 31)) - urgent)
