"""Where it sits: which body has how many cases in which state, for how long, and how long they lay there before."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Final

from services.reporting.domain.definitions import Definitions
from services.reporting.domain.scorecards import Period, quantile_hours
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

    agency: str
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
    """One body, its stages in order."""

    agency: str
    stages: Sequence[Sitting]
    days: int = field(default=0)
    """Of all cases that lie there now, added up: where most days are lost."""


def where_it_sits(counted: Iterable[tuple[str, Mapping[str, int]]], definitions: Definitions, today: date) -> list[Row]:
    """From the figures by body; who has lost most days now comes first."""
    rows: list[Row] = []
    for agency, numbers in counted:
        stages = [_sitting(agency, status, numbers, definitions, today) for status in STAGES]
        if any(stage.now or stage.went_on for stage in stages):
            rows.append(Row(agency, stages, _days(numbers, today)))
    return sorted(rows, key=lambda row: (-row.days, row.agency))


def stays(definitions: Definitions) -> list[str]:
    """Names of all figures that say how long cases lay somewhere."""
    ends = [*(f"within_{edge}" for edge in definitions.edges_days), "beyond"]
    return [f"{STAYED}{status}_{end}" for status in STAGES for end in ends]


def last_twelve_months(today: date) -> tuple[date, date]:
    """First and last day of the twelve whole months that end with the one it is."""
    last = Period.parse(f"{today:%Y-%m}").last
    first = last + timedelta(days=1)
    return first.replace(year=first.year - 1), last


def _sitting(agency: str, status: Status, numbers: Mapping[str, int], definitions: Definitions, today: date) -> Sitting:
    edges, name = definitions.edges_days, f"{STAYED}{status}"
    ages = _ages(numbers, f"{SITS}{status}_since_", today)
    sitting = Sitting(agency, status.value, [0] * (len(edges) + 1), max(ages, default=0))
    for days, number in ages.items():
        sitting.by_age[next((place for place, edge in enumerate(edges) if days <= edge), len(edges))] += number
    sitting.went_on = sum(numbers.get(f"{name}_within_{edge}", 0) for edge in edges) + numbers.get(f"{name}_beyond", 0)
    sitting.median_days = quantile_hours(numbers, name, edges, Decimal("0.5"))
    sitting.p90_days = quantile_hours(numbers, name, edges, Decimal("0.9"))
    return sitting


def _ages(numbers: Mapping[str, int], prefix: str, today: date) -> Counter[int]:
    ages: Counter[int] = Counter()
    for name, number in numbers.items():
        if name.startswith(prefix) and number:
            since = datetime.strptime(name.removeprefix(prefix), "%Y%m%d").date()  # noqa: DTZ007 - a day, not a moment
            ages[max(0, (today - since).days)] += number
    return ages


def _days(numbers: Mapping[str, int], today: date) -> int:
    return sum(
        days * number for status in STAGES for days, number in _ages(numbers, f"{SITS}{status}_since_", today).items()
    )
