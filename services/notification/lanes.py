"""Addresses in hand: those of first attempts and those whose last was put off, so that these hold up nobody."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Final

from services.notification.domain.attempts import Answer
from shared.tasks import end_tasks

_CANCEL_AGAIN_S: Final = 0.5


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
    """After so long an address is slow."""


class Lane:
    """Holds what was claimed until it is given back.

    Each sends when its turn comes. A turn is short: what takes longer goes on beside those that come after it, so a
    recipient who keeps the server waiting keeps nobody else waiting, until too many do.
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

    @property
    def free(self) -> int:
        """How many more there is room for."""
        return self._limits.in_hand - self._held()

    @property
    def in_hand(self) -> tuple[str, ...]:
        return tuple(self._in_hand)

    async def room(self) -> None:
        """Return when half of the hand is free, so that claims are of many."""
        while self._held() > self._limits.in_hand // 2:
            self._has_room.clear()
            await self._has_room.wait()

    def pick_up(self, address: str, work: Coroutine[Any, Any, None]) -> None:
        self._in_hand.add(address)
        task = asyncio.create_task(work)
        self._sending.add(task)
        task.add_done_callback(self._sending.discard)

    async def in_turn(self, address: str, send: Callable[[], Coroutine[Any, Any, Answer]]) -> Answer:
        """Send when its turn comes, and return what came of it."""
        async with self._under_way:
            async with self._turns:
                sending = asyncio.create_task(send())
                await asyncio.wait({sending}, timeout=self._limits.patience_s)
            if not sending.done():
                self._slow.add(address)
                self._has_room.set()
            return await sending

    def put_down(self, address: str) -> None:
        self._in_hand.discard(address)
        self._slow.discard(address)
        self._has_room.set()

    async def all_done(self, limit_s: float) -> None:
        """Return when what is in hand is given back, or cannot be."""
        if self._sending:
            await asyncio.wait(self._sending, timeout=limit_s)
        await end_tasks(list(self._sending), again_s=_CANCEL_AGAIN_S)

    def _held(self) -> int:
        return len(self._in_hand) - len(self._slow)
