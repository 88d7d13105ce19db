"""Brings the buckets up to what the cases say, behind the consumer's back."""

import asyncio
import time
from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Final

from services.reporting.store import Store
from services.reporting.store.cases import Stale

SWEEP_EVERY_S: Final = 10.0
REST_S: Final = 0.5
"""Between two counts: counting a bucket costs the same for one new case as for all that come in this time."""
LEFT_FOR: Final = timedelta(seconds=10)
"""A mark this old was left by a process that ended, or failed, before it counted."""
_AT_ONCE: Final = 1_000


class Refresher:
    """What is touched while one count is under way becomes the next count."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._touched: set[str] = set()
        self._wake = asyncio.Event()

    def touch(self, tickets: Iterable[str]) -> None:
        self._touched.update(tickets)
        self._wake.set()

    async def run(self) -> None:
        """For ever. Raises what MongoDB raises; what was touched then stays marked, for the sweep."""
        next_sweep = 0.0
        while True:
            if time.monotonic() >= next_sweep:
                await self.sweep(datetime.now(UTC) - LEFT_FOR)
                next_sweep = time.monotonic() + SWEEP_EVERY_S
            with suppress(TimeoutError):
                async with asyncio.timeout(next_sweep - time.monotonic()):
                    await self._wake.wait()
            await self.refresh_touched()
            await asyncio.sleep(REST_S)

    async def refresh_touched(self) -> None:
        self._wake.clear()
        touched, self._touched = list(self._touched), set()
        for start in range(0, len(touched), _AT_ONCE):
            await self._refresh(await self._store.cases.stale_among(touched[start : start + _AT_ONCE]))

    async def sweep(self, before: datetime) -> None:
        """Count what was marked before then."""
        while stale := await self._store.cases.stale_since(before, _AT_ONCE):
            await self._refresh(stale)

    async def _refresh(self, stale: list[Stale]) -> None:
        await self._store.buckets.recount({bucket for each in stale for bucket in each.buckets})
        await self._store.cases.clear(stale)
