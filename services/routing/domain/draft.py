"""A case while it is being changed: what happened so far, in order."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from services.routing.domain.calendar import due_after_working_days
from services.routing.domain.promises import meet, promised_at_assignment
from services.routing.domain.rulebook import Rulebook
from shared.events.case import CaseSnapshot, Holding, PromiseKind, Role, Status, SubCase
from shared.events.envelope import CaseEnvelope
from shared.events.event import Event, Fact
from shared.events.words import WordsKind, WordsRecorded
from shared.ids import follow_id

_ENVELOPE: Final = frozenset(CaseEnvelope.model_fields) | {"type"}


@dataclass(frozen=True)
class Actor:
    """Who acts. `id` is a person's at the desk; it never leaves routing."""

    role: Role
    id: str | None = None
    agency: str | None = None


RULE: Final = Actor(Role.RULE)
CLOCK: Final = Actor(Role.CLOCK)
REPORTER: Final = Actor(Role.REPORTER)


class Entry(Fact):
    """A line of the history that the desk keeps, of which nothing is ever changed but what must be erased."""

    type: str
    at: datetime
    role: Role
    actor: str | None = None
    agency: str | None = None
    sequence: int | None = None
    """Of its event; None where none was published."""
    case_id: str | None = None
    """Of the part that it is about."""
    facts: dict[str, Any] | None = None
    """What the event says besides what all events do."""
    words: str | None = None
    """Id under which the case keeps what was written."""
    part: str | None = None
    """Personal part that holds what the reporter wrote."""


def line_of(event: CaseEnvelope, actor: str | None = None) -> Entry:
    """What the history says of an event. `actor`: who did it, which the event doesn't say."""
    told = event.model_dump(mode="json", exclude=set(_ENVELOPE), exclude_none=True)
    return Entry(
        type=event.kind,
        at=event.occurred_at,
        role=event.actor,
        actor=actor,
        agency=event.actor_agency,
        sequence=event.sequence,
        case_id=event.case_id if event.case_id != event.ticket else None,
        facts=told or None,
        words=str(event.event_id) if event.words else None,
    )


def step_id(cause: UUID, kind: type[CaseEnvelope]) -> UUID:
    """The id of the event of this kind that comes of the cause."""
    name: str = kind.model_fields["type"].default
    return follow_id(cause, name.removeprefix("case.").removesuffix(".v1"))


@dataclass(frozen=True)
class Case:
    """A case as it is stored. `sequence` is that of its newest event, `at` the time of its newest change."""

    ticket: str
    sequence: int
    snapshot: CaseSnapshot
    at: datetime
    about: str | None = None
    """The body that the complaint is about."""


@dataclass(frozen=True)
class Change:
    """The case after a step, and what is to be published and kept because of it, in order."""

    case: Case
    events: tuple[Event, ...] = ()
    history: tuple[Entry, ...] = ()
    texts: Mapping[str, str] = field(default_factory=dict[str, str])
    """What officers wrote, by id."""
    erased: tuple[str, ...] = ()
    """Ids of words that nobody may read any more."""
    contact: str | None = None
    """Personal part that says how the reporter is reached from now on."""

    def then(self, later: "Change") -> "Change":
        """Both as one."""
        return Change(
            later.case,
            self.events + later.events,
            self.history + later.history,
            {**self.texts, **later.texts},
            self.erased + later.erased,
            later.contact or self.contact,
        )


@dataclass
class Draft:
    """Collects a change. `cause` is what all event ids derive from."""

    ticket: str
    case: CaseSnapshot
    sequence: int
    at: datetime
    actor: Actor
    cause: UUID
    rulebook: Rulebook
    about: str | None = None
    events: list[Event] = field(default_factory=list[Event])
    history: list[Entry] = field(default_factory=list[Entry])
    texts: dict[str, str] = field(default_factory=dict[str, str])
    erased: list[str] = field(default_factory=list[str])
    contact: str | None = None

    @classmethod
    def of(cls, case: Case, actor: Actor, cause: UUID, at: datetime, rulebook: Rulebook) -> "Draft":
        """Time never runs backwards in a case, whatever the clocks of those who write it say."""
        return cls(case.ticket, case.snapshot, case.sequence, max(at, case.at), actor, cause, rulebook, case.about)

    def finish(self) -> Change:
        case = Case(self.ticket, self.sequence, self.case, self.at, self.about)
        events, history = tuple(self.events), tuple(self.history)
        return Change(case, events, history, self.texts, tuple(self.erased), self.contact)

    def change(self, **fields: Any) -> None:
        self.case = self.case.model_copy(update=fields)

    def emit(
        self,
        kind: type[CaseEnvelope],
        text: str | None = None,
        words: WordsKind = WordsKind.DECISION,
        *,
        part: str | None = None,
        event_id: UUID | None = None,
        **facts: Any,
    ) -> str:
        """Add the event, with its words before it, and its line of the history; returns its id."""
        event_id = event_id or self.next_id(kind)
        if text:
            self._write(event_id, words, text)
        self.sequence += 1
        event = kind(
            event_id=event_id,
            ticket=self.ticket,
            occurred_at=self.at,
            case_id=part or self.ticket,
            sequence=self.sequence,
            actor=self.actor.role,
            actor_agency=self.actor.agency,
            words=f"{self.ticket}:{event_id}" if text else None,
            case=self.case,
            **facts,
        )
        self.events.append(event)
        self.history.append(line_of(event, self.actor.id))
        return str(event_id)

    def next_id(self, kind: type[CaseEnvelope]) -> UUID:
        """The id that an event of the kind gets."""
        return step_id(self.cause, kind)

    def note(self, kind: str, **fields: Any) -> None:
        """Add a line of the history that announces nothing."""
        actor = self.actor
        self.history.append(
            Entry(type=kind, at=self.at, role=actor.role, actor=actor.id, agency=actor.agency, **fields)
        )

    def write_note(self, text: str, part: str | None = None) -> None:
        """Keep words that never leave the desk."""
        note_id = str(self.cause)
        self.texts[note_id] = text
        self.note("note", words=note_id, case_id=part)

    def change_part(self, part: SubCase, **fields: Any) -> None:
        changed = part.model_copy(update=fields)
        self.change(parts=tuple(changed if one.case_id == part.case_id else one for one in self.case.parts))

    def _write(self, event_id: UUID, kind: WordsKind, text: str) -> None:
        self.texts[str(event_id)] = text
        words = WordsRecorded(event_id=event_id, ticket=self.ticket, occurred_at=self.at, kind=kind, text=text)
        self.events.append(words)

    def meet(self, kinds: Collection[PromiseKind]) -> None:
        self.change(promises=meet(self.case.promises, kinds, self.at))

    def hold(self, agency: str | None) -> None:
        """From now on this body has it; None: nobody, for it ended."""
        holdings = self.case.holdings
        if holdings and holdings[-1].until is None:
            if holdings[-1].agency == agency:
                return
            holdings = (*holdings[:-1], holdings[-1].model_copy(update={"until": self.at}))
        if agency is not None:
            holdings = (*holdings, Holding(agency=agency, since=self.at))
        self.change(holdings=holdings)

    @property
    def holder(self) -> str | None:
        last = self.case.holdings[-1:]
        return next((holding.agency for holding in last if holding.until is None), None)

    def give_to(self, agency: str, *, since: datetime | None = None) -> None:
        """The agency has it. Only the first assignment ever starts clocks."""
        at = since or self.at
        promises = meet(self.case.promises, {PromiseKind.VERIFICATION}, at)
        if self.case.promise(PromiseKind.RESOLUTION) is None:
            promises += promised_at_assignment(self.rulebook, self.case.category, at)
        self.hold(agency)
        self.change(status=Status.ASSIGNED, agency=agency, officer=None, resumes_as=None, promises=promises)

    def silence_ends_at(self) -> datetime:
        return due_after_working_days(self.at, self.rulebook.standard.silence_days, self.rulebook.closed)

    def unpublish(self) -> None:
        """Erase what is public of its words."""
        if self.case.publication is not None:
            self.erased.append(self.case.publication.partition(":")[2])
            self.change(publication=None)
