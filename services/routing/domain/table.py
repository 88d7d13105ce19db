"""The one transition table: who may do what in which state, and what comes of it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from shared.events.case import CaseSnapshot, Role, Status
from shared.events.cases import (
    CaseAccepted,
    CaseAssigned,
    CaseClosed,
    CaseConcluded,
    CaseForwarded,
    CaseInformationRequested,
    CaseLinked,
    CaseOfficerAssigned,
    CaseProcessingRestricted,
    CaseProgressed,
    CasePublished,
    CaseReclassified,
    CaseRejected,
    CaseReopened,
    CaseResolved,
    CaseRestricted,
    CaseResumed,
    CaseReturned,
    CaseSplit,
    CaseTriaged,
    CaseUnlinked,
    CaseUnpublished,
    CaseWithdrawn,
)
from shared.events.envelope import CaseEnvelope
from shared.events.reasons import FollowUpKind

S = Status


class Action(StrEnum):
    """What somebody can do with a case."""

    ASSIGN = "assign"
    DECIDE = "decide"
    OVERRIDE = "override"
    UPHOLD = "uphold"
    RECLASSIFY = "reclassify"
    RESTRICT = "restrict"
    REJECT = "reject"
    LINK = "link"
    UNLINK = "unlink"
    PUBLISH = "publish"
    UNPUBLISH = "unpublish"

    ACCEPT = "accept"
    RETURN = "return"
    FORWARD = "forward"
    DELEGATE = "delegate"
    PROGRESS = "progress"
    BUDGET = "budget"
    ASK = "ask"
    SPLIT = "split"
    RESOLVE = "resolve"
    NOTE = "note"

    SUPPLEMENT = "supplement"
    ANSWER = "answer"
    CONFIRM = "confirm"
    DISPUTE = "dispute"
    WITHDRAW = "withdraw"
    CHANGE_CONTACT = "change_contact"
    RESTRICT_PROCESSING = "restrict_processing"
    REQUEST_ERASURE = "request_erasure"
    SUPPORT = "support"

    CLOSE = "close"
    HAND_OVER = "hand_over"
    RELINK = "relink"
    CONCLUDE = "conclude"


FOLLOW_UPS: Final = {Action(kind.value): kind for kind in FollowUpKind}


@dataclass(frozen=True)
class Guard:
    """What must hold besides the state."""

    name: str
    holds: Callable[[CaseSnapshot], bool]
    why_not: str


AGREED: Final = Guard("agencies agree", lambda case: not case.disagreed, "agencies can't agree: decide")
DISAGREED: Final = Guard("agencies disagree", lambda case: case.disagreed, "agencies don't disagree: assign")
NOT_BOUND: Final = Guard("not bound", lambda case: not case.bound, "a coordinator's decision binds the agency")
DISPUTED: Final = Guard("disputed", lambda case: case.disputed, "the reporter did not dispute a resolution")
LINKED: Final = Guard("linked", lambda case: case.linked_to is not None, "it is not linked to another case")
NOT_LINKED: Final = Guard("not linked", lambda case: case.linked_to is None, "it is linked to another case")
PUBLIC: Final = Guard("published", lambda case: case.publication is not None, "nothing of its words is public")
USABLE: Final = Guard("data usable", lambda case: not case.processing_restricted, "the reporter restricted their data")
PUBLISHABLE: Final = Guard("not confidential", lambda case: not case.confidential, "it is confidential")
PARTS_DONE: Final = Guard(
    "all parts done",
    lambda case: all(part.status in {S.RESOLVED, S.REJECTED} for part in case.parts),
    "parts of it are still open",
)
UNHELD: Final = Guard("no agency has it", lambda case: case.agency is None, "an agency has it")
HELD: Final = Guard("an agency has it", lambda case: case.agency is not None, "no agency has it")


@dataclass(frozen=True)
class Row:
    """An action that is possible. Where `to` is empty the state stays."""

    action: Action
    roles: frozenset[Role]
    source: frozenset[Status]
    to: frozenset[Status] = frozenset()
    emits: frozenset[type[CaseEnvelope]] = frozenset()
    """All that may come of it, besides what clocks had due."""
    guards: tuple[Guard, ...] = ()


_AGENCY: Final = frozenset({Role.OFFICER, Role.AGENCY_HEAD})
_COORDINATOR: Final = frozenset({Role.COORDINATOR})
_DESK: Final = _AGENCY | _COORDINATOR
_REPORTER: Final = frozenset({Role.REPORTER})
_CLOCK: Final = frozenset({Role.CLOCK})
_RULE: Final = frozenset({Role.RULE})

WORKED_ON: Final = frozenset({S.ASSIGNED, S.ACCEPTED, S.IN_PROGRESS})
WAITING: Final = frozenset({S.AWAITING_REPORTER})
OPEN: Final = WORKED_ON | WAITING | {S.IN_TRIAGE}
ENDED: Final = frozenset({S.CLOSED, S.REJECTED, S.WITHDRAWN})
ANY: Final = OPEN | ENDED | {S.RESOLVED}
_TRIAGE: Final = frozenset({S.IN_TRIAGE})
_ASSIGNED: Final = frozenset({S.ASSIGNED})
_PROGRESS: Final = frozenset({S.IN_PROGRESS})
_RESOLVED: Final = frozenset({S.RESOLVED})
_CLOSED: Final = frozenset({S.CLOSED})


def _emits(*kinds: type[CaseEnvelope]) -> frozenset[type[CaseEnvelope]]:
    return frozenset(kinds)


# fmt: off
TABLE: Final = (
    Row(Action.ASSIGN, _COORDINATOR, _TRIAGE, _ASSIGNED, _emits(CaseAssigned), (AGREED,)),
    Row(Action.DECIDE, _COORDINATOR, _TRIAGE, _ASSIGNED, _emits(CaseAssigned), (DISAGREED,)),
    Row(Action.OVERRIDE, _COORDINATOR, WORKED_ON, _ASSIGNED, _emits(CaseAssigned)),
    Row(Action.OVERRIDE, _COORDINATOR, WAITING, _ASSIGNED, _emits(CaseAssigned), (HELD,)),
    Row(Action.OVERRIDE, _COORDINATOR, _RESOLVED | _CLOSED | {S.REJECTED}, _ASSIGNED,
        _emits(CaseReopened, CaseAssigned), (NOT_LINKED,)),
    Row(Action.UPHOLD, _COORDINATOR, WORKED_ON, _CLOSED, _emits(CaseClosed), (DISPUTED,)),
    Row(Action.RECLASSIFY, _COORDINATOR, OPEN, emits=_emits(CaseReclassified, CaseUnpublished)),
    Row(Action.RESTRICT, _COORDINATOR, ANY, emits=_emits(CaseRestricted, CaseUnpublished)),
    Row(Action.REJECT, _COORDINATOR, _TRIAGE, frozenset({S.REJECTED}), _emits(CaseRejected)),
    Row(Action.REJECT, _COORDINATOR, WAITING, frozenset({S.REJECTED}), _emits(CaseRejected), (UNHELD,)),
    Row(Action.LINK, _COORDINATOR, OPEN, _CLOSED, _emits(CaseLinked)),
    Row(Action.UNLINK, _COORDINATOR, _CLOSED, _TRIAGE | WORKED_ON, _emits(CaseUnlinked), (LINKED,)),
    Row(Action.PUBLISH, _COORDINATOR, ANY, emits=_emits(CasePublished), guards=(PUBLISHABLE, USABLE)),
    Row(Action.UNPUBLISH, _COORDINATOR, ANY, emits=_emits(CaseUnpublished), guards=(PUBLIC,)),

    Row(Action.ACCEPT, _AGENCY, _ASSIGNED, frozenset({S.ACCEPTED}), _emits(CaseAccepted)),
    Row(Action.RETURN, _AGENCY, frozenset({S.ASSIGNED, S.ACCEPTED}), _ASSIGNED | _TRIAGE,
        _emits(CaseReturned, CaseAssigned, CaseTriaged), (NOT_BOUND,)),
    Row(Action.FORWARD, _AGENCY, WORKED_ON, _ASSIGNED, _emits(CaseForwarded)),
    Row(Action.DELEGATE, _AGENCY, WORKED_ON, emits=_emits(CaseOfficerAssigned)),
    Row(Action.DELEGATE, _AGENCY, WAITING, emits=_emits(CaseOfficerAssigned), guards=(HELD,)),
    Row(Action.PROGRESS, _AGENCY, WORKED_ON, _PROGRESS, _emits(CaseProgressed)),
    Row(Action.PROGRESS, _AGENCY, WAITING, _PROGRESS, _emits(CaseProgressed), (HELD,)),
    Row(Action.BUDGET, _AGENCY, WORKED_ON, _PROGRESS, _emits(CaseProgressed)),
    Row(Action.ASK, _AGENCY, WORKED_ON, WAITING, _emits(CaseInformationRequested)),
    Row(Action.ASK, _COORDINATOR, _TRIAGE, WAITING, _emits(CaseInformationRequested)),
    Row(Action.SPLIT, _AGENCY, WORKED_ON, _PROGRESS, _emits(CaseSplit)),
    Row(Action.RESOLVE, _AGENCY, WORKED_ON, _RESOLVED, _emits(CaseResolved), (PARTS_DONE,)),
    Row(Action.RESOLVE, _AGENCY, WAITING, _RESOLVED, _emits(CaseResolved), (HELD, PARTS_DONE)),
    Row(Action.NOTE, _DESK, ANY),

    Row(Action.SUPPLEMENT, _REPORTER, OPEN | _RESOLVED),
    Row(Action.ANSWER, _REPORTER, WAITING, _TRIAGE | WORKED_ON, _emits(CaseResumed)),
    Row(Action.CONFIRM, _REPORTER, _RESOLVED, _CLOSED, _emits(CaseClosed)),
    Row(Action.DISPUTE, _REPORTER, _RESOLVED, _PROGRESS, _emits(CaseReopened)),
    Row(Action.WITHDRAW, _REPORTER, OPEN, frozenset({S.WITHDRAWN}), _emits(CaseWithdrawn)),
    Row(Action.CHANGE_CONTACT, _REPORTER, ANY),
    Row(Action.RESTRICT_PROCESSING, _REPORTER, frozenset(S), emits=_emits(CaseProcessingRestricted, CaseUnpublished)),
    Row(Action.REQUEST_ERASURE, _REPORTER, frozenset(S)),
    Row(Action.SUPPORT, _REPORTER, OPEN),

    Row(Action.CLOSE, _CLOCK, _RESOLVED, _CLOSED, _emits(CaseClosed)),
    Row(Action.HAND_OVER, _RULE, WORKED_ON | WAITING, emits=_emits(CaseAssigned), guards=(HELD,)),
    Row(Action.LINK, _RULE, _TRIAGE | _ASSIGNED, _CLOSED, _emits(CaseLinked), (PUBLISHABLE,)),
    Row(Action.RELINK, _RULE, _CLOSED, emits=_emits(CaseLinked), guards=(LINKED,)),
    Row(Action.UNLINK, _RULE, _CLOSED, _TRIAGE | WORKED_ON, _emits(CaseUnlinked), (LINKED,)),
    Row(Action.CONCLUDE, _RULE, _CLOSED, emits=_emits(CaseConcluded), guards=(LINKED,)),
)

PARTS: Final = (
    Row(Action.ACCEPT, _AGENCY, _ASSIGNED, frozenset({S.ACCEPTED}), _emits(CaseAccepted)),
    Row(Action.RETURN, _AGENCY, frozenset({S.ASSIGNED, S.ACCEPTED}), frozenset({S.REJECTED}), _emits(CaseReturned)),
    Row(Action.PROGRESS, _AGENCY, WORKED_ON, _PROGRESS, _emits(CaseProgressed)),
    Row(Action.RESOLVE, _AGENCY, WORKED_ON, _RESOLVED, _emits(CaseResolved)),
    Row(Action.NOTE, _AGENCY, WORKED_ON | _RESOLVED),
)
"""What the body of a part can do with it, while the whole is worked on."""
# fmt: on


class ActionRefused(Exception):
    """The action is not possible in this state; `allowed` are those that are."""

    def __init__(self, why: str, allowed: tuple[Action, ...]) -> None:
        super().__init__(why)
        self.why = why
        self.allowed = allowed


def find_row(case: CaseSnapshot, action: Action, role: Role) -> Row:
    """The row that makes the action possible. Raises ActionRefused."""
    why = f"a case that is {case.status} can't be changed by {action}"
    for row in TABLE:
        if row.action is action and role in row.roles and case.status in row.source:
            broken = [guard for guard in row.guards if not guard.holds(case)]
            if not broken:
                return row
            why = broken[0].why_not
    raise ActionRefused(why, allowed(case, role))


def find_part_row(part: Status, action: Action, case: CaseSnapshot) -> Row:
    """As `find_row`, for a part of the case. Raises ActionRefused."""
    possible = tuple(_possible_parts(part, case))
    if found := next((row for row in possible if row.action is action), None):
        return found
    why = f"a part that is {part}, of a case that is {case.status}, can't be changed by {action}"
    raise ActionRefused(why, tuple(row.action for row in possible))


def allowed(case: CaseSnapshot, role: Role) -> tuple[Action, ...]:
    """What the role can do as the case stands, in the table's order."""
    return tuple(dict.fromkeys(row.action for row in TABLE if role in row.roles and is_possible(row, case)))


def allowed_with_part(part: Status, case: CaseSnapshot) -> tuple[Action, ...]:
    return tuple(row.action for row in _possible_parts(part, case))


def is_possible(row: Row, case: CaseSnapshot) -> bool:
    return case.status in row.source and all(guard.holds(case) for guard in row.guards)


def _possible_parts(part: Status, case: CaseSnapshot) -> Iterator[Row]:
    if case.status in WORKED_ON | WAITING:
        yield from (row for row in PARTS if part in row.source)
