"""Promises against dates computed by hand. 2026: Nyepi 18 and 19 March, Idul Fitri with collective leave 20 to 24."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.routing.domain.calendar import due_after_working_days, working_days_touched
from services.routing.domain.promises import (
    breach,
    due_next,
    end,
    escalate,
    go_on,
    meet,
    pause,
    reclassify,
    resume,
    take_back,
    uphold,
)
from shared.events.case import Pause, Promise, PromiseKind
from shared.events.event import Urgency
from shared.wita import WITA, day_of, is_working_day
from tests.routing.examples import the_rulebook

FOLLOW_UP, RESOLUTION, RESPONSE = PromiseKind.FIRST_FOLLOW_UP, PromiseKind.RESOLUTION, PromiseKind.RESPONSE


def wita(day: int, month: int, hour: int = 10, minute: int = 0, *, year: int = 2026) -> datetime:
    return datetime(year, month, day, hour, minute, tzinfo=WITA)


def a_promise(start: datetime, days: int, kind: PromiseKind = RESOLUTION) -> Promise:
    return Promise(kind=kind, started_at=start, due_at=due_after_working_days(start, days, the_rulebook().closed))


def paused(promise: Promise, *pauses: tuple[datetime, datetime]) -> Promise:
    for start, stop in pauses:
        (promise,) = resume(pause((promise,), start), stop, the_rulebook().closed)
    return promise


@pytest.mark.parametrize(
    ("start", "days", "pauses", "due"),
    [
        # Monday 2 March, 5 days: Monday 9 March. Asked and answered within Wednesday: one day more.
        (wita(2, 3), 5, [(wita(4, 3, 9), wita(4, 3, 15))], wita(10, 3, 16)),
        # From Friday evening to Monday morning two working days were touched.
        (wita(2, 3), 5, [(wita(6, 3, 21), wita(9, 3, 8))], wita(11, 3, 16)),
        # Saturday to Sunday touches none.
        (wita(2, 3), 5, [(wita(7, 3), wita(8, 3))], wita(9, 3, 16)),
        # Two questions on one day touch one day.
        (wita(2, 3), 5, [(wita(4, 3, 9), wita(4, 3, 10)), (wita(4, 3, 11), wita(4, 3, 12))], wita(10, 3, 16)),
        # Across Idul Fitri: due Thursday 26 March without; touched were Tuesday 17 and Wednesday 25, no closed day.
        (wita(16, 3), 3, [(wita(17, 3), wita(25, 3))], wita(30, 3, 16)),
        # A pause over the due day itself moves beyond its own end.
        (wita(2, 3), 5, [(wita(9, 3, 15), wita(12, 3, 9))], wita(13, 3, 16)),
        # Across the year's end: 23 December, 3 days: 28, 29, 30. Touched: Wednesday 30, Thursday 31, Monday 4 January.
        # So 31 December, 4 January and, the fifth being Isra Mikraj, the sixth.
        (wita(23, 12), 3, [(wita(30, 12), wita(4, 1, year=2027))], wita(6, 1, 16, year=2027)),
    ],
)
def test_given_pauses_when_they_end_then_the_promise_is_due_as_many_working_days_later(
    start: datetime, days: int, pauses: list[tuple[datetime, datetime]], due: datetime
) -> None:
    assert paused(a_promise(start, days), *pauses).due_at == due


def test_given_a_promise_around_the_clock_when_it_waits_for_the_reporter_then_it_is_not_paused() -> None:
    response = Promise(kind=RESPONSE, started_at=wita(2, 3), due_at=wita(3, 3))

    assert pause((response,), wita(2, 3, 12)) == (response,)


def test_given_a_paused_promise_when_its_due_time_passes_then_nothing_is_due_until_it_goes_on() -> None:
    (waiting,) = pause((a_promise(wita(2, 3), 5),), wita(4, 3))

    assert due_next(waiting) is None
    (going,) = resume((waiting,), wita(20, 4), the_rulebook().closed)
    assert due_next(going) == going.due_at > wita(20, 4)


def test_given_a_broken_promise_when_the_ladder_is_climbed_then_its_steps_are_working_days_after_the_breach() -> None:
    (promise,) = breach((a_promise(wita(2, 3), 5),), RESOLUTION, the_rulebook())
    assert promise.breached_at == wita(9, 3, 16)
    steps = list[datetime | None]()

    while promise.escalates_at is not None:
        steps.append(promise.escalates_at)
        (promise,) = escalate((promise,), RESOLUTION, the_rulebook())

    # Breached on Monday 9 March: at once, Wednesday 11, Monday 16, and the tenth: 10 11 12 13 16 17 25 26 27 30.
    assert steps == [wita(9, 3, 16), wita(11, 3, 16), wita(16, 3, 16), wita(30, 3, 16)]
    assert promise.escalations == 4


def test_given_a_broken_promise_when_it_is_paused_then_its_due_time_stays_and_the_ladder_waits() -> None:
    (broken,) = breach((a_promise(wita(2, 3), 5),), RESOLUTION, the_rulebook())
    (broken,) = escalate((broken,), RESOLUTION, the_rulebook())

    later = paused(broken, (wita(10, 3), wita(11, 3, 9)))

    assert (later.due_at, later.breached_at) == (wita(9, 3, 16), wita(9, 3, 16))
    # Wednesday 11, and two touched days more.
    assert later.escalates_at == wita(13, 3, 16)
    (climbed,) = escalate((later,), RESOLUTION, the_rulebook())
    # Monday 16, and the same two.
    assert climbed.escalates_at == wita(25, 3, 16)


def test_given_a_resolution_when_it_is_disputed_then_the_time_between_was_a_pause() -> None:
    resolved_at, disputed_at = wita(5, 3), wita(10, 3)
    (met,) = meet((a_promise(wita(2, 3), 5),), {RESOLUTION}, resolved_at)

    (taken_back,) = take_back((met,), resolved_at, disputed_at, the_rulebook().closed)

    assert taken_back.met_at is None
    assert taken_back.pauses == (Pause(started_at=resolved_at, ended_at=disputed_at),)
    # Thursday 5, Friday 6, Monday 9 and Tuesday 10 were touched.
    assert taken_back.due_at == wita(13, 3, 16)
    assert uphold((taken_back,), resolved_at)[0].met_at == resolved_at


def test_given_an_ended_promise_when_the_case_goes_on_then_it_is_due_as_it_was() -> None:
    promise = a_promise(wita(2, 3), 5)

    ended = end((promise,), wita(3, 3))

    assert due_next(ended[0]) is None
    assert go_on(ended) == (promise,)


def test_given_another_category_when_promises_are_counted_anew_then_pauses_stay_and_broken_ones_do_too() -> None:
    resolution = paused(a_promise(wita(2, 3), 60), (wita(4, 3, 9), wita(4, 3, 15)))
    (broken,) = breach((Promise(kind=RESPONSE, started_at=wita(2, 3), due_at=wita(3, 3)),), RESPONSE, the_rulebook())
    follow_up = a_promise(wita(2, 3), 5, FOLLOW_UP)

    after = reclassify((resolution, broken, follow_up), the_rulebook(), "information", Urgency.ORDINARY)

    # Simple: 5 working days, Monday 9 March, and the day that was paused.
    assert after == (resolution.model_copy(update={"due_at": wita(10, 3, 16)}), broken, follow_up)


moments = st.integers(0, 400 * 24 * 60).map(lambda minutes: wita(1, 1, 0) + timedelta(minutes=minutes))


@given(moments, st.sampled_from([3, 5, 14, 60]), st.lists(moments, min_size=2, max_size=8).map(sorted))
def test_given_any_pauses_when_they_end_then_each_touched_day_counts_once_and_nothing_else_moves_it(
    start: datetime, days: int, marks: list[datetime]
) -> None:
    promise = a_promise(start, days)
    pauses = [pair for pair in zip(marks[::2], marks[1::2], strict=False) if pair[0] > start]

    later = paused(promise, *pauses)

    closed = the_rulebook().closed
    touched = set().union(*(working_days_touched(*pair, closed) for pair in pauses))
    expected = due_after_working_days(promise.due_at, len(touched), closed) if touched else promise.due_at
    assert later.due_at == expected
    ends = [stop for begin, stop in pauses if begin <= promise.due_at and is_working_day(day_of(stop), closed)]
    assert all(day_of(later.due_at) > day_of(stop) for stop in ends)
