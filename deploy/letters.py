"""Dead letters of one service: what is parked, what was tried again, and where the bytes are."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from shared.dead_letters import (
    AT,
    ID,
    OFFSET,
    PARTITION,
    REASON,
    fetch_origin,
    is_reference,
    is_resume,
    resume_record,
)
from shared.kafka import client_options
from shared.records import ORIGIN, Record, told_headers
from shared.settings import KafkaSettings
from shared.topics import DEAD_LETTERS, LARGEST_RECORD, REDRIVES

_POLL_MS: Final = 500


class ParkingService(StrEnum):
    """The services that consume, and so may park what they read."""

    ROUTING = "routing"
    NOTIFICATION = "notification"
    REPORTING = "reporting"


class TopicMissing(Exception):
    """The cluster has no such topic."""


class Superseded(Exception):
    """The origin topic holds the record no more: a newer one of its key took its place, or it was erased."""


@dataclass(frozen=True)
class Letter:
    """A parked record. Parked twice it is one letter, the newest."""

    id: str
    parked_at: str
    """ISO 8601, as the service wrote it; also says which parking a re-drive answered."""
    topic: str
    """Where the record was read first, without the namespace."""
    partition: int
    offset: int
    reason: str
    record: Record
    is_open: bool
    """Nobody has tried it again since it was parked last."""

    @property
    def by_reference(self) -> bool:
        return is_reference(self.record)

    @property
    def at(self) -> datetime:
        return datetime.fromisoformat(self.parked_at)


class Letters:
    """The dead letters of a service."""

    def __init__(self, kafka: KafkaSettings, service: ParkingService) -> None:
        self._kafka = kafka
        self._parked = DEAD_LETTERS[service]
        self._redrive = REDRIVES[service].full_name(kafka.namespace)

    async def read(self) -> list[Letter]:
        """All letters that the topic still holds, oldest first. Raises KafkaError."""
        redriven = {
            (headers.get(ID, ""), headers.get(AT, ""))
            for record in await self._read(self._redrive)
            if not is_resume(record)
            for headers in (_headers(record),)
        }
        newest: dict[str, Letter] = {}
        for record in await self._read(self._parked.full_name(self._kafka.namespace)):
            letter = _letter(record, redriven)
            if letter is not None and (letter.id not in newest or newest[letter.id].parked_at <= letter.parked_at):
                newest[letter.id] = letter
        return sorted(newest.values(), key=lambda letter: letter.parked_at)

    async def bytes_of(self, letter: Letter) -> bytes | None:
        """The record's value; None is a tombstone. Raises Superseded."""
        if not letter.by_reference:
            return letter.record.value
        origin = await fetch_origin(self._kafka, letter.record)
        if origin is None:
            raise Superseded(letter.id)
        return origin.value

    async def redrive(self, letters: Sequence[Letter]) -> None:
        """Give each to its service again, acknowledged, as it is parked.

        What is parked by reference goes by reference: the bytes of what people wrote lie in one place only.
        """
        async with self._producer() as producer:
            for letter in letters:
                record, headers = letter.record, list(letter.record.headers)
                await producer.send_and_wait(self._redrive, value=record.value, key=record.key, headers=headers)

    async def resume(self) -> None:
        """Let the service's consumers go on that a flood has paused."""
        key, headers = resume_record()
        async with self._producer() as producer:
            await producer.send_and_wait(self._redrive, key=key, headers=headers)

    async def _read(self, topic: str) -> list[Record]:
        """Every record from the beginning to what is the end now."""
        async with self._consumer() as consumer:
            known = await consumer.topics()
        # A consumer would look for a missing topic for 40 s.
        if topic not in known:
            raise TopicMissing(f"There is no topic {topic}. Is --namespace right, and has `ntbcare topics apply` run?")
        async with self._consumer(topic) as consumer:
            return await _read_to_end(consumer)

    @asynccontextmanager
    async def _consumer(self, *topics: str) -> AsyncGenerator[AIOKafkaConsumer]:
        """Without a group: it is given every partition of its topics when it starts."""
        consumer = AIOKafkaConsumer(
            *topics, **client_options(self._kafka), enable_auto_commit=False, auto_offset_reset="none"
        )
        try:
            await consumer.start()
            yield consumer
        finally:
            await consumer.stop()

    @asynccontextmanager
    async def _producer(self) -> AsyncGenerator[AIOKafkaProducer]:
        producer = AIOKafkaProducer(
            **client_options(self._kafka),
            acks="all",
            enable_idempotence=True,
            max_request_size=LARGEST_RECORD,
        )
        try:
            await producer.start()
            yield producer
        finally:
            await producer.stop()


async def _read_to_end(consumer: AIOKafkaConsumer) -> list[Record]:
    partitions = sorted(consumer.assignment())
    await consumer.seek_to_beginning(*partitions)
    ends = await consumer.end_offsets(partitions)
    records: list[Record] = []
    for place in partitions:
        while await consumer.position(place) < ends[place]:
            fetched = await consumer.getmany(place, timeout_ms=_POLL_MS)
            records += fetched.get(place, [])
    return records


def _letter(record: Record, redriven: set[tuple[str, str]]) -> Letter | None:
    """None for what no service has parked."""
    headers = _headers(record)
    try:
        letter_id, at = headers[ID], headers[AT]
        partition, offset = int(headers[PARTITION]), int(headers[OFFSET])
        datetime.fromisoformat(at)
    except (KeyError, ValueError):
        return None
    return Letter(
        id=letter_id,
        parked_at=at,
        topic=headers.get(ORIGIN, ""),
        partition=partition,
        offset=offset,
        reason=headers.get(REASON, ""),
        record=record,
        is_open=(letter_id, at) not in redriven,
    )


def _headers(record: Record) -> Mapping[str, str]:
    return {name: value.decode(errors="replace") for name, value in told_headers(record)}
