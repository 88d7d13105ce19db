"""One consumer of the one kind there is, on a real Kafka."""

import asyncio
import re
from collections.abc import AsyncGenerator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from uuid import UUID

import httpx2
import pytest
from aiokafka import AIOKafkaConsumer
from faststream import AckPolicy
from faststream.kafka.subscriber.usecase import BatchSubscriber

from deploy.letters import Letters, ParkingService
from deploy.topics import apply_topics, check_topics
from shared.events.directory import Category, DirectoryRecorded, Label
from shared.events.event import Urgency
from shared.events.standards import ResolutionClass
from shared.events.words import WordsKind, WordsRecorded
from shared.ids import draw_ticket
from shared.publisher import Headers, Publisher
from shared.records import Outgoing, Received, Unknown, directory_record, to_record
from shared.service import Service
from shared.settings import FloodSettings, KafkaSettings, ServiceSettings, TracingSettings
from shared.topics import DEAD_LETTERS, WORDS
from shared.watchdog import Watchdog
from tests.collector import collecting
from tests.waiting import until

pytestmark = pytest.mark.integration
AT = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)


class DatabaseAway(Exception):
    pass


@dataclass
class Handler:
    done: list[str] = field(default_factory=list[str])
    away: bool = False
    forbidden: str = "nothing"

    async def __call__(self, batch: Sequence[Received]) -> None:
        if self.away:
            raise DatabaseAway
        texts = [received.event.text for received in batch if isinstance(received.event, WordsRecorded)]
        assert self.forbidden not in texts
        self.done += texts


@dataclass
class Running:
    http: httpx2.AsyncClient
    service: Service

    async def reasons(self) -> dict[str, str]:
        return (await self.http.get("/readyz")).json().get("reasons", {})

    async def ready(self) -> bool:
        return (await self.http.get("/readyz")).status_code == 200


@asynccontextmanager
async def running(
    kafka: KafkaSettings, handler: Handler, flood: FloodSettings | None = None, tracing: str | None = None
) -> AsyncGenerator[Running]:
    settings = ServiceSettings(
        kafka=kafka, flood=flood or FloodSettings(), tracing=TracingSettings(endpoint=tracing, ratio=0)
    )
    service = Service("reporting", settings)
    service.consume(handler, is_passing=lambda error: isinstance(error, DatabaseAway))
    app = service.create_app()
    async with (
        app.router.lifespan_context(app),
        httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://reporting") as http,
    ):
        yield Running(http, service)


@pytest.fixture
async def publisher(topics: KafkaSettings) -> AsyncGenerator[Publisher]:
    publisher = Publisher("routing", topics)
    await publisher.start()
    label = Label(id="Jalan", en="Road")
    road = Category(id="road", name=label, urgency=Urgency.ORDINARY, resolution=ResolutionClass.FIELD)
    await publisher.publish(directory_record(DirectoryRecorded(revision=1, recorded_at=AT, entry=road)))
    yield publisher
    await publisher.stop()


def words(number: int) -> Outgoing:
    ticket = draw_ticket(b"tests", "public", UUID(int=number % 20))
    return to_record(
        WORDS,
        WordsRecorded(
            event_id=UUID(int=number), ticket=ticket, occurred_at=AT, kind=WordsKind.PROGRESS, text=f"{number}"
        ),
    )


async def publish(publisher: Publisher, numbers: range) -> None:
    await publisher.publish_each({number: [words(number)] for number in numbers})


def texts(numbers: range) -> list[str]:
    return sorted(f"{number}" for number in numbers)


async def test_given_records_from_before_when_a_service_starts_then_it_reads_all_and_not_again_after_a_restart(
    topics: KafkaSettings, publisher: Publisher
) -> None:
    await publish(publisher, range(100))
    first, second = Handler(), Handler()

    async with running(topics, first) as service:
        await until(lambda: len(first.done) == 100)
        await until(service.ready)
    await publish(publisher, range(100, 110))
    async with running(topics, second):
        await until(lambda: len(second.done) >= 10)

    assert sorted(first.done) == texts(range(100))
    assert sorted(second.done) == texts(range(100, 110))


async def test_given_poison_of_many_kinds_when_it_is_consumed_then_the_good_ones_pass_and_the_bad_are_parked_once(
    topics: KafkaSettings, publisher: Publisher
) -> None:
    good = words(0)
    key, headers = good.key.encode(), [("ce_type", b"case.opened.v1")]
    poison: list[tuple[bytes | None, bytes | None, Headers]] = [
        (key, b"{", headers),
        (key, b"{", [*headers, ("traceparent", None), ("ce_id", None)]),
        (key, b"\x00\xff", headers),
        (key, good.value, [("ce_type", b"\xff\xfe"), ("x", b"\xc3\x28")]),
        (None, b"{}", headers),
        (key, None, headers),
        (key, b"9" * 500_000, headers),
        # One that the broker just takes: with what parking adds it is larger than other topics allow.
        (key, b"9" * 1_048_300, headers),
        (key, good.value, [("ce_type", b"words.recorded.v1")]),
        (key, good.value, [("ce_type", b"case.exploded.v1")]),
        (key, good.value, []),
    ]
    await publish(publisher, range(30))
    for record_key, value, broken in poison:
        await publisher.send("cases", record_key, value, broken)
    await publish(publisher, range(30, 60))
    handler = Handler()

    async with running(topics, handler) as service:
        await until(lambda: len(handler.done) >= 60)
        letters = await until(lambda: read_letters(topics, len(poison)))
        await until(service.ready)

    assert sorted(handler.done) == texts(range(60))
    assert len(letters) == len({letter["dead_letter_id"] for letter in letters}) == len(poison)
    assert all(letter["dead_letter_topic"] == b"cases" for letter in letters)


async def test_given_a_recorded_trace_when_the_database_is_away_for_a_while_then_each_failed_try_is_in_the_trace(
    topics: KafkaSettings, publisher: Publisher
) -> None:
    trace, span, handler = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331", Handler(away=True)
    await publisher.publish(replace(words(1), trace=f"{trace}-{span}"), words(2))

    with collecting() as collector:
        async with running(topics, handler, tracing=collector.endpoint) as service:
            await until(service.reasons)
            await until(lambda: any(span.failed for span in collector.seen), limit_s=30)
            handler.away = False
            await until(lambda: len(handler.done) == 2, limit_s=60)

    tries = collector.of(trace)
    assert {(one.name, one.parent) for one in tries} == {("process words", span)}
    assert [one.failed for one in tries] == [True] * (len(tries) - 1) + [False]
    assert {one.about.get("error.type") for one in tries} == {"DatabaseAway", None}


async def read_letters(topics: KafkaSettings, expected: int) -> list[dict[str, bytes]] | None:
    """The headers of what is parked, once there are so many."""
    found: list[dict[str, bytes]] = []
    async with (
        AIOKafkaConsumer(
            DEAD_LETTERS["reporting"].full_name(topics.namespace),
            bootstrap_servers=topics.bootstrap,
            auto_offset_reset="earliest",
        ) as letters,
        asyncio.timeout(10),
    ):
        while len(found) < expected:
            fetched = await letters.getmany(timeout_ms=200)
            found += [dict(record.headers) for batch in fetched.values() for record in batch]
    return found


async def test_given_a_parked_record_when_it_is_redriven_after_a_fix_then_it_is_handled_once_and_nothing_else(
    topics: KafkaSettings, publisher: Publisher
) -> None:
    handler = Handler(forbidden="7")
    await publish(publisher, range(20))
    letters = Letters(topics, ParkingService.REPORTING)

    async with running(topics, handler):
        await until(lambda: len(handler.done) == 19)
        [letter] = await until(letters.read)
        assert (letter.reason, letter.is_open) == ("handler failed: AssertionError", True)

        handler.forbidden = "nothing"
        await letters.redrive([letter])
        await until(lambda: len(handler.done) == 20)

    assert sorted(handler.done) == texts(range(20))
    [letter] = await letters.read()
    assert not letter.is_open


async def test_given_a_database_that_is_away_when_records_come_then_the_service_is_alive_not_ready_and_loses_nothing(
    topics: KafkaSettings, publisher: Publisher
) -> None:
    handler = Handler(away=True)
    await publish(publisher, range(20))

    async with running(topics, handler) as service:
        await until(lambda: _says(service, "waits: DatabaseAway"))
        assert (await service.http.get("/livez")).status_code == 200
        assert (await service.http.get("/readyz")).status_code == 503

        handler.away = False
        await until(lambda: len(handler.done) == 20)
        await until(service.ready)

    assert sorted(handler.done) == texts(range(20))


async def test_given_a_running_service_when_a_group_is_begun_ended_and_begun_again_then_it_goes_on_where_it_was(
    topics: KafkaSettings, publisher: Publisher
) -> None:
    handler, other = Handler(), Handler()
    await publish(publisher, range(20))

    async with running(topics, handler) as service:
        await until(lambda: len(handler.done) == 20)
        async with beginning(service.service, other) as watchdog:
            await until(lambda: len(other.done) == 20)
            await until(lambda: _is_ready(watchdog))
            await until(lambda: _tells_of(service, {"reporting", "reporting.other"}))
        await publish(publisher, range(20, 30))
        await until(lambda: len(handler.done) == 30)
        await until(lambda: _tells_of(service, {"reporting"}))
        async with beginning(service.service, other):
            await until(lambda: len(other.done) == 30)

    assert sorted(other.done) == sorted(handler.done) == texts(range(30))


def beginning(service: Service, handler: Handler) -> AbstractAsyncContextManager[Watchdog]:
    return service.consuming("reporting.other", handler, unknown=Unknown.PARK, is_passing=lambda _: False)


async def _is_ready(watchdog: Watchdog) -> bool:
    return await watchdog.why_not_ready() is None


async def _tells_of(service: Running, groups: set[str]) -> bool:
    """Whether the lag of these is told, and of no others."""
    lags = re.findall(r"ntbcare_consumer_lag{[^}]*}", (await service.http.get("/metrics")).text)
    told = {group for lag in lags if 'service="reporting"' in lag for group in re.findall(r'group="([^"]*)"', lag)}
    return told == groups


async def _says(service: Running, words: str) -> bool:
    return words in (await service.reasons()).get("consumer", "")


async def test_given_a_batch_under_way_when_the_service_is_stopped_then_it_is_delivered_again(
    topics: KafkaSettings, publisher: Publisher
) -> None:
    await publish(publisher, range(20))
    stuck, after = Handler(away=True), Handler()

    async with running(topics, stuck) as service:
        await until(lambda: _says(service, "waits"))
    async with running(topics, after):
        await until(lambda: len(after.done) >= 20)

    assert sorted(after.done) == texts(range(20))


async def test_given_two_replicas_when_one_joins_and_one_leaves_then_every_record_is_handled(
    topics: KafkaSettings, publisher: Publisher
) -> None:
    first, second = Handler(), Handler()

    async with running(topics, second) as survivor:
        async with running(topics, first):
            await publish(publisher, range(200))
            await until(lambda: len({*first.done, *second.done}) == 200, limit_s=40)
        await publish(publisher, range(200, 260))
        await until(lambda: len({*first.done, *second.done}) == 260, limit_s=40)
        await until(survivor.ready)

    assert sorted({*first.done, *second.done}) == texts(range(260))
    assert len(first.done) + len(second.done) == 260


async def test_given_a_flood_when_it_comes_then_the_service_pauses_says_so_and_goes_on_when_told(
    topics: KafkaSettings, publisher: Publisher
) -> None:
    for number in range(40):
        await publisher.send("words", f"{number}".encode(), b"{", [("ce_type", b"words.recorded.v1")])
    letters = Letters(topics, ParkingService.REPORTING)

    async with running(topics, Handler(), FloodSettings(dead_letters=5, window=100)) as service:
        await until(lambda: _says(service, "flood"))
        assert (await service.http.get("/livez")).status_code == 200
        parked = len(await letters.read())
        await until(lambda: _all_parked_when_told(letters, 40))

    assert parked == 5


async def _all_parked_when_told(letters: Letters, expected: int) -> bool:
    """Let it go on as often as it pauses."""
    await letters.resume()
    return len(await letters.read()) == expected


async def metric(service: Running, name: str) -> float:
    text = (await service.http.get("/metrics")).text
    return sum(float(value) for value in re.findall(rf"^{name}{{.*}} (\S+)$", text, re.MULTILINE))


async def test_given_lag_when_metrics_are_read_then_they_say_how_much_and_how_old(
    topics: KafkaSettings, publisher: Publisher
) -> None:
    handler = Handler(away=True)
    await publish(publisher, range(20))

    async with running(topics, handler) as service:
        await until(lambda: _lag(service, 20))
        assert await metric(service, "ntbcare_oldest_unprocessed_seconds") >= 0
        handler.away = False
        await until(lambda: _lag(service, 0))


async def _lag(service: Running, expected: float) -> bool:
    text = (await service.http.get("/metrics")).text
    return "ntbcare_consumer_lag{" in text and await metric(service, "ntbcare_consumer_lag") == expected


async def test_given_every_subscriber_when_its_wiring_is_read_then_it_loses_nothing(topics: KafkaSettings) -> None:
    service = Service("reporting", ServiceSettings(kafka=topics))
    service.consume(Handler())

    [subscriber] = service.broker.subscribers

    assert isinstance(subscriber, BatchSubscriber)
    assert subscriber.ack_policy is AckPolicy.NACK_ON_ERROR
    arguments = subscriber._connection_args  # pyright: ignore[reportPrivateUsage] - nothing public tells
    assert arguments["auto_offset_reset"] == "earliest"
    assert arguments["enable_auto_commit"] is False
    assert arguments["max_poll_interval_ms"] > 3_600_000


async def test_given_applied_topics_when_they_are_checked_then_nothing_differs(topics: KafkaSettings) -> None:
    assert await check_topics(topics) == []
    assert await apply_topics(topics) == []


async def test_given_more_partitions_wanted_when_topics_are_checked_then_the_difference_is_said(
    topics: KafkaSettings,
) -> None:
    differences = await check_topics(topics.model_copy(update={"partitions": 4}))

    assert {(difference.what, difference.wanted, difference.found) for difference in differences} == {
        ("partitions", "4 or more", "2")
    }
