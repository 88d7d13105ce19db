"""What a case counts as, and for whom.

It follows from the whole stored case and the definitions, and from nothing else.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

import h3

from services.reporting.domain.case import Step, StoredCase
from services.reporting.domain.definitions import CountsFor, Definitions, Figure, Outcome
from services.reporting.domain.figures import (
    CONFIDENTIAL,
    DUE_ON,
    HEXAGON,
    SITS,
    STAYED,
    SUPPORTS,
    bucket_of,
    levels_of,
)
from services.reporting.domain.holding import ENDED, Stay, given_to, holder_at, own_time, stays_of
from shared.events.case import CaseSnapshot, Promise
from shared.wita import day_of

LATE: Final = "late"
URGENT: Final = "urgent_open"
_DUE_ON: Final = re.compile(f"{DUE_ON}([0-9]{{8}})")
_RESOLUTION: Final = 6
"""Of H3: hexagons of some 36 square kilometres, wide enough for the cells of 0.02 degrees that cases have."""
_HALF_A_CELL: Final = 0.01
_REGENCY: Final = 2
_DAY: Final = timedelta(days=1)
_HOUR: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Tally:
    """Figures of one case that count for one body (None: nobody has it)."""

    bucket: str
    agency: str | None
    figures: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Tallied:
    """All that one case counts as."""

    tallies: tuple[Tally, ...] = ()
    listed: tuple[str, ...] = ()
    """Those of its figures whose cases can be listed everywhere."""
    late_since: datetime | None = None
    """When the first of its promises that are overdue now was due."""


def due_figure(day: date) -> str:
    """The figure of open cases whose next promise ends on the day."""
    return f"{DUE_ON}{day:%Y%m%d}"


def tally(stored: StoredCase, definitions: Definitions) -> Tallied:
    """Nothing before the first event of the case."""
    if stored.head is None:
        return Tallied()
    case = stored.head.snapshot
    counted = dict[str | None, dict[str, None]]()
    for agency, figure in _figures(stored, case, definitions):
        counted.setdefault(agency, {})[figure] = None
    prefix = CONFIDENTIAL if case.confidential else ""
    place = case.model_copy(update={"region": _told(case.region)}) if _is_rough(case, definitions) else case
    tallies = (
        Tally(bucket_of(place, agency).key, agency, tuple(sorted(prefix + figure for figure in figures)))
        for agency, figures in counted.items()
    )
    mine = counted.get(case.agency, {})
    names = {figure.id for figure in definitions.figures if figure.listed}
    listed = tuple(sorted(figure for figure in mine if figure in names or figure.startswith(DUE_ON)))
    late_since = _late_since(case) if LATE in mine else None
    return Tallied(tuple(sorted(tallies, key=lambda one: one.bucket)), listed, late_since)


def within(name: str, length: timedelta, edges: Iterable[int], unit: timedelta) -> str:
    """The bin of a histogram; an edge belongs to the bin below it."""
    edge = next((edge for edge in edges if length <= edge * unit), None)
    return f"{name}_beyond" if edge is None else f"{name}_within_{edge}"


def hexagon_of(cell: str) -> str:
    """The H3 index of the middle of a cell."""
    south, west = (float(degrees) for degrees in cell.split(","))
    return h3.latlng_to_cell(south + _HALF_A_CELL, west + _HALF_A_CELL, _RESOLUTION)


def due_on(figure: str) -> date | None:
    """The day of a figure `due_on_20260405`; None: it is none of these."""
    named = _DUE_ON.fullmatch(figure)
    try:
        return date.fromisoformat(named[1]) if named else None
    except ValueError:
        return None


def outcomes_of(promise: Promise) -> set[Outcome]:
    if promise.met_at is not None:
        return {Outcome.KEPT if promise.met_at <= promise.due_at else Outcome.LATE}
    if promise.breached_at is None:
        return set()
    overdue = promise.is_open and not promise.is_paused
    return {Outcome.BROKEN, Outcome.OVERDUE} if overdue else {Outcome.BROKEN}


def _figures(stored: StoredCase, case: CaseSnapshot, definitions: Definitions) -> Iterator[tuple[str | None, str]]:
    if case.cell and not case.confidential and not _is_rough(case, definitions):
        yield case.agency, f"{HEXAGON}{hexagon_of(case.cell)}"
    for figure in definitions.figures:
        if figure.historical or not case.historical:
            yield from ((agency, figure.id) for agency in _counted_for(figure, stored, case))
    yield from ((case.agency, name) for name in _supports(stored.supports))
    if not case.historical:
        yield from _durations(case, definitions)
        yield from _lain(stays_of(stored), definitions)
        yield from _due(case)


def _supports(number: int) -> Iterator[str]:
    """At most 4 095 of one case are counted in figures."""
    most = min(number, 2 ** len(SUPPORTS) - 1)
    return (name for bit, name in enumerate(SUPPORTS) if most >> bit & 1)


def _is_rough(case: CaseSnapshot, definitions: Definitions) -> bool:
    return case.category.startswith(definitions.rough)


def _told(region: str | None) -> str | None:
    """At most the regency."""
    return levels_of(region)[:_REGENCY][-1] if region else None


def _counted_for(figure: Figure, stored: StoredCase, case: CaseSnapshot) -> Iterator[str | None]:
    """The bodies for which the case has the figure."""
    if figure.statuses and case.status not in figure.statuses:
        return
    if figure.urgencies and case.urgency not in figure.urgencies:
        return
    if figure.linked not in {None, case.linked_to is not None}:
        return
    promises = [promise for promise in case.promises if _has_outcome(figure, promise)]
    steps = [step for _, step in sorted(stored.history.items()) if _is_meant(figure, step)]
    if (figure.promise and not promises) or (figure.step and not steps):
        return
    match figure.counts_for:
        case CountsFor.HOLDER:
            yield case.agency
        case CountsFor.GIVEN:
            yield given_to(stored, case.agency)
        case CountsFor.ACTOR:
            yield from {step.actor_agency for step in steps if step.actor_agency}
        case CountsFor.THEN:
            # Of a step that happened again the last one counts.
            yield steps[-1].agency if steps else _had_it(case, promises[0])


def _had_it(case: CaseSnapshot, promise: Promise) -> str | None:
    """Whoever kept it, or whoever had the case when it became due."""
    kept = promise.met_at is not None and promise.met_at <= promise.due_at
    return holder_at(case, promise.met_at if kept and promise.met_at else promise.due_at)


def _has_outcome(figure: Figure, promise: Promise) -> bool:
    return figure.promise in {"any", promise.kind} and not outcomes_of(promise).isdisjoint(figure.outcomes)


def _is_meant(figure: Figure, step: Step) -> bool:
    if step.type != figure.step:
        return False
    fits = not figure.reasons or step.facts.get("reason") in figure.reasons
    return fits and (figure.rating is None or step.facts.get("rating") == figure.rating)


def _durations(case: CaseSnapshot, definitions: Definitions) -> Iterator[tuple[str | None, str]]:
    for duration in definitions.durations:
        promise = case.promise(duration.promise)
        if promise is not None and promise.met_at is not None:
            length = own_time(case, promise) or timedelta()
            name = within(duration.id, length, definitions.edges_hours, _HOUR)
            yield holder_at(case, promise.met_at), name


def _lain(stays: Iterable[Stay], definitions: Definitions) -> Iterator[tuple[str | None, str]]:
    """Where it lay and lies. Of several stays at one body in one state the bin of their sum counts."""
    over = dict[tuple[str | None, str], timedelta]()
    for stay in stays:
        if stay.until is None:
            yield stay.agency, f"{SITS}{stay.status}_since_{day_of(stay.since):%Y%m%d}"
        else:
            place = stay.agency, stay.status
            over[place] = over.get(place, timedelta()) + (stay.until - stay.since)
    for (agency, status), length in over.items():
        yield agency, within(f"{STAYED}{status}", length, definitions.edges_days, _DAY)


def _due(case: CaseSnapshot) -> Iterator[tuple[str | None, str]]:
    """The day on which the next of its promises is due."""
    running = [promise for promise in case.promises if promise.is_open and not promise.is_paused]
    coming = [promise.due_at for promise in running if promise.breached_at is None]
    if coming and case.status.value not in ENDED:
        yield case.agency, due_figure(day_of(min(coming)))


def _late_since(case: CaseSnapshot) -> datetime | None:
    overdue = [promise.due_at for promise in case.promises if Outcome.OVERDUE in outcomes_of(promise)]
    return min(overdue, default=None)
