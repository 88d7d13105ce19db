"""What the topics hold of one ticket, and what became of each thing that its reporter did after submitting.

An answer on `ntbcare.cases` proves that routing did it: its id follows from the reporter's event. What routing does
without saying so is taken as done where the consumers said that they were done with it, or with something after it.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from services.routing.domain.draft import REPORTER, Case, Entry, step_id
from services.routing.domain.erasing import ERASED, eraser, erasure_facts
from shared.events.case import CaseSnapshot
from shared.events.cases import (
    CaseClosed,
    CaseOpened,
    CaseProcessingRestricted,
    CaseReopened,
    CaseResumed,
    CaseUnpublished,
    CaseWithdrawn,
    FollowUpRefused,
)
from shared.events.complaints import (
    ComplaintErased,
    ComplaintSubmitted,
    ComplaintWithdrawn,
    ContactChanged,
    FollowUp,
    ProcessingRestricted,
    QuestionAnswered,
    ResolutionConfirmed,
    ResolutionDisputed,
)
from shared.events.envelope import CaseEnvelope
from shared.events.words import WordsRecorded

_ANSWERS: Final = (
    CaseResumed,
    CaseClosed,
    CaseReopened,
    CaseWithdrawn,
    CaseProcessingRestricted,
    FollowUpRefused,
    CaseUnpublished,
)
_ALWAYS_ANSWERED: Final = (QuestionAnswered, ResolutionConfirmed, ResolutionDisputed, ComplaintWithdrawn)

Later = FollowUp | ComplaintErased
"""What happens to a complaint after it was submitted, but for supports."""


@dataclass(frozen=True)
class Heard:
    """An event of `ntbcare.complaints`."""

    event: Any
    handled: bool
    """Whether routing's consumers have said that they are done with it."""


@dataclass(frozen=True)
class Told:
    """All of one ticket, each event once."""

    heard: tuple[Heard, ...] = ()
    """In the order of the topic."""
    events: tuple[CaseEnvelope, ...] = ()
    """By sequence."""
    words: Mapping[str, WordsRecorded] = field(default_factory=dict[str, WordsRecorded])
    """By event id; without what was erased."""

    @property
    def submission(self) -> ComplaintSubmitted | None:
        """The one that won: its case was opened, or it came first."""
        submitted = [one.event for one in self.heard if isinstance(one.event, ComplaintSubmitted)]
        opened = {event.event_id for event in self.events if isinstance(event, CaseOpened)}
        won = [event for event in submitted if step_id(event.event_id, CaseOpened) in opened]
        return next(iter(won or submitted), None)

    @property
    def top(self) -> int:
        """The highest sequence that was told of."""
        return self.events[-1].sequence if self.events else 0


@dataclass(frozen=True)
class Kept:
    """What the database holds of a case."""

    case: Case
    history: tuple[Entry, ...]
    texts: Mapping[str, str]
    applied: tuple[str, ...]
    """The oldest first."""
    unsent: frozenset[str] = frozenset()
    """Ids of the events in its outbox that the topic does not have."""

    def knows(self, event: Later) -> bool:
        """Whether it was done already."""
        return str(event.event_id) in self.applied or any(_tells(line, event) for line in self.history)


@dataclass(frozen=True)
class Done:
    """Something that a reporter did and routing is done with."""

    event: Later
    place: tuple[int, int, int]
    """Among the lines of the history."""
    at: datetime
    is_known: bool
    """The database has it."""
    is_refused: bool

    @property
    def line(self) -> Entry:
        if isinstance(self.event, ComplaintErased):
            return Entry(type=ERASED, at=self.at, role=eraser(self.event).role, facts=dict(erasure_facts(self.event)))
        return Entry(type=self.event.type, at=self.at, role=REPORTER.role, part=self.event.part)


def line_place(event: CaseEnvelope) -> tuple[int, int, int]:
    """Of an event's line among those of what reporters did."""
    return event.sequence, 1, 0


def settle(told: Told, kept: Kept | None, snapshot: CaseSnapshot) -> tuple[list[Done], list[Later]]:
    """What is done, in the order of the topic; what the consumers passed over and must be done yet.

    `snapshot`: the case as it stands. What the consumers will still come to is in neither.
    """
    later = [one for one in told.heard if isinstance(one.event, Later)]
    answers = [_answer(one.event, told.events) for one in later]
    known = [kept is not None and kept.knows(one.event) for one in later]
    last = max((number for number, facts in enumerate(zip(answers, known, strict=True)) if any(facts)), default=-1)
    refused = frozenset(_refused(told.events, kept))
    wish = _last_wish([one.event for one in later])
    places = _Places(told.events)
    done, undone = list[Done](), list[Later]()
    for number, (one, answer, is_known) in enumerate(zip(later, answers, known, strict=True)):
        event = one.event
        is_settled = is_known or answer is not None
        if not is_settled and _is_lost(event, told.events, wish, snapshot):
            undone += [event] if one.handled else []
        elif is_settled or ((one.handled or number < last) and not isinstance(event, _ALWAYS_ANSWERED)):
            place, at = places.find(event, answer, next(filter(None, answers[number + 1 :]), None))
            done.append(Done(event, place, at, is_known, str(event.event_id) in refused))
    return done, undone


def _answer(event: Later, events: Iterable[CaseEnvelope]) -> CaseEnvelope | None:
    ids = {step_id(event.event_id, kind) for kind in _ANSWERS}
    return next((one for one in events if one.event_id in ids), None)


def _last_wish(events: Sequence[Later]) -> ProcessingRestricted | None:
    """That counts: of whoever filed it for somebody who took it over nothing does, and nothing is said of it."""
    wish, taken_over = None, False
    for event in events:
        taken_over = taken_over or (isinstance(event, ContactChanged) and event.taken_over)
        if isinstance(event, ProcessingRestricted) and (event.by_subject or not taken_over):
            wish = event
    return wish


def _is_lost(
    event: Later, events: Sequence[CaseEnvelope], wish: ProcessingRestricted | None, snapshot: CaseSnapshot
) -> bool:
    """Whether something would have been said of it, and was not.

    Where something happened afterwards it is with the dead letters, and whoever re-drives those decides.
    """
    if wish is not None and event is wish:
        return wish.restricted != snapshot.processing_restricted
    return isinstance(event, _ALWAYS_ANSWERED) and not any(one.occurred_at > event.occurred_at for one in events)


def _refused(events: Iterable[CaseEnvelope], kept: Kept | None) -> Iterator[str]:
    yield from (str(event.cause) for event in events if isinstance(event, FollowUpRefused))
    kind = FollowUpRefused.model_fields["type"].default
    for line in kept.history if kept else ():
        if line.type == kind and line.facts:
            yield line.facts["cause"]


def _tells(line: Entry, event: Later) -> bool:
    if line.type != event.type:
        return False
    if isinstance(event, ComplaintErased):
        return (line.facts or {}).get("cause") == str(event.event_id)
    return line.part == event.part and line.at >= event.occurred_at


class _Places:
    """Where in the history each stands: before its answer, else behind all that had happened."""

    def __init__(self, events: Sequence[CaseEnvelope]) -> None:
        self._events = events
        self._count = 0
        self._sequence = 0

    def find(
        self, event: Later, answer: CaseEnvelope | None, before: CaseEnvelope | None
    ) -> tuple[tuple[int, int, int], datetime]:
        """`before`: what something later was answered by."""
        self._count += 1
        if answer is not None:
            self._sequence = max(self._sequence, answer.sequence)
            return (answer.sequence, 0, self._count), answer.occurred_at
        # What waited for its submission was done once the case was there.
        since = max([event.occurred_at, *(one.occurred_at for one in self._events[:1])])
        past = [one for one in self._events if one.occurred_at <= since]
        past = [one for one in past if before is None or one.sequence < before.sequence]
        self._sequence = max(self._sequence, past[-1].sequence if past else 0)
        at = next((one.occurred_at for one in self._events if one.sequence == self._sequence), event.occurred_at)
        return (self._sequence, 2, self._count), max(at, event.occurred_at)
