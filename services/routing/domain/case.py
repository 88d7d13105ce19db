"""What becomes of a complaint: the case that it opens, and what people at the desk make of that."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from services.routing.domain.agency import AGENCYS_DEEDS
from services.routing.domain.clocks import run_clocks
from services.routing.domain.coordination import COORDINATORS_DEEDS
from services.routing.domain.deeds import Ask, Deed, DeedFaulty, Note
from services.routing.domain.draft import RULE, Actor, Case, Change, Draft
from services.routing.domain.parts import do_with_part, find_part
from services.routing.domain.promises import promised_at_submission
from services.routing.domain.rulebook import Decision, Rulebook
from services.routing.domain.table import Action, find_row
from shared.events.case import CaseSnapshot, Status
from shared.events.cases import CaseAssigned, CaseOpened, CaseTriaged
from shared.events.complaints import ComplaintSubmitted
from shared.events.reasons import TriageReason
from shared.wita import day_of

DEEDS: Final[dict[Action, type[Deed]]] = {
    deed.action: deed for deed in (*COORDINATORS_DEEDS, *AGENCYS_DEEDS, Ask, Note)
}


@dataclass(frozen=True)
class By:
    """Who does it, when; `key` is the same when it is asked again."""

    actor: Actor
    key: UUID
    at: datetime


def open_case(complaint: ComplaintSubmitted, rulebook: Rulebook, at: datetime) -> Change:
    """`case.opened`, then `case.assigned` or `case.triaged`; their ids follow from the complaint's."""
    decision = rulebook.decide(complaint)
    snapshot = _snapshot(complaint, rulebook, decision)
    draft = Draft(complaint.ticket, snapshot, 0, at, RULE, complaint.event_id, rulebook, complaint.about)
    if decision.agency is None:
        coordinator = rulebook.coordinator(complaint.about, day_of(complaint.received_at))
        draft.hold(coordinator)
        draft.emit(CaseOpened)
        draft.change(status=Status.IN_TRIAGE)
        reason = decision.reason or TriageReason.NO_RULE
        draft.emit(CaseTriaged, reason=reason, rule=decision.rule, coordinator=coordinator)
    else:
        draft.emit(CaseOpened)
        # What came on paper long ago was assigned then; its clocks must not start on the day it was typed in.
        draft.give_to(decision.agency, since=complaint.received_at if complaint.historical else None)
        draft.emit(CaseAssigned, agency=decision.agency, rule=decision.rule)
    return draft.finish()


def _snapshot(complaint: ComplaintSubmitted, rulebook: Rulebook, decision: Decision) -> CaseSnapshot:
    return CaseSnapshot(
        status=Status.RECEIVED,
        category=complaint.category,
        region=complaint.region,
        cell=complaint.cell,
        urgency=decision.urgency,
        anonymous=complaint.anonymous,
        confidential=complaint.confidential,
        historical=complaint.historical,
        has_contact=complaint.has_contact,
        language=complaint.language,
        channel=complaint.channel,
        photos=complaint.photos,
        proxy=complaint.proxy,
        received_at=complaint.received_at,
        promises=promised_at_submission(rulebook, decision.urgency, complaint.received_at),
    )


def act(case: Case, deed: Deed, by: By, rulebook: Rulebook) -> Change:
    """What was due before comes first. Raises ActionRefused with the reason and what is possible now, DeedFaulty."""
    draft = Draft.of(case, by.actor, by.key, by.at, rulebook)
    run_clocks(draft)
    find_row(draft.case, deed.action, by.actor.role)
    deed.do(draft)
    return draft.finish()


def act_on_part(case: Case, case_id: str, deed: Deed, by: By, rulebook: Rulebook) -> Change:
    """As `act`, on a part of the case. Raises ActionRefused, LookupError where there is no such part."""
    draft = Draft.of(case, by.actor, by.key, by.at, rulebook)
    run_clocks(draft)
    part = find_part(draft.case, case_id)
    if part is None:
        raise LookupError(case_id)
    do_with_part(draft, part, deed)
    return draft.finish()


def check_link(case: Case, to: Case | None) -> None:
    """Raises DeedFaulty where another case can't go on in the place of this one."""
    if to is None:
        raise DeedFaulty("ticket", "is no case that you can see")
    if to.snapshot.linked_to is not None:
        raise DeedFaulty("ticket", f"is itself linked, to {to.snapshot.linked_to}")
    if to.snapshot.status in {Status.REJECTED, Status.WITHDRAWN}:
        raise DeedFaulty("ticket", f"is {to.snapshot.status}")
    if to.snapshot.confidential and not case.snapshot.confidential:
        # What everybody may read of this one would name the other.
        raise DeedFaulty("ticket", "is confidential: restrict this one first")
