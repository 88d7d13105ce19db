"""Who is told what of which event: an ordered table. Of an event and an audience the first row that fits counts."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from services.notification.domain.kinds import Kind, OwnKind
from shared.events.case import EscalationLevel
from shared.events.cases import (
    CaseAccepted,
    CaseAssigned,
    CaseClosed,
    CaseConcluded,
    CaseEscalated,
    CaseForwarded,
    CaseInformationRequested,
    CaseLinked,
    CaseOfficerAssigned,
    CaseOpened,
    CaseProgressed,
    CaseReclassified,
    CaseRejected,
    CaseReopened,
    CaseResolved,
    CaseResumed,
    CaseSplit,
    CaseTriaged,
    CaseUnlinked,
    CaseWithdrawn,
    FollowUpRefused,
    PromiseBreached,
)
from shared.events.envelope import CaseEnvelope
from shared.events.event import Urgency
from shared.events.notices import NoticeKind, Recipient


@dataclass(frozen=True, slots=True)
class Condition:
    """What must hold beside the kind of event; the name is for the documentation."""

    name: str
    holds: Callable[[CaseEnvelope], bool]


def _at_level(*levels: EscalationLevel) -> Condition:
    return Condition(
        "step of " + " or ".join(levels), lambda event: isinstance(event, CaseEscalated) and event.level in levels
    )


def _ended(event: CaseEnvelope) -> str:
    """How the case ended that this one is linked to."""
    return event.outcome if isinstance(event, CaseConcluded) else ""


ALWAYS: Final = Condition("", lambda _: True)
OF_THE_WHOLE: Final = Condition("not a part that another body works on", lambda event: event.case_id == event.ticket)
WITH_WORDS: Final = Condition("with a message", lambda event: event.words is not None)
NOBODY_HAS_IT: Final = Condition("no agency has it", lambda event: event.case.agency is None)
BECAME_URGENT: Final = Condition(
    "it became urgent",
    lambda event: (
        isinstance(event, CaseReclassified)
        and event.case.urgency is Urgency.URGENT
        and event.from_urgency is not Urgency.URGENT
    ),
)
WITH_OFFICER: Final = Condition("an officer has it", lambda event: event.case.officer is not None)
WITHOUT_OFFICER: Final = Condition("no officer has it", lambda event: event.case.officer is None)
LEAD_RESOLVED: Final = Condition("the other is resolved", lambda event: _ended(event) == "resolved")
LEAD_CLOSED: Final = Condition("the other is closed", lambda event: _ended(event) == "closed")
LEAD_REJECTED: Final = Condition("the other is rejected", lambda event: _ended(event) == "rejected")
DISPUTED: Final = Condition(
    "by a dispute", lambda event: isinstance(event, CaseReopened) and event.reason == "disputed"
)


FROM_WHO_HAS_IT: Final = Condition(
    "not taken over from who sent it", lambda event: not (isinstance(event, FollowUpRefused) and event.taken_over)
)


@dataclass(frozen=True, slots=True)
class Rule:
    """A row of the table."""

    event: type[CaseEnvelope]
    audience: Recipient
    kind: NoticeKind
    when: Condition = ALWAYS
    required: bool = False
    """The law wants it: nobody can opt out of it."""


RULES: Final = (
    Rule(CaseOpened, Recipient.REPORTER, NoticeKind.RECEIVED, required=True),
    Rule(CaseAssigned, Recipient.REPORTER, NoticeKind.ASSIGNED, OF_THE_WHOLE),
    Rule(CaseForwarded, Recipient.REPORTER, NoticeKind.ASSIGNED, OF_THE_WHOLE),
    Rule(CaseAccepted, Recipient.REPORTER, NoticeKind.PROGRESS, WITH_WORDS),
    Rule(CaseSplit, Recipient.REPORTER, NoticeKind.PROGRESS),
    Rule(CaseProgressed, Recipient.REPORTER, NoticeKind.PROGRESS),
    Rule(CaseInformationRequested, Recipient.REPORTER, NoticeKind.QUESTION, required=True),
    Rule(CaseResolved, Recipient.REPORTER, NoticeKind.RESOLVED, OF_THE_WHOLE, required=True),
    Rule(CaseResolved, Recipient.REPORTER, NoticeKind.PROGRESS),
    Rule(CaseRejected, Recipient.REPORTER, NoticeKind.REJECTED, required=True),
    Rule(CaseReopened, Recipient.REPORTER, NoticeKind.REOPENED),
    Rule(CaseClosed, Recipient.REPORTER, NoticeKind.CLOSED),
    Rule(CaseLinked, Recipient.REPORTER, NoticeKind.LINKED, required=True),
    Rule(CaseConcluded, Recipient.REPORTER, NoticeKind.RESOLVED, LEAD_RESOLVED, required=True),
    Rule(CaseConcluded, Recipient.REPORTER, NoticeKind.REJECTED, LEAD_REJECTED, required=True),
    Rule(CaseConcluded, Recipient.REPORTER, NoticeKind.CLOSED, LEAD_CLOSED),
    Rule(CaseUnlinked, Recipient.REPORTER, NoticeKind.REOPENED),
    Rule(CaseWithdrawn, Recipient.REPORTER, NoticeKind.WITHDRAWN),
    Rule(FollowUpRefused, Recipient.REPORTER, NoticeKind.REFUSED, FROM_WHO_HAS_IT, required=True),
    Rule(CaseEscalated, Recipient.REPORTER, NoticeKind.OMBUDSMAN, _at_level(EscalationLevel.OMBUDSMAN), required=True),
    Rule(
        CaseEscalated,
        Recipient.REPORTER,
        NoticeKind.ESCALATED,
        _at_level(EscalationLevel.SEKDA, EscalationLevel.GOVERNOR),
    ),
    Rule(CaseAssigned, Recipient.AGENCY, NoticeKind.NEW_CASE, required=True),
    Rule(CaseForwarded, Recipient.AGENCY, NoticeKind.NEW_CASE, required=True),
    Rule(CaseSplit, Recipient.AGENCY, NoticeKind.NEW_CASE, required=True),
    Rule(CaseReclassified, Recipient.AGENCY, NoticeKind.NEW_CASE, BECAME_URGENT, required=True),
    Rule(CaseUnlinked, Recipient.AGENCY, NoticeKind.NEW_CASE, required=True),
    Rule(CaseAssigned, Recipient.FORMER_AGENCY, NoticeKind.MOVED_ON, OF_THE_WHOLE),
    Rule(CaseForwarded, Recipient.FORMER_AGENCY, NoticeKind.MOVED_ON, OF_THE_WHOLE),
    Rule(CaseOfficerAssigned, Recipient.OFFICER, NoticeKind.YOUR_CASE),
    Rule(CaseResumed, Recipient.OFFICER, NoticeKind.ANSWERED, WITH_OFFICER),
    Rule(CaseResumed, Recipient.AGENCY, NoticeKind.ANSWERED, WITHOUT_OFFICER),
    Rule(CaseResumed, Recipient.COORDINATOR, NoticeKind.ANSWERED, NOBODY_HAS_IT),
    # Who gets a case that a coordinator opens again is told by the assignment that follows, and so is who loses it.
    Rule(CaseReopened, Recipient.AGENCY, NoticeKind.DISPUTED, DISPUTED),
    Rule(CaseReopened, Recipient.COORDINATOR, NoticeKind.DISPUTED, DISPUTED),
    Rule(CaseWithdrawn, Recipient.AGENCY, NoticeKind.TAKEN_BACK),
    Rule(CaseClosed, Recipient.AGENCY, NoticeKind.ENDED),
    Rule(CaseLinked, Recipient.AGENCY, NoticeKind.ENDED),
    Rule(PromiseBreached, Recipient.AGENCY, NoticeKind.OVERDUE),
    Rule(CaseTriaged, Recipient.COORDINATOR, NoticeKind.TO_DECIDE, required=True),
    Rule(
        CaseEscalated,
        Recipient.AGENCY_HEAD,
        NoticeKind.ESCALATION,
        _at_level(EscalationLevel.AGENCY_HEAD),
        required=True,
    ),
    Rule(
        CaseEscalated,
        Recipient.COORDINATOR,
        NoticeKind.ESCALATION,
        _at_level(EscalationLevel.COORDINATOR),
        required=True,
    ),
    Rule(CaseEscalated, Recipient.SEKDA, NoticeKind.ESCALATION, _at_level(EscalationLevel.SEKDA), required=True),
    Rule(CaseEscalated, Recipient.GOVERNOR, NoticeKind.ESCALATION, _at_level(EscalationLevel.GOVERNOR), required=True),
)


def rules_for(event: CaseEnvelope) -> Iterator[Rule]:
    """One row an audience."""
    told: set[Recipient] = set()
    for rule in RULES:
        if isinstance(event, rule.event) and rule.audience not in told and rule.when.holds(event):
            told.add(rule.audience)
            yield rule


REQUIRED: Final = frozenset(rule.kind for rule in RULES if rule.required)
NEVER_STOPPED: Final[frozenset[Kind]] = frozenset(
    {*REQUIRED, NoticeKind.CONFIRMATION, NoticeKind.EVENT, NoticeKind.WEBHOOK_OFF, OwnKind.LOST_TICKET}
)
"""Nobody can opt out of these."""
