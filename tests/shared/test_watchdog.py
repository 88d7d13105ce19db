"""A consumer that hangs, on a real Kafka."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, cast
from uuid import UUID

import httpx2
import pytest

from shared import watchdog as watchdog_module
from shared.events.words import WordsKind, WordsRecorded
from shared.ids import draw_ticket
from shared.publisher import Publisher
from shared.records import Received, to_record
from shared.service import Service
from shared.settings import KafkaSettings, ServiceSettings
from shared.topics import WORDS
from shared.watchdog import Watchdog
from tests.waiting import until

pytestmark = pytest.mark.integration


@dataclass
class Hangs:
    """For ever, the first so many times."""

    times: int
    done: list[str] = field(default_factory=list[str])

    async def __call__(self, batch: Sequence[Received]) -> None:
        if self.times > 0:
            self.times -= 1
            await asyncio.Event().wait()
        self.done += [received.event.text for received in batch]


async def publish_one(topics: KafkaSettings) -> None:
    publisher = Publisher("routing", topics)
    await publisher.start()
    ticket = draw_ticket(b"tests", "public", UUID(int=1))
    event = WordsRecorded(
        event_id=UUID(int=1), ticket=ticket, occurred_at=datetime.now(UTC), kind=WordsKind.PROGRESS, text="Mulai"
    )
    await publisher.publish(to_record(WORDS, event))
    await publisher.stop()


@pytest.mark.parametrize(("times", "alive"), [(1, True), (1_000, False)])
async def test_given_a_handler_that_hangs_when_the_watchdog_sees_it_then_it_is_restarted_and_else_said_to_be_dead(
    topics: KafkaSettings, times: int, *, alive: bool
) -> None:
    await publish_one(topics)
    kafka = topics.model_copy(update={"drain_s": 0.5})
    service = Service("reporting", ServiceSettings(kafka=kafka, stuck_after_s=3))
    handler = Hangs(times)
    service.consume(handler)
    app = service.create_app()

    async with (
        app.router.lifespan_context(app),
        httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://reporting") as http,
    ):
        assert (await http.get("/livez")).status_code == 200
        if alive:
            await until(lambda: handler.done, limit_s=40)
        else:
            await until(lambda: _is_dead(http), limit_s=40)
        restarts = (await http.get("/metrics")).text

    assert handler.done == (["Mulai"] if alive else [])
    assert 'ntbcare_consumer_restarts_total{service="reporting"}' in restarts


async def _is_dead(http: httpx2.AsyncClient) -> bool:
    answer = await http.get("/livez")
    return answer.status_code == 503 and "has not moved" in answer.json()["reasons"]["consumer"]


@dataclass
class Spare:
    """A subscriber that the group gave no partition."""

    starts: int = 0

    @property
    def consumer(self) -> "Spare":
        return self

    def assignment(self) -> set[object]:
        return set()

    async def stop(self) -> None:
        pass

    async def start(self) -> None:
        self.starts += 1


async def test_given_a_replica_without_partitions_when_it_is_restarted_then_it_is_not_said_to_be_dead() -> None:
    service = Service("reporting", ServiceSettings())
    spare = Spare()
    watchdog = Watchdog(cast("Any", spare), service.consume(Hangs(0)), stuck_after_s=0)

    watching = asyncio.create_task(watchdog.run())
    await until(lambda: spare.starts)
    reason = await watchdog.why_not_alive()
    watching.cancel()

    assert (spare.starts, reason) == (1, None)


@pytest.mark.parametrize("has_read", [True, False])
async def test_given_a_consumer_whose_fetching_died_when_records_come_then_it_is_restarted_and_reads_them(
    topics: KafkaSettings, monkeypatch: pytest.MonkeyPatch, *, has_read: bool
) -> None:
    monkeypatch.setattr(watchdog_module, "_UNREAD_S", 1.0)
    service = Service("reporting", ServiceSettings(kafka=topics, stuck_after_s=4))
    handler = Hangs(0)
    service.consume(handler)
    app = service.create_app()

    async with app.router.lifespan_context(app):
        [subscriber] = service.broker.subscribers
        fetcher = await until(lambda: _fetcher_of(subscriber))
        if has_read:
            await publish_one(topics)
            await until(lambda: handler.done)
        fetcher._get_actions_per_node = _broken  # as an error that aiokafka does not know
        await until(lambda: fetcher.error_future.done() and not fetcher._in_flight)
        await publish_one(topics)
        await until(lambda: len(handler.done) == 1 + has_read, limit_s=40)

    assert set(handler.done) == {"Mulai"}


def _fetcher_of(subscriber: Any) -> Any:
    """Once it has partitions."""
    consumer = subscriber.consumer
    return consumer._fetcher if consumer and consumer.assignment() else None


def _broken(*_: object) -> None:
    msg = "nobody expected it"
    raise RuntimeError(msg)
