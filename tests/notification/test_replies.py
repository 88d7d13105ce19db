"""Who answers STOP to a digest stops every kind that the law does not want; START undoes it."""

from collections.abc import AsyncGenerator
from datetime import date, datetime
from typing import Any

import pytest

from services.notification.arriving import Arriving
from services.notification.domain.addresses import address_id
from services.notification.domain.receipts import Reply, Wish
from shared.directory import Directory
from shared.events.case import PromiseKind, Status
from shared.events.cases import PromiseBreached
from shared.events.directory import Calendar, ClosedDay
from shared.events.directory import Contact as Reach
from shared.events.event import Urgency
from shared.events.notices import Channel
from shared.mongo import Database
from shared.wita import WITA
from tests.notification.examples import (
    AGENCY,
    AT,
    a_directory,
    a_person,
    a_submission,
    a_ticket,
    an_assignment,
    an_opening,
    envelope,
)
from tests.notification.replica import Clock, Ear, Replica, a_replica
from tests.shared.fakes import FakePublisher
from tests.waiting import until

pytestmark = pytest.mark.integration

PHONE = "+62900001"
ORDINARY: dict[str, Any] = {"urgency": Urgency.ORDINARY, "has_contact": False, "anonymous": True}


def by_telephone(channel: Channel) -> Directory:
    """The agency has nothing but a telephone."""
    directory = a_directory()
    known = {channel.value: PHONE}
    change = {"email": None, "duty": Reach.model_validate(known)}
    directory.agencies[AGENCY] = directory.agencies[AGENCY].model_copy(update=change)
    closed = (ClosedDay(day=date(2026, 11, 25), name="Hari raya"),)
    directory.calendars["hari-libur"] = Calendar(id="hari-libur", closed=closed)
    return directory


@pytest.fixture(params=[Channel.SMS, Channel.WHATSAPP])
def ear(request: pytest.FixtureRequest) -> Ear:
    return Ear(request.param)


@pytest.fixture
async def office(database: Database, publisher: FakePublisher, clock: Clock, ear: Ear) -> AsyncGenerator[Replica]:
    """Sends digests at 08:00 and 13:00."""
    fields: dict[str, Any] = {"ears": (ear,), "directory": by_telephone(ear.channel), "timing": {"quiet_from": None}}
    async with a_replica(database, publisher, clock, **fields) as replica, replica.sending():
        yield replica


async def hear_of(replica: Replica, number: int) -> None:
    """A new case, and a promise of it that was broken."""
    at = replica.clock()
    breach: dict[str, Any] = {"promise": PromiseKind.RESPONSE, "due_at": at, "holder": AGENCY}
    late = PromiseBreached(**envelope(3, Status.ASSIGNED, a_ticket(number), **ORDINARY), **breach)
    await replica.hear(an_assignment(a_ticket(number), at, **ORDINARY), late.model_copy(update={"occurred_at": at}))


async def digested(replica: Replica, day: int, number: int) -> dict[str, str]:
    """By kind, what became of the case at the next hour of digests."""
    replica.clock.at = datetime(2026, 11, day, 13, 0, tzinfo=WITA)
    replica.wake()
    await until(replica.all_done)
    found = await replica.deliveries(ticket=a_ticket(number))
    return {one["kind"]: one.get("reason", one["state"]) for one in found}


async def test_given_a_day_on_which_nobody_works_when_ordinary_cases_come_then_their_digest_waits_for_the_next(
    office: Replica,
) -> None:
    office.clock.at = datetime(2026, 11, 24, 14, 0, tzinfo=WITA)

    await hear_of(office, 1)

    assert {one["next_at"] for one in await office.deliveries()} == {datetime(2026, 11, 26, 8, 0, tzinfo=WITA)}


async def test_given_digests_when_stop_is_answered_then_only_what_the_law_wants_comes_until_start_is(
    office: Replica, ear: Ear
) -> None:
    arriving = Arriving(office.queueing, office.clock)
    office.clock.at = AT
    await hear_of(office, 1)
    await arriving.heed(ear.channel, [Reply(PHONE, Wish.STOP)])

    stopped = await digested(office, 24, 1)
    await hear_of(office, 2)
    await arriving.heed(ear.channel, [Reply(PHONE, Wish.START)])
    started = await digested(office, 26, 2)

    assert stopped == {"new_case": "sent", "overdue": "opted_out"}
    assert started == {"new_case": "sent", "overdue": "sent"}
    assert ["2 kabar untuk Anda" in one.text for one in ear.taken] == [False, True]
    assert [one.to for one in ear.taken] == [PHONE, PHONE]


async def test_given_one_number_on_two_channels_when_stop_is_answered_on_one_then_the_other_goes_on(
    office: Replica, ear: Ear
) -> None:
    await Arriving(office.queueing, office.clock).heed(ear.channel, [Reply(PHONE, Wish.STOP)])

    stopped = {one["_id"]: one["stopped"] for one in await office.addresses()}

    assert stopped == {address_id(b"secret", ear.channel, PHONE): ["*"]}


async def test_given_a_number_that_gets_receipts_when_yes_is_answered_then_it_is_confirmed_and_a_strangers_is_not_kept(
    office: Replica, ear: Ear
) -> None:
    stranger, arriving = "+62900099", Arriving(office.queueing, office.clock)
    theirs = address_id(b"secret", ear.channel, PHONE)
    await office.hear(a_submission(), a_person(email=None, phone=PHONE), an_opening())
    await until(office.all_done)

    await arriving.heed(ear.channel, [Reply(PHONE, Wish.CONFIRM), Reply(stranger, Wish.CONFIRM)])

    assert "Balas YA" in ear.taken[0].text
    assert await office.store.addresses.confirmed([theirs]) == {theirs}
    assert [one["_id"] for one in await office.addresses()] == [theirs]
