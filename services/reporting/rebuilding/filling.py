"""Reads the topics into one generation as fast as it goes, with the service's own handler, without counting."""

import asyncio
from collections.abc import AsyncGenerator, Iterable, Sequence
from contextlib import asynccontextmanager
from itertools import chain
from typing import Final

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import CommitFailedError

from services.reporting.handlers import Projector
from services.reporting.store.read_model import ReadModel
from shared.cluster import Offsets
from shared.consumer import Consumer, Policy
from shared.dead_letters import fetch_origin
from shared.kafka import client_options
from shared.mongo import is_passing
from shared.records import Record, Unknown
from shared.settings import KafkaSettings
from shared.topics import CONSUMERS, Topic
from shared.waiters import Waiters

MAX_RECORDS: Final = 1_000
LANES: Final = 2
"""One decodes while the other waits for MongoDB. A ticket's records of all topics are in one of them."""
_POLL_MS: Final = 200
_FETCH_BYTES: Final = 512 * 1024
"""Of a partition at once: it is most of the memory that a rebuild takes."""


class Skipped:
    """Stands in for the dead letters: what can never be handled the live generation has parked already."""

    def __init__(self) -> None:
        self.records = 0

    def count_good(self, records: int) -> None: ...

    def count_bad(self) -> None: ...

    def forget(self) -> None: ...

    def flooded(self) -> bool:
        return False

    async def park(self, record: Record, topic: Topic, reason: str) -> None:  # noqa: ARG002 - as DeadLetters has it
        self.records += 1


class Untouched:
    """Nothing is counted while it reads; the marks in the cases say later what is to be counted."""

    def touch(self, tickets: Iterable[str]) -> None: ...


class Filling:
    """One process fills one generation: it takes every partition, and goes on from what the group committed."""

    def __init__(self, kafka: KafkaSettings, model: ReadModel) -> None:
        self.skipped = Skipped()
        self.read: Offsets = {}
        """Where it is, of each partition: all before is durable."""
        self.is_handed_over = False
        """Members of the group commit from now on; what both read comes to the same."""
        self._kafka = kafka
        self._group = f"{kafka.namespace}.{model.generation.group}"
        projector = Projector(model, Waiters(), Untouched())
        self._lanes = [self._lane(projector) for _ in range(LANES)]
        self._consumer: AIOKafkaConsumer | None = None

    @property
    def waits(self) -> str | None:
        """Why it stands still, in words."""
        return next((lane.holding for lane in self._lanes if lane.holding), None)

    @asynccontextmanager
    async def open(self, places: Sequence[TopicPartition]) -> AsyncGenerator[None]:
        """Raises KafkaError."""
        consumer = AIOKafkaConsumer(
            **client_options(self._kafka),
            group_id=self._group,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            max_partition_fetch_bytes=_FETCH_BYTES,
        )
        consumer.assign(list(places))
        await consumer.start()
        try:
            self.read = {place: await consumer.position(place) for place in places}
            self._consumer = consumer
            yield
        finally:
            await consumer.stop()

    async def read_to(self, ends: Offsets) -> None:
        """Return when all before these offsets is durable and committed. Raises KafkaError."""
        lanes = [[place for place in self.read if place.partition % LANES == number] for number in range(LANES)]
        tasks = [asyncio.create_task(self._fill(*lane, ends)) for lane in zip(self._lanes, lanes, strict=True)]
        try:
            await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _fill(self, lane: Consumer, places: Sequence[TopicPartition], ends: Offsets) -> None:
        consumer = self._consumer
        while consumer and (behind := [place for place in places if self.read[place] < ends[place]]):
            fetched = await consumer.getmany(*behind, timeout_ms=_POLL_MS, max_records=MAX_RECORDS)
            if fetched:
                await lane.consume(list(chain(*fetched.values())))
                lane.settled()
            # Asked for, not reckoned: it also passes what compaction has removed.
            now = {place: await consumer.position(place) for place in behind}
            moved = {place: offset for place, offset in now.items() if offset != self.read[place]}
            await self._commit(consumer, moved)
            self.read.update(moved)

    async def _commit(self, consumer: AIOKafkaConsumer, moved: Offsets) -> None:
        if not moved or self.is_handed_over:
            return
        try:
            await consumer.commit(moved)
        except CommitFailedError:
            if not self.is_handed_over:
                raise

    def _lane(self, projector: Projector) -> Consumer:
        kafka = self._kafka
        topics = {topic.full_name(kafka.namespace): topic for topic in CONSUMERS["reporting"]}

        async def go_on() -> None:
            """Nothing floods it."""

        return Consumer(
            "reporting",
            projector.handle,
            Policy(topics, Unknown.ENVELOPE, is_passing),
            self.skipped,
            wait_for_resume=go_on,
            fetch_origin=lambda record: fetch_origin(kafka, record),
        )
