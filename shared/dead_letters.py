"""What could never succeed: parked with its reason, listed, and tried again by `ntbcare dead-letters redrive`."""

import asyncio
from collections import deque
from datetime import UTC, datetime
from typing import Any, Final, Protocol

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import OffsetOutOfRangeError

from shared.errors import RecordRefused
from shared.ids import named_id
from shared.kafka import client_options
from shared.metrics import PARKED
from shared.publisher import Publisher
from shared.records import DEAD_LETTER, ORIGIN, RESUME, Record, told_headers
from shared.settings import FloodSettings, KafkaSettings
from shared.topics import ALL_TOPICS, CONSUMERS, DEAD_LETTERS, PERSONAL, REDRIVES, WORDS, Topic
from shared.traces import CORRELATION_ID, TRACE_LENGTH, trace_in

log = structlog.get_logger(__name__)

ID: Final = f"{DEAD_LETTER}id"
REASON: Final = f"{DEAD_LETTER}reason"
PARTITION: Final = f"{DEAD_LETTER}partition"
OFFSET: Final = f"{DEAD_LETTER}offset"
AT: Final = f"{DEAD_LETTER}at"
REFERENCE: Final = f"{DEAD_LETTER}reference"
"""There where a letter is without its bytes: they are read from the origin topic, as long as that holds them."""
_POLL_MS: Final = 500
BY_REFERENCE: Final = frozenset({PERSONAL.name, WORDS.name})
"""Topics whose records are parked without their bytes, so that erasing them there is enough."""
_NAMES: Final = frozenset(topic.name for topic in ALL_TOPICS)


class Parking(Protocol):
    """Where what can never succeed goes."""

    def count_good(self, records: int) -> None: ...
    def count_bad(self) -> None: ...
    def flooded(self) -> bool: ...
    def forget(self) -> None: ...
    async def park(self, record: Record, topic: Topic, reason: str) -> None: ...


class DeadLetters:
    """The dead-letter topic of one service, and the flood that must not drain a whole topic into it."""

    def __init__(self, service: str, publisher: Publisher, flood: FloodSettings) -> None:
        self._service = service
        self._publisher = publisher
        self._flood = flood
        self._outcomes: deque[bool] = deque(maxlen=flood.window)
        for topic in (*CONSUMERS[service], REDRIVES[service]):
            # There from the start: of a sample that begins with 1 no increase is seen.
            PARKED.labels(service, topic.name)

    def count_good(self, records: int) -> None:
        self._outcomes.extend(False for _ in range(records))

    def count_bad(self) -> None:
        """Of one that is going to be parked."""
        self._outcomes.append(True)

    def flooded(self) -> bool:
        """Whether one more dead letter would be a flood: too many, and more than half of what came last."""
        parked = sum(self._outcomes) + 1
        return parked > self._flood.dead_letters and parked * 2 > len(self._outcomes) + 1

    def forget(self) -> None:
        """Start counting anew, when an operator let the consumer go on."""
        self._outcomes.clear()

    async def park(self, record: Record, topic: Topic, reason: str) -> None:
        """Publish the record to the dead-letter topic; raises BrokerUnreachable, and then it is not parked."""
        headers = dead_letter_headers(self._service, record, topic, reason)
        value = None if topic.name in BY_REFERENCE else record.value
        letters = DEAD_LETTERS[self._service].name
        # A record without a key can be parked under its letter's id only: Kafka wants a key or a value.
        key = record.key or dict(headers)[ID]
        try:
            await self._publisher.send(letters, key, value, headers)
        except RecordRefused:
            # With what parking adds it is too large: the reference to where it lies must do.
            place = [(name, value) for name, value in headers if name.startswith(DEAD_LETTER)]
            await self._publisher.send(letters, dict(headers)[ID], None, [*place, (REFERENCE, b"1")])
        PARKED.labels(self._service, topic.name).inc()
        log.warning("dead_letter", reason=reason[:200], **place_of(record, topic))


async def park_each(parking: Parking, left: list[tuple[Record, Topic, str]]) -> None:
    """Park all of them at once, each with its topic and reason. What is not acknowledged stays in the list.

    Raises the first error.
    """
    outcomes = await asyncio.gather(*(parking.park(*one) for one in left), return_exceptions=True)
    left[:] = [one for one, outcome in zip(left, outcomes, strict=True) if outcome is not None]
    for outcome in outcomes:
        if outcome is not None:
            raise outcome


def place_of(record: Record, topic: Topic) -> dict[str, Any]:
    """What a log line says of a record."""
    where = {"topic": topic.name, "partition": record.partition, "offset": record.offset}
    return where | {CORRELATION_ID: trace_in(_readable(record).get("traceparent", ""))[:TRACE_LENGTH]}


def _readable(record: Record) -> dict[str, str]:
    return {name: value.decode(errors="replace") for name, value in told_headers(record)}


def dead_letter_headers(service: str, record: Record, topic: Topic, reason: str) -> list[tuple[str, bytes]]:
    """The record's own headers, untouched, and where it came from; an origin that re-drive wrote is kept."""
    origin = _origin_of(record)
    own = [(name, value) for name, value in record.headers if not name.startswith(DEAD_LETTER)]
    place = {
        ID: str(named_id(service, topic.name, record.partition, record.offset)).encode(),
        ORIGIN: topic.name.encode(),
        PARTITION: str(record.partition).encode(),
        OFFSET: str(record.offset).encode(),
    }
    if topic.name in BY_REFERENCE:
        place[REFERENCE] = b"1"
    added = place | origin | {REASON: reason.encode()[:1_000], AT: datetime.now(UTC).isoformat().encode()}
    return [*own, *added.items()]


def _origin_of(record: Record) -> dict[str, bytes]:
    """Where re-drive says that it came from; empty where that is no place, so that the letter can be found."""
    origin = {name: value for name, value in told_headers(record) if name in {ORIGIN, PARTITION, OFFSET, ID}}
    is_place = all(origin.get(name, b"").isdigit() for name in (PARTITION, OFFSET))
    return origin if is_place and len(origin) == len({ORIGIN, PARTITION, OFFSET, ID}) else {}


async def fetch_origin(kafka: KafkaSettings, letter: Record) -> Record | None:
    """The record that a letter refers to; None where its topic holds it no more.

    Raises KafkaError, and KeyError or ValueError where the record is no letter.
    """
    headers = _readable(letter)
    if headers[ORIGIN] not in _NAMES:
        raise ValueError(f"no topic of ours: {headers[ORIGIN]}")
    place = TopicPartition(f"{kafka.namespace}.{headers[ORIGIN]}", int(headers[PARTITION]))
    offset = int(headers[OFFSET])
    consumer = AIOKafkaConsumer(
        place.topic, **client_options(kafka), enable_auto_commit=False, auto_offset_reset="none"
    )
    await consumer.start()
    try:
        # It has all partitions that there are now; of another one it would wait for ever.
        if place not in consumer.assignment():
            raise ValueError(f"no partition of ours: {place}")
        consumer.unsubscribe()
        return await _read_one(consumer, place, offset)
    finally:
        await consumer.stop()


async def _read_one(consumer: AIOKafkaConsumer, place: TopicPartition, offset: int) -> Record | None:
    consumer.assign([place])
    end = (await consumer.end_offsets([place]))[place]
    consumer.seek(place, offset)
    while offset < end and await consumer.position(place) <= offset:
        try:
            fetched = await consumer.getmany(place, timeout_ms=_POLL_MS, max_records=1)
        except OffsetOutOfRangeError:
            return None
        for record in fetched.get(place, []):
            return record if record.offset == offset else None
    return None


def is_reference(record: Record) -> bool:
    """Whether a record of the redrive topic stands for one that lies elsewhere."""
    return any(name == REFERENCE for name, _ in record.headers)


async def wait_for_resume(kafka: KafkaSettings, service: str) -> None:
    """Return when an operator lets the service's consumers go on: every paused replica reads that for itself."""
    topic = REDRIVES[service].full_name(kafka.namespace)
    consumer = AIOKafkaConsumer(topic, **client_options(kafka), auto_offset_reset="latest", enable_auto_commit=False)
    await consumer.start()
    try:
        await consumer.seek_to_end()
        async for record in consumer:
            if is_resume(record):
                return
    finally:
        await consumer.stop()


def resume_record() -> tuple[bytes, list[tuple[str, bytes]]]:
    """Key and headers of the record that lets a service's paused consumers go on; it has no value."""
    return RESUME.encode(), [("ce_type", RESUME.encode())]


def is_resume(record: Record) -> bool:
    return any(name == "ce_type" and value == RESUME.encode() for name, value in record.headers)
