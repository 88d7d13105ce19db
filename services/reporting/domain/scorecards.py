"""How an agency did ("rapor OPD"): its figures of a period, beside the period before and beside its peers."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from math import sqrt
from typing import Final, Self

from services.reporting.domain.definitions import Definitions, Figure
from services.reporting.domain.statistics import percent, tenths
from shared.directory import Directory
from shared.events.directory import Agency

FEW: Final = 20
"""Of fewer cases no share is compared: one case more or less would turn it over."""
HALF: Final = Decimal("0.5")
NINE_TENTHS: Final = Decimal("0.9")
_Z: Final = 1.96
_MONTHS_OF_QUARTER: Final = 3
_PERIOD: Final = re.compile(r"(20[0-9]{2})(?:-(?:(0[1-9]|1[0-2])|Q([1-4])))?")


@dataclass(frozen=True, slots=True)
class Period:
    """A run of whole months, by day of receipt (WITA): `2026`, `2026-Q3` or `2026-09`."""

    name: str
    first: date
    months: int

    @classmethod
    def parse(cls, name: str) -> Self:
        """Raises ValueError."""
        found = _PERIOD.fullmatch(name)
        if found is None:
            raise ValueError("is no year, quarter or month: 2026, 2026-Q3, 2026-09")
        year, month, quarter = found.groups()
        if quarter:
            return cls(name, date(int(year), _MONTHS_OF_QUARTER * int(quarter) - 2, 1), _MONTHS_OF_QUARTER)
        return cls(name, date(int(year), int(month or 1), 1), 1 if month else 12)

    @property
    def last(self) -> date:
        """Its last day."""
        return date.fromordinal(_months_later(self.first, self.months).toordinal() - 1)

    @property
    def before(self) -> "Period":
        """The period of the same length that ends where this one begins."""
        first = _months_later(self.first, -self.months)
        if self.months == 1:
            return Period(f"{first:%Y-%m}", first, 1)
        is_quarter = self.months == _MONTHS_OF_QUARTER
        return Period(f"{first.year}-Q{(first.month + 2) // 3}" if is_quarter else f"{first.year}", first, self.months)


@dataclass(frozen=True, slots=True)
class Share:
    """A number of cases, and of how many it is a share."""

    figure: str
    number: int
    of: int | None = None
    """None: it is no share."""

    @property
    def percent(self) -> float | None:
        return None if self.of is None else percent(self.number, self.of)

    @property
    def is_of_few(self) -> bool:
        return self.of is not None and self.of < FEW

    @property
    def at_least_percent(self) -> float | None:
        """The lower end of Wilson's interval (95 %): what a share is surely not below. Orders shares honestly."""
        return wilson(self.number, self.of) if self.of else None


@dataclass(frozen=True, slots=True)
class Histogram:
    """Numbers of cases by how long it took: up to each edge, and beyond the last."""

    edges: Sequence[int]
    bins: Sequence[int]
    beyond: int

    @property
    def total(self) -> int:
        return sum(self.bins) + self.beyond

    def quantile(self, part: Decimal) -> float | None:
        """By straight line inside the bin; the last edge where it lies beyond it. None of nothing."""
        wanted = self.total * part
        if not wanted:
            return None
        below = 0
        for lower, upper, number in zip((0, *self.edges), self.edges, self.bins, strict=False):
            if below + number >= wanted:
                return tenths(lower + (wanted - below) / number * (upper - lower))
            below += number
        return float(self.edges[-1])


@dataclass(frozen=True, slots=True)
class Timing:
    """How long it took, in hours. Estimated by straight line inside the histogram's bins."""

    duration: str
    cases: int
    median_hours: float | None
    p90_hours: float | None


@dataclass(frozen=True, slots=True)
class Performance:
    """Every figure of some cases."""

    shares: Mapping[str, Share]
    timings: Mapping[str, Timing]
    rating: float | None
    """Mean, 1 to 5."""
    ratings: int

    def __getitem__(self, figure: str) -> Share:
        return self.shares[figure]


@dataclass(frozen=True, slots=True)
class Standing:
    """One figure beside those of the peers that have enough cases."""

    figure: str
    place: int | None
    """1 is the best; None: too few cases, or nobody to compare with."""
    peers: int
    """That have enough cases, this one included where it has."""
    median_percent: float | None


def perform(numbers: Mapping[str, int], definitions: Definitions) -> Performance:
    rated = {rating: numbers.get(f"rated_{rating}", 0) for rating in range(1, 6)}
    total = sum(rated.values())
    points = sum(rating * number for rating, number in rated.items())
    return Performance(
        shares=shares_of(numbers, definitions.figures),
        timings={each.id: _timing(each.id, numbers, definitions) for each in definitions.durations},
        rating=tenths(Decimal(points) / total) if total else None,
        ratings=total,
    )


def shares_of(numbers: Mapping[str, int], figures: Iterable[Figure]) -> Mapping[str, Share]:
    """By the figure's id."""
    return {figure.id: _share(figure, numbers) for figure in figures}


def stand(figure: str, own: Performance, peers: Iterable[Mapping[str, Share]]) -> Standing:
    """By the lower end of Wilson's interval, so that three of three are not above ninety-five of a hundred."""
    others = [peer[figure] for peer in peers]
    enough = [share for share in others if share.of and not share.is_of_few]
    mine = own[figure]
    can_be = bool(mine.of) and not mine.is_of_few
    better = sum((share.at_least_percent or 0) > (mine.at_least_percent or 0) for share in enough)
    percents = sorted(share.percent or 0.0 for share in [*enough, *([mine] if can_be else [])])
    return Standing(
        figure=figure,
        place=better + 1 if can_be and enough else None,
        peers=len(percents),
        median_percent=_middle(percents),
    )


def wilson(number: int, of: int) -> float:
    """In percent, to one decimal."""
    share = number / of
    centre = share + _Z * _Z / (2 * of)
    spread = _Z * sqrt(share * (1 - share) / of + _Z * _Z / (4 * of * of))
    return tenths(Decimal(max(0.0, 100 * (centre - spread) / (1 + _Z * _Z / of))))


def histogram(numbers: Mapping[str, int], name: str, edges: Sequence[int]) -> Histogram:
    bins = [numbers.get(f"{name}_within_{edge}", 0) for edge in edges]
    return Histogram(edges, bins, numbers.get(f"{name}_beyond", 0))


def peers_of(agency: Agency, directory: Directory, day: date) -> list[str]:
    """Bodies of the same kind on the day: of a regency those with its task in the others, else all of its level.

    Those that are given no cases are none.
    """
    task = _task(agency)
    return sorted(
        other.id
        for other in directory.agencies.values()
        if other.id != agency.id
        and other.level == agency.level
        and other.valid_on(day)
        and other.escalation is None
        and (task is None or _task(other) == task)
    )


def line_of(agency: str, directory: Directory) -> list[str]:
    """The body and all that it came from, the oldest last: their figures can be read as one line."""
    line, todo = [agency], predecessors_of(agency, directory)
    while todo:
        body = todo.pop(0)
        if body not in line:
            line.append(body)
            todo += predecessors_of(body, directory)
    return line


def predecessors_of(agency: str, directory: Directory) -> list[str]:
    return sorted(known.id for known in directory.agencies.values() if known.successor == agency)


def month_before(today: date) -> str:
    return f"{_months_later(today.replace(day=1), -1):%Y-%m}"


def _share(figure: Figure, numbers: Mapping[str, int]) -> Share:
    number = numbers.get(figure.id, 0)
    return Share(figure.id, number, sum(numbers.get(name, 0) for name in figure.share_of) if figure.share_of else None)


def _timing(name: str, numbers: Mapping[str, int], definitions: Definitions) -> Timing:
    bins = histogram(numbers, name, definitions.edges_hours)
    return Timing(name, bins.total, bins.quantile(HALF), bins.quantile(NINE_TENTHS))


def _middle(numbers: Sequence[float]) -> float | None:
    if not numbers:
        return None
    half = len(numbers) // 2
    return numbers[half] if len(numbers) % 2 else tenths(Decimal(str(numbers[half - 1] + numbers[half])) / 2)


def _task(agency: Agency) -> str | None:
    """`PUPR` of `PUPR-52.03`; None where the id names no regency."""
    task, _, region = agency.id.rpartition("-")
    return task if region == agency.region else None


def _months_later(first: date, months: int) -> date:
    years, month = divmod(first.year * 12 + first.month - 1 + months, 12)
    return date(years, month + 1, 1)
