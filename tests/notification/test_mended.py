"""Faults that a reader found: what was queued must reach its address, as the case is when it goes out."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.notification.arriving import Arriving
from services.notification.domain.addresses import address_id
from services.notification.domain.following import Subscription
from services.notification.domain.judging import Ready, judge, queued
from services.notification.domain.offices import Offices, ways_of
from services.notification.domain.receipts import Reply, Wish
from services.notification.domain.timing import Pace
from shared.events.case import Status
from shared.events.cases import CaseRestricted, FollowUpKind, FollowUpRefused
from shared.events.directory import Contact as Reach
from shared.events.event import Language, Urgency
from shared.events.notices import Channel, NoticeKind, Recipient
from shared.ids import named_id
from shared.topics import PERSONAL
from shared.wita import WITA
from tests.notification.examples import (
    AGENCY,
    AGENCY_ADDRESS,
    AT,
    REPORTER_ADDRESS,
    RULES,
    TICKET,
    WRITTEN,
    a_contact,
    a_delivery,
    a_directory,
    a_person,
    a_resolution,
    a_submission,
    a_ticket,
    an_assignment,
    an_opening,
    envelope,
    the_facts,
    the_words,
    what_is_known,
)
from tests.notification.replica import Replica, finished
from tests.shared.received import erased
from tests.smtp_sink import Sink
from tests.waiting import until


@pytest.mark.integration
async def test_given_a_replica_that_died_before_it_told_the_address_when_minutes_pass_then_it_is_told(
    sending: Replica, sink: Sink
) -> None:
    await sending.hear(a_submission(), a_person(), a_resolution())
    assert await sending.states() == {"resolved": "waiting"}
    addresses: Any = sending.store.addresses
    tell, addresses.has_due = addresses.has_due, nothing
    sending.clock.forward(timedelta(minutes=1))
    await until(lambda: sending.has(state="queued"))
    addresses.has_due = tell

    sending.clock.forward(timedelta(minutes=3))
    await sending.queueing.remind()
    await finished(sending)

    assert sink.recipients() == [REPORTER_ADDRESS]


async def nothing(*_due: Any) -> None:
    """As when the process ends just here."""


@pytest.mark.integration
@pytest.mark.parametrize("sending", [{"timing": {"most_an_hour": 1_000}}], indirect=True)
async def test_given_a_case_that_became_confidential_by_night_when_it_is_morning_then_nothing_of_it_is_written(
    sending: Replica, sink: Sink
) -> None:
    sending.clock.at = datetime(2026, 11, 24, 22, 0, tzinfo=WITA).astimezone(UTC)
    await sending.hear(a_submission(), a_person(), an_opening(), an_assignment(), the_words(), a_resolution())
    restricted = envelope(4, Status.RESOLVED, confidential=True, anonymous=True)
    await sending.hear(CaseRestricted(**restricted))

    sending.clock.at = datetime(2026, 11, 25, 7, 1, tzinfo=WITA)
    sending.wake()
    await finished(sending)

    said = " ".join(message.as_string() for message in sink.taken)
    assert len(sink.taken) == 4
    assert TICKET in said
    for hidden in ("Siti Aminah", "Jalan rusak", "Damaged", WRITTEN):
        assert hidden not in said


@pytest.mark.integration
async def test_given_a_slow_server_when_the_person_is_erased_meanwhile_then_the_next_mail_is_not_sent(
    sending: Replica, sink: Sink
) -> None:
    sink.slow_s = 0.3
    await sending.hear(a_submission(), a_person(), an_opening(), the_words(), a_resolution())
    await until(lambda: sink.asked == 1)

    await sending.hear(erased(PERSONAL, f"{TICKET}:s-1"))
    sending.clock.forward(timedelta(seconds=3))
    await finished(sending)

    assert len(sink.taken) == 1
    assert WRITTEN not in sink.taken[0].as_string()


@pytest.mark.integration
async def test_given_a_delivery_of_another_version_when_its_address_is_due_then_others_go_out(
    sending: Replica, sink: Sink
) -> None:
    deliveries, addresses = sending.database["deliveries"], sending.store.addresses
    await sending.hear_of(1)
    await finished(sending)
    (stored,) = await sending.deliveries()
    tomorrow = {"_id": "of-tomorrow", "kind": "a_kind_of_tomorrow", "state": "queued", "next_at": AT}
    await deliveries.insert_one({**stored, **tomorrow})

    await addresses.has_due({stored["to"]: AT})
    await sending.hear_of(2)
    await until(lambda: len(sink.taken) == 2)
    await until(lambda: sending.has(_id="of-tomorrow", state="queued", next_at={"$gt": AT}))


@pytest.mark.integration
async def test_given_a_receipt_too_many_when_more_follows_then_only_what_the_law_wants_is_sent(
    sending: Replica, sink: Sink
) -> None:
    tickets = [a_ticket(number) for number in range(7)]
    for ticket in tickets:
        await sending.hear(a_submission(ticket), a_person(ticket), an_opening(ticket))
    for ticket in tickets:
        await sending.hear(an_assignment(ticket, anonymous=True), a_resolution(ticket, confidential=True))
    await finished(sending)

    to_reporter = [str(message["To"]) for message in sink.taken].count(REPORTER_ADDRESS)
    assert to_reporter == 5 + 5 + 7
    assert len(await sending.deliveries(kind="assigned", reason="receipt_limit")) == 2


@pytest.mark.integration
async def test_given_what_is_not_possible_when_it_is_asked_for_again_and_again_then_nobodys_address_is_flooded(
    sending: Replica, sink: Sink
) -> None:
    refusals = [
        FollowUpRefused(
            **envelope(number, Status.ASSIGNED, urgency=Urgency.URGENT),
            follow_up=FollowUpKind.DISPUTE,
            cause=named_id("refused", str(number)),
        )
        for number in range(10, 30)
    ]
    await sending.hear(a_submission(), a_person(), an_opening(), *refusals, a_resolution(confidential=True))
    await finished(sending)

    assert [str(message["To"]) for message in sink.taken].count(REPORTER_ADDRESS) == 5 + 1
    assert len(await sending.deliveries(kind="refused", reason="receipt_limit")) == 16


@pytest.mark.integration
async def test_given_a_receipt_too_many_when_the_assignment_comes_with_it_then_that_is_not_sent_either(
    sending: Replica, sink: Sink
) -> None:
    tickets = [a_ticket(number) for number in range(7)]
    for ticket in tickets:
        await sending.hear(a_submission(ticket), a_person(ticket), an_opening(ticket), an_assignment(ticket))
    await finished(sending)

    to_reporter = [str(message["To"]) for message in sink.taken].count(REPORTER_ADDRESS)
    assert to_reporter == 5 + 5
    assert len(await sending.deliveries(kind="assigned", reason="receipt_limit")) == 2


def test_given_a_digest_after_long_holidays_when_its_day_comes_then_it_is_not_old_and_may_be_refused_once() -> None:
    ready = Ready(Channel.EMAIL, AGENCY_ADDRESS, the_facts().language, AT + timedelta(days=11), gathered=True)
    held = queued(a_delivery(NoticeKind.NEW_CASE, pace=Pace.GATHERED, channel=Channel.EMAIL), ready, AT, b"secret")

    on_the_day = judge(held, what_is_known(a_contact()), AT + timedelta(days=11), RULES)
    a_week_later = judge(held, what_is_known(a_contact()), AT + timedelta(days=18), RULES)

    assert held.ready_at == AT + timedelta(days=11)
    assert isinstance(on_the_day, Ready)
    assert not isinstance(a_week_later, Ready)


def test_given_somebody_on_duty_who_cannot_be_reached_when_it_is_urgent_then_the_post_is_told() -> None:
    directory = a_directory()
    body = directory.agencies[AGENCY]
    directory.agencies[AGENCY] = body.model_copy(update={"duty": Reach(sms="+62900001"), "head": Reach()})
    offices = Offices(directory.agencies, {})

    for recipient in (Recipient.AGENCY, Recipient.AGENCY_HEAD):
        ways = ways_of(recipient, AGENCY, offices, {Channel.EMAIL}, Pace.NOW)

        assert ways == [(Channel.EMAIL, AGENCY_ADDRESS)]


@pytest.mark.integration
async def test_given_a_waiting_delivery_of_another_version_when_its_ticket_is_heard_of_then_the_rest_goes_on(
    sending: Replica, sink: Sink
) -> None:
    await sending.hear(a_submission(), a_resolution())
    (stored,) = await sending.deliveries()
    tomorrow = {"_id": "of-tomorrow", "kind": "a_kind_of_tomorrow", "next_at": AT}
    await sending.database["deliveries"].insert_one({**stored, **tomorrow})

    await sending.hear(a_person(), the_words(), an_opening())
    await until(lambda: len(sink.taken) == 2)

    assert await sending.has(_id="of-tomorrow", state="waiting")


@pytest.mark.integration
async def test_given_somebody_who_follows_by_telephone_when_they_answer_stop_then_nothing_of_them_is_left(
    replica: Replica,
) -> None:
    number = "+62900001"
    subscription = Subscription(
        id=named_id("follower"),
        channel=Channel.SMS,
        address=number,
        to=address_id(b"secret", Channel.SMS, number),
        language=Language.INDONESIAN,
        target="region:52.03",
        created_at=AT,
    )
    await replica.store.subscriptions.create(subscription)
    await replica.store.subscriptions.confirm(subscription.id, AT)

    await Arriving(replica.queueing, replica.clock).heed(Channel.SMS, [Reply("62900001", Wish.STOP)])

    assert await replica.store.subscriptions.following(["region:52.03"]) == []
    assert number not in str(await replica.database["subscriptions"].find().to_list(None))


@pytest.mark.integration
async def test_given_a_mail_under_way_when_the_person_is_erased_then_that_it_went_out_is_known(
    sending: Replica, sink: Sink
) -> None:
    sink.slow_s = 0.3
    await sending.hear(a_submission(), a_person(), an_opening())
    await until(lambda: sink.asked == 1)

    await sending.hear(erased(PERSONAL, f"{TICKET}:s-1"))
    await until(lambda: sending.has(state="suppressed"))
    await until(lambda: sending.has(state="sent"))

    assert len(sink.taken) == 1
    await until(lambda: len(sending.notices()) == 2)
