"""Does what is due by itself: any number of replicas, each breach and each step of the ladder once."""

import asyncio
import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final

import structlog

from services.routing.domain.clocks import sweep
from services.routing.domain.rulebook import Rulebook
from services.routing.store.cases import CaseStore
from services.routing.store.documents import Save, StoredCase, records_of
from services.routing.writing import write
from shared.metrics import CLOCKS_RUN
from shared.outbox import OutboxRelay

log = structlog.get_logger(__name__)

_SWEEP_EVERY_S: Final = 1.0
_LOOK_AT: Final = 1_000
_REST: Final = timedelta(minutes=10)
"""How long a case is passed over whose clocks could not be run."""
_AT_ONCE: Final = 100
"""Of what it sees it takes so many, drawn by lot: replicas that sweep together seldom meet at one case."""


class Sweeper:
    """Brings cases up to the present. Writes are guarded: of two replicas at one case, the second writes nothing."""

    def __init__(
        self,
        store: CaseStore,
        relay: OutboxRelay,
        rulebook: Callable[[], Rulebook],
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._store = store
        self._relay = relay
        self._rulebook = rulebook
        self._now = now
        self._failed: dict[str, datetime] = {}
        """Tickets that were in the way, and when they are tried again."""

    async def run(self) -> None:
        while True:
            await asyncio.sleep(_SWEEP_EVERY_S)
            while await self.sweep_once():
                pass

    async def sweep_once(self) -> int:
        """Returns how many cases it brought up to the present."""
        now = self._now()
        self._failed = {ticket: again_at for ticket, again_at in self._failed.items() if again_at > now}
        due = await self._store.due_before(now, _LOOK_AT, but=list(self._failed))
        chosen = random.sample(due, min(_AT_ONCE, len(due)))
        stored = await self._store.load_many(chosen) if chosen else {}
        self._failed |= dict.fromkeys(set(chosen) - stored.keys(), now + _REST)
        saves = [save for one in stored.values() if (save := self._brought_up(one)) is not None]
        done = await write(self._store, self._relay, saves)
        CLOCKS_RUN.labels("routing").inc(sum(len(save.change.events) for save in done))
        return len(done)

    def _brought_up(self, stored: StoredCase) -> Save | None:
        try:
            change = sweep(stored.case, self._now(), self._rulebook())
        except Exception:
            # One case must not keep the clocks of all others from running, nor must many.
            log.exception("clock_failed", ticket=stored.case.ticket)
            self._failed[stored.case.ticket] = self._now() + _REST
            return None
        return Save(stored, (), records_of(change, ""), change)
