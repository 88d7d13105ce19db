"""What all work of a sender has in common."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from services.notification.domain.attempts import Answer, why_not
from services.notification.outlets import Outlet
from services.notification.queueing import Queueing
from services.notification.settings import OutletSettings
from services.notification.writing import Writing
from shared.events.notices import Channel
from shared.traces import NO_SPANS, Spans


@dataclass(frozen=True, slots=True)
class Way:
    """A channel, and what goes out by it."""

    channel: Channel
    outlet: Outlet
    limits: OutletSettings
    writing: Writing


@dataclass(frozen=True, slots=True)
class Tools:
    """What all work of a sender has in common."""

    way: Way
    queueing: Queueing
    now: Callable[[], datetime]
    stopping: Callable[[], bool]
    released: Callable[[bool], None]
    """An address may be due again; told is whether something was put off."""
    spans: Spans = NO_SPANS

    async def send(self, message: Any, traces: Sequence[str]) -> Answer:
        """Hand one message over; `traces` of what it tells."""
        span = self.spans.hand_over(self.way.channel, traces)
        try:
            answer = await self.way.outlet.send(message)
        except BaseException as error:
            if span:
                span.end(type(error).__name__)
            raise
        if span:
            span.end(why_not(answer))
        return answer
