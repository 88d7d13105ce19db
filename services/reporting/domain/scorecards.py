"""How one agency did with what was received in one month."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

from services.reporting.domain.figures import CONFIDENTIAL, COUNTS, EDGES, FOLLOW_UP, RESOLUTION
from services.reporting.domain.statistics import Counts, percent, tenths
from shared.directory import Directory
from shared.events.case import PromiseKind

_OPEN: Final = "open_"


@dataclass(frozen=True, slots=True)
class PromiseShare:
    """One promise. `overdue` are the open ones that were due before today."""

    kind: PromiseKind
    on_time: int
    late: int
    open: int
    overdue: int

    @property
    def on_time_percent(self) -> float | None:
        """Of those that came due, so that what is never answered counts as well."""
        return percent(self.on_time, self.on_time + self.late + self.overdue)


@dataclass(frozen=True, slots=True)
class Performance:
    """Counts, clocks and medians of some cases."""

    counts: Counts
    promises: tuple[PromiseShare, ...]
    median_hours_to_follow_up: float | None
    median_hours_to_resolution: float | None


@dataclass(frozen=True, slots=True)
class Scorecard:
    """The whole, and by category, most complaints first."""

    overall: Performance
    categories: tuple[tuple[str, Performance], ...]


def make_scorecard(buckets: Iterable[tuple[str, Mapping[str, int]]], today: date) -> Scorecard:
    """Add up buckets given as (category, counts)."""
    overall: Counter[str] = Counter()
    parts: dict[str, Counter[str]] = {}
    for category, counts in buckets:
        overall.update(counts)
        parts.setdefault(category, Counter()).update(counts)
    performances = [(category, _performance(figures, today)) for category, figures in parts.items()]
    performances.sort(key=lambda part: (-part[1].counts.received, part[0]))
    return Scorecard(_performance(overall, today), tuple(part for part in performances if part[1].counts.received))


def predecessors_of(agency: str, directory: Directory) -> list[str]:
    return sorted(known.id for known in directory.agencies.values() if known.successor == agency)


def month_before(today: date) -> str:
    return f"{today.year - 1}-12" if today.month == 1 else f"{today.year}-{today.month - 1:02}"


def median_hours(figures: Mapping[str, int], name: str) -> float | None:
    """Estimated by straight line inside the histogram's bin; the last edge where the median lies beyond it."""
    numbers = [figures.get(f"{name}_within_{edge}", 0) for edge in EDGES]
    half = Decimal(sum(numbers) + figures.get(f"{name}_beyond", 0)) / 2
    if not half:
        return None
    below = 0
    for lower, upper, number in zip((0, *EDGES), EDGES, numbers, strict=False):
        if below + number >= half:
            return tenths(lower + (half - below) / number * (upper - lower))
        below += number
    return float(EDGES[-1])


def _performance(figures: Mapping[str, int], today: date) -> Performance:
    return Performance(
        counts=Counts.of({name: figures.get(name, 0) + figures.get(f"{CONFIDENTIAL}{name}", 0) for name in COUNTS}),
        promises=tuple(_share(figures, kind, today) for kind in PromiseKind),
        median_hours_to_follow_up=median_hours(figures, FOLLOW_UP),
        median_hours_to_resolution=median_hours(figures, RESOLUTION),
    )


def _share(figures: Mapping[str, int], kind: PromiseKind, today: date) -> PromiseShare:
    prefix = f"{kind.value}_{_OPEN}"
    by_due_day = {name.removeprefix(prefix): number for name, number in figures.items() if name.startswith(prefix)}
    return PromiseShare(
        kind=kind,
        on_time=figures.get(f"{kind.value}_on_time", 0),
        late=figures.get(f"{kind.value}_late", 0),
        open=sum(by_due_day.values()),
        overdue=sum(number for due, number in by_due_day.items() if due < f"{today:%Y%m%d}"),
    )
