"""Which buckets answer a question, what may be told of confidential cases, and the figures that come out.

Confidential cases are in every figure down to regency x month, and in those of the whole province by category or
by a body of the province. Below that (by day, by district, part of a month, a regency's bodies or categories) a
bucket's confidential cases count only where that bucket alone (one day or month, one district, one agency, one
category) has `ENOUGH` of them. So whatever two answers are subtracted from each other, the difference is either made
of buckets with `ENOUGH`, or is what a whole regency and month leave over; the exception is the total of the whole
province, which always has all, so that a day's number of confidential cases in the province can be found, without
place, agency or category.
"""

import calendar
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum
from typing import Final, Literal, Self

from services.reporting.domain.figures import COUNTS, LINKED, PROVINCE, SUPPORTS, is_of_a_regency

ENOUGH: Final = 5
_TENTH: Final = Decimal("0.1")
_DISTRICT_LENGTH: Final = len("52.03.01")

Level = Literal["regency", "district"]


class Dimension(StrEnum):
    """What figures can be told by."""

    REGION = "region"
    AGENCY = "agency"
    CATEGORY = "category"
    DAY = "day"
    MONTH = "month"


class Sheltered(StrEnum):
    """Which buckets must have enough confidential cases before these count."""

    NONE = "none"
    DAYS = "days"
    ALL = "all"


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of days or of months, both ends included; None: open."""

    period: Literal["day", "month"]
    first: str | None
    last: str | None


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked. Days are WITA days of receipt, both included."""

    by: tuple[Dimension, ...] = ()
    level: Level = "regency"
    first: date | None = None
    last: date | None = None
    region: str | None = None
    agency: str | None = None
    category: str | None = None

    @property
    def pieces_of_rows(self) -> list[Piece]:
        if Dimension.DAY in self.by:
            return [_days(self.first, self.last)]
        return self.pieces_of_totals

    @property
    def pieces_of_totals(self) -> list[Piece]:
        return split_period(self.first, self.last)

    @property
    def level_of_rows(self) -> Level:
        """Those of a district are that district."""
        return "district" if self.is_of_a_district else self.level

    @property
    def sheltered_in_rows(self) -> Sheltered:
        by_district = Dimension.REGION in self.by and self.level == "district"
        by_place = Dimension.REGION in self.by or self._is_of_a_place
        by_kind = self._is_of_a_kind or not {Dimension.AGENCY, Dimension.CATEGORY}.isdisjoint(self.by)
        return Sheltered.ALL if by_district or self.is_of_a_district or (by_place and by_kind) else Sheltered.DAYS

    @property
    def sheltered_in_totals(self) -> Sheltered:
        if self.is_of_a_district or (self._is_of_a_place and self._is_of_a_kind):
            return Sheltered.ALL
        return Sheltered.DAYS if self._is_of_a_place or self._is_of_a_kind else Sheltered.NONE

    @property
    def rows_complete(self) -> bool:
        """Whether they hold every confidential case."""
        # Among all bodies there are those of regencies.
        return Dimension.AGENCY not in self.by and _is_complete(self.sheltered_in_rows, self.pieces_of_rows)

    @property
    def totals_complete(self) -> bool:
        return _is_complete(self.sheltered_in_totals, self.pieces_of_totals)

    @property
    def _is_of_a_kind(self) -> bool:
        return self.agency is not None or self.category is not None

    @property
    def _is_of_a_place(self) -> bool:
        return self.region not in {None, PROVINCE} or is_of_a_regency(self.agency)

    @property
    def is_of_a_district(self) -> bool:
        return self.region is not None and len(self.region) >= _DISTRICT_LENGTH


@dataclass(frozen=True, slots=True)
class Counts:
    """Cases of a cohort, and how far they are."""

    received: int = 0
    followed_up: int = 0
    done: int = 0
    rejected: int = 0
    linked: int = 0
    """To another case, which goes on in their place."""
    supports: int = 0

    @classmethod
    def of(cls, figures: Mapping[str, int]) -> Self:
        supports = sum(figures.get(name, 0) << bit for bit, name in enumerate(SUPPORTS))
        linked = figures.get(LINKED, 0)
        return cls(*(figures.get(name, 0) for name in COUNTS), linked=linked, supports=supports)

    @property
    def facts(self) -> int:
        """Matters: cases that go on in no other."""
        return self.received - self.linked

    @property
    def reporters(self) -> int:
        """People: who complained, and who said that they have the same trouble."""
        return self.received + self.supports

    @property
    def followed_up_percent(self) -> float | None:
        return percent(self.followed_up, self.received)

    @property
    def done_percent(self) -> float | None:
        return percent(self.done, self.received)

    @property
    def rejected_percent(self) -> float | None:
        return percent(self.rejected, self.received)


def _is_complete(sheltered: Sheltered, pieces: list[Piece]) -> bool:
    of_months = all(piece.period == "month" for piece in pieces)
    return sheltered is Sheltered.NONE or (sheltered is Sheltered.DAYS and of_months)


def percent(part: int, whole: int) -> float | None:
    """To one decimal, half up: 185 of 278 is 66.5. None of nothing."""
    return tenths(Decimal(100 * part) / whole) if whole else None


def tenths(number: Decimal) -> float:
    return float(number.quantize(_TENTH, ROUND_HALF_UP))


def split_period(first: date | None, last: date | None) -> list[Piece]:
    """Whole months, and the days before and after them."""
    if first and last and first.replace(day=1) == last.replace(day=1) and not (_begins(first) and _ends(last)):
        return [_days(first, last)]
    pieces: list[Piece] = []
    if first and not _begins(first):
        end = first.replace(day=_length(first))
        pieces.append(_days(first, end))
        first = end + timedelta(days=1)
    if last and not _ends(last):
        start = last.replace(day=1)
        pieces.append(_days(start, last))
        last = start - timedelta(days=1)
    if first is None or last is None or first <= last:
        pieces.append(Piece("month", first and f"{first:%Y-%m}", last and f"{last:%Y-%m}"))
    return pieces


def _days(first: date | None, last: date | None) -> Piece:
    return Piece("day", first and first.isoformat(), last and last.isoformat())


def _begins(day: date) -> bool:
    return day.day == 1


def _ends(day: date) -> bool:
    return day.day == _length(day)


def _length(day: date) -> int:
    return calendar.monthrange(day.year, day.month)[1]
