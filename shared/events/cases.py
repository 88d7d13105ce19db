"""What government did: topic `ntbcare.cases`, written by routing, keyed by ticket. Facts only, kept for ever."""

from enum import StrEnum
from typing import Annotated, Literal, Protocol, cast

from pydantic import AwareDatetime, Field, PositiveInt

from shared.events.complaints import Cell
from shared.events.event import AgencyId, CaseId, CategoryCode, Event, Fact, Language, RegionCode, Slug, Urgency


class Status(StrEnum):
    """The states of a case."""

    RECEIVED = "received"
    IN_TRIAGE = "in_triage"
    ASSIGNED = "assigned"
    ACCEPTED = "accepted"
    IN_PROGRESS = "in_progress"
    RESOLVED = "resolved"


class Role(StrEnum):
    """Who acted."""

    RULE = "rule"
    OFFICER = "officer"
    COORDINATOR = "coordinator"


class PromiseKind(StrEnum):
    """The four clocks."""

    RESPONSE = "response"
    VERIFICATION = "verification"
    FIRST_FOLLOW_UP = "first_follow_up"
    RESOLUTION = "resolution"


class TriageReason(StrEnum):
    """Why no rule could decide."""

    NO_RULE = "no_rule"
    REGION_UNKNOWN = "region_unknown"
    NO_AGENCY = "no_agency"
    """No body was valid for the rule on the day of the complaint."""
    CONFLICT_OF_INTEREST = "conflict_of_interest"
    """The rule led to the body that the complaint is about."""
    UNKNOWN_CATEGORY = "unknown_category"


class Promise(Fact):
    """One clock. Times are aware; a promise met after `due_at` is late, not unbroken."""

    kind: PromiseKind
    started_at: AwareDatetime
    due_at: AwareDatetime
    met_at: AwareDatetime | None = None


class CaseSnapshot(Fact):
    """The case as it stands after the event that carries it."""

    status: Status
    category: CategoryCode
    region: RegionCode | None = None
    cell: Cell | None = None
    agency: AgencyId | None = None
    urgency: Urgency
    anonymous: bool = False
    confidential: bool = False
    historical: bool = False
    has_contact: bool = False
    language: Language = Language.INDONESIAN
    channel: Slug = "api"
    received_at: AwareDatetime
    promises: tuple[Promise, ...] = ()

    def promise(self, kind: PromiseKind) -> Promise | None:
        return next((promise for promise in self.promises if promise.kind == kind), None)


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
    """No rule decided; a coordinator must."""

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
    """Name of the rule that decided, so that anyone can ask why."""


class CaseAccepted(CaseEnvelope):
    """The agency says that it is responsible."""

    type: Literal["case.accepted.v1"] = "case.accepted.v1"


class CaseProgressed(CaseEnvelope):
    """The agency did something and says what."""

    type: Literal["case.progressed.v1"] = "case.progressed.v1"


class CaseResolved(CaseEnvelope):
    """The agency says that it is done."""

    type: Literal["case.resolved.v1"] = "case.resolved.v1"


CaseEvent = Annotated[
    CaseOpened | CaseTriaged | CaseAssigned | CaseAccepted | CaseProgressed | CaseResolved,
    Field(discriminator="type"),
]
