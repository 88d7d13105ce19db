"""Reading a whole topic once, in little memory and without a group: as far as it goes when the reading begins."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing, asynccontextmanager
from datetime import UTC, datetime
from typing import Final

from aiokafka import AIOKafkaConsumer, TopicPartition

from shared.kafka import client_options
from shared.records import Record, told_headers
from shared.settings import KafkaSettings
from shared.topics import Topic

_POLL_MS: Final = 500
_FETCH_BYTES: Final = 256 * 1024
"""Of a partition at once."""
_RECORDS: Final = 2_000

Offsets = dict[TopicPartition, int]


class Scan:
    """Gives the records of a topic in batches, each partition in its order."""

    def __init__(self, kafka: KafkaSettings, topic: Topic, begin: Mapping[TopicPartition, int] | None = None) -> None:
        self._kafka = kafka
        self._topic = topic
        self._begin = begin or {}
        self.ends: Offsets = {}
        """Where the reading stopped; the next may begin there."""

    async def batches(self) -> AsyncGenerator[list[Record]]:
        """Raises KafkaError."""
        async with self._reading() as consumer:
            left = {place for place, end in self.ends.items() if await consumer.position(place) < end}
            while left:
                fetched = await consumer.getmany(*left, timeout_ms=_POLL_MS, max_records=_RECORDS)
                if records := [
                    record for place, found in fetched.items() for record in found if record.offset < self.ends[place]
                ]:
                    yield records
                # Asked for, not reckoned: it also passes what compaction has removed.
                left = {place for place in left if await consumer.position(place) < self.ends[place]}

    @asynccontextmanager
    async def _reading(self) -> AsyncGenerator[AIOKafkaConsumer]:
        consumer = AIOKafkaConsumer(
            self._topic.full_name(self._kafka.namespace),
            **client_options(self._kafka),
            client_id=f"{self._kafka.namespace}.scan",
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            max_partition_fetch_bytes=_FETCH_BYTES,
        )
        await consumer.start()
        try:
            self.ends = await consumer.end_offsets(list(consumer.assignment()))
            for place, offset in self._begin.items():
                consumer.seek(place, min(offset, self.ends.get(place, offset)))
            yield consumer
        finally:
            await consumer.stop()


async def records_of(scan: Scan) -> AsyncGenerator[Record]:
    """One by one."""
    async with aclosing(scan.batches()) as batches:
        async for batch in batches:
            for record in batch:
                yield record


def type_of(record: Record) -> str:
    """Of its event; empty where it says none."""
    return next((value.decode(errors="replace") for name, value in told_headers(record) if name == "ce_type"), "")


def key_of(record: Record) -> str:
    return (record.key or b"").decode(errors="replace")


def time_of(record: Record) -> datetime:
    """When it was published."""
    return datetime.fromtimestamp(record.timestamp / 1_000, UTC)
