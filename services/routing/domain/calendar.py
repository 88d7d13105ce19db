"""Working days and when the clocks are due: pure, WITA throughout."""

from collections.abc import Collection
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import Final

from shared.wita import WITA, day_of, is_working_day

_CLOSES: Final = time(16, 0, tzinfo=WITA)
_ONE_DAY: Final = timedelta(days=1)


def due_after_working_days(start: datetime, days: int, closed: frozenset[date]) -> datetime:
    """16:00 WITA on the n-th working day after the day of the start, whatever the hour of the start."""
    return datetime.combine(_working_day_after(day_of(start), days, closed), _CLOSES)


def working_days_touched(start: datetime, end: datetime, closed: Collection[date]) -> set[date]:
    """Those from the day of the start to the day of the end, both included."""
    first = day_of(start)
    days = (first + count * _ONE_DAY for count in range((day_of(end) - first).days + 1))
    return {day for day in days if is_working_day(day, closed)}


@lru_cache(1_000)
def _working_day_after(day: date, days: int, closed: frozenset[date]) -> date:
    while days > 0:
        day += _ONE_DAY
        days -= is_working_day(day, closed)
    return day
