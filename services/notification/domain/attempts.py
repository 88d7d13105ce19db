"""What the mail server or the gateway said, and what becomes of the delivery."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, TypedDict
from uuid import UUID

from services.notification.domain.deliveries import Delivery
from services.notification.domain.judging import Retry, Rules, Suppressed
from shared.events.notices import (
    Channel,
    NoticeDelivered,
    NoticeEvent,
    NoticeFailed,
    NoticeKind,
    NoticeSent,
    NoticeSuppressed,
    Recipient,
)
from shared.ids import follow_id


@dataclass(frozen=True, slots=True)
class Taken:
    """The server or the gateway has it."""

    arrived: bool = False
    """And so has its recipient: an agency's own system answered itself."""


@dataclass(frozen=True, slots=True)
class Refused:
    """The server did not take this message."""

    reason: str
    """A reply code or an enumerated word."""
    for_good: bool
    not_before: timedelta | None = None
    """What `Retry-After` said."""


UNSURE: Final = "unsure"
"""Why a message is sent again that may have been taken: all of it was handed over, and no answer came."""


@dataclass(frozen=True, slots=True)
class NotTried:
    """The server could not be used at all, or there was no time left: that is nobody's attempt."""


Answer = Taken | Refused | NotTried


def why_not(answer: Answer) -> str:
    """An enumerated word or a reply code; empty where it was taken."""
    match answer:
        case Taken():
            return ""
        case Refused(reason=reason):
            return reason
        case NotTried():
            return "not_tried"


@dataclass(frozen=True, slots=True)
class Sent:
    """The mail server or the gateway took it; whether it arrived may be told later."""

    attempts: int


@dataclass(frozen=True, slots=True)
class Delivered:
    """It arrived."""

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


Outcome = Sent | Delivered | Failed | Suppressed
Step = Outcome | Again


def after(delivery: Delivery, answer: Answer, at: datetime, rules: Rules, *, jitter: float) -> Step:
    """What follows from the server's answer; `jitter` is from 0 to 1."""
    tried = delivery.attempts + 1
    match answer:
        case Taken(arrived=arrived):
            return Delivered(tried) if arrived else Sent(tried)
        case NotTried():
            return Again(at, delivery.attempts)
        case Refused(reason=reason, for_good=True):
            return Failed(tried, reason)
        case Refused(not_before=not_before):
            retry = rules.retries[delivery.channel or Channel.EMAIL]
            delay = max(retry_delay(tried, retry, jitter), not_before or timedelta())
            gives_up = at + delay - (delivery.ready_at or delivery.created_at) > retry.give_up_after
            return Failed(tried, "expired") if gives_up else Again(at + delay, tried)


def retry_delay(attempts: int, retry: Retry, jitter: float) -> timedelta:
    """After so many attempts: from the first delay up to the longest, doubling, spread over a half of itself."""
    # The exponent is bounded: 2**attempts of a delivery tried for days would not fit a timedelta.
    most = min(retry.longest, retry.first * 2 ** min(attempts, 20))
    return most * (0.5 + jitter / 2)


def notice(delivery: Delivery, outcome: Outcome, at: datetime) -> NoticeEvent:
    """The event that tells of the outcome. Its id derives from the delivery, so it can be told twice."""
    match outcome:
        case Sent():
            return NoticeSent(**_common(delivery, "sent", at), attempts=outcome.attempts)
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
    channel: Channel


def _common(delivery: Delivery, outcome: str, at: datetime) -> _Common:
    return _Common(
        event_id=follow_id(delivery.id, outcome),
        ticket=delivery.ticket,
        occurred_at=at,
        cause=delivery.cause,
        # Of others nothing is told.
        kind=NoticeKind(delivery.kind),
        recipient=delivery.recipient,
        agency=delivery.agency,
        channel=delivery.channel or Channel.EMAIL,
    )
