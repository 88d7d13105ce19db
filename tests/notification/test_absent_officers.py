"""An officer who is away, gone or without an address: who is told in their place."""

from collections.abc import AsyncGenerator
from datetime import date, timedelta
from typing import Any

import pytest

from services.notification.domain.contacts import Contact
from services.notification.domain.deliveries import Delivery, deliveries_of
from services.notification.domain.judging import Ready, Waits, judge
from services.notification.domain.known import Known
from services.notification.domain.offices import Offices
from shared.events.case import Status
from shared.events.cases import CaseResumed
from shared.events.directory import Absence, Officer
from shared.events.directory import Contact as Reach
from shared.events.event import Urgency
from shared.events.notices import Channel, NoticeKind, Recipient
from shared.mongo import Database
from shared.wita import day_of
from tests.notification.examples import (
    AGENCY,
    AGENCY_ADDRESS,
    AT,
    RULES,
    a_delivery,
    a_directory,
    a_person,
    a_submission,
    envelope,
)
from tests.notification.replica import Clock, Ear, Replica, a_replica, finished
from tests.shared.fakes import FakePublisher
from tests.smtp_sink import Sink

TODAY = day_of(AT)
ANI, BUDI, CICI = "ani@pupr.example", "budi@pupr.example", "cici@pupr.example"
DUTY_PHONE = "+62900001"


def away(stand_in: str | None = None, since: date = TODAY, days: int = 7) -> tuple[Absence, ...]:
    return (Absence(absent_from=since, absent_before=since + timedelta(days=days), stand_in=stand_in),)


def officer(name: str, **fields: Any) -> Officer:
    known: dict[str, Any] = {"agency": AGENCY, "email": f"{name}@pupr.example"} | fields
    return Officer(id=name, name=name.capitalize(), **known)


def offices(*officers: Officer) -> Offices:
    body = a_directory().agencies[AGENCY].model_copy(update={"duty": Reach(whatsapp=DUTY_PHONE)})
    return Offices({AGENCY: body}, {one.id: one for one in officers})


def told(*officers: Officer, urgency: Urgency = Urgency.IMPORTANT) -> list[tuple[str, str]]:
    """Where the officer's messages go, of an answer to the question of `ani`."""
    known = offices(*officers)
    verdicts = [judge(one, Known(Contact(part="s-1"), known), AT, RULES) for one in asked_by_ani(known, urgency)]
    return [(one.channel, one.address) for one in verdicts if isinstance(one, Ready)]


def asked_by_ani(known: Offices, urgency: Urgency = Urgency.IMPORTANT) -> list[Delivery]:
    event = CaseResumed(**envelope(5, Status.IN_PROGRESS, officer="ani", urgency=urgency, has_contact=False))
    return deliveries_of(event, known, RULES.enabled, AT)


@pytest.mark.parametrize(
    ("officers", "address"),
    [
        ([officer("ani")], ANI),
        ([officer("ani", absences=away(since=TODAY + timedelta(days=1)))], ANI),
        ([officer("ani", absences=away(since=TODAY - timedelta(days=7)))], ANI),
        ([officer("ani", absences=away("budi")), officer("budi")], BUDI),
        ([officer("ani", absences=away("budi")), officer("budi", absences=away("cici")), officer("cici")], CICI),
        ([officer("ani", absences=away("budi")), officer("budi", absences=away("ani"))], AGENCY_ADDRESS),
        ([officer("ani", absences=away("budi")), officer("budi", valid_before=TODAY)], AGENCY_ADDRESS),
        ([officer("ani", absences=away("budi")), officer("budi", agency="DISHUB-52.03")], AGENCY_ADDRESS),
        ([officer("ani", absences=away("budi"))], AGENCY_ADDRESS),
        ([officer("ani", absences=away())], AGENCY_ADDRESS),
        ([officer("ani", valid_before=TODAY)], AGENCY_ADDRESS),
        ([officer("ani", agency="DISHUB-52.03")], AGENCY_ADDRESS),
        ([officer("ani", email=None)], AGENCY_ADDRESS),
    ],
)
def test_given_an_officer_when_they_are_to_be_told_then_whoever_is_there_is(
    officers: list[Officer], address: str
) -> None:
    assert told(*officers) == [("email", address)]


def test_given_an_urgent_case_of_somebody_who_is_away_when_they_are_to_be_told_then_who_is_on_duty_is() -> None:
    assert told(officer("ani", absences=away()), urgency=Urgency.URGENT) == [("whatsapp", DUTY_PHONE)]


def test_given_an_event_that_is_read_again_when_the_officer_went_away_meanwhile_then_it_is_the_same_message() -> None:
    before = offices(officer("ani", email=None, whatsapp="+62900009"))
    after = offices(officer("ani", absences=away("budi")), officer("budi"))

    assert asked_by_ani(before) == asked_by_ani(after)


@pytest.mark.parametrize("urgency", [Urgency.IMPORTANT, Urgency.URGENT])
def test_given_somebody_who_goes_away_before_a_message_went_out_when_judged_again_then_it_is_not_lost(
    urgency: Urgency,
) -> None:
    [message] = asked_by_ani(offices(officer("ani", email=None, whatsapp="+62900009")), urgency)
    gone = offices(officer("ani", absences=away("budi")), officer("budi"))

    verdict = judge(message, Known(Contact(part="s-1"), gone), AT, RULES)

    assert isinstance(verdict, Ready)
    # To a telephone, where a telephone was asked for.
    assert verdict.address == (DUTY_PHONE if urgency is Urgency.URGENT else BUDI)


def test_given_a_way_that_nobody_has_any_more_when_judged_again_then_who_stands_in_is_told_all_the_same() -> None:
    message = a_delivery(NoticeKind.ANSWERED, recipient=Recipient.OFFICER, told="ani", channel=Channel.SMS)
    gone = offices(officer("ani", absences=away("budi")), officer("budi"))

    verdict = judge(message, Known(Contact(part="s-1"), gone), AT, RULES)

    assert isinstance(verdict, Ready)
    assert verdict.address == BUDI


def test_given_an_officer_of_whom_nothing_was_heard_yet_when_judged_then_they_are_looked_for_first() -> None:
    [message] = asked_by_ani(offices())
    unknown = Known(Contact(part="s-1"), offices())

    verdicts = [judge(message, unknown, AT + timedelta(minutes=late), RULES) for late in (0, 60)]
    heard_of = judge(message, Known(Contact(part="s-1"), offices(officer("ani"))), AT, RULES)

    assert message.channel is None
    assert isinstance(verdicts[0], Waits)
    assert [one.address for one in (verdicts[1], heard_of) if isinstance(one, Ready)] == [AGENCY_ADDRESS, ANI]


@pytest.fixture
async def office(database: Database, publisher: FakePublisher, clock: Clock, port: int) -> AsyncGenerator[Replica]:
    """Of the body that has the case; Ani is away and Budi stands in, who has no telephone."""
    directory = a_directory()
    directory.officers["ani"] = officer("ani", absences=away("budi"))
    directory.officers["budi"] = officer("budi")
    ears = (Ear(Channel.WHATSAPP),)
    async with (
        a_replica(database, publisher, clock, port=port, directory=directory, ears=ears) as replica,
        replica.sending(),
    ):
        yield replica


@pytest.mark.integration
@pytest.mark.parametrize(
    ("said", "address", "words"),
    [((), BUDI, "Ani"), (("550 5.1.1 no such user",), AGENCY_ADDRESS, "Ani")],
)
async def test_given_an_officer_who_is_away_when_the_reporter_answers_then_one_mail_goes_to_who_is_there_and_names_them(
    office: Replica, sink: Sink, said: tuple[str, ...], address: str, words: str
) -> None:
    if said:
        sink.answer(BUDI, *said)
    resumed = CaseResumed(**envelope(5, Status.IN_PROGRESS, officer="ani", has_contact=False))

    await office.hear(a_submission(), a_person(), resumed)
    await office.hear(resumed)
    await finished(office)

    assert sink.recipients() == [address]
    assert words in str(sink.taken[0].get_body(("plain",)))


@pytest.mark.integration
async def test_given_mail_that_waits_when_the_officer_comes_back_then_they_get_it_themselves(
    office: Replica, sink: Sink, clock: Clock
) -> None:
    sink.answer(BUDI, "450 4.2.0 greylisted")
    resumed = CaseResumed(**envelope(5, Status.IN_PROGRESS, officer="ani", has_contact=False))
    await office.hear(a_submission(), a_person(), resumed)

    clock.forward(timedelta(hours=1))
    office.queueing.sources.directory.officers["ani"] = officer("ani")
    office.wake()
    await finished(office)

    assert sink.recipients() == [ANI]
    assert "kepada Anda" not in str(sink.taken[0].get_body(("plain",)))
    assert "Yang menangani kasus ini" not in str(sink.taken[0].get_body(("plain",)))
