"""What goes out when, on which channel, and in which order: on a real MongoDB, with ears for gateways."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.notification.arriving import Arriving
from services.notification.domain.attempts import NotTried, Refused
from services.notification.domain.receipts import Receipt, Reply, Wish
from services.notification.outlets import TextMessage
from shared.directory import Directory
from shared.events.case import Status
from shared.events.cases import CaseClosed, CaseProgressed, CaseRejected
from shared.events.directory import Contact as Reach
from shared.events.event import Urgency
from shared.events.notices import Channel, NoticeDelivered, NoticeFailed, NoticeKind, NoticeSent, NoticeSuppressed
from shared.events.reasons import RejectionReason
from shared.mongo import Database
from shared.wita import WITA
from tests.notification.examples import (
    AGENCY,
    AGENCY_ADDRESS,
    AT,
    REPORTER_ADDRESS,
    TICKET,
    a_directory,
    a_new_contact,
    a_person,
    a_submission,
    a_ticket,
    an_assignment,
    an_opening,
    envelope,
)
from tests.notification.replica import Clock, Ear, Replica, a_replica
from tests.shared.fakes import FakePublisher
from tests.smtp_sink import Sink
from tests.waiting import until

pytestmark = pytest.mark.integration

BY_NIGHT = {"timing": {"most_an_hour": 1_000}}
PHONE = "+62900001"
NIGHT = datetime(2026, 11, 24, 22, 0, tzinfo=WITA).astimezone(UTC)
MORNING = datetime(2026, 11, 25, 7, 0, tzinfo=WITA)


def on_duty() -> Directory:
    """The agency has somebody on duty, with a telephone."""
    directory = a_directory()
    duty = Reach(email="piket@pupr-lotim.example", whatsapp=PHONE, sms=PHONE)
    directory.agencies[AGENCY] = directory.agencies[AGENCY].model_copy(update={"duty": duty})
    return directory


@pytest.fixture
def sms() -> Ear:
    return Ear(Channel.SMS)


@pytest.fixture
def whatsapp() -> Ear:
    return Ear(Channel.WHATSAPP)


@pytest.fixture
async def all_ways(
    database: Database,
    publisher: FakePublisher,
    clock: Clock,
    port: int,
    sms: Ear,
    whatsapp: Ear,
    request: pytest.FixtureRequest,
) -> AsyncGenerator[Replica]:
    """Sends on three channels; a test's parameter is its settings."""
    fields: dict[str, Any] = getattr(request, "param", {})
    ways = {"port": port, "ears": (sms, whatsapp), "directory": on_duty()}
    async with a_replica(database, publisher, clock, **ways, **fields) as replica, replica.sending():
        yield replica


async def forward(replica: Replica, moment: datetime) -> None:
    """It is that moment now, and everybody notices."""
    replica.clock.at = moment
    replica.wake()


def a_progress(number: int, ticket: str = TICKET, **case: Any) -> CaseProgressed:
    return CaseProgressed(**envelope(number, Status.IN_PROGRESS, ticket, **case))


async def reached(replica: Replica, number: int = 1) -> None:
    await until(lambda: len([one for one in replica.notices() if isinstance(one, NoticeSent)]) >= number)


async def test_given_an_urgent_case_when_it_is_assigned_then_whoever_is_on_duty_is_told_on_every_way(
    all_ways: Replica, sink: Sink, sms: Ear, whatsapp: Ear
) -> None:
    await all_ways.hear(an_assignment(urgency=Urgency.URGENT, has_contact=False, anonymous=True))
    await reached(all_ways, 3)

    assert sink.recipients() == ["piket@pupr-lotim.example"]
    assert [(one.to, TICKET in one.text) for one in (*sms.taken, *whatsapp.taken)] == [(PHONE, True)] * 2
    assert {(one.channel, one.kind) for one in all_ways.sent()} == {
        (channel, NoticeKind.NEW_CASE) for channel in (Channel.EMAIL, Channel.SMS, Channel.WHATSAPP)
    }


@pytest.mark.parametrize("all_ways", [BY_NIGHT], indirect=True)
async def test_given_the_night_when_something_happens_then_only_what_is_urgent_goes_out_before_the_morning(
    all_ways: Replica, sink: Sink
) -> None:
    all_ways.clock.at = NIGHT
    urgent = a_ticket(1)
    ordinary = an_opening(at=NIGHT)
    await all_ways.hear(a_submission(), a_person(), ordinary)
    await all_ways.hear(
        a_submission(urgent), a_person(urgent, email="u@example.id"), an_opening(urgent, NIGHT, urgency=Urgency.URGENT)
    )
    await reached(all_ways)
    by_night = sink.recipients()
    held = await all_ways.deliveries(ticket=TICKET)

    await forward(all_ways, MORNING)
    await reached(all_ways, 2)

    assert by_night == ["u@example.id"]
    assert [one["next_at"] for one in held] == [MORNING]
    assert sink.recipients() == [REPORTER_ADDRESS, "u@example.id"]


@pytest.mark.parametrize("all_ways", [{"timing": {"quiet_from": None}}], indirect=True)
async def test_given_ordinary_cases_when_they_are_assigned_then_the_agency_gets_one_mail_at_the_hour_of_digests(
    all_ways: Replica, sink: Sink
) -> None:
    tickets = [a_ticket(number) for number in range(3)]
    for ticket in tickets:
        await all_ways.hear(an_assignment(ticket, urgency=Urgency.ORDINARY, has_contact=False, anonymous=True))
    held = await all_ways.deliveries()

    await forward(all_ways, datetime(2026, 11, 24, 13, 0, tzinfo=WITA))
    await reached(all_ways, 3)

    assert {one["next_at"] for one in held} == {datetime(2026, 11, 24, 13, 0, tzinfo=WITA)}
    assert sink.recipients() == [AGENCY_ADDRESS]
    plain = sink.taken[0].get_body(("plain",))
    assert plain is not None
    assert all(ticket in plain.get_content() for ticket in tickets)
    assert len({one["message"] for one in await all_ways.deliveries(state="sent")}) == 1


@pytest.mark.parametrize("all_ways", [{"timing": {"quiet_from": None}}], indirect=True)
async def test_given_a_digest_that_is_put_off_when_more_is_gathered_meanwhile_then_it_goes_again_as_it_was(
    all_ways: Replica, sink: Sink
) -> None:
    hour = datetime(2026, 11, 24, 13, 0, tzinfo=WITA)
    sink.answer(AGENCY_ADDRESS, "451 later")
    for number in range(3):
        await hear_of_an_ordinary(all_ways, number)
    await forward(all_ways, hour)
    await until(lambda: all_ways.has(attempts=1))
    tried = {one["message"] for one in await all_ways.deliveries()}
    await all_ways.database["deliveries"].update_many({}, {"$set": {"next_at": hour + timedelta(minutes=1)}})

    await hear_of_an_ordinary(all_ways, 3)
    await all_ways.database["deliveries"].update_many({"attempts": 0}, {"$set": {"next_at": hour}})
    await forward(all_ways, hour + timedelta(hours=1))
    await reached(all_ways, 4)

    ids = [str(mail["Message-ID"])[1:].partition("@")[0] for mail in sink.taken]
    assert (len(tried), len(ids)) == (1, 2)
    assert ids[0] == tried.pop()


async def hear_of_an_ordinary(replica: Replica, number: int) -> None:
    ticket = a_ticket(number)
    await replica.hear(an_assignment(ticket, urgency=Urgency.ORDINARY, has_contact=False, anonymous=True))


@pytest.mark.parametrize("all_ways", [{"timing": {"quiet_from": None, "most_an_hour": 3}}], indirect=True)
async def test_given_more_than_an_address_gets_in_an_hour_when_it_is_over_then_the_rest_comes_as_one(
    all_ways: Replica, sink: Sink
) -> None:
    await all_ways.hear(a_submission(), a_person(), *(a_progress(number) for number in range(1, 8)))
    await reached(all_ways, 3)
    await until(all_ways.is_idle)
    at_once = len(sink.taken)

    await forward(all_ways, AT + timedelta(hours=1))
    await reached(all_ways, 7)
    await until(all_ways.is_idle)

    assert at_once == 3
    assert sink.recipients() == [REPORTER_ADDRESS] * 4
    assert [one["hour"]["sent"] for one in await all_ways.addresses()] == [1]


async def test_given_an_opt_out_when_it_would_be_told_then_only_what_the_law_wants_is(
    all_ways: Replica, sink: Sink
) -> None:
    await all_ways.hear(a_submission(), a_person(), an_opening())
    await reached(all_ways)
    (address,) = await all_ways.addresses()
    await all_ways.store.addresses.stop(address["_id"], "*")

    closed = CaseClosed(**envelope(3, Status.CLOSED), reason="silence")
    await all_ways.hear(a_progress(2), closed)
    await until(lambda: len(all_ways.notices()) == 4)

    suppressed = [one for one in all_ways.notices() if isinstance(one, NoticeSuppressed)]
    assert {(one.kind, one.reason) for one in suppressed} == {
        (NoticeKind.PROGRESS, "opted_out"),
        (NoticeKind.CLOSED, "opted_out"),
    }
    assert sink.recipients() == [AGENCY_ADDRESS, REPORTER_ADDRESS]


async def test_given_an_address_that_was_confirmed_when_many_complain_with_it_then_each_gets_a_receipt(
    all_ways: Replica, sink: Sink
) -> None:
    await all_ways.hear(a_submission(), a_person(), an_opening())
    await reached(all_ways)
    (address,) = await all_ways.addresses()
    await all_ways.store.addresses.confirm(address["_id"], AT)

    tickets = [a_ticket(number) for number in range(7)]
    people = [a_person(ticket) for ticket in tickets]
    await all_ways.hear(*map(a_submission, tickets), *people, *map(an_opening, tickets))
    await reached(all_ways, 8)

    assert sink.recipients() == [REPORTER_ADDRESS] * 8


async def test_given_a_reporter_with_two_ways_when_the_first_fails_then_the_next_is_taken(
    all_ways: Replica, sink: Sink, whatsapp: Ear, sms: Ear
) -> None:
    sink.answer(REPORTER_ADDRESS, "550 no such user")
    whatsapp.answers.append(Refused("not_on_whatsapp", for_good=True))

    await all_ways.hear(a_submission(), a_person(phone=PHONE), an_opening())
    await reached(all_ways)

    failed = [one for one in all_ways.notices() if isinstance(one, NoticeFailed)]
    assert [(one.channel, one.reason) for one in failed] == [
        (Channel.EMAIL, "550"),
        (Channel.WHATSAPP, "not_on_whatsapp"),
    ]
    assert [one.to for one in sms.taken] == [PHONE]


async def test_given_a_text_message_when_the_gateway_tells_of_it_then_it_arrived_and_telling_twice_is_once(
    all_ways: Replica, sms: Ear
) -> None:
    await all_ways.hear(a_submission(), a_person(email=None, phone=PHONE, prefers=Channel.SMS), an_opening())
    await reached(all_ways)
    (message,) = sms.taken
    arriving = Arriving(all_ways.queueing, all_ways.clock)

    for _ in range(2):
        assert await arriving.take([Receipt(message.reference, arrived=True)])
    assert await arriving.take([Receipt("somebody-elses", arrived=True)])
    await until(lambda: len(all_ways.notices()) == 2)

    assert await all_ways.states() == {"received": "delivered"}
    assert isinstance(all_ways.notices()[1], NoticeDelivered)


async def test_given_a_text_message_that_did_not_arrive_when_the_gateway_tells_of_it_then_another_way_is_taken(
    all_ways: Replica, sms: Ear, sink: Sink
) -> None:
    await all_ways.hear(a_submission(), a_person(phone=PHONE, prefers=Channel.SMS), an_opening())
    await reached(all_ways)
    (message,) = sms.taken

    await Arriving(all_ways.queueing, all_ways.clock).take([Receipt(message.reference, arrived=False, reason="absent")])
    await reached(all_ways, 2)

    failed = [one for one in all_ways.notices() if isinstance(one, NoticeFailed)]
    assert [(one.channel, one.reason) for one in failed] == [(Channel.SMS, "absent")]
    assert sink.recipients() == [REPORTER_ADDRESS]


async def test_given_a_message_that_is_not_marked_yet_when_the_gateway_tells_of_it_then_it_must_say_so_again(
    database: Database, publisher: FakePublisher, clock: Clock, sms: Ear
) -> None:
    async with a_replica(database, publisher, clock, ears=(sms,)) as silent:
        await silent.hear(a_submission(), a_person(email=None, phone=PHONE), an_opening())
        (delivery,) = await silent.deliveries()

        assert not await Arriving(silent.queueing, clock).take([Receipt(delivery["_id"], arrived=True)])


@asynccontextmanager
async def two_replicas(
    database: Database, publisher: FakePublisher, clock: Clock, sms: Ear
) -> AsyncGenerator[tuple[Replica, Replica]]:
    async with (
        a_replica(database, publisher, clock, ears=(sms,)) as one,
        a_replica(database, publisher, clock, ears=(sms,)) as other,
        one.sending(),
        other.sending(),
    ):
        yield one, other


async def test_given_two_replicas_when_a_gateway_is_away_for_a_while_then_each_gets_all_in_order(
    database: Database, publisher: FakePublisher, clock: Clock, sms: Ear
) -> None:
    sms.answers.extend([NotTried()] * 40 + [Refused("503", for_good=False)] * 3)
    tickets = [a_ticket(number) for number in range(4)]
    numbers = {ticket: f"+6290000{index}" for index, ticket in enumerate(tickets)}

    async with two_replicas(database, publisher, clock, sms) as replicas:
        for number in range(1, 7):
            for index, ticket in enumerate(tickets):
                person = a_person(ticket, email=None, phone=numbers[ticket])
                at = AT + timedelta(seconds=number)
                progress = a_progress(number, ticket).model_copy(update={"occurred_at": at})
                await replicas[(index + number) % 2].hear(a_submission(ticket), person, progress)
        while not await replicas[0].all_done():
            clock.forward(timedelta(minutes=1))
            for replica in replicas:
                replica.wake()
            await until(replicas[0].is_idle)

    told: dict[str, list[str]] = {}
    for message in sms.taken:
        told.setdefault(message.to, []).append(message.reference)
    order = await database["deliveries"].find().sort("occurred_at").to_list(None)
    assert told == {
        number: [one["_id"] for one in order if one["ticket"] == ticket] for ticket, number in numbers.items()
    }
    assert len(sms.taken) == 24


async def test_given_a_contact_that_changes_while_a_message_is_held_when_it_goes_then_to_the_new_one(
    database: Database, publisher: FakePublisher, clock: Clock, port: int, sink: Sink, sms: Ear
) -> None:
    async with a_replica(database, publisher, clock, port=port, ears=(sms,)) as replica:
        await replica.hear(a_submission(), a_person(), an_opening())
        await replica.hear(a_new_contact("f-1", 1), a_person(TICKET, "f-1", email=None, phone=PHONE))
        async with replica.sending():
            await until(lambda: sms.taken)
            await until(replica.all_done)

    assert [(type(one), one.to) for one in sms.taken] == [(TextMessage, PHONE)]
    assert sink.taken == []


async def test_given_somebody_who_answers_stop_when_more_would_come_then_only_what_the_law_wants_does(
    all_ways: Replica, sms: Ear
) -> None:
    arriving = Arriving(all_ways.queueing, all_ways.clock)
    await all_ways.hear(a_submission(), a_person(email=None, phone=PHONE, prefers=Channel.SMS), an_opening())
    await reached(all_ways)

    await arriving.heed(Channel.SMS, [Reply(PHONE, Wish.STOP)])
    await all_ways.hear(a_progress(2), CaseRejected(**envelope(3, Status.REJECTED), reason=RejectionReason.SETTLED))
    await reached(all_ways, 2)
    await arriving.heed(Channel.SMS, [Reply(PHONE, Wish.START)])
    await all_ways.hear(a_progress(4))
    await reached(all_ways, 3)

    assert [one.kind for one in all_ways.sent()] == [NoticeKind.RECEIVED, NoticeKind.REJECTED, NoticeKind.PROGRESS]
    assert [one.text.endswith("Henti? Balas STOP") for one in sms.taken] == [False, False, True]
