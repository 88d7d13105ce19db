"""What keeps a server or a gateway that can't be used from being asked again and again."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import Final

import structlog

from services.notification.domain.attempts import Answer, NotTried
from services.notification.metrics import CHANNEL_REACHABLE, SERVICE
from shared.delays import growing_delays

log = structlog.get_logger(__name__)

_FAILURES_IN_A_ROW: Final = 3


class Breaker:
    """Closed while the channel works. Otherwise everything rests, for a growing, jittered time, and is then proven."""

    def __init__(self, channel: str, first_s: float, longest_s: float, *, proven: bool = True) -> None:
        self._channel = channel
        self._first_s = first_s
        self._longest_s = longest_s
        self._proven = proven
        self._proving = asyncio.Lock()
        self._delays = growing_delays(first_s, longest_s)
        self._failed = set[object]()
        self._rests_until = 0.0
        self._is_fine = False
        """Nothing has happened since it worked: the next that works changes nothing."""
        if proven:
            self._tell(reachable=True)

    @property
    def resting(self) -> bool:
        return _loop_time() < self._rests_until

    async def rested(self) -> None:
        """Return when it does not rest."""
        while (seconds := self._rests_until - _loop_time()) > 0:  # noqa: ASYNC110 - it may grow meanwhile
            await asyncio.sleep(seconds)

    async def prove(self, probe: Callable[[], Awaitable[None]]) -> None:
        """Return once it is closed. The probe, made after each rest, says by `worked` or `rest` what came of it."""
        async with self._proving:
            while not self._proven:
                await self.rested()
                await probe()

    async def through(self, attempt: Callable[[], Awaitable[Answer]]) -> Answer:
        """Make the attempt unless it rests. After a rest one goes ahead, and the others wait for what comes of it."""
        if not self._proven:
            async with self._proving:
                if not self._proven:
                    return NotTried() if self.resting else await attempt()
        return NotTried() if self.resting else await attempt()

    def worked(self) -> None:
        if self._is_fine or self.resting:
            # Or it was under way when the others failed, and says nothing about now.
            return
        self._delays = growing_delays(self._first_s, self._longest_s)
        self._failed.clear()
        self._proven = self._is_fine = True
        self._tell(reachable=True)

    def opened(self) -> None:
        """It can be reached. Where messages failed in a row, only one that goes out says that it works again."""
        if not self._failed:
            self.worked()
        elif not self.resting:
            self._proven = True

    def failed(self, why: str, whom: object = None) -> None:
        """It may be the message's fault, or its recipient's: it rests after a few without a success between them.

        `whom` it concerned, where that is known: one recipient who fails again and again counts once.
        """
        self._is_fine = False
        self._failed.add(whom or len(self._failed))
        if len(self._failed) >= _FAILURES_IN_A_ROW or not self._proven:
            self.rest(why)

    def rest(self, why: str, seconds: float | None = None) -> None:
        """It can't be used now. `seconds`: how long it asked to be left alone."""
        self._proven = self._is_fine = False
        if seconds is None and self.resting:
            # Those under way at the same moment fail together; that is one failure.
            return
        length = next(self._delays) if seconds is None else self._asked(seconds)
        self._rests_until = max(self._rests_until, _loop_time() + length)
        self._tell(reachable=False)
        log.warning("channel_unusable", channel=self._channel, why=why, seconds=round(length, 1))

    def _asked(self, seconds: float) -> float:
        return max(seconds, self._first_s) * random.uniform(1, 1.1)  # noqa: S311 - jitter, no secret

    def _tell(self, *, reachable: bool) -> None:
        CHANNEL_REACHABLE.labels(SERVICE, self._channel).set(reachable)


def _loop_time() -> float:
    return asyncio.get_running_loop().time()
