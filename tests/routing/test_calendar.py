from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.routing.domain.calendar import due_after_working_days
from services.routing.seeds import seed_calendar
from shared.wita import WITA, day_of, is_working_day

moments = st.integers(0, 515 * 24 * 60).map(lambda minutes: wita(1, 1, 0) + timedelta(minutes=minutes))
"""From the beginning of 2026 to the end of May 2027."""
CLOSED = frozenset(closed.day for closed in seed_calendar(range(2026, 2028)).closed)


def wita(day: int, month: int, hour: int, minute: int = 0, *, year: int = 2026) -> datetime:
    return datetime(year, month, day, hour, minute, tzinfo=WITA)


@pytest.mark.parametrize(
    ("start", "days", "due"),
    [
        # Tuesday: Wednesday, Thursday, Friday.
        (wita(24, 11, 14), 3, wita(27, 11, 16)),
        # A Friday evening: the first day that counts is Monday.
        (wita(27, 11, 21), 3, wita(2, 12, 16)),
        # Saturday and Sunday are no different.
        (wita(28, 11, 9), 3, wita(2, 12, 16)),
        # Before midnight WITA it is still Tuesday there, though Wednesday begins at 16:00 UTC.
        (datetime(2026, 11, 24, 15, 59, tzinfo=UTC), 1, wita(25, 11, 16)),
        (datetime(2026, 11, 24, 16, 0, tzinfo=UTC), 1, wita(26, 11, 16)),
        # Idul Fitri 2026: 21 and 22 March, collective leave 20, 23 and 24 March; Nyepi 18 and 19 March.
        (wita(17, 3, 10), 1, wita(25, 3, 16)),
        (wita(17, 3, 10), 3, wita(27, 3, 16)),
        # Year end: 24 and 25 December 2026 are closed, so is 1 January 2027.
        (wita(23, 12, 10), 1, wita(28, 12, 16)),
        (wita(30, 12, 10), 2, wita(4, 1, 16, year=2027)),
    ],
)
def test_given_a_start_when_working_days_pass_then_it_is_due_at_four_in_the_afternoon(
    start: datetime, days: int, due: datetime
) -> None:
    assert due_after_working_days(start, days, CLOSED) == due


@given(
    moments,
    st.integers(1, 60),
)
def test_given_any_start_when_due_is_computed_then_exactly_so_many_working_days_lie_between(
    start: datetime, days: int
) -> None:
    due = due_after_working_days(start, days, CLOSED)

    between = [date.fromordinal(day) for day in range(day_of(start).toordinal() + 1, day_of(due).toordinal() + 1)]
    assert sum(is_working_day(day, CLOSED) for day in between) == days
    assert is_working_day(day_of(due), CLOSED)
    assert (due.hour, due.minute) == (16, 0)


@given(moments)
def test_given_more_days_when_due_is_computed_then_it_is_later(start: datetime) -> None:
    dues = [due_after_working_days(start, days, CLOSED) for days in (3, 5, 14, 60)]

    assert dues == sorted(set(dues))
