"""An office that cannot be reached one way is told by the next, once: on duty, and at last at its post."""

from collections.abc import AsyncGenerator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from services.notification.domain.attempts import Refused
from services.notification.domain.contacts import Contact
from services.notification.domain.deliveries import Delivery, deliveries_of
from services.notification.domain.judging import Ready, Suppressed, Waits, instead, judge, queued
from services.notification.domain.known import Known
from services.notification.domain.offices import Offices
from services.notification.domain.timing import Pace
from services.notification.store.webhooks import Webhook
from services.notification.systems import notice_of_end
from shared.directory import Directory
from shared.events.directory import Contact as Reach
from shared.events.directory import Officer
from shared.events.event import Urgency
from shared.events.notices import Channel, NoticeKind, Recipient
from shared.mongo import Database
from tests.notification.examples import (
    AGENCY,
    AGENCY_ADDRESS,
    AT,
    RULES,
    a_delivery,
    a_directory,
    a_submission,
    an_assignment,
)
from tests.notification.replica import Clock, Ear, Replica, a_replica, finished
from tests.shared.fakes import FakePublisher
from tests.smtp_sink import Sink

DUTY_MAIL, DUTY_PHONE = "piket@pupr-lotim.example", "+62900001"


def offices(post: str | None = AGENCY_ADDRESS, head: Reach | None = None, **duty: Any) -> Offices:
    body = a_directory().agencies[AGENCY]
    changed = body.model_copy(update={"email": post, "duty": Reach(**duty) if duty else None, "head": head})
    officer = Officer(id="ani", agency=AGENCY, name="Ani", email="ani@pupr.example", whatsapp="+62900009")
    return Offices({AGENCY: changed}, {"ani": officer})


def ways(first: Delivery, known: Offices) -> list[tuple[str, str]]:
    """Channel and address, one after the other, as each fails."""
    delivery: Delivery | None = first
    all_known, found, ids = Known(contact=Contact(part="s-1"), offices=known), list[tuple[str, str]](), set[str]()
    while delivery is not None:
        verdict = judge(delivery, all_known, AT, RULES)
        assert isinstance(verdict, Ready)
        found.append((verdict.channel, verdict.address))
        ids.add(str(delivery.id))
        delivery = instead(queued(delivery, verdict, AT, RULES.address_secret), all_known, AT, RULES)
    assert len(ids) == len(found)
    return found


def to_the_agency(known: Offices, urgency: Urgency = Urgency.IMPORTANT) -> list[Delivery]:
    found = deliveries_of(an_assignment(urgency=urgency, has_contact=False, anonymous=True), known, RULES.enabled, AT)
    return [one for one in found if one.kind is NoticeKind.NEW_CASE]


def test_given_a_post_that_is_dead_when_it_fails_then_who_is_on_duty_is_told_on_every_way_in_turn() -> None:
    known = offices(email=DUTY_MAIL, whatsapp=DUTY_PHONE, sms=DUTY_PHONE)

    (first,) = to_the_agency(known)

    assert ways(first, known) == [
        ("email", AGENCY_ADDRESS),
        ("email", DUTY_MAIL),
        ("whatsapp", DUTY_PHONE),
        ("sms", DUTY_PHONE),
    ]


def test_given_an_urgent_case_when_the_only_way_to_who_is_on_duty_fails_then_the_post_is_told() -> None:
    known = offices(sms=DUTY_PHONE)

    (first,) = to_the_agency(known, Urgency.URGENT)

    assert ways(first, known) == [("sms", DUTY_PHONE), ("email", AGENCY_ADDRESS)]


def test_given_an_urgent_case_on_all_ways_when_one_fails_then_the_next_is_the_one_that_goes_out_anyway() -> None:
    known = offices(email=DUTY_MAIL, whatsapp=DUTY_PHONE)
    by_mail, by_phone = to_the_agency(known, Urgency.URGENT)

    following = instead(by_mail, Known(offices=known), AT, RULES)
    at_last = instead(by_phone, Known(offices=known), AT, RULES)

    assert following is not None
    assert following.id == by_phone.id
    assert at_last is not None
    assert (at_last.channel, at_last.id == by_mail.id) == (Channel.EMAIL, False)
    assert ways(by_phone, known) == [("whatsapp", DUTY_PHONE), ("email", AGENCY_ADDRESS)]


def test_given_the_head_when_they_cannot_be_reached_then_the_post_is_told_and_not_who_is_on_duty() -> None:
    known = offices(head=Reach(whatsapp=DUTY_PHONE), sms="+62900002")
    first = a_delivery(NoticeKind.ESCALATION, recipient=Recipient.AGENCY_HEAD, told=AGENCY, channel=Channel.WHATSAPP)

    assert ways(first, known) == [("whatsapp", DUTY_PHONE), ("email", AGENCY_ADDRESS)]


def test_given_an_officer_when_all_their_ways_fail_then_their_body_is_told_at_last() -> None:
    known = offices(sms=DUTY_PHONE)
    first = a_delivery(NoticeKind.YOUR_CASE, recipient=Recipient.OFFICER, told="ani", channel=Channel.EMAIL)

    assert ways(first, known) == [
        ("email", "ani@pupr.example"),
        ("whatsapp", "+62900009"),
        ("email", AGENCY_ADDRESS),
        ("sms", DUTY_PHONE),
    ]


def test_given_an_agency_that_has_only_a_telephone_when_its_system_is_called_no_more_then_it_is_told_there() -> None:
    webhook = Webhook("w1", AGENCY, "https://pupr.example/in", (), created_at=AT, created_by="ani", failing_since=AT)
    notice = notice_of_end(webhook, AT)

    assert ways(notice, offices(post=None, sms=DUTY_PHONE)) == [("sms", DUTY_PHONE)]
    assert ways(notice, offices(whatsapp=DUTY_PHONE)) == [("email", AGENCY_ADDRESS), ("whatsapp", DUTY_PHONE)]


@pytest.mark.parametrize("recipient", [Recipient.SYSTEM, Recipient.FOLLOWER])
def test_given_a_system_or_a_follower_when_it_fails_then_there_is_no_other_way(recipient: Recipient) -> None:
    delivery = a_delivery(NoticeKind.FOLLOWED, recipient=recipient, told=AGENCY, channel=Channel.EMAIL)

    assert instead(delivery, Known(offices=offices(sms=DUTY_PHONE)), AT, RULES) is None


def test_given_a_body_that_this_replica_does_not_know_when_judged_then_it_is_looked_for_an_hour() -> None:
    (first,) = to_the_agency(Offices())
    unknown, contact = Known(contact=Contact(part="s-1")), Contact(part="s-1")

    at_once, an_hour_later = (judge(first, unknown, AT + timedelta(minutes=late), RULES) for late in (0, 60))
    by_then = judge(first, Known(contact=contact, offices=offices(None, whatsapp=DUTY_PHONE)), AT, RULES)

    assert at_once == Waits(AT + timedelta(seconds=10))
    assert an_hour_later == Suppressed("no_address")
    assert isinstance(by_then, Ready)
    assert (by_then.channel, by_then.address) == (Channel.WHATSAPP, DUTY_PHONE)
    assert first.id == to_the_agency(offices())[0].id


@pytest.fixture
async def telling(
    database: Database, publisher: FakePublisher, clock: Clock, port: int
) -> AsyncGenerator[tuple[Replica, Ear]]:
    ear, directory = Ear(Channel.WHATSAPP), Directory()
    directory.agencies.update(offices(whatsapp=DUTY_PHONE).agencies)
    directory.categories.update(a_directory().categories)
    opened = a_replica(database, publisher, clock, port=port, directory=directory, ears=[ear])
    async with opened as replica, replica.sending():
        yield replica, ear


@pytest.mark.integration
async def test_given_a_post_that_does_not_exist_when_a_case_is_assigned_twice_then_who_is_on_duty_is_told_once(
    telling: tuple[Replica, Ear], sink: Sink
) -> None:
    replica, ear = telling
    sink.answer(AGENCY_ADDRESS, "550 5.1.1 no such user")

    for _ in range(2):
        await replica.hear(a_submission(), an_assignment(has_contact=False, anonymous=True))
        await finished(replica)

    assert [(message.to, "kasus baru" in message.text) for message in ear.taken] == [(DUTY_PHONE, True)]
    assert [(one["channel"], one["state"]) for one in await replica.deliveries()] in (
        [("email", "failed"), ("whatsapp", "sent")],
        [("whatsapp", "sent"), ("email", "failed")],
    )


@pytest.mark.integration
async def test_given_an_urgent_case_when_the_gateway_refuses_the_number_then_the_post_is_told_at_once(
    telling: tuple[Replica, Ear], sink: Sink
) -> None:
    replica, ear = telling
    ear.answers.append(Refused("undeliverable", for_good=True))

    await replica.hear(a_submission(), an_assignment(has_contact=False, anonymous=True, urgency=Urgency.URGENT))
    await finished(replica)

    assert sink.recipients() == [AGENCY_ADDRESS]
    assert {one["pace"] for one in await replica.deliveries()} == {Pace.NOW.value}


@pytest.mark.integration
async def test_given_a_body_that_the_directory_tells_of_later_when_it_does_then_it_is_told(
    telling: tuple[Replica, Ear], sink: Sink
) -> None:
    replica, _ = telling
    agencies = replica.queueing.sources.directory.agencies
    body = agencies.pop(AGENCY)
    await replica.hear(a_submission(), an_assignment(has_contact=False, anonymous=True))
    before = await replica.states()

    agencies[AGENCY] = body
    replica.clock.forward(timedelta(seconds=10))
    await finished(replica)

    assert before == {"new_case": "waiting"}
    assert sink.recipients() == [AGENCY_ADDRESS]


@pytest.mark.integration
async def test_given_a_body_that_had_no_address_when_it_has_one_and_is_sent_again_then_it_is_told(
    telling: tuple[Replica, Ear], sink: Sink
) -> None:
    replica, ear = telling
    agencies = replica.queueing.sources.directory.agencies
    agencies[AGENCY] = offices(post=None).agencies[AGENCY]
    await replica.hear(a_submission(), an_assignment(has_contact=False, anonymous=True))
    await finished(replica)
    (before,) = await replica.deliveries()

    agencies[AGENCY] = offices(post=None, whatsapp=DUTY_PHONE).agencies[AGENCY]
    revived = await replica.store.deliveries.revive(UUID(before["_id"]), replica.clock())
    assert revived is not None
    await replica.queueing.decide([revived])
    await finished(replica)

    assert (before["state"], before["reason"]) == ("suppressed", "no_address")
    assert [message.to for message in ear.taken] == [DUTY_PHONE]
    assert sink.taken == []
