"""Who had a case at a moment, how long, and where it lay."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Final

from services.reporting.domain.case import Step, StoredCase
from shared.events.case import CaseSnapshot, Promise, Status

ENDED: Final = frozenset({Status.CLOSED.value, Status.REJECTED.value, Status.WITHDRAWN.value})

_SUCCESSOR: Final = "successor"
"""The rule by which routing hands open cases over."""

Span = tuple[datetime, datetime]


@dataclass(frozen=True, slots=True)
class Stay:
    """A time in which one body had the case in one state; None: nobody had it, or it still is so."""

    agency: str | None
    status: str
    since: datetime
    until: datetime | None


def holder_at(case: CaseSnapshot, at: datetime) -> str | None:
    """Of two that changed hands at the moment, the one that had it until then."""
    spans = [(holding.since, holding.until or at, holding.agency) for holding in case.holdings]
    held = [agency for since, until, agency in spans if since <= at <= until]
    if held:
        return held[0]
    return None if case.holdings else case.agency


def given_to(stored: StoredCase, holder: str | None) -> str | None:
    """The body that it was given to last, of which `holder` may be the successor that took it over when it ended."""
    given: str | None = None
    steps = [step for _, step in sorted(stored.history.items())]
    for before, step in pairwise(steps):
        if step.agency != before.agency:
            given = given or before.agency if _took_over(step) else None
    return given or holder


def _took_over(step: Step) -> bool:
    return step.type == "case.assigned.v1" and step.facts.get("rule") == _SUCCESSOR


def own_time(case: CaseSnapshot, promise: Promise) -> timedelta | None:
    """How long whoever met the promise had the case since it began, without its pauses; None: it is not met."""
    if promise.met_at is None:
        return None
    whole = promise.started_at, promise.met_at
    agency = holder_at(case, promise.met_at)
    held = [(one.since, one.until or promise.met_at) for one in case.holdings if one.agency == agency]
    paused = [(pause.started_at, pause.ended_at or promise.met_at) for pause in promise.pauses]
    mine = [_overlap(span, whole) for span in held] if case.holdings else [whole]
    return _length(mine) - _length(_overlap(span, pause) for span in mine for pause in paused)


def stays_of(stored: StoredCase) -> list[Stay]:
    """Of the whole ticket, the first first; none that ended."""
    stays: list[Stay] = []
    for agency, status, at in _turns(stored):
        if stays:
            stays[-1] = Stay(stays[-1].agency, stays[-1].status, stays[-1].since, at)
        stays.append(Stay(agency, status, at, None))
    return [stay for stay in stays if stay.status not in ENDED]


def _turns(stored: StoredCase) -> Iterator[tuple[str | None, str, datetime]]:
    """Whenever another body got it, or it came into another state."""
    before: tuple[str | None, str] | None = None
    for _, step in sorted(stored.history.items()):
        now = step.agency, step.status
        if now != before:
            yield *now, step.at
        before = now


def _overlap(one: Span, other: Span) -> Span:
    first = max(one[0], other[0])
    return first, max(first, min(one[1], other[1]))


def _length(spans: Iterable[Span]) -> timedelta:
    return sum((last - first for first, last in spans), timedelta())
