"""Requests that wait until something is there."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import Final, TypeVar

Found = TypeVar("Found")

_ANOTHER_REPLICA_S: Final = 0.25
"""What another replica wrote wakes nobody here, so whoever waits looks again so often."""


class Waiters:
    """Who waits for which ticket, in this process."""

    def __init__(self) -> None:
        self._events: dict[str, set[asyncio.Event]] = {}

    def wake(self, tickets: Iterable[str]) -> None:
        if self._events:
            for ticket in tickets:
                for event in self._events.get(ticket, ()):
                    event.set()

    async def until(self, ticket: str, look: Callable[[], Awaitable[Found | None]], limit_s: float) -> Found | None:
        """Return what `look` finds, or None after the limit. It is registered before it looks: no wake-up is lost."""
        if limit_s <= 0:
            return await look()
        event = asyncio.Event()
        self._events.setdefault(ticket, set()).add(event)
        try:
            return await _look_until(look, event, asyncio.get_running_loop().time() + limit_s)
        finally:
            waiting = self._events[ticket]
            waiting.discard(event)
            if not waiting:
                del self._events[ticket]


async def _look_until(
    look: Callable[[], Awaitable[Found | None]], event: asyncio.Event, deadline: float
) -> Found | None:
    loop = asyncio.get_running_loop()
    while (found := await look()) is None and (left := deadline - loop.time()) > 0:
        try:
            async with asyncio.timeout(min(left, _ANOTHER_REPLICA_S)):
                await event.wait()
        except TimeoutError:
            continue
        event.clear()
    return found
