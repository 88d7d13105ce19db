"""Working days and when the clocks are due: pure, WITA throughout."""

from collections.abc import Collection
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import Final

from shared.wita import WITA, day_of

_CLOSES: Final = time(16, 0, tzinfo=WITA)
_FRIDAY: Final = 4


def is_working_day(day: date, closed: Collection[date]) -> bool:
    return day.weekday() <= _FRIDAY and day not in closed


def due_after_working_days(start: datetime, days: int, closed: frozenset[date]) -> datetime:
    """16:00 WITA on the n-th working day after the day of the start, whatever the hour of the start."""
    return datetime.combine(_working_day_after(day_of(start), days, closed), _CLOSES)


@lru_cache(1_000)
def _working_day_after(day: date, days: int, closed: frozenset[date]) -> date:
    while days > 0:
        day += timedelta(days=1)
        days -= is_working_day(day, closed)
    return day
