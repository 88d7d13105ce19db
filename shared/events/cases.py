"""What government did: topic `ntbcare.cases`, written by routing, keyed by ticket. Facts only, kept for ever."""

from enum import StrEnum
from typing import Annotated, Literal, Protocol, cast
from uuid import UUID

from pydantic import AwareDatetime, Field, PositiveInt

from shared.events.case import CaseSnapshot, EscalationLevel, PromiseKind, Role
from shared.events.event import AgencyId, CaseId, CategoryCode, Event, Slug, Urgency
from shared.ids import Ticket


class TriageReason(StrEnum):
    """Why a coordinator must decide."""

    NO_RULE = "no_rule"
    REGION_UNKNOWN = "region_unknown"
    NO_AGENCY = "no_agency"
    """No body was valid for the rule on the day of the complaint."""
    CONFLICT_OF_INTEREST = "conflict_of_interest"
    """The rule led to the body that the complaint is about."""
    UNKNOWN_CATEGORY = "unknown_category"
    RETURNED = "returned"
    """An agency is not responsible and knows none that is."""
    RETURNED_THRICE = "returned_thrice"
    """Agencies can't agree; the coordinator's decision binds."""


class ReturnReason(StrEnum):
    """Why an agency is not responsible."""

    NOT_OUR_TASK = "not_our_task"
    OTHER_REGION = "other_region"
    OTHER_LEVEL = "other_level"
    """Of the state, the province or the regency, where we are another."""
    CONFLICT_OF_INTEREST = "conflict_of_interest"


class RejectionReason(StrEnum):
    """Why nobody will act."""

    NO_COMPLAINT = "no_complaint"
    """It tells of nothing that a public service did or failed to do."""
    NOT_GOVERNMENT = "not_government"
    """No public body is responsible."""
    IN_COURT = "in_court"
    """A court or the Ombudsman has it."""
    INCOMPLETE = "incomplete"
    """The reporter was asked and it still can't be acted on."""
    SETTLED = "settled"
    """It was answered before and nothing is new."""
    ABUSE = "abuse"


class FollowUpKind(StrEnum):
    """What a reporter can do with a complaint that was submitted."""

    SUPPLEMENT = "supplement"
    ANSWER = "answer"
    CONFIRM = "confirm"
    DISPUTE = "dispute"
    WITHDRAW = "withdraw"
    CHANGE_CONTACT = "change_contact"


class _Typed(Protocol):
    type: str
    """Each event narrows it to its own, so it can't stand in what they have in common."""


class CaseEnvelope(Event):
    """What all case events have in common: enough to know the present, whatever happened."""

    case_id: CaseId
    sequence: PositiveInt
    """Counted by routing from 1 per ticket, without gaps."""
    actor: Role
    actor_agency: AgencyId | None = None
    words: str | None = None
    """Key of its words on `ntbcare.words`, where it has any."""
    case: CaseSnapshot
    """Of the whole ticket, also where a sub-case acted."""

    @property
    def kind(self) -> str:
        return cast("_Typed", self).type


class UnknownCaseEvent(CaseEnvelope):
    """A case event of a type that a newer replica publishes."""

    type: str


class CaseOpened(CaseEnvelope):
    """Received: the case exists and its clocks run."""

    type: Literal["case.opened.v1"] = "case.opened.v1"


class CaseTriaged(CaseEnvelope):
    """A coordinator must decide."""

    type: Literal["case.triaged.v1"] = "case.triaged.v1"
    reason: TriageReason
    rule: str
    coordinator: AgencyId
    """The body whose coordinators decide: never the one that the complaint is about."""


class CaseAssigned(CaseEnvelope):
    """An agency has it."""

    type: Literal["case.assigned.v1"] = "case.assigned.v1"
    agency: AgencyId
    rule: str
    """Name of the rule that decided, so that anyone can ask why; or `coordinator`, `override`, `returned`."""


class CaseOfficerAssigned(CaseEnvelope):
    """One officer of the agency has it."""

    type: Literal["case.officer_assigned.v1"] = "case.officer_assigned.v1"
    officer: Slug
    stands_in_for: Slug | None = None
    """Who was meant and is absent."""


class CaseAccepted(CaseEnvelope):
    """The agency says that it is responsible."""

    type: Literal["case.accepted.v1"] = "case.accepted.v1"


class CaseReturned(CaseEnvelope):
    """The agency says that it is not responsible. Who gets it then is the next event."""

    type: Literal["case.returned.v1"] = "case.returned.v1"
    reason: ReturnReason
    suggested: AgencyId | None = None


class CaseForwarded(CaseEnvelope):
    """The agency gave it to a body below it or outside the province's government."""

    type: Literal["case.forwarded.v1"] = "case.forwarded.v1"
    agency: AgencyId


class CaseReclassified(CaseEnvelope):
    """It is about something else than it said; promises that were open count anew from their own start."""

    type: Literal["case.reclassified.v1"] = "case.reclassified.v1"
    from_category: CategoryCode
    from_urgency: Urgency
    moved: tuple[PromiseKind, ...] = ()
    """Promises whose due time is another now."""


class CaseRestricted(CaseEnvelope):
    """`anonymous` or `confidential` was switched on."""

    type: Literal["case.restricted.v1"] = "case.restricted.v1"


class CaseProgressed(CaseEnvelope):
    """The agency did something and says what; with `budget` in the case it says when there will be money."""

    type: Literal["case.progressed.v1"] = "case.progressed.v1"


class CaseInformationRequested(CaseEnvelope):
    """The reporter was asked; what waits for the answer is paused."""

    type: Literal["case.information_requested.v1"] = "case.information_requested.v1"


class CaseResumed(CaseEnvelope):
    """The reporter answered."""

    type: Literal["case.resumed.v1"] = "case.resumed.v1"


class CaseResolved(CaseEnvelope):
    """The agency says that it is done."""

    type: Literal["case.resolved.v1"] = "case.resolved.v1"
    photos: tuple[Slug, ...] = ()
    """Names of the evidence at intake."""


class CaseReopened(CaseEnvelope):
    """It is not done after all."""

    type: Literal["case.reopened.v1"] = "case.reopened.v1"
    reason: Literal["disputed", "overridden"]


class CaseClosed(CaseEnvelope):
    """The end of a resolved case."""

    type: Literal["case.closed.v1"] = "case.closed.v1"
    reason: Literal["confirmed", "silence", "upheld"]
    """`upheld`: a coordinator finds the resolution right although it was disputed."""
    rating: int | None = Field(default=None, ge=1, le=5)


class CaseRejected(CaseEnvelope):
    """Nobody will act, for a reason."""

    type: Literal["case.rejected.v1"] = "case.rejected.v1"
    reason: RejectionReason


class CaseWithdrawn(CaseEnvelope):
    """The reporter took it back."""

    type: Literal["case.withdrawn.v1"] = "case.withdrawn.v1"


class CasePublished(CaseEnvelope):
    """Its words, as they are on `ntbcare.words`, and these photos are public."""

    type: Literal["case.published.v1"] = "case.published.v1"
    photos: tuple[Slug, ...] = ()


class CaseUnpublished(CaseEnvelope):
    """Nothing that somebody wrote or photographed is public any more."""

    type: Literal["case.unpublished.v1"] = "case.unpublished.v1"


class CaseLinked(CaseEnvelope):
    """Another case is about the same matter and goes on in the place of this one."""

    type: Literal["case.linked.v1"] = "case.linked.v1"
    linked_to: Ticket


class CaseUnlinked(CaseEnvelope):
    """It goes on by itself, with the clocks that it had."""

    type: Literal["case.unlinked.v1"] = "case.unlinked.v1"
    linked_to: Ticket


class CaseSplit(CaseEnvelope):
    """Parts of it went to other bodies."""

    type: Literal["case.split.v1"] = "case.split.v1"
    parts: tuple[CaseId, ...]


class FollowUpRefused(CaseEnvelope):
    """What the reporter wanted is not possible as the case stands."""

    type: Literal["follow_up.refused.v1"] = "follow_up.refused.v1"
    follow_up: FollowUpKind
    cause: UUID
    """The event of `ntbcare.complaints`."""
    allowed: tuple[FollowUpKind, ...] = ()


class PromiseBreached(CaseEnvelope):
    """A promise was due and not met."""

    type: Literal["promise.breached.v1"] = "promise.breached.v1"
    promise: PromiseKind
    due_at: AwareDatetime
    holder: AgencyId | None = None
    """Who had the case then."""


class CaseEscalated(CaseEnvelope):
    """Somebody above was told of a broken promise."""

    type: Literal["case.escalated.v1"] = "case.escalated.v1"
    promise: PromiseKind
    step: PositiveInt
    level: EscalationLevel
    holder: AgencyId | None = None


CaseEvent = Annotated[
    CaseOpened
    | CaseTriaged
    | CaseAssigned
    | CaseOfficerAssigned
    | CaseAccepted
    | CaseReturned
    | CaseForwarded
    | CaseReclassified
    | CaseRestricted
    | CaseProgressed
    | CaseInformationRequested
    | CaseResumed
    | CaseResolved
    | CaseReopened
    | CaseClosed
    | CaseRejected
    | CaseWithdrawn
    | CasePublished
    | CaseUnpublished
    | CaseLinked
    | CaseUnlinked
    | CaseSplit
    | FollowUpRefused
    | PromiseBreached
    | CaseEscalated,
    Field(discriminator="type"),
]
