"""What a case is at one moment: its state, its promises, who has it. Facts only, part of every case event."""

from enum import StrEnum

from pydantic import Field, NonNegativeInt, PositiveInt

from shared.events.complaints import Cell, Proxy
from shared.events.event import AgencyId, CaseId, CategoryCode, Fact, Language, Moment, RegionCode, Slug, Urgency
from shared.ids import Ticket


class Status(StrEnum):
    """The states of a case."""

    RECEIVED = "received"
    IN_TRIAGE = "in_triage"
    ASSIGNED = "assigned"
    ACCEPTED = "accepted"
    IN_PROGRESS = "in_progress"
    AWAITING_REPORTER = "awaiting_reporter"
    RESOLVED = "resolved"
    CLOSED = "closed"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"


class Role(StrEnum):
    """Who acted."""

    RULE = "rule"
    CLOCK = "clock"
    REPORTER = "reporter"
    OFFICER = "officer"
    AGENCY_HEAD = "agency_head"
    COORDINATOR = "coordinator"


class PromiseKind(StrEnum):
    """The four clocks."""

    RESPONSE = "response"
    VERIFICATION = "verification"
    FIRST_FOLLOW_UP = "first_follow_up"
    RESOLUTION = "resolution"


class EscalationLevel(StrEnum):
    """Who is told that a promise was broken."""

    AGENCY_HEAD = "agency_head"
    COORDINATOR = "coordinator"
    """In the place of an agency's head, where no agency has the case."""
    SEKDA = "sekda"
    """The provincial secretary."""
    GOVERNOR = "governor"
    OMBUDSMAN = "ombudsman"
    """The reporter is offered the file for the Ombudsman."""


class Pause(Fact):
    """A time that is not the government's: it waited for the reporter, or thought that it was done."""

    started_at: Moment
    ended_at: Moment | None = None


class Promise(Fact):
    """One clock. Times are aware; a promise met after `due_at` is late, not unbroken."""

    kind: PromiseKind
    started_at: Moment
    due_at: Moment
    """While a pause is open, as it was before it."""
    met_at: Moment | None = None
    breached_at: Moment | None = None
    """The due time that passed."""
    ended_at: Moment | None = None
    """When the case ended without it: rejected, withdrawn or linked to another."""
    pauses: tuple[Pause, ...] = ()
    escalations: NonNegativeInt = 0
    """Steps of the ladder that were taken."""
    escalates_at: Moment | None = None
    """When the next one is."""

    @property
    def is_open(self) -> bool:
        return self.met_at is None and self.ended_at is None

    @property
    def is_paused(self) -> bool:
        return bool(self.pauses) and self.pauses[-1].ended_at is None


class Holding(Fact):
    """How long one body had the case: the coordinating one while it was in triage."""

    agency: AgencyId
    since: Moment
    until: Moment | None = None


class Budget(Fact):
    """What can only be done with money of a year to come."""

    year: PositiveInt = Field(ge=2000, le=2100)
    line: str = Field(min_length=1, max_length=200)
    """Programme or activity, as the budget names it."""


class SubCase(Fact):
    """A part of a case that another body works on."""

    case_id: CaseId
    agency: AgencyId
    status: Status
    since: Moment
    until: Moment | None = None


class CaseSnapshot(Fact):
    """The case as it stands after the event that carries it; of a ticket that was split, the whole of it."""

    status: Status
    category: CategoryCode
    region: RegionCode | None = None
    cell: Cell | None = None
    agency: AgencyId | None = None
    officer: Slug | None = None
    urgency: Urgency
    anonymous: bool = False
    confidential: bool = False
    historical: bool = False
    has_contact: bool = False
    language: Language = Language.INDONESIAN
    channel: Slug = "api"
    received_at: Moment
    promises: tuple[Promise, ...] = ()
    resumes_as: Status | None = None
    """What it becomes again when the reporter has answered, or when it is unlinked."""
    returns: NonNegativeInt = 0
    """How often an agency said that it is not responsible."""
    disagreed: bool = False
    """They said so too often: a coordinator must decide, and that binds."""
    bound: bool = False
    """A coordinator decided who is responsible: no agency may return it."""
    disputed: bool = False
    """The reporter says that it is not resolved, and nothing was said to that yet."""
    resolved_at: Moment | None = None
    closes_at: Moment | None = None
    """When silence after a resolution closes it."""
    linked_to: Ticket | None = None
    """The case of the same matter that goes on in its place."""
    processing_restricted: bool = False
    """The reporter wants what is personal to be kept but used for nothing."""
    photos: NonNegativeInt = 0
    """That came with the complaint."""
    proxy: Proxy | None = None
    """Who filed for the person concerned; None: they themselves, or they have taken it over."""
    taken_over: bool = False
    """By the person concerned: nothing that who filed for them sends is done any more."""
    budget: Budget | None = None
    publication: str | None = None
    """Key of what is public of its words, on `ntbcare.words`."""
    holdings: tuple[Holding, ...] = ()
    """Who had it, the first first."""
    parts: tuple[SubCase, ...] = ()

    def promise(self, kind: PromiseKind) -> Promise | None:
        return next((promise for promise in self.promises if promise.kind == kind), None)
