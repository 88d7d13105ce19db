from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from services.notification.domain.contacts import Contact, Person
from services.notification.domain.deliveries import Delivery, deliveries_of
from services.notification.domain.judging import Ready, Suppressed, Verdict, Waits, judge
from shared.events.case import Role, Status
from shared.events.cases import CaseAccepted, CaseEvent
from shared.events.event import Language
from shared.events.notices import NoticeKind, Recipient
from shared.ids import named_id
from tests.notification.examples import (
    AGENCY,
    AT,
    RULES,
    TICKET,
    a_contact,
    a_delivery,
    a_resolution,
    a_snapshot,
    an_assignment,
    an_opening,
    the_facts,
    the_offices,
    what_is_known,
)

WORDS_ID = str(a_resolution().event_id)
READY = "ready"


def the_deliveries_of(event: CaseEvent, at: datetime = AT) -> list[Delivery]:
    return deliveries_of(event, the_offices(), RULES.enabled, at)


def judged(delivery: Delivery, contact: Contact, at: datetime) -> Verdict | str:
    verdict = judge(delivery, what_is_known(contact), at, RULES)
    return READY if isinstance(verdict, Ready) else verdict


@pytest.mark.parametrize(
    ("event", "wanted"),
    [
        (an_opening(), [(NoticeKind.RECEIVED, Recipient.REPORTER, None)]),
        (
            an_assignment(),
            [(NoticeKind.ASSIGNED, Recipient.REPORTER, AGENCY), (NoticeKind.NEW_CASE, Recipient.AGENCY, AGENCY)],
        ),
        (a_resolution(), [(NoticeKind.RESOLVED, Recipient.REPORTER, AGENCY)]),
        (an_opening(has_contact=False), []),
        (an_assignment(has_contact=False), [(NoticeKind.NEW_CASE, Recipient.AGENCY, AGENCY)]),
        (a_resolution(has_contact=False), []),
    ],
)
def test_given_an_event_when_read_then_those_concerned_are_told(
    event: CaseEvent, wanted: list[tuple[NoticeKind, Recipient, str | None]]
) -> None:
    deliveries = the_deliveries_of(event)

    assert [(delivery.kind, delivery.recipient, delivery.agency) for delivery in deliveries] == wanted


def test_given_an_acceptance_when_read_then_nobody_is_told() -> None:
    accepted = CaseAccepted(
        event_id=named_id("accepted"),
        ticket=TICKET,
        occurred_at=AT,
        case_id=TICKET,
        sequence=3,
        actor=Role.OFFICER,
        case=a_snapshot(Status.ACCEPTED),
    )

    deliveries = the_deliveries_of(accepted)

    assert deliveries == []


def test_given_one_event_when_read_twice_then_the_deliveries_are_the_same_ones() -> None:
    event = an_assignment()

    first, second = the_deliveries_of(event), the_deliveries_of(event, AT + timedelta(hours=1))

    assert [delivery.id for delivery in first] == [delivery.id for delivery in second]
    assert len({delivery.id for delivery in first}) == 2
    assert all(isinstance(delivery.id, UUID) for delivery in first)


def test_given_a_met_promise_when_read_then_only_the_open_ones_are_told_in_the_order_of_their_due_times() -> None:
    event = an_assignment()

    facts = the_deliveries_of(event)[0].facts

    assert [due.kind.value for due in facts.due] == ["response", "resolution"]


def test_given_a_reporter_with_an_address_when_judged_then_the_mail_is_ready() -> None:
    delivery = a_delivery()

    verdict = judged(delivery, a_contact(), AT)

    assert verdict == READY


def test_given_no_submission_yet_when_judged_then_the_mail_waits_for_it_as_long_as_it_is_news() -> None:
    contact = Contact(people={"s-1": Person("siti@example.id", None, Language.INDONESIAN)})

    verdict = judged(a_delivery(), contact, AT + timedelta(days=6))

    assert verdict == Waits(AT + timedelta(days=7))


def test_given_only_another_part_when_judged_then_it_is_never_used() -> None:
    contact = Contact(part="s-1", people={"s-2": Person("other@example.id", None, Language.INDONESIAN)})

    verdict = judged(a_delivery(), contact, AT)

    assert verdict == Waits(AT + timedelta(days=7))


def test_given_a_reporter_who_left_only_a_telephone_number_when_judged_then_there_is_no_address() -> None:
    contact = Contact(part="s-1", people={"s-1": Person(None, "Siti", Language.INDONESIAN)})

    verdict = judged(a_delivery(), contact, AT)

    assert verdict == Suppressed("no_address")


def test_given_an_erased_reporter_when_judged_then_the_mail_is_suppressed() -> None:
    contact = Contact(part="s-1", erased_parts={"s-1"})

    verdict = judged(a_delivery(), contact, AT)

    assert verdict == Suppressed("erased")


def test_given_another_erased_part_when_judged_then_the_mail_is_ready() -> None:
    contact = a_contact(erased_parts={"s-2"})

    verdict = judged(a_delivery(), contact, AT)

    assert verdict == READY


@pytest.mark.parametrize("kind", [NoticeKind.RECEIVED, NoticeKind.NEW_CASE])
def test_given_a_historical_case_when_judged_then_nobody_is_told(kind: NoticeKind) -> None:
    delivery = a_delivery(kind, facts=the_facts(historical=True))

    verdict = judged(delivery, Contact(), AT)

    assert verdict == Suppressed("historical")


@pytest.mark.parametrize(
    ("age", "verdict"), [(timedelta(days=7, seconds=-1), READY), (timedelta(days=7), Suppressed("old"))]
)
def test_given_news_of_an_age_when_judged_then_what_is_a_week_old_is_suppressed(
    age: timedelta, verdict: Suppressed | str
) -> None:
    delivery = a_delivery()

    found = judged(delivery, a_contact(), AT + age)

    assert found == verdict


def test_given_words_that_have_not_come_when_judged_then_the_mail_waits_a_minute_for_them() -> None:
    delivery = a_delivery(NoticeKind.RESOLVED, words=WORDS_ID)

    early = judged(delivery, a_contact(), AT + timedelta(seconds=59))
    late = judged(delivery, a_contact(), AT + timedelta(seconds=60))

    assert early == Waits(AT + timedelta(seconds=60))
    assert late == READY


@pytest.mark.parametrize("known", [{"words": {WORDS_ID: "Selesai."}}, {"erased_words": {WORDS_ID}}])
def test_given_words_that_came_or_never_will_when_judged_then_the_mail_is_ready(known: dict[str, Any]) -> None:
    delivery = a_delivery(NoticeKind.RESOLVED, words=WORDS_ID)

    verdict = judged(delivery, a_contact(**known), AT)

    assert verdict == READY


def test_given_a_confidential_resolution_when_read_then_it_quotes_no_words() -> None:
    event = a_resolution(confidential=True)

    delivery = the_deliveries_of(event)[0]

    assert delivery.words is None


def test_given_no_name_yet_when_a_mail_to_an_agency_is_judged_then_it_waits_a_minute_for_it() -> None:
    delivery = a_delivery(NoticeKind.NEW_CASE)

    early = judged(delivery, Contact(), AT)
    late = judged(delivery, Contact(), AT + timedelta(seconds=60))

    assert early == Waits(AT + timedelta(seconds=60))
    assert late == READY


@pytest.mark.parametrize("switch", ["anonymous", "confidential"])
def test_given_a_reporter_who_is_not_named_when_a_mail_to_an_agency_is_judged_then_it_waits_for_nobody(
    switch: str,
) -> None:
    delivery = a_delivery(NoticeKind.NEW_CASE, facts=the_facts(**{switch: True}))

    verdict = judged(delivery, Contact(), AT)

    assert verdict == READY
    assert not delivery.names_reporter


def test_given_an_erased_reporter_when_a_mail_to_an_agency_is_judged_then_it_goes_out() -> None:
    delivery = a_delivery(NoticeKind.NEW_CASE)

    verdict = judged(delivery, Contact(part="s-1", erased_parts={"s-1"}), AT)

    assert verdict == READY
