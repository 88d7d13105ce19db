"""The publisher against a broker of its own, which is stopped and killed."""

import time
from collections.abc import AsyncGenerator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from aiokafka import AIOKafkaConsumer
from aiokafka.errors import KafkaConnectionError

from deploy.local.kafka.server import KafkaServer, running_kafka
from deploy.topics import apply_topics
from shared.errors import BrokerUnreachable, RecordRefused
from shared.events.words import WordsKind, WordsRecorded
from shared.ids import draw_ticket
from shared.publisher import Publisher
from shared.records import Outgoing, to_record
from shared.settings import KafkaSettings
from shared.topics import WORDS
from tests.waiting import SLACK_S, until

pytestmark = pytest.mark.integration
TICKET = draw_ticket(b"tests", "public", UUID(int=1))


@pytest.fixture
async def broker(tmp_path: Path) -> AsyncGenerator[KafkaServer]:
    async with running_kafka(tmp_path / "kafka") as server:
        await apply_topics(KafkaSettings(bootstrap=server.bootstrap, partitions=1))
        yield server


@pytest.fixture
async def publisher(broker: KafkaServer) -> AsyncGenerator[Publisher]:
    publisher = Publisher("routing", KafkaSettings(bootstrap=broker.bootstrap))
    await publisher.start()
    yield publisher
    await publisher.stop()


def words(number: int, text: str = "Mulai") -> Outgoing:
    event = WordsRecorded(
        event_id=UUID(int=number), ticket=TICKET, occurred_at=datetime.now(UTC), kind=WordsKind.PROGRESS, text=text
    )
    return to_record(WORDS, event)


async def read_keys(broker: KafkaServer, expected: int) -> list[str]:
    found: list[str] = []
    async with AIOKafkaConsumer(
        "ntbcare.words", bootstrap_servers=broker.bootstrap, auto_offset_reset="earliest"
    ) as records:

        async def read() -> bool:
            fetched = await records.getmany(timeout_ms=200)
            found.extend((record.key or b"").decode() for batch in fetched.values() for record in batch)
            return len(found) >= expected

        await until(read)
    return found


async def test_given_no_broker_when_the_publisher_starts_then_it_fails_loudly() -> None:
    publisher = Publisher("routing", KafkaSettings(bootstrap="127.0.0.1:1"))

    with pytest.raises(KafkaConnectionError):
        await publisher.start()


async def test_given_a_broker_that_stands_still_when_published_within_a_limit_then_it_is_refused_in_time(
    broker: KafkaServer, publisher: Publisher
) -> None:
    await publisher.publish(words(1))
    broker.suspend()
    began = time.monotonic()

    with pytest.raises(BrokerUnreachable):
        await publisher.publish_within(timedelta(seconds=1), words(2))
    took = time.monotonic() - began
    broker.resume()

    assert took < 1 + SLACK_S
    await until(lambda: accepted(publisher, words(3)))
    assert {words(1).key, words(3).key} <= set(await read_keys(broker, 2))


async def test_given_a_broker_that_stands_still_when_the_publisher_stops_then_it_does_not_wait_for_it(
    broker: KafkaServer,
) -> None:
    publisher = Publisher("routing", KafkaSettings(bootstrap=broker.bootstrap))
    await publisher.start()
    broker.suspend()
    with pytest.raises(BrokerUnreachable):
        await publisher.publish_within(timedelta(seconds=0.2), words(1))
    began = time.monotonic()

    await publisher.stop()

    took = time.monotonic() - began
    broker.resume()
    assert took < 5 + SLACK_S


async def accepted(publisher: Publisher, record: Outgoing) -> bool:
    try:
        await publisher.publish_within(timedelta(seconds=2), record)
    except BrokerUnreachable:
        return False
    return True


async def test_given_a_killed_broker_when_it_is_back_then_the_same_publisher_goes_on(
    broker: KafkaServer, publisher: Publisher
) -> None:
    await publisher.publish(words(1))
    broker.kill()
    for number in range(2, 10):
        assert not await accepted_at_once(publisher, words(number))

    await broker.start()

    await until(lambda: accepted(publisher, words(20)), limit_s=40)
    keys = await read_keys(broker, 2)
    assert {words(1).key, words(20).key} <= set(keys)


async def accepted_at_once(publisher: Publisher, record: Outgoing) -> bool:
    try:
        await publisher.publish_within(timedelta(seconds=0.2), record)
    except BrokerUnreachable:
        return False
    return True


async def test_given_a_record_that_is_too_large_when_published_then_it_is_refused_and_others_pass(
    broker: KafkaServer, publisher: Publisher
) -> None:
    with pytest.raises(RecordRefused):
        await publisher.publish(words(1, text="x" * 3_000_000))

    done = await publisher.publish_each({"large": [words(2, text="x" * 3_000_000), words(3)], "small": [words(4)]})

    assert done == {"large": [], "small": [done["small"][0]]}
    assert await read_keys(broker, 1) == [words(4).key]
