"""What government did: topic `ntbcare.cases`, written by routing, keyed by ticket. Facts only, kept for ever."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field, PositiveInt

from shared.events.case import EscalationLevel, PromiseKind
from shared.events.envelope import CaseEnvelope
from shared.events.event import AgencyId, CaseId, CategoryCode, Moment, Slug, Urgency
from shared.events.reasons import FollowUpKind, RejectionReason, ReturnReason, TriageReason
from shared.ids import Ticket


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


class CaseProcessingRestricted(CaseEnvelope):
    """The reporter wants what is personal to be used for nothing, or lets it be used again."""

    type: Literal["case.processing_restricted.v1"] = "case.processing_restricted.v1"
    reason: Literal["asked", "taken_back"]


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
    similarity: float | None = Field(default=None, ge=0, le=1)
    """Where a rule linked it: how alike the words are."""


class CaseConcluded(CaseEnvelope):
    """The case that goes on in the place of this one came to an end: who reported this one is told so too."""

    type: Literal["case.concluded.v1"] = "case.concluded.v1"
    linked_to: Ticket
    outcome: Literal["resolved", "closed", "rejected"]
    reason: RejectionReason | None = None
    """Of a rejection."""
    cause: UUID
    """The event of the other case."""


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
    taken_over: bool = False
    """It came from who filed for somebody else, who has taken the case over: nobody is told."""


class PromiseBreached(CaseEnvelope):
    """A promise was due and not met."""

    type: Literal["promise.breached.v1"] = "promise.breached.v1"
    promise: PromiseKind
    due_at: Moment
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
    | CaseProcessingRestricted
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
    | CaseConcluded
    | CaseUnlinked
    | CaseSplit
    | FollowUpRefused
    | PromiseBreached
    | CaseEscalated,
    Field(discriminator="type"),
]
