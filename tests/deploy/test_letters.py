from datetime import UTC, datetime
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.records_to_delete import RecordsToDelete

from deploy.letters import Letter, Letters, ParkingService, Superseded, TopicMissing
from shared.dead_letters import dead_letter_headers, fetch_origin, is_resume
from shared.records import Record
from shared.settings import KafkaSettings
from shared.topics import CASES, COMPLAINTS, DEAD_LETTERS, PERSONAL, Topic
from tests.servers import Kafka

pytestmark = pytest.mark.integration

TICKET = "NTB-336T-6BAV-RYHW-HK"
PART = f"{TICKET}:5f0c7f9e".encode()


@pytest.fixture
async def settings(kafka: Kafka, topic_prefix: str) -> KafkaSettings:
    """A namespace of its own with the topics that these tests use, one partition each."""
    made = KafkaSettings(bootstrap=kafka.bootstrap, namespace=topic_prefix.rstrip("."))
    names = ("complaints", "cases", "personal", "routing.dead-letters", "routing.redrive")
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka.bootstrap)
    await admin.start()
    try:
        await admin.create_topics([NewTopic(f"{made.namespace}.{name}", 1, 1) for name in names])
    finally:
        await admin.close()
    return made


def test_given_the_services_that_park_when_compared_with_the_topics_then_they_are_the_same() -> None:
    named = {service.value for service in ParkingService}

    declared = set(DEAD_LETTERS)

    assert named == declared


async def test_given_a_parked_record_when_listed_then_its_origin_and_reason_are_told(settings: KafkaSettings) -> None:
    await park(settings, COMPLAINTS, await publish(settings, "complaints", TICKET.encode(), b"{"), "not JSON")

    letters = await Letters(settings, ParkingService.ROUTING).read()

    assert [(letter.topic, letter.partition, letter.offset) for letter in letters] == [("complaints", 0, 0)]
    assert (letters[0].reason, letters[0].is_open) == ("not JSON", True)
    assert await Letters(settings, ParkingService.ROUTING).bytes_of(letters[0]) == b"{"


async def test_given_a_record_parked_twice_when_listed_then_it_is_one_letter(settings: KafkaSettings) -> None:
    record = await publish(settings, "complaints", TICKET.encode(), b"{")
    await park(settings, COMPLAINTS, record, "not JSON")
    await park(settings, COMPLAINTS, record, "not JSON")

    letters = await Letters(settings, ParkingService.ROUTING).read()

    assert len(letters) == 1


async def test_given_a_letter_when_redriven_then_the_service_reads_the_record_as_it_first_was(
    settings: KafkaSettings,
) -> None:
    await park(settings, COMPLAINTS, await publish(settings, "complaints", TICKET.encode(), b"{"), "not JSON")

    letter = await redrive_the_only_letter(settings)

    back = (await records_of(settings, "routing.redrive"))[0]
    assert (back.key, back.value) == (TICKET.encode(), b"{")
    assert dict(back.headers) == dict(letter.record.headers)
    assert dict(back.headers)["dead_letter_topic"] == b"complaints"
    assert dict(back.headers)["ce_type"] == b"some.thing.v1"
    assert not (await Letters(settings, ParkingService.ROUTING).read())[0].is_open


async def test_given_a_redriven_letter_when_parked_again_then_it_is_open_again_under_its_first_id(
    settings: KafkaSettings,
) -> None:
    await park(settings, COMPLAINTS, await publish(settings, "complaints", TICKET.encode(), b"{"), "not JSON")
    first = await redrive_the_only_letter(settings)

    await park(settings, COMPLAINTS, (await records_of(settings, "routing.redrive"))[0], "still not JSON")

    letters = await Letters(settings, ParkingService.ROUTING).read()
    assert [(letter.id, letter.reason, letter.is_open) for letter in letters] == [(first.id, "still not JSON", True)]
    assert (letters[0].topic, letters[0].offset) == ("complaints", 0)


@pytest.mark.parametrize("value", [b'{"text": "secret"}', None])
async def test_given_a_personal_record_when_redriven_then_its_bytes_stay_where_they_were_published(
    settings: KafkaSettings, value: bytes | None
) -> None:
    await publish(settings, "personal", b"another", b"another")
    await park(settings, PERSONAL, await publish(settings, "personal", PART, value), "no type")

    letter = await redrive_the_only_letter(settings)

    [back] = await records_of(settings, "routing.redrive")
    origin = await fetch_origin(settings, back)
    assert (letter.record.value, back.value) == (None, None)
    assert origin is not None
    assert (origin.topic, origin.key, origin.value) == (f"{settings.namespace}.personal", PART, value)


async def test_given_a_personal_record_that_is_gone_when_its_bytes_are_asked_for_then_it_is_superseded(
    settings: KafkaSettings,
) -> None:
    await park(settings, PERSONAL, await publish(settings, "personal", PART, b"{}"), "no type")
    await publish(settings, "personal", PART, None)
    await delete_before(settings, "personal", 1)

    letters = Letters(settings, ParkingService.ROUTING)
    letter = (await letters.read())[0]

    with pytest.raises(Superseded):
        await letters.bytes_of(letter)


async def test_given_a_word_to_go_on_when_sent_then_consumers_know_it_and_no_letter_appears(
    settings: KafkaSettings,
) -> None:
    letters = Letters(settings, ParkingService.ROUTING)

    await letters.resume()

    assert [is_resume(record) for record in await records_of(settings, "routing.redrive")] == [True]
    assert await letters.read() == []


async def test_given_something_that_no_service_parked_when_listed_then_it_is_left_out(settings: KafkaSettings) -> None:
    await publish(settings, "routing.dead-letters", b"key", b"value")
    await park(settings, CASES, await publish(settings, "cases", TICKET.encode(), b"{"), "not JSON")

    letters = await Letters(settings, ParkingService.ROUTING).read()

    assert [letter.topic for letter in letters] == ["cases"]


async def test_given_a_namespace_without_topics_when_listed_then_the_missing_topic_is_named(kafka: Kafka) -> None:
    nowhere = KafkaSettings(bootstrap=kafka.bootstrap, namespace="nowhere")

    with pytest.raises(TopicMissing, match=r"There is no topic nowhere\.routing\.redrive"):
        await Letters(nowhere, ParkingService.ROUTING).read()


async def redrive_the_only_letter(settings: KafkaSettings) -> Letter:
    letters = Letters(settings, ParkingService.ROUTING)
    letter = (await letters.read())[0]
    await letters.redrive([letter])
    return letter


async def park(settings: KafkaSettings, topic: Topic, record: Record, reason: str) -> None:
    """As a consumer does, personal records by reference."""
    headers = dead_letter_headers("routing", record, topic, reason)
    value = None if topic is PERSONAL else record.value
    await send(settings, "routing.dead-letters", record.key, value, headers)


async def publish(settings: KafkaSettings, topic: str, key: bytes, value: bytes | None) -> Record:
    await send(settings, topic, key, value, [("ce_type", b"some.thing.v1")])
    return (await records_of(settings, topic))[-1]


async def send(
    settings: KafkaSettings, topic: str, key: bytes | None, value: bytes | None, headers: list[tuple[str, bytes]]
) -> None:
    async with AIOKafkaProducer(bootstrap_servers=settings.bootstrap) as producer:
        now = datetime.now(UTC)
        await producer.send_and_wait(
            f"{settings.namespace}.{topic}", value, key, headers=headers, timestamp_ms=int(now.timestamp() * 1000)
        )


async def records_of(settings: KafkaSettings, topic: str) -> list[Record]:
    place = TopicPartition(f"{settings.namespace}.{topic}", 0)
    found: list[Any] = []
    async with AIOKafkaConsumer(bootstrap_servers=settings.bootstrap, enable_auto_commit=False) as consumer:
        consumer.assign([place])
        await consumer.seek_to_beginning(place)
        end = (await consumer.end_offsets([place]))[place]
        while await consumer.position(place) < end:
            found += (await consumer.getmany(place, timeout_ms=500)).get(place, [])
    return found


async def delete_before(settings: KafkaSettings, topic: str, offset: int) -> None:
    """As compaction and retention do in time."""
    admin = AIOKafkaAdminClient(bootstrap_servers=settings.bootstrap)
    await admin.start()
    try:
        place = TopicPartition(f"{settings.namespace}.{topic}", 0)
        await admin.delete_records({place: RecordsToDelete(before_offset=offset)})
    finally:
        await admin.close()
