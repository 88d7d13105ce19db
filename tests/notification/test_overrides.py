"""A coordinator sets aside what an agency did: who is told what, of the events that routing publishes then."""

from datetime import datetime, timedelta
from typing import Final

import pytest

from services.notification.domain.deliveries import deliveries_of
from services.notification.domain.offices import Offices, concerned
from services.routing.domain.agency import Resolve
from services.routing.domain.clocks import sweep
from services.routing.domain.coordination import Override, Reject
from services.routing.domain.draft import Case
from services.routing.domain.follow_ups import follow
from shared.events.cases import CaseAssigned, CaseReopened
from shared.events.complaints import ResolutionDisputed
from shared.events.envelope import CaseEnvelope
from shared.events.notices import Recipient
from shared.events.reasons import RejectionReason
from shared.ids import named_id
from tests.notification.examples import RULES
from tests.routing.examples import (
    AT,
    SETDA,
    TICKET,
    an_accepted_case,
    an_assigned_case,
    an_opening,
    done,
    the_directory,
    the_rulebook,
)

OLD, NEW = "PUPR-52.03", "BPJN"
LATER: Final = AT + timedelta(hours=2)
MOVED: Final = [("agency", "new_case", NEW), ("former_agency", "moved_on", OLD)]


def a_resolved_case() -> Case:
    return done(an_accepted_case(), Resolve(text="Selesai"), at=AT + timedelta(hours=1)).case


def a_disputed_case() -> Case:
    said = ResolutionDisputed(event_id=named_id("disputed"), ticket=TICKET, occurred_at=LATER, part="f-1")
    return follow(a_resolved_case(), said, LATER, the_rulebook()).case


def a_closed_case() -> Case:
    return sweep(a_resolved_case(), AT + timedelta(days=30), the_rulebook()).case


def a_rejected_case() -> Case:
    triaged = an_opening(category="other", answers={}).case
    return done(triaged, Reject(reason=RejectionReason.INCOMPLETE, text="x"), actor=SETDA).case


def overridden(case: Case, agency: str = NEW, at: datetime | None = None) -> list[CaseEnvelope]:
    """What is published of it, in order."""
    change = done(
        case, Override(agency=agency, text="Belum selesai"), actor=SETDA, at=at or case.at + timedelta(hours=1)
    )
    return [event for event in change.events if isinstance(event, CaseReopened | CaseAssigned)]


def agencies_told(events: list[CaseEnvelope]) -> list[tuple[str, str, str | None]]:
    offices = Offices(the_directory().agencies, the_directory().officers)
    found = [one for event in events for one in deliveries_of(event, offices, RULES.enabled, AT)]
    return [(one.recipient, one.kind, one.told) for one in found if one.recipient is not Recipient.REPORTER]


@pytest.mark.parametrize(
    ("case", "told"),
    [
        (an_assigned_case(), MOVED),
        (an_accepted_case(), MOVED),
        (a_resolved_case(), MOVED),
        (a_disputed_case(), MOVED),
        (a_closed_case(), MOVED),
        (a_rejected_case(), [("agency", "new_case", NEW)]),
    ],
    ids=["assigned", "accepted", "resolved", "disputed", "closed", "rejected"],
)
def test_given_a_case_when_another_body_gets_it_then_the_new_one_has_a_case_and_the_old_one_only_hears_that_it_moved_on(
    case: Case, told: list[tuple[str, str, str | None]]
) -> None:
    assert agencies_told(overridden(case)) == told


def test_given_a_resolved_case_when_its_own_agency_gets_it_again_then_it_has_a_case_and_nothing_moved_on() -> None:
    assert agencies_told(overridden(a_resolved_case(), OLD)) == [("agency", "new_case", OLD)]


def test_given_a_case_that_moved_on_when_it_is_given_to_the_same_body_again_then_the_first_hears_no_more_of_it() -> (
    None
):
    moved = done(a_resolved_case(), Override(agency=NEW, text="Belum"), actor=SETDA, at=LATER).case

    assert agencies_told(overridden(moved)) == [("agency", "new_case", NEW)]


def test_given_a_resolved_case_when_another_body_gets_it_then_the_old_ones_system_is_called_with_the_loss() -> None:
    reopened, assigned = overridden(a_resolved_case())

    assert concerned(reopened) == {OLD}
    assert concerned(assigned) == {OLD, NEW}
