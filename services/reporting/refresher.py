"""Brings what follows from the cases up to what they say, behind the consumer's back: figures, lists, search."""

import asyncio
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

import structlog

from services.reporting.domain.definitions import Definitions
from services.reporting.domain.figures import Bucket
from services.reporting.domain.search import found_by
from services.reporting.domain.tallies import Tallied, tally
from services.reporting.domain.withdrawing import withdrawn_at
from services.reporting.store.cases import Followed, Stale
from services.reporting.store.read_model import Parts
from shared.directory import Directory

log = structlog.get_logger(__name__)

SWEEP_EVERY_S: Final = 10.0
REST_S: Final = 0.5
"""Between two counts: counting a bucket costs the same for one new case as for all that come in this time."""
SUMS_REST_S: Final = 2.0
"""The same, between two sums of months."""
LEFT_FOR: Final = timedelta(seconds=10)
"""A mark this old was left by a process that ended, or failed, before it counted."""
_AT_ONCE: Final = 1_000
_TURN: Final = 50
"""Cases after which requests get a turn."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What follows from a case depends on these."""

    definitions: Definitions
    names: Directory


class Refresher:
    """What is touched while one count is under way becomes the next count."""

    def __init__(self, store: Parts, rules: Rules) -> None:
        self._store = store
        self._rules = rules
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

    async def run_sums(self) -> None:
        """For ever: the sums of months whose buckets were counted anew. Raises what MongoDB raises."""
        while True:
            await self.add_up()
            await asyncio.sleep(SUMS_REST_S)

    async def add_up(self) -> None:
        """Each month that needs it, once."""
        began = datetime.now(UTC)
        while claim := await self._store.rollups.claim(datetime.now(UTC), made_before=began):
            await self._store.rollups.make(claim, datetime.now(UTC))

    async def refresh_touched(self) -> None:
        self._wake.clear()
        touched, self._touched = list(self._touched), set()
        for start in range(0, len(touched), _AT_ONCE):
            await self._refresh(await self._store.cases.stale_among(touched[start : start + _AT_ONCE]))

    async def sweep(self, before: datetime) -> None:
        """Count what was marked before then."""
        while stale := await self._store.cases.stale_since(before, _AT_ONCE):
            await self._refresh(stale)

    async def count_everything(self) -> None:
        """For a generation that nobody else counts, and that is not read yet: all cases, then all buckets at one go.

        Begun again it goes on with the cases that are left; buckets and sums are all made anew.
        """
        last = ""
        while stale := await self._store.cases.stale_after(last, _AT_ONCE):
            await self._store.cases.follow(await self._follow(stale), is_counted=True)
            last = stale[-1].case.ticket
        await self._store.rollups.clear()
        await self._store.rollups.mark(await self._store.buckets.count_everything())
        await self.add_up()

    async def _refresh(self, stale: list[Stale]) -> None:
        if not stale:
            return
        followed = await self._follow(stale)
        await self._store.cases.follow(followed)
        touched = {bucket for each in followed for bucket in each.touched}
        await self._store.buckets.recount(touched)
        # Marked before the cases are cleared: whoever is killed between leaves them to be counted again.
        await self._store.rollups.mark(sorted({Bucket.parse(bucket).month.start for bucket in touched}))
        await self._store.cases.clear(stale)

    async def _follow(self, stale: list[Stale]) -> list[Followed]:
        followed: list[Followed] = []
        for start in range(0, len(stale), _TURN):
            followed += [self._followed(each) for each in stale[start : start + _TURN]]
            await asyncio.sleep(0)
        return followed

    def _followed(self, stale: Stale) -> Followed:
        case, rules = stale.case, self._rules
        try:
            return Followed(stale, tally(case, rules.definitions), found_by(case, rules.names), withdrawn_at(case))
        except Exception:
            # One case must not keep all others from being counted; this one counts nowhere until it is told anew.
            log.exception("case_not_counted", ticket=case.ticket)
            return Followed(stale, Tallied(), ())
