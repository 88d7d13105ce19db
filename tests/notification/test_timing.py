from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notification.app import rules_of
from services.notification.domain.timing import Pace, Timing, after_the_night, goes_out, pace_of
from shared.events.event import Urgency
from shared.events.notices import NoticeKind, Recipient
from shared.wita import WITA
from tests.notification.examples import settings

TIMING = Timing()
MOMENTS = st.integers(0, 2 * 365 * 24 * 60).map(
    lambda minutes: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
)
CLOSED = frozenset({date(2026, 11, 25)})


def wita(day: int, hour: int, minute: int = 0) -> datetime:
    """Of November 2026, whose 24th is a Tuesday."""
    return datetime(2026, 11, day, hour, minute, tzinfo=WITA)


@pytest.mark.parametrize(
    ("at", "goes"),
    [
        (wita(24, 20, 59), wita(24, 20, 59)),
        (wita(24, 21), wita(25, 7)),
        (wita(24, 23, 59), wita(25, 7)),
        (wita(25, 0), wita(25, 7)),
        (wita(25, 6, 59), wita(25, 7)),
        (wita(25, 7), wita(25, 7)),
    ],
)
def test_given_a_moment_when_the_night_is_left_out_then_it_is_the_morning_or_the_moment_itself(
    at: datetime, goes: datetime
) -> None:
    found = after_the_night(at.astimezone(UTC), TIMING)

    assert found == goes


def test_given_no_quiet_hours_when_it_is_night_then_it_goes_at_once() -> None:
    at = wita(24, 23)

    assert after_the_night(at, Timing(quiet_from=None)) == at


def test_given_quiet_hours_within_a_day_when_it_is_noon_then_it_goes_after_them() -> None:
    timing = Timing(quiet_from=time(12), quiet_until=time(13))

    assert after_the_night(wita(24, 12, 30), timing) == wita(24, 13)


@pytest.mark.parametrize(
    ("at", "goes"),
    [
        (wita(24, 7, 59), wita(24, 8)),
        (wita(24, 8), wita(24, 13)),
        (wita(24, 13), wita(26, 8)),
        (wita(27, 13, 1), wita(30, 8)),
        (wita(28, 10), wita(30, 8)),
    ],
)
def test_given_what_is_gathered_when_it_comes_then_it_goes_with_the_next_digest_of_a_working_day(
    at: datetime, goes: datetime
) -> None:
    found = goes_out(Pace.GATHERED, at, TIMING, CLOSED)

    assert found == goes


@pytest.mark.parametrize(
    ("at", "goes"),
    [
        (wita(24, 9), wita(24, 9, 30)),
        (wita(24, 9, 30), wita(24, 16)),
        (wita(24, 16), wita(26, 9, 30)),
    ],
)
def test_given_other_hours_of_digests_when_something_is_gathered_then_it_goes_at_the_next_of_them(
    at: datetime, goes: datetime
) -> None:
    chosen = settings(timing={"digests": ["16:00", "09:30"], "quiet_from": "20:00"})

    found = goes_out(Pace.GATHERED, at, rules_of(chosen).timing, CLOSED)

    assert found == goes
    assert goes_out(Pace.SOON, wita(24, 20, 30), rules_of(chosen).timing, CLOSED) == wita(25, 7)


def test_given_no_digests_when_something_would_be_gathered_then_it_goes_as_all_else() -> None:
    timing = Timing(digests=())

    assert goes_out(Pace.GATHERED, wita(24, 10), timing, CLOSED) == wita(24, 10)
    assert goes_out(Pace.GATHERED, wita(24, 22), timing, CLOSED) == wita(25, 7)


@pytest.mark.parametrize("pace", [Pace.SOON, Pace.GATHERED])
def test_given_a_disaster_when_something_is_not_urgent_then_it_waits_for_an_hour_of_digests(pace: Pace) -> None:
    at = wita(24, 9)

    assert goes_out(pace, at, TIMING, CLOSED, disaster=True) == wita(24, 13)
    assert goes_out(Pace.NOW, at, TIMING, CLOSED, disaster=True) == at
    assert goes_out(Pace.SOON, at, TIMING, CLOSED) == at


@given(MOMENTS, st.sampled_from(list(Pace)))
def test_given_any_moment_when_it_is_planned_then_never_earlier_and_never_at_night_unless_urgent(
    at: datetime, pace: Pace
) -> None:
    goes = goes_out(pace, at, TIMING, CLOSED)

    assert goes >= at
    assert goes - at < timedelta(days=6)
    if pace is Pace.NOW:
        assert goes == at
    else:
        assert time(7) <= goes.astimezone(WITA).time() < time(21)


@pytest.mark.parametrize(
    ("kind", "recipient", "urgency", "wide", "pace"),
    [
        (NoticeKind.NEW_CASE, Recipient.AGENCY, Urgency.URGENT, False, Pace.NOW),
        (NoticeKind.NEW_CASE, Recipient.AGENCY, Urgency.IMPORTANT, False, Pace.SOON),
        (NoticeKind.NEW_CASE, Recipient.AGENCY, Urgency.ORDINARY, False, Pace.GATHERED),
        (NoticeKind.ESCALATION, Recipient.GOVERNOR, Urgency.ORDINARY, False, Pace.GATHERED),
        (NoticeKind.RESOLVED, Recipient.REPORTER, Urgency.ORDINARY, False, Pace.SOON),
        (NoticeKind.RECEIVED, Recipient.REPORTER, Urgency.URGENT, False, Pace.NOW),
        (NoticeKind.REFUSED, Recipient.REPORTER, Urgency.URGENT, False, Pace.SOON),
        (NoticeKind.FOLLOWED, Recipient.FOLLOWER, Urgency.URGENT, False, Pace.SOON),
        (NoticeKind.FOLLOWED, Recipient.FOLLOWER, Urgency.URGENT, True, Pace.GATHERED),
        (NoticeKind.FOLLOWED, Recipient.FOLLOWER, Urgency.ORDINARY, False, Pace.SOON),
        (NoticeKind.CONFIRMATION, Recipient.FOLLOWER, Urgency.ORDINARY, True, Pace.NOW),
        (NoticeKind.EVENT, Recipient.SYSTEM, Urgency.ORDINARY, False, Pace.NOW),
    ],
)
def test_given_a_message_when_its_pace_is_asked_then_urgency_and_recipient_say_it(
    kind: NoticeKind, recipient: Recipient, urgency: Urgency, *, wide: bool, pace: Pace
) -> None:
    assert pace_of(kind, recipient, urgency, wide=wide) is pace
