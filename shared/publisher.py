"""Publishing: acknowledged by all in-sync replicas, idempotent, pipelined, and never stuck with a broken producer."""

import asyncio
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from itertools import zip_longest
from typing import Any, Final, NamedTuple, TypeVar

import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.errors import (
    CorruptRecordException,
    InvalidTimestampError,
    InvalidTopicError,
    KafkaError,
    MessageSizeTooLargeError,
    RecordListTooLargeError,
)

from shared.errors import BrokerUnreachable, RecordRefused
from shared.kafka import client_options
from shared.metrics import PUBLISH_ERRORS, PUBLISHED
from shared.records import Outgoing
from shared.settings import KafkaSettings
from shared.topics import EVENT_TOPICS, LARGEST_RECORD
from shared.traces import NO_SPANS, Span, Spans, trace_in

Headers = Sequence[tuple[str, bytes | None]]
"""Of a record; Kafka lets a value be null."""
Key = TypeVar("Key")
log = structlog.get_logger(__name__)

_REFUSALS: Final = (
    CorruptRecordException,
    InvalidTimestampError,
    InvalidTopicError,
    MessageSizeTooLargeError,
    RecordListTooLargeError,
)
_BATCH_BYTES: Final = 256 * 1024
"""Of one partition. Whoever meets a full batch waits until it is sent, so aiokafka's 16 KiB make long queues."""
_STOP_S: Final = 3.0
_ERRORS_BEFORE_RENEWAL: Final = 5
"""An idempotent producer may stick in OutOfOrderSequence after an outage (aiokafka #1017): then a new one helps."""


class _Parts(NamedTuple):
    """A record as the producer takes it."""

    topic: str
    key: bytes | None
    value: bytes | None
    headers: Headers
    span: Span | None


class _UnderWay(NamedTuple):
    """Handed over, and not acknowledged yet."""

    topic: str
    acknowledged: asyncio.Future[Any]
    span: Span | None


class Publisher:
    """The one producer of a service. `source` is the service's name."""

    def __init__(self, source: str, kafka: KafkaSettings, spans: Spans = NO_SPANS) -> None:
        self._source = source
        self._kafka = kafka
        self._spans = spans
        self._producer: AIOKafkaProducer | None = None
        self._errors = 0
        self._renewal: asyncio.Task[None] | None = None
        for topic in EVENT_TOPICS:
            if topic.writer == source:
                # There from the start: of a sample that begins with 1 no increase is seen.
                PUBLISH_ERRORS.labels(source, topic.name)

    async def start(self) -> None:
        """Connect; raises KafkaConnectionError where no broker answers."""
        producer = AIOKafkaProducer(
            **client_options(self._kafka),
            client_id=f"{self._kafka.namespace}.{self._source}",
            acks="all",
            enable_idempotence=True,
            linger_ms=0,
            max_batch_size=_BATCH_BYTES,
            max_request_size=LARGEST_RECORD,
            request_timeout_ms=10_000,
            retry_backoff_ms=100,
        )
        try:
            await producer.start()
        except BaseException:
            await producer.stop()
            raise
        self._producer = producer

    async def stop(self) -> None:
        producer, self._producer = self._producer, None
        if self._renewal is not None:
            self._renewal.cancel()
        if producer is not None:
            await _stop(producer)

    async def publish(self, *records: Outgoing) -> None:
        """Publish each after the acknowledgement of the one before.

        Raises BrokerUnreachable or RecordRefused at the first failure; later ones are then not sent. What was sent may
        have arrived.
        """
        for record in records:
            await self._publish_one(record)

    async def publish_within(self, limit: timedelta, *records: Outgoing) -> None:
        """Publish in order, or raise BrokerUnreachable after the limit; what was sent may still arrive."""
        try:
            async with asyncio.timeout(limit.total_seconds()):
                await self.publish(*records)
        except TimeoutError as error:
            self._count_error(records[0].topic, error)
            raise BrokerUnreachable(records[0].topic) from error

    async def publish_each(self, sequences: Mapping[Key, Sequence[Outgoing]]) -> dict[Key, list[Outgoing]]:
        """Publish every sequence in order, all of them at once; returns per key what was acknowledged.

        A sequence stops at its first failure, so what was not acknowledged may simply be tried again.
        """
        done: dict[Key, list[Outgoing]] = {key: [] for key in sequences}
        waves = zip_longest(*([(key, record) for record in records] for key, records in sequences.items()))
        failed: set[Key] = set()
        for wave in waves:
            ready = [item for item in wave if item is not None and item[0] not in failed]
            acknowledged = await self._publish_together([record for _, record in ready])
            for (key, record), arrived in zip(ready, acknowledged, strict=True):
                if arrived:
                    done[key].append(record)
                else:
                    failed.add(key)
        return done

    async def _publish_together(self, records: Sequence[Outgoing]) -> list[bool]:
        """Whether each was acknowledged. One task for all of them: a task a record costs more than the record does."""
        under_way: list[_UnderWay | None] = []
        for record in records:
            try:
                under_way.append(await self._hand_over(self._parts(record)))
            except RecordRefused:
                under_way.append(None)
            except BrokerUnreachable:
                # Its buffer is full; the others would each wait as long for nothing.
                break
        left = len(records) - len(under_way)
        return [one is not None and await self._is_acknowledged(one) for one in under_way] + [False] * left

    async def _is_acknowledged(self, under_way: _UnderWay) -> bool:
        try:
            await self._acknowledged(under_way)
        except (BrokerUnreachable, RecordRefused):
            return False
        return True

    async def _publish_one(self, record: Outgoing) -> None:
        await self._acknowledged(await self._hand_over(self._parts(record)))

    def _parts(self, record: Outgoing) -> _Parts:
        span = self._spans.produce(record.topic, record.type, record.trace)
        headers = record.headers(self._source, span.trace if span else "")
        return _Parts(record.topic, record.key.encode(), record.value, headers, span)

    async def send(self, topic: str, key: bytes | None, value: bytes | None, headers: Headers) -> None:
        """Publish raw bytes and wait for the acknowledgement. `topic` is without the namespace.

        Raises BrokerUnreachable, after which it may still arrive, or RecordRefused.
        """
        trace = trace_in((dict(headers).get("traceparent") or b"").decode(errors="replace"))
        span = self._spans.produce(topic, "", trace)
        await self._acknowledged(await self._hand_over(_Parts(topic, key, value, headers, span)))

    async def _hand_over(self, parts: _Parts) -> _UnderWay:
        """Give it to the producer, which sends what it was given meanwhile together."""
        topic, key, value, headers, span = parts
        with self._naming_errors(topic, span):
            if self._producer is None:
                raise BrokerUnreachable(topic)
            name = f"{self._kafka.namespace}.{topic}"
            future = await self._producer.send(name, value=value, key=key, headers=headers)
        return _UnderWay(topic, future, span)

    async def _acknowledged(self, under_way: _UnderWay) -> None:
        topic, future, span = under_way
        with self._naming_errors(topic, span):
            await future
        self._errors = 0
        PUBLISHED.labels(self._source, topic).inc()
        if span:
            span.end()

    @contextmanager
    def _naming_errors(self, topic: str, span: Span | None) -> Generator[None]:
        """Raise BrokerUnreachable or RecordRefused in the place of what aiokafka raises."""
        try:
            yield
        except BaseException as error:
            if span:
                span.end(type(error).__name__)
            if isinstance(error, _REFUSALS):
                log.exception("record_refused", topic=topic)
                raise RecordRefused(topic) from error
            if isinstance(error, KafkaError | OSError | TimeoutError):
                self._count_error(topic, error)
                raise BrokerUnreachable(topic) from error
            raise

    def _count_error(self, topic: str, error: Exception) -> None:
        PUBLISH_ERRORS.labels(self._source, topic).inc()
        self._errors += 1
        renewing = self._renewal is not None and not self._renewal.done()
        if self._errors >= _ERRORS_BEFORE_RENEWAL and not renewing:
            log.warning("producer_renewed", topic=topic, error=type(error).__name__)
            self._renewal = asyncio.create_task(self._renew())

    async def _renew(self) -> None:
        broken, self._errors = self._producer, 0
        try:
            await self.start()
        except (KafkaError, OSError) as error:
            log.warning("producer_not_renewed", error=type(error).__name__)
            return
        if broken is not None:
            await _stop(broken)


async def _stop(producer: AIOKafkaProducer) -> None:
    """Aiokafka flushes without end while the broker is away; what is not acknowledged then was never promised."""
    try:
        async with asyncio.timeout(_STOP_S):
            await producer.stop()
    except (TimeoutError, KafkaError, OSError) as error:
        log.warning("producer_not_flushed", error=type(error).__name__)
