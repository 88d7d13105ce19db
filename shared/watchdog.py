"""Watches one consumer: its lag for the metrics, whether it is ready, and whether it should move and doesn't."""

import asyncio
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Final

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import IllegalStateError, KafkaError
from faststream.kafka.subscriber.usecase import BatchSubscriber

from shared.consumer import Consumer
from shared.metrics import LAG, OLDEST, RESTARTS, STILL
from shared.topics import short_name

log = structlog.get_logger(__name__)

_EVERY_S: Final = 2.0
_ANSWER_S: Final = 5.0
_SILENT_S: Final = 8.0
"""After so long without an answer of the broker the consumer is not ready."""
_UNREAD_S: Final = 15.0
"""So long records may wait while no batch is under way: what reads them has ended, which aiokafka tells nobody."""


class Watchdog:
    """Restarts a stuck consumer once; when that doesn't help, says that the service is not alive.

    A consumer that waits for a failing part, or that a flood paused, is not stuck: it is only not ready.
    """

    def __init__(
        self, subscriber: BatchSubscriber, consumer: Consumer, stuck_after_s: float, *, group: str | None = None
    ) -> None:
        """`group`: without the namespace; of a service that has one group it is the service's name."""
        self._subscriber = subscriber
        self._group = group or consumer.service
        self._consumer = consumer
        self._stuck_after_s = stuck_after_s
        self._answered_at = 0.0
        self._moved_at = self._silent_since = time.monotonic()
        self._behind_since: float | None = None
        self._seen: tuple[int, Mapping[TopicPartition, int | None]] = (0, {})
        self._restarted = False
        self._stopped = False
        """Between its end and its beginning, when it is restarted."""
        self._published: set[TopicPartition] = set()
        RESTARTS.labels(consumer.service)

    async def run(self) -> None:
        while True:
            try:
                await self._look()
            except (KafkaError, TimeoutError, OSError) as error:
                log.warning("broker_does_not_answer", service=self._consumer.service, error=type(error).__name__)
                self._restart_if_silent()
            await asyncio.sleep(_EVERY_S)

    async def why_not_ready(self) -> str | None:
        if self._consumer.holding is not None:
            return self._consumer.holding
        kafka = self._kafka
        if kafka is None or not kafka.assignment():
            return "has no partitions yet"
        if time.monotonic() - self._answered_at > _SILENT_S:
            return "the broker doesn't answer"
        return None

    async def why_not_alive(self) -> str | None:
        if self._restarted and self._behind_since is not None and self._still_for() > self._stuck_after_s:
            return f"the consumer has records to read and has not moved for {self._still_for():.0f} s"
        return None

    def forget(self) -> None:
        """Say no more of a consumer that is stopped for good."""
        self._say({})
        OLDEST.remove(self._consumer.service, self._group)
        STILL.remove(self._consumer.service, self._group)

    @property
    def _kafka(self) -> AIOKafkaConsumer | None:
        return self._subscriber.consumer

    def _still_for(self) -> float:
        return time.monotonic() - self._moved_at

    async def _look(self) -> None:
        if self._stopped:
            await self._start()
            return
        kafka = self._kafka
        if kafka is None:
            return
        assigned = kafka.assignment()
        async with asyncio.timeout(_ANSWER_S):
            ends = await kafka.end_offsets(list(assigned)) if assigned else {}
            positions = {place: await _position(kafka, place) for place in assigned}
        self._answered_at = self._silent_since = time.monotonic()
        lags = {
            place: max(0, ends[place] - position) + self._consumer.in_progress.get(place, 0)
            for place, position in positions.items()
            if position is not None
        }
        self._say(lags)
        await self._judge(assigned, positions, behind=any(lags.values()))

    def _say(self, lags: Mapping[TopicPartition, int]) -> None:
        service = self._consumer.service
        for gone in self._published - set(lags):
            LAG.remove(service, self._group, short_name(gone.topic), str(gone.partition))
        self._published = set(lags)
        for place, lag in lags.items():
            LAG.labels(service, self._group, short_name(place.topic), str(place.partition)).set(lag)
        if not any(lags.values()):
            self._behind_since = None
        elif self._behind_since is None:
            self._behind_since = time.time()
        oldest = self._consumer.oldest_at if self._consumer.in_progress else self._behind_since
        OLDEST.labels(service, self._group).set(unix_age(oldest if any(lags.values()) else None))

    async def _judge(
        self, assigned: set[TopicPartition], positions: Mapping[TopicPartition, int | None], *, behind: bool
    ) -> None:
        now = (self._consumer.batches, positions)
        STILL.labels(self._consumer.service, self._group).set(0)
        idle = bool(assigned) and not behind
        if idle or now != self._seen or self._consumer.holding is not None:
            self._seen, self._moved_at, self._restarted = now, time.monotonic(), False
            return
        STILL.labels(self._consumer.service, self._group).set(self._still_for() if behind else 0)
        unread = behind and not self._consumer.in_progress
        longest = min(self._stuck_after_s, _UNREAD_S) if unread else self._stuck_after_s
        if self._still_for() > longest and not self._restarted:
            self._restarted = True
            self._restart()

    def _restart_if_silent(self) -> None:
        """Perhaps it is the client that does not ask any more. Where the broker is away it changes nothing."""
        if time.monotonic() - self._silent_since > self._stuck_after_s and self._consumer.holding is None:
            self._restart()

    def _restart(self) -> None:
        """At the next look, and again at each until the broker lets it."""
        RESTARTS.labels(self._consumer.service).inc()
        log.error("consumer_restarted", service=self._consumer.service, still_for_s=round(self._still_for()))
        self._stopped, self._moved_at, self._silent_since = True, time.monotonic(), time.monotonic()
        self._consumer.stop()

    async def _start(self) -> None:
        with suppress(KafkaError):  # Of whatever ended by itself: stopping is where aiokafka tells.
            await self._subscriber.stop()
        self._consumer.start()
        await self._subscriber.start()
        self._stopped = False


def unix_age(since: float | None) -> float:
    return 0.0 if since is None else max(0.0, time.time() - since)


async def _position(kafka: AIOKafkaConsumer, place: TopicPartition) -> int | None:
    """Where the next fetch begins; None where the partition was taken away meanwhile."""
    try:
        return await kafka.position(place)
    except IllegalStateError:
        return None
