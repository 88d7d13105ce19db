"""The numbers of the start page as they change: one look for all who listen in this process."""

import asyncio
import json
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Final

from pymongo.errors import PyMongoError

from shared.leaving import told_when_leaving

LOOKS_EVERY_S: Final = 2.0
BEATS_EVERY_S: Final = 15.0
"""So that whatever lies between does not take the connection for dead."""
LASTS_S: Final = 600.0
"""After this the browser comes back by itself, to whichever replica."""
MOST_LISTENERS: Final = 500

Numbers = Mapping[str, float | None]


class TooManyListeners(Exception):
    """One more would cost the others."""


class Live:
    """Looks only while somebody listens."""

    def __init__(
        self, look: Callable[[], Awaitable[Numbers]], most: int = MOST_LISTENERS, every_s: float = LOOKS_EVERY_S
    ) -> None:
        self._look = look
        self._most = most
        self._every_s = every_s
        self._listeners = 0
        self._looking: asyncio.Task[None] | None = None
        self._told = ""
        self._has_ended = False
        self._changed = asyncio.Event()

    @asynccontextmanager
    async def running(self) -> AsyncGenerator[None]:
        """Streams end when the server leaves."""
        with told_when_leaving(self.end):
            yield

    def end(self) -> None:
        """Every stream, now."""
        self._has_ended = True
        self._wake()

    def listen(self, lasts_s: float = LASTS_S, beats_every_s: float = BEATS_EVERY_S) -> AsyncGenerator[str]:
        """What goes to one listener, until its time is over. Raises TooManyListeners at once."""
        if self._listeners >= self._most:
            raise TooManyListeners
        return self._listen(lasts_s, beats_every_s)

    async def _listen(self, lasts_s: float, beats_every_s: float) -> AsyncGenerator[str]:
        ends = time.monotonic() + lasts_s
        self._begin()
        try:
            told = ""
            while not self._has_ended and (left := ends - time.monotonic()) > 0:
                if self._told != told:
                    told = self._told
                    yield f"data: {told}\n\n"
                elif not await _within(self._changed, min(left, beats_every_s)):
                    yield ": still here\n\n"
        finally:
            self._end()

    def _begin(self) -> None:
        self._listeners += 1
        if self._looking is None:
            self._looking = asyncio.create_task(self._keep_looking(), name="live numbers")

    def _end(self) -> None:
        self._listeners -= 1
        if not self._listeners and self._looking:
            self._looking.cancel()
            self._looking = None

    def _wake(self) -> None:
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()

    async def _keep_looking(self) -> None:
        while True:
            try:
                seen = json.dumps(await self._look())
            except PyMongoError:
                seen = self._told
            if seen != self._told:
                self._told = seen
                self._wake()
            await asyncio.sleep(self._every_s)


async def _within(changed: asyncio.Event, seconds: float) -> bool:
    try:
        async with asyncio.timeout(seconds):
            await changed.wait()
    except TimeoutError:
        return False
    return True
