"""What becomes of a complaint: the case, its one transition table, and the events that each step gives."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from services.routing.domain.promises import (
    MET_BY_ASSIGNMENT,
    MET_BY_MESSAGE,
    MET_BY_PROGRESS,
    MET_BY_RESOLUTION,
    meet,
    promised_at_assignment,
    promised_at_submission,
)
from services.routing.domain.rulebook import Decision, Rulebook
from shared.events.cases import (
    CaseAccepted,
    CaseAssigned,
    CaseOpened,
    CaseProgressed,
    CaseResolved,
    CaseSnapshot,
    CaseTriaged,
    PromiseKind,
    Role,
    Status,
    TriageReason,
)
from shared.events.complaints import ComplaintSubmitted
from shared.events.event import Event
from shared.events.words import WordsKind, WordsRecorded
from shared.ids import follow_id


@dataclass(frozen=True)
class Case:
    """A case as it is stored. `sequence` is that of its newest event."""

    ticket: str
    sequence: int
    snapshot: CaseSnapshot


@dataclass(frozen=True)
class Change:
    """The case after a step, and what is to be published because of it, in order."""

    case: Case
    events: tuple[Event, ...]


class Action(StrEnum):
    """What an agency can do with a case."""

    ACCEPT = "accept"
    PROGRESS = "progress"
    RESOLVE = "resolve"


@dataclass(frozen=True)
class Step:
    """A row of the transition table: what an action makes of a case."""

    to: Status
    event: type[CaseAccepted] | type[CaseProgressed] | type[CaseResolved]
    words: WordsKind
    meets: Collection[PromiseKind]
    needs_words: bool = True


_ACCEPTED: Final = Step(Status.ACCEPTED, CaseAccepted, WordsKind.ACCEPTANCE, (), needs_words=False)
_PROGRESSED: Final = Step(Status.IN_PROGRESS, CaseProgressed, WordsKind.PROGRESS, MET_BY_PROGRESS)
_RESOLVED: Final = Step(Status.RESOLVED, CaseResolved, WordsKind.RESOLUTION, MET_BY_RESOLUTION)

TRANSITIONS: Final[dict[tuple[Status, Action], Step]] = {
    (Status.ASSIGNED, Action.ACCEPT): _ACCEPTED,
    (Status.ASSIGNED, Action.PROGRESS): _PROGRESSED,
    (Status.ASSIGNED, Action.RESOLVE): _RESOLVED,
    (Status.ACCEPTED, Action.PROGRESS): _PROGRESSED,
    (Status.ACCEPTED, Action.RESOLVE): _RESOLVED,
    (Status.IN_PROGRESS, Action.PROGRESS): _PROGRESSED,
    (Status.IN_PROGRESS, Action.RESOLVE): _RESOLVED,
}


class ActionRefused(Exception):
    """The action is not possible in this state; `allowed` are those that are."""

    def __init__(self, why: str, allowed: tuple[Action, ...]) -> None:
        super().__init__(why)
        self.why = why
        self.allowed = allowed


@dataclass(frozen=True)
class Deed:
    """What somebody wants to do: `key` is the same when it is asked again."""

    action: Action
    key: UUID
    role: Role
    agency: str | None
    text: str | None
    at: datetime


def open_case(complaint: ComplaintSubmitted, rulebook: Rulebook, at: datetime) -> Change:
    """`case.opened`, then `case.assigned` or `case.triaged`; their ids follow from the complaint's."""
    decision = rulebook.decide(complaint)
    opened = CaseOpened(
        event_id=follow_id(complaint.event_id, "opened"),
        ticket=complaint.ticket,
        occurred_at=at,
        case_id=complaint.ticket,
        sequence=1,
        actor=Role.RULE,
        case=_snapshot(complaint, rulebook, decision),
    )
    if decision.agency is None:
        second = _triaged(opened, decision, rulebook.coordinator(complaint))
    else:
        second = _assigned(opened, decision, decision.agency, rulebook)
    return Change(Case(complaint.ticket, second.sequence, second.case), (opened, second))


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
        received_at=complaint.received_at,
        promises=promised_at_submission(rulebook, decision.urgency, complaint.received_at),
    )


def _triaged(opened: CaseOpened, decision: Decision, coordinator: str) -> CaseTriaged:
    return CaseTriaged(
        **_following(opened, "triaged"),
        reason=decision.reason or TriageReason.NO_RULE,
        rule=decision.rule,
        coordinator=coordinator,
        case=opened.case.model_copy(update={"status": Status.IN_TRIAGE}),
    )


def _assigned(opened: CaseOpened, decision: Decision, agency: str, rulebook: Rulebook) -> CaseAssigned:
    case = opened.case
    # What came on paper long ago was assigned then; its clocks must not start on the day it was typed in.
    at = case.received_at if case.historical else opened.occurred_at
    promises = meet(case.promises, MET_BY_ASSIGNMENT, at) + promised_at_assignment(rulebook, case.category, at)
    snapshot = case.model_copy(update={"status": Status.ASSIGNED, "agency": agency, "promises": promises})
    return CaseAssigned(**_following(opened, "assigned"), agency=agency, rule=decision.rule, case=snapshot)


def _following(opened: CaseOpened, step: str) -> dict[str, Any]:
    return {
        "event_id": follow_id(opened.event_id, step),
        "ticket": opened.ticket,
        "occurred_at": opened.occurred_at,
        "case_id": opened.case_id,
        "sequence": opened.sequence + 1,
        "actor": Role.RULE,
    }


def act(case: Case, deed: Deed) -> Change:
    """Raises ActionRefused with the reason and what is possible now."""
    step = TRANSITIONS.get((case.snapshot.status, deed.action))
    if step is None:
        why = f"a case that is {case.snapshot.status} can't be changed by {deed.action}"
        raise ActionRefused(why, allowed_actions(case))
    if step.needs_words and not deed.text:
        why = f"{deed.action} needs words for the reporter"
        raise ActionRefused(why, allowed_actions(case))
    event_id = follow_id(deed.key, deed.action)
    words = _words(case, deed, step, event_id)
    meets = step.meets or (MET_BY_MESSAGE if words else ())
    promises = meet(case.snapshot.promises, meets, deed.at)
    event = step.event(
        event_id=event_id,
        ticket=case.ticket,
        occurred_at=deed.at,
        case_id=case.ticket,
        sequence=case.sequence + 1,
        actor=deed.role,
        actor_agency=deed.agency,
        words=words.key if words else None,
        case=case.snapshot.model_copy(update={"status": step.to, "promises": promises}),
    )
    return Change(Case(case.ticket, event.sequence, event.case), (words, event) if words else (event,))


def _words(case: Case, deed: Deed, step: Step, event_id: UUID) -> WordsRecorded | None:
    if not deed.text:
        return None
    return WordsRecorded(event_id=event_id, ticket=case.ticket, occurred_at=deed.at, kind=step.words, text=deed.text)


def allowed_actions(case: Case) -> tuple[Action, ...]:
    return tuple(action for action in Action if (case.snapshot.status, action) in TRANSITIONS)
