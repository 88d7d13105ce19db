"""Fills a new generation beside the live one, lays the two side by side, and gives the new one to the service."""

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final

from services.reporting.domain.definitions import Definitions
from services.reporting.domain.generations import (
    Comparison,
    Generation,
    GenerationRefused,
    Progress,
    State,
    seconds_left,
)
from services.reporting.rebuilding.comparing import compare_settled
from services.reporting.rebuilding.filling import Filling
from services.reporting.rebuilding.lease import leased
from services.reporting.refresher import Refresher, Rules
from services.reporting.shipped import shipped_definitions
from services.reporting.store import Store
from services.reporting.store.contents import is_counted, left_to_count
from services.reporting.store.generations import written
from services.reporting.store.read_model import ReadModel
from shared.cluster import Cluster, Offsets, by_topic
from shared.follower import DirectoryFollower
from shared.progress import Moment, Tell
from shared.tasks import end_tasks

NEAR: Final = 1_000
"""Records behind the end of the topics: what came while the last ones were read."""
TAKEN_OVER_WITHIN_S: Final = 60.0
_REST_S: Final = 0.3


class Step(StrEnum):
    """What a rebuild is doing."""

    READING = "Reading"
    COUNTING = "Counting"
    COMPARING = "Comparing"
    HANDING_OVER = "Handing over"


class Rebuild:
    """Of one generation. Killed and begun again it goes on from what its consumer group committed."""

    def __init__(self, store: Store, cluster: Cluster, generation: Generation, tell: Tell) -> None:
        self.model: ReadModel = store.of(generation)
        self._store = store
        self._cluster = cluster
        self._tell = tell
        self._filling = Filling(cluster.kafka, self.model)
        self._follower = DirectoryFollower(cluster.kafka)
        self._refresher = Refresher(self.model, Rules(self.model.definitions, self._follower.directory))
        self.step = Step.READING
        self._begins: Offsets = {}
        self._to_read = Progress(0, 0)
        self._read_before = 0
        self._began_at = 0.0
        self._to_count = 0

    @property
    def skipped(self) -> int:
        """Records that can never be handled."""
        return self._filling.skipped.records

    @property
    def read(self) -> int:
        """Records that are durable in it."""
        return sum(self._filling.read.values()) - sum(self._begins.values())

    @asynccontextmanager
    async def running(self) -> AsyncGenerator[None]:
        """Raises GenerationRefused where another process rebuilds, KafkaError and PyMongoError."""
        name = self.model.generation.id
        async with leased(self._store.generations, name, self._beat):
            # Only now: whoever is refused leaves nothing behind.
            await self._write_down()
            await self.model.prepare()
            places = await self._cluster.places()
            async with self._following(), self._filling.open(places):
                ends, self._begins = await self._cluster.ends(places), await self._cluster.begins(places)
                to_read = sum(ends.values()) - sum(self._begins.values())
                self._to_read = Progress(0, to_read, by_topic(ends))
                self._read_before, self._began_at = self.read, time.monotonic()
                yield

    async def _write_down(self) -> None:
        generation = self.model.generation
        there = (await self._store.generations.read()).generations.get(generation.id)
        if there is None:
            await self._store.generations.make(generation)
        elif there.state is not State.BUILDING:
            raise GenerationRefused(f"Generation {generation.id} was finished by another process meanwhile.")

    async def fill(self) -> None:
        """Read the topics to their end, then count every case, then what came meanwhile."""
        ends = await self._ends()
        while True:
            await self._filling.read_to(ends)
            newer = await self._ends()
            if sum(newer.values()) - sum(ends.values()) <= NEAR:
                break
            ends = newer
        self._to_count, self.step = await left_to_count(self.model), Step.COUNTING
        await self._refresher.count_everything()

    async def compare(self) -> Comparison:
        """With the live generation, at a moment when neither has anything left to do, if there is one in a minute."""
        self.step = Step.COMPARING
        return await compare_settled(self._store.live, self.model, self._is_settled, self._catch_up)

    async def hand_over(self) -> bool:
        """Let the service's replicas consume it from now on; go on until they do. False: none runs, or none came."""
        self.step = Step.HANDING_OVER
        await self._catch_up()
        self._filling.is_handed_over = True
        await self._store.generations.become(self.model.generation.id, State.SERVED, is_undecided=True)
        deadline = time.monotonic() + TAKEN_OVER_WITHIN_S
        while (replicas := await self._cluster.members(self._store.live.generation.group)) > 0:
            if await self._cluster.members(self.model.generation.group) >= replicas:
                return True
            if time.monotonic() > deadline:
                break
            await self._catch_up()
            await asyncio.sleep(_REST_S)
        return False

    @asynccontextmanager
    async def _following(self) -> AsyncGenerator[None]:
        """Names that cases are found by are those of the directory."""
        await self._follower.start()
        task = asyncio.create_task(self._follower.run())
        try:
            yield
        finally:
            await end_tasks([task], again_s=_REST_S)
            await self._follower.stop()

    async def _catch_up(self) -> None:
        await self._filling.read_to(await self._ends())
        await self._count()

    async def _count(self) -> None:
        await self._refresher.sweep(datetime.now(UTC))
        await self._refresher.add_up()

    async def _ends(self) -> Offsets:
        return await self._cluster.ends(list(self._filling.read))

    async def _is_settled(self) -> bool:
        """Whether both generations have read everything and counted it."""
        ends = await self._ends()
        read = all(self._filling.read[place] >= end for place, end in ends.items())
        return (
            read
            and await self._cluster.has_read(self._store.live.generation.group, ends)
            and await is_counted(self._store.live)
            and await is_counted(self.model)
        )

    @property
    def _progress(self) -> Progress:
        return replace(self._to_read, read=self.read)

    async def _beat(self) -> None:
        if not self._begins:
            return
        self._tell(await self._moment())
        await self._store.generations.move(self.model.generation.id, self._progress, datetime.now(UTC))

    async def _moment(self) -> Moment:
        progress, elapsed = self._progress, time.monotonic() - self._began_at
        match self.step:
            case Step.READING:
                pace = (progress.read - self._read_before) / elapsed if elapsed else 0.0
                left = seconds_left(progress, self._read_before, elapsed)
                return Moment(self.step, progress.read, progress.to_read, pace, left, self._filling.waits)
            case Step.COUNTING:
                done = self._to_count - await left_to_count(self.model)
                return Moment(self.step, max(0, done), self._to_count)
            case Step.COMPARING | Step.HANDING_OVER:
                return Moment(self.step, waits=self._filling.waits)


async def generation_to_fill(store: Store, wanted: str | None, definitions: Definitions | None) -> Generation:
    """The unfinished one, or a new one, which is written down when its rebuild runs. Raises GenerationRefused."""
    known = await store.generations.read()
    name = known.name_for_rebuild(wanted)
    there = known.generations.get(name)
    if there is None:
        kept = written(definitions or shipped_definitions())
        return Generation(name, kept, State.BUILDING, datetime.now(UTC), Progress(0, 0))
    if definitions is not None and written(definitions) != written(store.of(there).definitions):
        raise GenerationRefused(
            f"Generation {name} was begun with definitions {there.version}, which are not those given now. Let it end, "
            f"or drop it first: ntbcare reporting drop {name}"
        )
    return there


async def generation_to_decide(store: Store, wanted: str | None, definitions: Definitions | None) -> Generation | None:
    """One that a killed rebuild of the same definitions had handed over, with all done but the switch."""
    there = (await store.generations.read()).undecided(wanted)
    if there is None or written(definitions or shipped_definitions()) != written(store.of(there).definitions):
        return None
    return there
