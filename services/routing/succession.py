"""What happens by itself when a day comes: planned changes of the directory hold, ended agencies hand over."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

from services.routing.domain.rulebook import Rulebook
from services.routing.domain.succession import ended_bodies, hand_over
from services.routing.store.cases import CaseStore
from services.routing.store.directory import DirectoryStore
from services.routing.store.documents import Save, records_of
from services.routing.writing import write
from shared.outbox import OutboxRelay
from shared.wita import day_of

_LOOK_EVERY_S: Final = 10.0
_AT_ONCE: Final = 100


class Succession:
    """Any number of replicas may run it: whoever comes second writes nothing."""

    def __init__(
        self,
        records: DirectoryStore,
        cases: CaseStore,
        relay: OutboxRelay,
        rulebook: Callable[[], Rulebook],
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._records = records
        self._cases = cases
        self._relay = relay
        self._rulebook = rulebook
        self._now = now

    async def run(self) -> None:
        while True:
            await self.make_planned()
            while await self.hand_over_once():
                pass
            await asyncio.sleep(_LOOK_EVERY_S)

    async def make_planned(self) -> int:
        """Returns how many changes hold from now on."""
        planned = await self._records.planned(day_of(self._now()))
        made = [await self._records.make(edit) for edit in planned]
        return sum(revision is not None for revision in made)

    async def hand_over_once(self) -> int:
        """Returns how many cases went to a successor."""
        ended = ended_bodies(self._rulebook(), day_of(self._now()))
        tickets = await self._cases.held_by(ended, _AT_ONCE) if ended else []
        saves: list[Save] = []
        for stored in (await self._cases.load_many(tickets)).values():
            change = hand_over(stored.case, self._rulebook(), self._now())
            if change.events:
                saves.append(Save(stored, (), records_of(change, ""), change, moves=True))
        return len(await write(self._cases, self._relay, saves))
