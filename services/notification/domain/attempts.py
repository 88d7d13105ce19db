"""What the mail server said, and what becomes of the delivery."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypedDict
from uuid import UUID

from services.notification.domain.deliveries import Delivery, Rules, Suppressed, Waits
from shared.events.notices import (
    NoticeDelivered,
    NoticeEvent,
    NoticeFailed,
    NoticeKind,
    NoticeSuppressed,
    Recipient,
)
from shared.ids import follow_id


@dataclass(frozen=True, slots=True)
class Taken:
    """The server has it."""


@dataclass(frozen=True, slots=True)
class Refused:
    """The server did not take this message."""

    reason: str
    """A reply code or an enumerated word."""
    for_good: bool


@dataclass(frozen=True, slots=True)
class NotTried:
    """The server could not be used at all, or there was no time left: that is nobody's attempt."""


Answer = Taken | Refused | NotTried


@dataclass(frozen=True, slots=True)
class Delivered:
    """Final: the mail server took it."""

    attempts: int


@dataclass(frozen=True, slots=True)
class Failed:
    """Final: it was refused for good, or its time ran out."""

    attempts: int
    reason: str


@dataclass(frozen=True, slots=True)
class Again:
    """To be tried at that time."""

    at: datetime
    attempts: int


Outcome = Delivered | Failed | Suppressed
Step = Outcome | Again | Waits


def after(delivery: Delivery, answer: Answer, at: datetime, rules: Rules, *, jitter: float) -> Step:
    """What follows from the server's answer; `jitter` is from 0 to 1."""
    tried = delivery.attempts + 1
    match answer:
        case Taken():
            return Delivered(tried)
        case NotTried():
            return Again(at, delivery.attempts)
        case Refused(reason=reason, for_good=True):
            return Failed(tried, reason)
        case Refused():
            delay = retry_delay(tried, rules, jitter)
            gives_up = at + delay - (delivery.ready_at or delivery.created_at) > rules.give_up_after
            return Failed(tried, "expired") if gives_up else Again(at + delay, tried)


def retry_delay(attempts: int, rules: Rules, jitter: float) -> timedelta:
    """After so many attempts: from the first delay up to the longest, doubling, spread over a half of itself."""
    # The exponent is bounded: 2**attempts of a delivery tried for days would not fit a timedelta.
    most = min(rules.longest_delay, rules.first_delay * 2 ** min(attempts, 20))
    return most * (0.5 + jitter / 2)


def notice(delivery: Delivery, outcome: Outcome, at: datetime) -> NoticeEvent:
    """The event that tells of the outcome. Its id derives from the delivery, so it can be told twice."""
    match outcome:
        case Delivered():
            return NoticeDelivered(**_common(delivery, "delivered", at), attempts=outcome.attempts)
        case Failed():
            common = _common(delivery, "failed", at)
            return NoticeFailed(**common, attempts=outcome.attempts, reason=outcome.reason)
        case Suppressed():
            return NoticeSuppressed(**_common(delivery, "suppressed", at), reason=outcome.reason)


class _Common(TypedDict):
    event_id: UUID
    ticket: str
    occurred_at: datetime
    cause: UUID
    kind: NoticeKind
    recipient: Recipient
    agency: str | None


def _common(delivery: Delivery, outcome: str, at: datetime) -> _Common:
    return _Common(
        event_id=follow_id(delivery.id, outcome),
        ticket=delivery.ticket,
        occurred_at=at,
        cause=delivery.cause,
        kind=delivery.kind,
        recipient=delivery.recipient,
        agency=delivery.agency,
    )
