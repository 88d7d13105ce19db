"""Follows the directory: each process reads the compacted topic to its end before it is ready, then goes on."""

import asyncio
import time
from collections.abc import Callable, Iterable
from typing import Final

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from shared.directory import Directory
from shared.errors import Rejected
from shared.kafka import client_options
from shared.records import Record, Unknown, read_record, text_key
from shared.settings import KafkaSettings
from shared.topics import DIRECTORY

log = structlog.get_logger(__name__)

_POLL_MS: Final = 1_000
_SILENT_S: Final = 8.0


class TopicMissing(Exception):
    """Brokers never create topics by themselves, so a service can't start without them."""


class DirectoryFollower:
    """Keeps a directory as the topic says it is."""

    def __init__(self, kafka: KafkaSettings) -> None:
        self._kafka = kafka
        self._consumer: AIOKafkaConsumer | None = None
        self._place = TopicPartition(DIRECTORY.full_name(kafka.namespace), 0)
        self._topics = {self._place.topic: DIRECTORY}
        self._caught_up = False
        self._answered_at = 0.0
        self.directory = Directory()
        self.on_change: list[Callable[[str], None]] = []
        """Called with the key after each record that was taken in."""
        self._on_refusal: list[Callable[[str], None]] = []

    def watch(self, listener: Callable[[str], None]) -> None:
        """Have it called with the key after each record, also one that nobody understands."""
        self.on_change.append(listener)
        self._on_refusal.append(listener)

    async def start(self) -> None:
        """Connect and read to the end; raises KafkaError where no broker answers, TopicMissing without topics."""
        consumer = AIOKafkaConsumer(
            **client_options(self._kafka),
            client_id=f"{self._kafka.namespace}.directory",
            auto_offset_reset="earliest",
            enable_auto_commit=False,
        )
        await consumer.start()
        self._consumer = consumer
        if self._place.topic not in await consumer.topics():
            raise TopicMissing(f"the topic {self._place.topic} is missing: run `ntbcare topics apply` first")
        consumer.assign([self._place])
        await consumer.seek_to_beginning(self._place)
        await self.catch_up()

    async def catch_up(self) -> None:
        """Read to what is the end now."""
        consumer = self._consumer
        if consumer is None:
            return
        end = (await consumer.end_offsets([self._place]))[self._place]
        while await consumer.position(self._place) < end:
            await self._read(consumer)
        self._caught_up = True
        self._answered_at = time.monotonic()

    async def stop(self) -> None:
        consumer, self._consumer = self._consumer, None
        if consumer is not None:
            await consumer.stop()

    async def run(self) -> None:
        """Follow the topic for ever."""
        while self._consumer is not None:
            try:
                await self._read(self._consumer)
                if time.monotonic() - self._answered_at < _SILENT_S / 3:
                    continue
                async with asyncio.timeout(_SILENT_S / 3):
                    await self._consumer.end_offsets([self._place])
                self._answered_at = time.monotonic()
            except (KafkaError, OSError, TimeoutError) as error:
                log.warning("directory_does_not_answer", error=type(error).__name__)
                await asyncio.sleep(1)

    async def why_not_ready(self) -> str | None:
        if not self._caught_up:
            return "the directory is not read to its end yet"
        if not self.directory.categories:
            return "the directory has no categories: has routing run, and `ntbcare topics apply` before it?"
        if time.monotonic() - self._answered_at > _SILENT_S:
            return "the broker doesn't answer"
        return None

    async def _read(self, consumer: AIOKafkaConsumer) -> None:
        fetched = await consumer.getmany(self._place, timeout_ms=_POLL_MS)
        for record in fetched.get(self._place, []):
            self.take(record)

    def take(self, record: Record) -> None:
        """Apply it, or say why not."""
        try:
            received = read_record(record, self._topics, Unknown.PARK)
        except Rejected as rejected:
            log.warning("directory_record_refused", offset=record.offset, reason=rejected.reason)
            self._refuse(record)
            return
        if received is not None:
            self.directory.apply(received.key, received.event)
            self._tell(received.key, self.on_change)

    def _refuse(self, record: Record) -> None:
        try:
            key = text_key(record)
        except Rejected:
            # It takes the place of no record of ours.
            return
        self.directory.refuse(key)
        self._tell(key, self._on_refusal)

    def _tell(self, key: str, listeners: Iterable[Callable[[str], None]]) -> None:
        for listener in listeners:
            try:
                listener(key)
            except Exception:
                # What was fetched with this record is not fetched again: all the others must be taken in.
                log.exception("directory_listener_failed", record=key)
