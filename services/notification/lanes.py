"""Deliveries in hand: those tried for the first time and those tried again, so that these hold up nobody."""

import asyncio
from collections.abc import Coroutine
from typing import Any

from services.notification.store import Claimed, Share


class Lane:
    """Holds what was claimed until what became of it is written down."""

    def __init__(self, *, again: bool, at_once: int, in_hand: int) -> None:
        self.again = again
        self.turns = asyncio.Semaphore(at_once)
        """Who may send now."""
        self.woken = asyncio.Event()
        """Something may be due."""
        self.claiming = asyncio.Lock()
        self._limit = in_hand
        self._in_hand: set[str] = set()
        self._has_room = asyncio.Event()
        self._sending: set[asyncio.Task[None]] = set()

    def share(self) -> Share:
        """What there is room for."""
        return Share(self.again, self._limit - len(self._in_hand), tuple(self._in_hand))

    async def room(self) -> None:
        """Return when half of the hand is free, so that claims are of many."""
        while len(self._in_hand) > self._limit // 2:
            self._has_room.clear()
            await self._has_room.wait()

    def pick_up(self, claimed: Claimed, deliver: Coroutine[Any, Any, None]) -> None:
        self._in_hand.add(str(claimed.delivery.id))
        task = asyncio.create_task(deliver)
        self._sending.add(task)
        task.add_done_callback(self._sending.discard)

    def put_down(self, claimed: Claimed) -> None:
        self._in_hand.discard(str(claimed.delivery.id))
        self._has_room.set()

    async def all_sent(self) -> None:
        await asyncio.gather(*self._sending)
