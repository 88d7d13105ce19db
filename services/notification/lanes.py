"""Deliveries in hand: those tried for the first time and those tried again, so that these hold up nobody."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from services.notification.domain.attempts import Step
from services.notification.store import Claimed, Share


@dataclass(frozen=True)
class Limits:
    """How many at once."""

    in_hand: int
    """Claimed, slow ones not counted."""
    turns: int
    """Sending, as long as they are not slow."""
    under_way: int
    """Sending, slow ones included."""
    patience_s: float
    """After so long a delivery is slow."""


class Lane:
    """Holds what was claimed until what became of it is written down.

    Each sends when its turn comes. A turn is short: what takes longer goes on beside those that come after it, so a
    recipient who keeps the mail server waiting keeps nobody else waiting, until too many do.
    """

    def __init__(self, limits: Limits, *, again: bool) -> None:
        self.again = again
        self.woken = asyncio.Event()
        """Something may be due."""
        self.claiming = asyncio.Lock()
        self._limits = limits
        self._turns = asyncio.Semaphore(limits.turns)
        self._under_way = asyncio.Semaphore(limits.under_way)
        self._in_hand: set[str] = set()
        self._slow: set[str] = set()
        self._has_room = asyncio.Event()
        self._sending: set[asyncio.Task[None]] = set()

    def share(self) -> Share:
        """What there is room for."""
        return Share(self.again, self._limits.in_hand - self._held(), tuple(self._in_hand))

    async def room(self) -> None:
        """Return when half of the hand is free, so that claims are of many."""
        while self._held() > self._limits.in_hand // 2:
            self._has_room.clear()
            await self._has_room.wait()

    def pick_up(self, claimed: Claimed, deliver: Coroutine[Any, Any, None]) -> None:
        self._in_hand.add(str(claimed.delivery.id))
        task = asyncio.create_task(deliver)
        self._sending.add(task)
        task.add_done_callback(self._sending.discard)

    async def in_turn(self, claimed: Claimed, send: Callable[[], Coroutine[Any, Any, Step]]) -> Step:
        """Send when its turn comes, and return what came of it."""
        async with self._under_way:
            async with self._turns:
                sending = asyncio.create_task(send())
                await asyncio.wait({sending}, timeout=self._limits.patience_s)
            if not sending.done():
                self._slow.add(str(claimed.delivery.id))
                self._has_room.set()
            return await sending

    def put_down(self, claimed: Claimed) -> None:
        self._in_hand.discard(str(claimed.delivery.id))
        self._slow.discard(str(claimed.delivery.id))
        self._has_room.set()

    async def all_sent(self) -> None:
        await asyncio.gather(*self._sending)

    def _held(self) -> int:
        return len(self._in_hand) - len(self._slow)
