"""Where it sits: which body has how many cases in which state, for how long, and how long they lay there before."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from services.reporting.domain.definitions import Definitions
from services.reporting.domain.scorecards import HALF, NINE_TENTHS, Period, histogram
from services.reporting.domain.tallies import SITS, STAYED
from shared.events.case import Status

STAGES: Final = (
    Status.RECEIVED,
    Status.IN_TRIAGE,
    Status.ASSIGNED,
    Status.ACCEPTED,
    Status.IN_PROGRESS,
    Status.AWAITING_REPORTER,
    Status.RESOLVED,
)
"""In the order in which a case goes through them; resolved ones wait for the reporter's word."""


@dataclass(slots=True)
class Sitting:
    """One state at one body."""

    status: str
    by_age: list[int]
    """Cases that lie there now, by bins of days (`edges_days`, and beyond)."""
    oldest_days: int = 0
    median_days: float | None = None
    """How long those that went on had lain there."""
    p90_days: float | None = None
    went_on: int = 0

    @property
    def now(self) -> int:
        return sum(self.by_age)


@dataclass(frozen=True, slots=True)
class Row:
    """One body; of its stages, in order, those in which something lies or lay."""

    agency: str
    stages: Sequence[Sitting]
    days: int = field(default=0)
    """Of all cases that lie there now, added up: where most days are lost."""


def where_it_sits(counted: Iterable[tuple[str, Mapping[str, int]]], definitions: Definitions, today: date) -> list[Row]:
    """From the figures by body; who has lost most days now comes first."""
    rows: list[Row] = []
    for agency, numbers in counted:
        ages = _ages(numbers, today)
        every = [_sitting(status, ages[status], numbers, definitions) for status in STAGES]
        if stages := [stage for stage in every if stage.now or stage.went_on]:
            days = sum(age * number for of_stage in ages.values() for age, number in of_stage.items())
            rows.append(Row(agency, stages, days))
    return sorted(rows, key=lambda row: (-row.days, row.agency))


def stays(definitions: Definitions) -> list[str]:
    """Names of all figures that say how long cases lay somewhere."""
    ends = [*(f"within_{edge}" for edge in definitions.edges_days), "beyond"]
    return [f"{STAYED}{status}_{end}" for status in STAGES for end in ends]


def last_three_months(today: date) -> tuple[date, date]:
    """First and last day of the three whole months that end with the one it is."""
    this = Period.parse(f"{today:%Y-%m}")
    return this.before.before.first, this.last


def _sitting(status: Status, ages: Mapping[int, int], numbers: Mapping[str, int], definitions: Definitions) -> Sitting:
    edges, name = definitions.edges_days, f"{STAYED}{status}"
    sitting = Sitting(status.value, [0] * (len(edges) + 1), max(ages, default=0))
    for days, number in ages.items():
        sitting.by_age[bisect_left(edges, days)] += number
    bins = histogram(numbers, name, edges)
    sitting.went_on = bins.total
    sitting.median_days, sitting.p90_days = bins.quantile(HALF), bins.quantile(NINE_TENTHS)
    return sitting


def _ages(numbers: Mapping[str, int], today: date) -> dict[Status, Counter[int]]:
    """By stage: how many cases have lain there for so many days."""
    ages: dict[Status, Counter[int]] = {status: Counter() for status in STAGES}
    for name, number in numbers.items():
        if number and name.startswith(SITS):
            status, _, since = name.removeprefix(SITS).partition("_since_")
            days = (today - date.fromisoformat(since)).days
            ages[Status(status)][max(0, days)] += number
    return ages
