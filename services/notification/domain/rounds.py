"""What an address gets now, in which order, and what is left for later. Pure."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from services.notification.domain.deliveries import Delivery
from services.notification.domain.kinds import OwnKind
from services.notification.domain.rules import NEVER_STOPPED, REQUIRED
from services.notification.domain.timing import Pace, Timing
from shared.events.notices import Channel, NoticeKind, Recipient

ALL: Final = "*"
"""Opted out of everything that may be opted out of."""
_ASKED_FOR: Final = frozenset({NoticeKind.CONFIRMATION, OwnKind.LOST_TICKET})
_HOUR: Final = timedelta(hours=1)
_MOST_IN_A_DIGEST: Final = 100


@dataclass(frozen=True, slots=True)
class Address:
    """What is known of where messages go."""

    id: str
    channel: Channel
    confirmed: bool = False
    """Its owner followed a link that was sent there."""
    stopped: frozenset[str] = frozenset()
    """Kinds that its owner does not want, or `*`."""
    hour_began: datetime | None = None
    sent_this_hour: int = 0

    def counted(self, messages: int, at: datetime) -> tuple[datetime, int]:
        """Beginning and number of the hour that runs, after so many more."""
        began = self._hour(at)
        return began, messages + (self.sent_this_hour if began == self.hour_began else 0)

    def _hour(self, at: datetime) -> datetime:
        return self.hour_began if self.hour_began is not None and at < self.hour_began + _HOUR else at

    def hour_ends(self, at: datetime) -> datetime:
        return self._hour(at) + _HOUR


@dataclass(frozen=True, slots=True)
class Message:
    """One or more deliveries that go out as one."""

    deliveries: tuple[Delivery, ...]


@dataclass(frozen=True, slots=True)
class Round:
    """What to do for an address that is due."""

    stopped: tuple[Delivery, ...]
    """Its owner does not want them."""
    messages: tuple[Message, ...]
    held: tuple[Delivery, ...]
    """More than an address gets in an hour: gathered until `held_until`. Never receipts and answers."""
    held_until: datetime


def plan(address: Address, due: Sequence[Delivery], at: datetime, timing: Timing) -> Round:
    """What is urgent first, then in the order in which it happened; what is gathered goes out as one, at the end."""
    if address.channel is Channel.WEBHOOK:
        # All of it, as it was numbered.
        return Round((), tuple(Message((one,)) for one in due), (), at)
    stopped = [delivery for delivery in due if _is_stopped(delivery, address.stopped)]
    wanted = sorted((delivery for delivery in due if not _is_stopped(delivery, address.stopped)), key=_place)
    left = timing.most_an_hour - address.counted(0, at)[1]
    urgent = [one for one in wanted if one.pace is Pace.NOW]
    single = [one for one in wanted if one.pace is not Pace.NOW and not one.gathered]
    gathered = [one for one in wanted if one.pace is not Pace.NOW and one.gathered]
    room = max(0, left - bool(gathered))
    held = [one for one in single if not _goes_alone(one)][room:]
    later = {one.id for one in held}
    messages = [Message((one,)) for one in (*urgent, *(one for one in single if one.id not in later))]
    if gathered and left > 0:
        messages += digests(gathered)
    else:
        held += gathered
    return Round(tuple(stopped), tuple(messages), tuple(held), address.hour_ends(at))


def digests(gathered: Sequence[Delivery]) -> Iterable[Message]:
    """What was tried together goes together again, and first: with others it would be another message."""
    tried: dict[str, list[Delivery]] = {}
    for one in gathered:
        if one.message is not None:
            tried.setdefault(one.message, []).append(one)
    fresh = [one for one in gathered if one.message is None]
    starts = range(0, len(fresh), _MOST_IN_A_DIGEST)
    new = [fresh[start : start + _MOST_IN_A_DIGEST] for start in starts]
    return [Message(tuple(members)) for members in (*tried.values(), *new)]


def _is_stopped(delivery: Delivery, stopped: Collection[str]) -> bool:
    if delivery.kind in _ASKED_FOR:
        # Anybody can ask for one.
        return ALL in stopped
    return delivery.kind not in NEVER_STOPPED and (delivery.kind.value in stopped or ALL in stopped)


def _goes_alone(delivery: Delivery) -> bool:
    """What the law wants somebody told: gathered, it would lose the code and the words that it brings."""
    return delivery.recipient is Recipient.REPORTER and delivery.kind in REQUIRED


def _place(delivery: Delivery) -> tuple[bool, datetime, int, str]:
    return delivery.attempts == 0, delivery.occurred_at, delivery.sequence, str(delivery.id)
