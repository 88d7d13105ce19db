"""When a message may go out: at once, not at night, or together with others. Pure; WITA throughout."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from itertools import count
from typing import Final

from shared.events.event import Urgency
from shared.events.notices import NoticeKind, Recipient
from shared.wita import WITA, day_of, is_working_day

_DAY: Final = timedelta(days=1)
_IN_PERSON: Final = frozenset({Recipient.REPORTER, Recipient.FOLLOWER})
_AT_ONCE: Final = frozenset({NoticeKind.CONFIRMATION, NoticeKind.EVENT, NoticeKind.WEBHOOK_OFF})


class Pace(StrEnum):
    """How soon."""

    NOW = "now"
    """At any hour, on every way there is."""
    SOON = "soon"
    """At once by day; what comes by night waits for the morning."""
    GATHERED = "gathered"
    """With all else for the same address, at the next hour of digests."""


@dataclass(frozen=True, slots=True)
class Timing:
    """The hours, and how much an address gets."""

    quiet_from: time | None = time(21)
    quiet_until: time | None = time(7)
    digests: tuple[time, ...] = (time(8), time(13))
    """Of working days; none: nothing is gathered."""
    most_an_hour: int = 20
    """To one address; what is more is gathered until the hour is over. What is urgent always goes."""


def pace_of(kind: NoticeKind, recipient: Recipient, urgency: Urgency, *, wide: bool = False) -> Pace:
    """`wide`: of somebody who follows more than one case."""
    if kind in _AT_ONCE:
        return Pace.NOW
    if kind is NoticeKind.REFUSED:
        # That something is not possible can wait for the morning, however urgent the case is.
        return Pace.SOON
    if urgency is Urgency.URGENT and recipient is not Recipient.FOLLOWER:
        return Pace.NOW
    gathered = wide or (urgency is Urgency.ORDINARY and recipient not in _IN_PERSON)
    return Pace.GATHERED if gathered else Pace.SOON


def goes_out(pace: Pace, at: datetime, timing: Timing, closed: Collection[date], *, disaster: bool = False) -> datetime:
    """The first moment from `at` on; `closed` are the days on which nobody works.

    In a disaster the ways to people are for what is urgent: all else waits for an hour of digests.
    """
    match pace:
        case Pace.NOW:
            return at
        case Pace.GATHERED | Pace.SOON if timing.digests and (disaster or pace is Pace.GATHERED):
            return _next_digest(at, timing.digests, closed)
        case _:
            return after_the_night(at, timing)


def after_the_night(at: datetime, timing: Timing) -> datetime:
    """The moment itself by day."""
    if timing.quiet_from is None or timing.quiet_until is None:
        return at
    local = at.astimezone(WITA)
    starts, ends, clock = timing.quiet_from, timing.quiet_until, local.time()
    over_midnight = starts > ends
    is_quiet = (clock >= starts or clock < ends) if over_midnight else starts <= clock < ends
    if not is_quiet:
        return at
    morning = local.date() + (_DAY if over_midnight and clock >= starts else timedelta())
    return datetime.combine(morning, ends, WITA)


def _next_digest(at: datetime, digests: Collection[time], closed: Collection[date]) -> datetime:
    first = day_of(at)
    days = (first + number * _DAY for number in count())
    moments = (
        datetime.combine(day, clock, WITA) for day in days if is_working_day(day, closed) for clock in sorted(digests)
    )
    return next(moment for moment in moments if moment > at)
