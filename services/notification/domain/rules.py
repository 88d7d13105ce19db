"""Who is told what of which event: an ordered table. Of an event and an audience the first row that fits counts."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from shared.events.case import EscalationLevel
from shared.events.cases import (
    CaseAssigned,
    CaseClosed,
    CaseEscalated,
    CaseForwarded,
    CaseInformationRequested,
    CaseLinked,
    CaseOfficerAssigned,
    CaseOpened,
    CaseProgressed,
    CaseRejected,
    CaseReopened,
    CaseResolved,
    CaseResumed,
    CaseSplit,
    CaseTriaged,
    CaseWithdrawn,
    FollowUpRefused,
    PromiseBreached,
)
from shared.events.envelope import CaseEnvelope
from shared.events.notices import NoticeKind, Recipient

Condition = Callable[[CaseEnvelope], bool]


def always(_: CaseEnvelope) -> bool:
    return True


def of_the_whole(event: CaseEnvelope) -> bool:
    """Not of a part that another body works on."""
    return event.case_id == event.ticket


def with_officer(event: CaseEnvelope) -> bool:
    return event.case.officer is not None


def at_level(*levels: EscalationLevel) -> Condition:
    def told(event: CaseEnvelope) -> bool:
        return isinstance(event, CaseEscalated) and event.level in levels

    return told


def disputed(event: CaseEnvelope) -> bool:
    return isinstance(event, CaseReopened) and event.reason == "disputed"


@dataclass(frozen=True, slots=True)
class Rule:
    """A row of the table."""

    event: type[CaseEnvelope]
    audience: Recipient
    kind: NoticeKind
    when: Condition = always
    required: bool = False
    """The law wants it: nobody can opt out of it."""


RULES: Final = (
    Rule(CaseOpened, Recipient.REPORTER, NoticeKind.RECEIVED, required=True),
    Rule(CaseAssigned, Recipient.REPORTER, NoticeKind.ASSIGNED, of_the_whole),
    Rule(CaseForwarded, Recipient.REPORTER, NoticeKind.ASSIGNED, of_the_whole),
    Rule(CaseProgressed, Recipient.REPORTER, NoticeKind.PROGRESS),
    Rule(CaseInformationRequested, Recipient.REPORTER, NoticeKind.QUESTION, required=True),
    Rule(CaseResolved, Recipient.REPORTER, NoticeKind.RESOLVED, of_the_whole, required=True),
    Rule(CaseResolved, Recipient.REPORTER, NoticeKind.PROGRESS),
    Rule(CaseRejected, Recipient.REPORTER, NoticeKind.REJECTED, required=True),
    Rule(CaseReopened, Recipient.REPORTER, NoticeKind.REOPENED),
    Rule(CaseClosed, Recipient.REPORTER, NoticeKind.CLOSED),
    Rule(CaseLinked, Recipient.REPORTER, NoticeKind.LINKED, required=True),
    Rule(CaseWithdrawn, Recipient.REPORTER, NoticeKind.WITHDRAWN),
    Rule(FollowUpRefused, Recipient.REPORTER, NoticeKind.REFUSED, required=True),
    Rule(CaseEscalated, Recipient.REPORTER, NoticeKind.OMBUDSMAN, at_level(EscalationLevel.OMBUDSMAN), required=True),
    Rule(
        CaseEscalated,
        Recipient.REPORTER,
        NoticeKind.ESCALATED,
        at_level(EscalationLevel.SEKDA, EscalationLevel.GOVERNOR),
    ),
    Rule(CaseAssigned, Recipient.AGENCY, NoticeKind.NEW_CASE, required=True),
    Rule(CaseForwarded, Recipient.AGENCY, NoticeKind.NEW_CASE, required=True),
    Rule(CaseSplit, Recipient.AGENCY, NoticeKind.NEW_CASE, required=True),
    Rule(CaseAssigned, Recipient.FORMER_AGENCY, NoticeKind.MOVED_ON, of_the_whole),
    Rule(CaseForwarded, Recipient.FORMER_AGENCY, NoticeKind.MOVED_ON, of_the_whole),
    Rule(CaseOfficerAssigned, Recipient.OFFICER, NoticeKind.YOUR_CASE),
    Rule(CaseResumed, Recipient.OFFICER, NoticeKind.ANSWERED, with_officer),
    Rule(CaseResumed, Recipient.AGENCY, NoticeKind.ANSWERED, lambda event: not with_officer(event)),
    Rule(CaseReopened, Recipient.AGENCY, NoticeKind.DISPUTED),
    Rule(CaseReopened, Recipient.COORDINATOR, NoticeKind.DISPUTED, disputed),
    Rule(CaseWithdrawn, Recipient.AGENCY, NoticeKind.TAKEN_BACK),
    Rule(CaseClosed, Recipient.AGENCY, NoticeKind.ENDED),
    Rule(PromiseBreached, Recipient.AGENCY, NoticeKind.OVERDUE),
    Rule(CaseTriaged, Recipient.COORDINATOR, NoticeKind.TO_DECIDE, required=True),
    Rule(
        CaseEscalated,
        Recipient.AGENCY_HEAD,
        NoticeKind.ESCALATION,
        at_level(EscalationLevel.AGENCY_HEAD),
        required=True,
    ),
    Rule(
        CaseEscalated,
        Recipient.COORDINATOR,
        NoticeKind.ESCALATION,
        at_level(EscalationLevel.COORDINATOR),
        required=True,
    ),
    Rule(CaseEscalated, Recipient.SEKDA, NoticeKind.ESCALATION, at_level(EscalationLevel.SEKDA), required=True),
    Rule(CaseEscalated, Recipient.GOVERNOR, NoticeKind.ESCALATION, at_level(EscalationLevel.GOVERNOR), required=True),
)


def rules_for(event: CaseEnvelope) -> Iterator[Rule]:
    """One row an audience."""
    told: set[Recipient] = set()
    for rule in RULES:
        if isinstance(event, rule.event) and rule.audience not in told and rule.when(event):
            told.add(rule.audience)
            yield rule


REQUIRED: Final = frozenset(rule.kind for rule in RULES if rule.required)
