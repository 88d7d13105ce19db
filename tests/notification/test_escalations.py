"""What the reporter is told of a broken promise must be true: nobody tells a body of a complaint about itself."""

from datetime import timedelta
from typing import Any

import pytest

from services.notification.domain.contacts import Contact, Person
from services.notification.domain.deliveries import Delivery, deliveries_of
from services.notification.domain.judging import Ready, Suppressed, Verdict, Waits, judge
from services.notification.domain.known import Known
from services.notification.domain.offices import Offices
from shared.events.case import EscalationLevel, PromiseKind, Status
from shared.events.cases import CaseEscalated
from shared.events.directory import Agency, AgencyLevel, Label
from shared.events.event import Language
from shared.events.notices import NoticeKind, Recipient
from tests.notification.examples import AGENCY, AT, RULES, envelope

SITI = Person("siti@example.id", "Siti", Language.INDONESIAN)
CONFLICT = Suppressed("conflict_of_interest")


def a_body(body: str, **fields: Any) -> Agency:
    name = Label(id=body, en=body)
    known: dict[str, Any] = {"level": AgencyLevel.PROVINCE, "region": "52", "email": f"{body.lower()}@opd.example"}
    return Agency(id=body, name=name, **known | fields)


def offices(*more: Agency, above_sekda: str | None = None) -> Offices:
    bodies = (
        a_body(AGENCY),
        a_body("SEKDA", escalation=EscalationLevel.SEKDA, parent=above_sekda),
        a_body("GUBERNUR", escalation=EscalationLevel.GOVERNOR),
        *more,
    )
    return Offices({body.id: body for body in bodies})


def a_step(level: EscalationLevel, known: Offices) -> dict[Recipient, Delivery]:
    """Who is told of it."""
    said: dict[str, Any] = {"promise": PromiseKind.RESOLUTION, "step": 2, "level": level, "holder": AGENCY}
    event = CaseEscalated(**envelope(9, Status.ASSIGNED), **said)
    return {one.recipient: one for one in deliveries_of(event, known, RULES.enabled, AT)}


def judged(delivery: Delivery, about: str | None, known: Offices) -> Verdict:
    contact = Contact(part="s-1", about=about, people={"s-1": SITI})
    return judge(delivery, Known(contact=contact, offices=known), AT, RULES)


@pytest.mark.parametrize(
    ("about", "level", "above_sekda", "kept_from"),
    [
        ("SEKDA", EscalationLevel.SEKDA, None, True),
        ("SEKDA", EscalationLevel.GOVERNOR, None, False),
        ("GUBERNUR", EscalationLevel.GOVERNOR, None, True),
        ("GUBERNUR", EscalationLevel.SEKDA, None, False),
        ("GUBERNUR", EscalationLevel.SEKDA, "GUBERNUR", True),
        (AGENCY, EscalationLevel.SEKDA, None, False),
        (None, EscalationLevel.GOVERNOR, None, False),
    ],
)
def test_given_a_step_when_the_office_above_is_not_told_then_the_reporter_is_not_told_that_it_was(
    about: str | None, level: EscalationLevel, above_sekda: str | None, *, kept_from: bool
) -> None:
    known = offices(above_sekda=above_sekda)
    told = a_step(level, known)

    reporter, office = (judged(told[one], about, known) for one in (Recipient.REPORTER, Recipient(level)))

    assert told[Recipient.REPORTER].kind is NoticeKind.ESCALATED
    assert ((reporter == CONFLICT), (office == CONFLICT)) == (kept_from, kept_from)
    assert isinstance(reporter, Ready) is not kept_from


def test_given_two_offices_of_a_step_when_one_of_them_is_told_then_the_reporter_is_told_so() -> None:
    ended = a_body("SEKDA-LAMA", escalation=EscalationLevel.SEKDA, valid_before=AT.date())
    acting = a_body("PLH-SEKDA", escalation=EscalationLevel.SEKDA)

    one_of_two, only_one_left = (
        judged(a_step(EscalationLevel.SEKDA, known)[Recipient.REPORTER], "SEKDA", known)
        for known in (offices(acting), offices(ended))
    )

    assert isinstance(one_of_two, Ready)
    assert only_one_left == CONFLICT


def test_given_a_complaint_about_the_sekda_when_it_is_never_answered_then_the_ombudsman_is_offered_all_the_same() -> (
    None
):
    known = offices()

    offered = judged(a_step(EscalationLevel.OMBUDSMAN, known)[Recipient.REPORTER], "SEKDA", known)

    assert isinstance(offered, Ready)


def test_given_a_new_contact_before_the_submission_when_a_step_is_told_then_it_waits_to_know_whom_it_is_about() -> None:
    known = offices()
    contact = Contact(changed=("2026-11-24T03:00:00", "f-1"), people={"f-1": SITI})

    verdict = judge(
        a_step(EscalationLevel.SEKDA, known)[Recipient.REPORTER], Known(contact=contact, offices=known), AT, RULES
    )

    assert verdict == Waits(AT + timedelta(days=7))
