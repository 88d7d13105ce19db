"""Whether a promise was kept, and how late it was."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from services.reporting.domain.moments import length_in_words
from services.reporting.domain.terms import OUTCOMES, PROMISES, named
from shared.events.case import Pause, Promise
from shared.events.event import Language


@dataclass(frozen=True, slots=True)
class PauseRecord:
    """A time that does not count: it waited for the reporter, or counted as done. Open: it waits now."""

    started_at: datetime
    ended_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PromiseRecord:
    """One clock with its outcome: `kept`, `late`, `broken`, `ended`, `paused` or `open`."""

    kind: str
    name: str
    started_at: datetime
    due_at: datetime
    pauses: list[PauseRecord]
    met_at: datetime | None
    ended_at: datetime | None
    outcome: str
    outcome_name: str
    broken: bool
    late_days: int
    """Whole days of 24 hours since it was due, without pauses; until now where it is still not met."""
    late: str | None
    """The same in words, with hours; null where it was not broken."""


def is_broken(promise: Promise) -> bool:
    """One that was met in time is not, even if it was open again for a while after that."""
    if promise.met_at is not None:
        return promise.met_at > promise.due_at
    return promise.breached_at is not None


def lateness(promise: Promise, at: datetime) -> timedelta:
    """From its due time until it was met, ended, or until now; what it was paused meanwhile is not counted."""
    if not is_broken(promise):
        return timedelta()
    until = promise.met_at or promise.ended_at or at
    paused = sum((_overlap(pause, promise.due_at, until) for pause in promise.pauses), timedelta())
    return max(until - promise.due_at - paused, timedelta())


def outcome_of(promise: Promise) -> str:
    if promise.met_at is not None:
        return "late" if is_broken(promise) else "kept"
    if promise.breached_at is not None:
        return "broken"
    if promise.ended_at is not None:
        return "ended"
    return "paused" if promise.is_paused else "open"


def record_promise(promise: Promise, at: datetime, language: Language) -> PromiseRecord:
    outcome, late, broken = outcome_of(promise), lateness(promise, at), is_broken(promise)
    return PromiseRecord(
        kind=promise.kind.value,
        name=named(PROMISES, promise.kind, language),
        started_at=promise.started_at,
        due_at=promise.due_at,
        pauses=[PauseRecord(pause.started_at, pause.ended_at) for pause in promise.pauses],
        met_at=promise.met_at,
        ended_at=promise.ended_at,
        outcome=outcome,
        outcome_name=named(OUTCOMES, outcome, language),
        broken=broken,
        late_days=late.days,
        late=length_in_words(late, language) if broken else None,
    )


def _overlap(pause: Pause, first: datetime, last: datetime) -> timedelta:
    return max(min(pause.ended_at or last, last) - max(pause.started_at, first), timedelta())
