"""What happens to a batch: understood record by record, handled as a whole, taken apart only when something fails.

The one failure policy of all services:
- what can never succeed is parked in the dead-letter topic, alone;
- while a shared part (MongoDB, Kafka) fails, the whole consumer waits and tries again;
- a flood of dead letters pauses the consumer until an operator lets it go on.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import structlog
from aiokafka import TopicPartition
from aiokafka.errors import KafkaError

from shared.dead_letters import Parking, is_reference, is_resume, park_each, place_of
from shared.delays import growing_delays
from shared.errors import BrokerUnreachable, Rejected
from shared.metrics import BATCH_SECONDS, CONSUMED, HOLDS, IGNORED, PAUSED, SKIPPED
from shared.records import Received, Record, Unknown, read_record
from shared.topics import REDRIVES, Topic, short_name
from shared.traces import NO_SPANS, Spans

log = structlog.get_logger(__name__)

Handle = Callable[[Sequence[Received]], Awaitable[None]]
"""Must be idempotent. Raises Rejected for what can never succeed; returns when the effect is durable."""

_LANES_AT_ONCE: Final = 16
_FIRST_DELAY_S, _LONGEST_DELAY_S = 0.1, 30.0


class Abandoned(Exception):
    """The batch was given up while waiting: its partitions were taken away, or the service stops."""


@dataclass(frozen=True)
class Policy:
    """What differs between the services' consumers."""

    topics: Mapping[str, Topic]
    """By full name; the service's redrive topic is among the keys that are read, but not here."""
    unknown: Unknown = Unknown.PARK
    is_passing: Callable[[BaseException], bool] = lambda _: False
    """Whether an error of the database passes by itself. Kafka's own are known here."""


@dataclass
class Consumer:
    """Works on one batch at a time."""

    service: str
    handle: Handle
    policy: Policy
    dead_letters: Parking
    wait_for_resume: Callable[[], Awaitable[None]]
    fetch_origin: Callable[[Record], Awaitable[Record | None]]
    """The record that a re-driven one stands for; None where its topic holds it no more."""
    spans: Spans = NO_SPANS
    stamp: Callable[[], str] = lambda: ""
    """What each commit says of the database that it is about."""
    holding: str | None = None
    """Why the consumer waits, in words; None while it works."""
    batches: int = 0
    """Finished ones."""
    in_progress: dict[TopicPartition, int] = field(default_factory=dict[TopicPartition, int])
    """Records of the batch under way."""
    oldest_at: float | None = None
    """Unix time of the oldest record of the batch under way."""
    _idle: asyncio.Event = field(default_factory=asyncio.Event)
    _give_up: asyncio.Event = field(default_factory=asyncio.Event)
    _stopped: bool = False

    async def consume(self, records: Sequence[Record]) -> None:
        """Return when every record's effect is durable, or it is parked. Raises Abandoned.

        The batch counts as under way until `settled` is called, after the commit.
        """
        self._begin(records)
        try:
            with BATCH_SECONDS.labels(self.service).time():
                # Whatever it was, an error here must not come back at once: FastStream would seek and spin.
                await self._patiently(lambda: self._work(records), lambda error: not isinstance(error, Abandoned))
        finally:
            self.holding = None
        self.batches += 1
        for record in records:
            CONSUMED.labels(self.service, short_name(record.topic)).inc()

    async def idle(self, limit_s: float) -> None:
        """Wait until no batch is under way, at the most so long. A consumer that only waits gives its batch up."""
        if self.holding is not None:
            self._give_up.set()
        if self.in_progress:
            await asyncio.wait({asyncio.ensure_future(self._idle.wait())}, timeout=limit_s)

    def settled(self) -> None:
        """The batch was committed, or given back: its partitions may go."""
        self.in_progress, self.oldest_at = {}, None
        self._idle.set()

    def stop(self) -> None:
        """Give up waiting, now and until `start`."""
        self._stopped = True
        self._give_up.set()

    def start(self) -> None:
        self._stopped = False

    def _begin(self, records: Sequence[Record]) -> None:
        self._idle.clear()
        self.in_progress = {}
        if not self._stopped:
            self._give_up.clear()
        for record in records:
            place = TopicPartition(record.topic, record.partition)
            self.in_progress[place] = self.in_progress.get(place, 0) + 1
        self.oldest_at = min(record.timestamp for record in records) / 1_000

    async def _work(self, records: Sequence[Record]) -> None:
        own = [record for record in records if record.topic in self.policy.topics or not is_resume(record)]
        resolved, unresolved = await self._resolve(own)
        good, bad = self._sift(resolved)
        bad += unresolved + await self._handle_all(good)
        self.dead_letters.count_good(len(records) - len(bad))
        await self._park_all(bad)

    async def _resolve(self, records: Sequence[Record]) -> tuple[list[Record], list[tuple[Record, Topic, str]]]:
        """What was re-driven by reference is read where it lies; what was erased there since is passed over."""
        resolved: list[Record] = []
        bad: list[tuple[Record, Topic, str]] = []
        for record in records:
            if record.topic in self.policy.topics or not is_reference(record):
                resolved.append(record)
                continue
            try:
                origin = await self.fetch_origin(record)
            except (KeyError, ValueError):
                bad.append((record, self._topic_of(record), "a reference to no record"))
                continue
            if origin is not None:
                resolved.append(origin)
            else:
                IGNORED.labels(self.service, "superseded").inc()
        return resolved, bad

    def _sift(self, records: Sequence[Record]) -> tuple[list[Received], list[tuple[Record, Topic, str]]]:
        good: list[Received] = []
        bad: list[tuple[Record, Topic, str]] = []
        for record in records:
            try:
                received = read_record(record, self.policy.topics, self.policy.unknown)
            except Rejected as rejected:
                bad.append((record, self._topic_of(record), rejected.reason))
                continue
            if received is None:
                SKIPPED.labels(self.service).inc()
            else:
                good.append(received)
        return good, bad

    def _topic_of(self, record: Record) -> Topic:
        return self.policy.topics.get(record.topic, REDRIVES[self.service])

    async def _handle_all(self, batch: list[Received]) -> list[tuple[Record, Topic, str]]:
        """Handle the batch as one; where that fails for good, lane by lane. Returns what must be parked."""
        if not batch or await self._succeeds(batch) is None:
            return []
        lanes: dict[str, list[Received]] = {}
        for received in batch:
            lanes.setdefault(received.ticket, []).append(received)
        at_once = asyncio.Semaphore(_LANES_AT_ONCE)

        async def handle_lane(lane: list[Received]) -> list[tuple[Record, Topic, str]]:
            async with at_once:
                return await self._handle_lane(lane)

        parts = await asyncio.gather(*(handle_lane(lane) for lane in lanes.values()))
        return [bad for part in parts for bad in part]

    async def _handle_lane(self, lane: list[Received]) -> list[tuple[Record, Topic, str]]:
        reason = await self._succeeds(lane)
        if reason is None:
            return []
        if len(lane) == 1:
            return [(lane[0].record, lane[0].topic, reason)]
        return [bad for received in lane for bad in await self._handle_lane([received])]

    async def _succeeds(self, batch: list[Received]) -> str | None:
        """Handle it, waiting out what passes. Returns why it can never succeed, or None."""
        try:
            await self._patiently(lambda: self._try(batch), self._passes)
        except Abandoned:
            raise
        except Rejected as rejected:
            return rejected.reason
        except Exception as error:
            log.exception("handler_failed", records=len(batch), **place_of(batch[0].record, batch[0].topic))
            return f"handler failed: {type(error).__name__}"
        return None

    async def _try(self, batch: Sequence[Received]) -> None:
        with self.spans.processing(batch) as traced:
            await self.handle(traced)

    async def _park_all(self, bad: Sequence[tuple[Record, Topic, str]]) -> None:
        """Many at once, and none while a flood holds the consumer."""
        ready: list[tuple[Record, Topic, str]] = []
        for one in bad:
            if self.dead_letters.flooded():
                await self._patiently(lambda: park_each(self.dead_letters, ready), self._passes)
                await self._wait_out_flood()
            self.dead_letters.count_bad()
            ready.append(one)
        await self._patiently(lambda: park_each(self.dead_letters, ready), self._passes)

    async def _wait_out_flood(self) -> None:
        PAUSED.labels(self.service).set(1)
        log.error("consumer_paused", service=self.service, why="a flood of dead letters")
        await self._hold("paused by a flood of dead letters; see ntbcare consumers resume", self.wait_for_resume())
        PAUSED.labels(self.service).set(0)
        self.dead_letters.forget()

    async def _patiently(self, act: Callable[[], Awaitable[None]], passes: Callable[[Exception], bool]) -> None:
        delays = growing_delays(_FIRST_DELAY_S, _LONGEST_DELAY_S)
        while True:
            try:
                return await act()
            except Exception as error:
                if not passes(error):
                    raise
                delay = next(delays)
                HOLDS.labels(self.service).inc()
                self._tell_of(error, delay)
                await self._hold(f"waits: {type(error).__name__}", asyncio.sleep(delay))

    def _tell_of(self, error: Exception, delay: float) -> None:
        """With the place of what does not pass by itself: a bug, and the consumer stands still until it is mended."""
        bug = None if self._passes(error) else error
        seconds, name = round(delay, 1), type(error).__name__
        log.warning("consumer_waits", service=self.service, error=name, seconds=seconds, exc_info=bug)

    def _passes(self, error: Exception) -> bool:
        return isinstance(error, BrokerUnreachable | KafkaError | OSError) or self.policy.is_passing(error)

    async def _hold(self, why: str, until: Awaitable[None]) -> None:
        """Wait for it while saying so; raises Abandoned when the batch is given up meanwhile."""
        self.holding = why
        waiting = asyncio.ensure_future(until)
        giving_up = asyncio.ensure_future(self._give_up.wait())
        try:
            await asyncio.wait({waiting, giving_up}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            giving_up.cancel()
            waiting.cancel()
            self.holding = None
        if not waiting.done():
            raise Abandoned
        await waiting
