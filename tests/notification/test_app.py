"""The whole service: from the topics to the mail server and back, on a real Kafka and a real MongoDB."""

import asyncio
import json
from collections.abc import AsyncGenerator
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from typing import Any

import httpx2
import pytest
from aiokafka import AIOKafkaConsumer

from deploy.topics import apply_topics
from services.notification.app import create_app
from services.notification.domain.signatures import sign
from services.notification.settings import Settings
from shared.events.case import Status
from shared.events.cases import CaseProgressed
from shared.events.directory import DirectoryRecorded
from shared.events.event import Event
from shared.mongo import connected
from shared.publisher import Publisher
from shared.records import Outgoing, directory_record, to_record, tombstone
from shared.settings import KafkaSettings
from shared.topics import NOTICES, PERSONAL
from tests.notification.examples import (
    AGENCY_ADDRESS,
    AT,
    REPORTER_ADDRESS,
    TICKET,
    WRITTEN,
    a_directory,
    a_person,
    a_resolution,
    a_submission,
    a_ticket,
    an_assignment,
    an_opening,
    envelope,
    settings,
    the_words,
)
from tests.notification.replica import topic_of
from tests.servers import Kafka, Mongod
from tests.smtp_sink import Sink
from tests.waiting import until

pytestmark = pytest.mark.integration


@pytest.fixture
async def names(kafka: Kafka, topic_prefix: str) -> KafkaSettings:
    """Its topics are there, and a directory."""
    names = KafkaSettings(bootstrap=kafka.bootstrap, namespace=topic_prefix.rstrip("."), partitions=2)
    await apply_topics(names)
    known = a_directory()
    entries = [*known.agencies.values(), *known.categories.values(), *known.regions.values()]
    recorded = [DirectoryRecorded(revision=1, recorded_at=AT, entry=entry) for entry in entries]
    await publish(names, *(directory_record(record) for record in recorded))
    return names


@pytest.fixture
def chosen(names: KafkaSettings, mongod: Mongod, database_name: str, port: int) -> Settings:
    mongo = {"uri": mongod.uri, "database": database_name}
    sms = {"receipt_secret": "of-the-sms"}
    return settings(kafka=names.model_dump(), mongo=mongo, smtp={"port": port, "starttls": "never"}, sms=sms)


@pytest.fixture
async def running(chosen: Settings) -> AsyncGenerator[httpx2.AsyncClient]:
    app = create_app(chosen)
    transport: Any = httpx2.ASGITransport(app=app)
    async with app.router.lifespan_context(app), httpx2.AsyncClient(transport=transport, base_url="http://n") as client:
        yield client


async def publish(kafka: KafkaSettings, *records: Outgoing) -> None:
    publisher = Publisher("tests", kafka)
    await publisher.start()
    try:
        await publisher.publish(*records)
    finally:
        await publisher.stop()


def just_now(*events: Event) -> list[Outgoing]:
    """The examples happened at a fixed time; the service's clock is the real one."""
    now = datetime.now(UTC) - timedelta(minutes=1)
    return [to_record(topic_of(event), event.model_copy(update={"occurred_at": now})) for event in events]


async def told(kafka: KafkaSettings, count: int) -> list[Any]:
    """The first so many notices."""
    topic = NOTICES.full_name(kafka.namespace)
    consumer = AIOKafkaConsumer(topic, bootstrap_servers=kafka.bootstrap, auto_offset_reset="earliest")
    await consumer.start()
    try:
        async with asyncio.timeout(20):
            return [await anext(consumer) for _ in range(count)]
    finally:
        await consumer.stop()


async def test_given_a_case_on_the_topics_when_it_is_consumed_then_mail_goes_out_and_notices_tell_of_it(
    running: httpx2.AsyncClient, names: KafkaSettings, sink: Sink
) -> None:
    case = (an_opening(), an_assignment(), a_resolution(), a_submission(), the_words(), a_person())

    await publish(names, *just_now(*case))
    notices = await told(names, 4)

    assert sink.recipients() == [AGENCY_ADDRESS, *[REPORTER_ADDRESS] * 3]
    assert any(WRITTEN in message.as_string() for message in sink.taken)
    assert {notice.key for notice in notices} == {TICKET.encode()}
    assert {dict(notice.headers)["ce_type"] for notice in notices} == {b"notice.sent.v1"}
    assert all(b"@" not in notice.value for notice in notices)


async def test_given_a_stopped_service_when_everything_is_read_again_then_nothing_goes_twice(
    chosen: Settings, names: KafkaSettings, sink: Sink
) -> None:
    case = just_now(a_submission(), a_person(), an_opening())
    other = a_ticket(1)
    app = create_app(chosen)
    async with app.router.lifespan_context(app):
        await publish(names, *case)
        await until(lambda: sink.taken)

    app = create_app(chosen)
    async with app.router.lifespan_context(app):
        # What comes after the repeated case is handled after it.
        await publish(names, *case, *just_now(a_submission(other), a_person(other), an_opening(other)))
        notices = await told(names, 2)

    assert {notice.key for notice in notices} == {TICKET.encode(), other.encode()}
    assert len(sink.taken) == 2


async def test_given_an_erased_person_when_the_case_is_opened_then_that_is_told(
    running: httpx2.AsyncClient, names: KafkaSettings, chosen: Settings, sink: Sink
) -> None:
    await publish(names, *just_now(a_submission(), a_person()), tombstone(PERSONAL, f"{TICKET}:s-1"))
    async with connected(chosen.mongo) as database:
        # Between topics no order is promised: the case might be read before the tombstone is.
        await until(lambda: database["contacts"].find_one({"erased_parts": "s-1"}))
    await publish(names, *just_now(an_opening()))

    (notice,) = await told(names, 1)

    assert dict(notice.headers)["ce_type"] == b"notice.suppressed.v1"
    assert sink.asked == 0


async def test_given_a_running_service_when_it_is_asked_then_it_is_ready_and_says_what_it_sent(
    running: httpx2.AsyncClient, names: KafkaSettings
) -> None:
    await publish(names, *just_now(a_submission(), a_person(), an_opening()))
    await told(names, 1)

    async def ready() -> bool:
        return (await running.get("/readyz")).status_code == 200

    await until(ready)
    metrics = (await running.get("/metrics")).text
    assert (
        'ntbcare_deliveries_total{channel="email",kind="received",outcome="sent",reason="",service="notification"}'
        in metrics
    )
    assert "ntbcare_deliveries_taken_over_total" in metrics


async def test_given_a_mail_when_its_links_are_followed_then_the_address_is_known_and_gets_no_more_of_the_kind(
    running: httpx2.AsyncClient, names: KafkaSettings, sink: Sink
) -> None:
    progress = CaseProgressed(**envelope(4, Status.IN_PROGRESS))
    await publish(names, *just_now(a_submission(), a_person(), an_opening(), progress))
    await until(lambda: len(sink.taken) == 2)
    receipt, told = sink.taken
    confirm = link_in(receipt, "Alamat ini benar milik saya")

    page = await running.get(path_of(confirm))
    confirmed = await running.post(path_of(confirm))
    stop = str(told["List-Unsubscribe"]).strip("<>")
    stopped = await running.post(path_of(stop), data={"List-Unsubscribe": "One-Click"})
    another = CaseProgressed(**envelope(5, Status.IN_PROGRESS))
    await publish(names, *just_now(another, the_words(), a_resolution()))
    notices = await told_of(names, 4)

    assert (page.status_code, confirmed.status_code, stopped.status_code) == (200, 200, 200)
    assert told["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert [one for one in notices if "suppressed" in one] == ["notice.suppressed.v1 progress opted_out"]
    assert len(sink.taken) == 3


async def test_given_a_gateway_when_it_tells_of_an_answer_and_of_what_arrived_then_both_are_heeded(
    running: httpx2.AsyncClient, names: KafkaSettings, chosen: Settings
) -> None:
    await publish(names, *just_now(a_submission(), a_person(), an_opening()))
    (sent,) = await told(names, 1)
    async with connected(chosen.mongo) as database:
        (delivery,) = await database["deliveries"].find().to_list(None)
        arrived = [{"reference": delivery["message"], "status": "delivered"}]
        body = json.dumps({"receipts": arrived, "replies": [{"from": "+62900001", "text": "STOP"}]}).encode()

        answer = await running.post("/v1/notices/receipts/sms", content=body, headers=signed(body))
        notices = await told(names, 2)
        stopped = await database["addresses"].find({"stopped": "*"}).to_list(None)

    assert (answer.status_code, [one["channel"] for one in stopped]) == (204, ["sms"])
    assert [dict(one.headers)["ce_type"] for one in notices] == [b"notice.sent.v1", b"notice.delivered.v1"]
    assert sent.value == notices[0].value


def signed(body: bytes) -> dict[str, str]:
    at = datetime.now(UTC)
    said = {"webhook-id": "m1", "webhook-timestamp": str(int(at.timestamp()))}
    return said | {"webhook-signature": sign([b"of-the-sms"], "m1", at, body)}


def link_in(mail: EmailMessage, label: str) -> str:
    """The address under a label of the plain text."""
    plain = mail.get_body(("plain",))
    assert plain is not None
    return plain.get_content().partition(label)[2].split()[1]


def path_of(link: str) -> str:
    return link.removeprefix("https://care.example")


async def told_of(kafka: KafkaSettings, count: int) -> list[str]:
    found = [json.loads(notice.value) for notice in await told(kafka, count)]
    return [f"{one['type']} {one['kind']} {one.get('reason', '')}" for one in found]
