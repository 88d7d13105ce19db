"""The one function that makes a subscriber, so that none can be wired wrongly.

FastStream's defaults lose messages (ack-first, latest, headers decoded before any handler); what is set here keeps
them. See DECISIONS.md for each.
"""

import asyncio
import logging
from collections.abc import Callable
from datetime import timedelta
from typing import Any, Final, cast

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition
from aiokafka.coordinator.assignors.roundrobin import RoundRobinPartitionAssignor
from faststream import AckPolicy
from faststream.kafka import KafkaBroker
from faststream.kafka.message import KafkaAckableMessage
from faststream.kafka.subscriber.usecase import BatchSubscriber
from faststream.message import AckStatus

from shared.consumer import Consumer
from shared.kafka import security_of
from shared.records import Record
from shared.settings import KafkaSettings
from shared.topics import REDRIVES

MAX_RECORDS: Final = 500
_POLL_MS: Final = 25
"""FastStream sleeps so long after each empty poll: it is the most that an idle consumer adds to a latency."""
_NEVER: Final = timedelta(days=1)


def create_broker(kafka: KafkaSettings, service: str) -> KafkaBroker:
    """Make the broker of a service: it only consumes; `shared.publisher` publishes."""
    return KafkaBroker(
        kafka.bootstrap.split(","),
        security=security_of(kafka),
        client_id=f"{kafka.namespace}.{service}",
        consumer_only=True,
        apply_types=False,
        graceful_timeout=kafka.drain_s,
        logger=logging.getLogger("ntbcare.faststream"),
        log_level=logging.DEBUG,
    )


def subscribe(
    broker: KafkaBroker, kafka: KafkaSettings, consumer: Consumer, group: str, rest_s: float = 0
) -> BatchSubscriber:
    """Give the consumer its topics, and what is re-driven to its service, in batches, at least once.

    After a batch that was not full the consumer rests, so that more comes together for the next. The broker forgets a
    subscriber that nobody holds.
    """
    names = [*consumer.policy.topics, REDRIVES[consumer.service].full_name(kafka.namespace)]
    subscriber = broker.subscriber(
        *names,
        batch=True,
        max_records=MAX_RECORDS,
        batch_timeout_ms=_POLL_MS,
        group_id=f"{kafka.namespace}.{group}",
        group_instance_id=None if kafka.instance is None else f"{group}.{kafka.instance}",
        auto_offset_reset="earliest",
        ack_policy=AckPolicy.NACK_ON_ERROR,
        partition_assignment_strategy=(RoundRobinPartitionAssignor,),
        session_timeout_ms=kafka.session_timeout_ms,
        heartbeat_interval_ms=kafka.session_timeout_ms // 4,
        rebalance_timeout_ms=30_000,
        # A consumer that waits for MongoDB must stay in its group; the watchdog finds the one that is stuck.
        max_poll_interval_ms=_NEVER // timedelta(milliseconds=1),
        listener=_WaitsForIdle(consumer, kafka.drain_s),
        title=f"{group} reads",
        persistent=False,
    )
    batches = subscriber

    async def parse(records: Any) -> KafkaAckableMessage:
        # Built here because FastStream's own parser decodes headers, and one that is not UTF-8 loses the batch.
        return _Batch(
            settled=consumer.settled,
            stamp=consumer.stamp,
            rest_s=rest_s if len(records) < MAX_RECORDS else 0,
            raw_message=records,
            body=list(records),
            headers={},
            message_id=f"{records[0].topic}-{records[0].offset}",
            consumer=cast("Any", batches.consumer),
        )

    async def decode(message: Any) -> list[Record]:
        return message.body

    async def consume(records: list[Any]) -> None:
        await consumer.consume(records)

    subscriber(cast("Any", consume), parser=parse, decoder=decode)
    return batches


class _Batch(KafkaAckableMessage):
    """Says when it is committed or given back: only then may its partitions go, or another replica does it again."""

    def __init__(
        self, *args: Any, settled: Callable[[], None], stamp: Callable[[], str], rest_s: float, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self._settled = settled
        self._stamp = stamp
        self._rest_s = rest_s

    async def ack(self) -> None:
        try:
            if not self.committed:
                await self._commit()
                self.committed = AckStatus.ACKED
            await super().ack()
        finally:
            self._settled()
        if self._rest_s:
            await asyncio.sleep(self._rest_s)

    async def nack(self) -> None:
        try:
            await super().nack()
        finally:
            self._settled()

    async def _commit(self) -> None:
        """Commit what this batch moved; by itself aiokafka commits all its partitions, and the broker writes each."""
        kafka, records = cast("AIOKafkaConsumer", self.consumer), cast("list[Record]", self.body)
        ends = {TopicPartition(record.topic, record.partition): record.offset + 1 for record in records}
        # What was taken away meanwhile is not ours to commit, and would spoil the others.
        stamp = self._stamp()
        ours = {place: (end, stamp) for place, end in ends.items() if place in kafka.assignment()}
        if ours:
            await kafka.commit(ours)


class _WaitsForIdle(ConsumerRebalanceListener):
    """Lets a batch end before its partitions go to another replica, so that its work isn't done twice."""

    def __init__(self, consumer: Consumer, drain_s: float) -> None:
        self._consumer = consumer
        self._drain_s = drain_s

    async def on_partitions_revoked(self, revoked: set[TopicPartition]) -> None:  # type: ignore[override]
        if revoked:
            await self._consumer.idle(self._drain_s)

    def on_partitions_assigned(self, assigned: set[TopicPartition]) -> None:
        """Nothing to prepare: where to go on is what the group committed."""
