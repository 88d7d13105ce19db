"""Clients of a Kafka that asks for a password over TLS: each kind that the services have, on a real broker."""

import io
import json
import logging
from collections.abc import AsyncGenerator, Generator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import httpx2
import pytest
from aiokafka import AIOKafkaConsumer
from aiokafka.errors import GroupAuthorizationFailedError, KafkaConnectionError, TopicAuthorizationFailedError
from typer.testing import CliRunner

from deploy.cli import app
from deploy.letters import Letters, ParkingService
from deploy.rights import grant, rights
from deploy.topics import apply_topics, check_topics
from shared.cluster import looking_at
from shared.errors import BrokerUnreachable
from shared.events.directory import Category, DirectoryRecorded, Label
from shared.events.event import Urgency
from shared.events.standards import ResolutionClass
from shared.kafka import client_options
from shared.logs import configure_logs
from shared.publisher import Publisher
from shared.records import Received, directory_record
from shared.service import Service
from shared.settings import KafkaSettings, ServiceSettings
from tests.secured_kafka import SecuredKafka, a_secured_kafka
from tests.waiting import until

pytestmark = pytest.mark.integration
AT = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
LABEL = Label(id="Jalan", en="Road")
ROAD = Category(id="road", name=LABEL, urgency=Urgency.ORDINARY, resolution=ResolutionClass.FIELD)


@pytest.fixture(scope="module")
def secured(tmp_path_factory: pytest.TempPathFactory) -> Generator[SecuredKafka]:
    with a_secured_kafka(tmp_path_factory.mktemp("secured")) as kafka:
        yield kafka


@pytest.fixture
def log_lines() -> Generator[io.StringIO]:
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    configure_logs("info")
    stream = io.StringIO()
    [handler] = root.handlers
    assert isinstance(handler, logging.StreamHandler)
    handler.setStream(stream)
    yield stream
    root.handlers, root.level = handlers, level


def a_namespace() -> str:
    return f"test-{uuid4().hex[:8]}"


async def a_namespace_with_rights(secured: SecuredKafka) -> str:
    """Its topics are there, and each service may do what the table says."""
    namespace = a_namespace()
    admin = secured.settings("admin", namespace)
    await apply_topics(admin)
    await grant(admin, rights(namespace))
    return namespace


@asynccontextmanager
async def publishing(service: str, kafka: KafkaSettings) -> AsyncGenerator[Publisher]:
    publisher = Publisher(service, kafka)
    await publisher.start()
    try:
        yield publisher
    finally:
        await publisher.stop()


async def test_given_a_broker_with_passwords_when_a_service_runs_then_all_its_clients_log_in(
    secured: SecuredKafka,
) -> None:
    kafka = secured.settings("admin", a_namespace())
    await apply_topics(kafka)
    service = Service("reporting", ServiceSettings(kafka=kafka))
    read: list[Received] = []

    async def handle(batch: Sequence[Received]) -> None:
        read.extend(batch)

    service.consume(handle)
    app = service.create_app()
    async with (
        app.router.lifespan_context(app),
        httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://reporting") as http,
    ):
        await service.publisher.publish(directory_record(DirectoryRecorded(revision=1, recorded_at=AT, entry=ROAD)))
        await service.publisher.send("words", b"key", b"{", [])

        async def ready() -> bool:
            return (await http.get("/readyz")).status_code == 200

        await until(ready)
        letters = Letters(kafka, ParkingService.REPORTING)
        [letter] = await until(letters.read)

    assert letter.topic == "words"
    assert await check_topics(kafka) == []
    async with looking_at(kafka) as cluster:
        assert "reporting" in await cluster.groups()


def test_given_a_login_in_the_environment_when_a_command_is_typed_then_it_logs_in(
    secured: SecuredKafka, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kafka = secured.settings("admin", a_namespace())
    (tmp_path / "KAFKA_PASSWORD").write_text("admin-pass")
    environment = {
        "KAFKA_BOOTSTRAP": kafka.bootstrap,
        "KAFKA_NAMESPACE": kafka.namespace,
        "KAFKA_SECURITY_PROTOCOL": "SASL_SSL",
        "KAFKA_USERNAME": "admin",
        "KAFKA_CA_FILE": str(kafka.ca_file),
        "NTBCARE_SECRETS": str(tmp_path),
    }
    typed = CliRunner(env=environment)

    applied, checked = typed.invoke(app, ["topics", "apply"]), typed.invoke(app, ["topics", "check"])

    assert (applied.exit_code, checked.exit_code) == (0, 0)
    assert "12 topics created" in applied.output
    (tmp_path / "KAFKA_PASSWORD").unlink()
    assert "needs username and password" in typed.invoke(app, ["topics", "check"]).output


async def test_given_a_wrong_password_when_a_service_starts_then_it_ends_and_its_log_says_why(
    secured: SecuredKafka, log_lines: io.StringIO
) -> None:
    publisher = Publisher("routing", secured.settings("routing", a_namespace(), password="not-it-at-all"))

    with pytest.raises(KafkaConnectionError):
        await publisher.start()

    [line] = [json.loads(text) for text in log_lines.getvalue().splitlines()]
    assert "invalid credentials" in line["event"]
    assert line["level"] == "error"
    assert "not-it-at-all" not in log_lines.getvalue()


async def test_given_an_authority_that_nobody_trusts_when_a_service_starts_then_its_log_says_so(
    secured: SecuredKafka, log_lines: io.StringIO
) -> None:
    trusting_others = secured.settings("routing", a_namespace()).model_copy(update={"ca_file": None})

    with pytest.raises(KafkaConnectionError):
        await Publisher("routing", trusting_others).start()

    assert "CERTIFICATE_VERIFY_FAILED" in log_lines.getvalue()


async def test_given_a_broker_with_passwords_when_a_client_gives_none_then_it_is_not_let_in(
    secured: SecuredKafka,
) -> None:
    known = secured.settings("routing", a_namespace())
    anonymous = KafkaSettings(bootstrap=known.bootstrap, security_protocol="SSL", ca_file=known.ca_file)

    with pytest.raises(KafkaConnectionError):
        await Publisher("routing", anonymous).start()


async def test_given_rights_by_the_table_when_services_write_then_each_can_write_its_own_topics_alone(
    secured: SecuredKafka,
) -> None:
    namespace = await a_namespace_with_rights(secured)

    async with (
        publishing("intake", secured.settings("intake", namespace)) as intake,
        publishing("routing", secured.settings("routing", namespace)) as routing,
    ):
        await intake.send("complaints", b"key", b"1", [])
        await routing.send("cases", b"key", b"2", [])
        with pytest.raises(BrokerUnreachable) as routing_refused:
            await routing.send("complaints", b"key", b"3", [])
        with pytest.raises(BrokerUnreachable) as intake_refused:
            await intake.send("cases", b"key", b"4", [])

    assert isinstance(routing_refused.value.__cause__, TopicAuthorizationFailedError)
    assert isinstance(intake_refused.value.__cause__, TopicAuthorizationFailedError)


async def test_given_rights_by_the_table_when_routing_runs_then_it_reads_its_topics_and_no_others(
    secured: SecuredKafka,
) -> None:
    namespace = await a_namespace_with_rights(secured)
    kafka = secured.settings("routing", namespace)
    service = Service("routing", ServiceSettings(kafka=kafka))

    async def handle(_: Sequence[Received]) -> None:
        pass

    service.consume(handle)
    app = service.create_app()
    async with (
        app.router.lifespan_context(app),
        httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://routing") as http,
    ):
        await service.publisher.publish(directory_record(DirectoryRecorded(revision=1, recorded_at=AT, entry=ROAD)))
        async with publishing("intake", secured.settings("intake", namespace)) as intake:
            await intake.send("complaints", b"key", b"{", [])

        async def ready() -> bool:
            return (await http.get("/readyz")).status_code == 200

        await until(ready)
        [letter] = await until(Letters(secured.settings("cli", namespace), ParkingService.ROUTING).read)
    notices = AIOKafkaConsumer(f"{namespace}.notices", **client_options(kafka), auto_offset_reset="earliest")
    with pytest.raises(TopicAuthorizationFailedError):
        await notices.start()
    await notices.stop()

    assert letter.topic == "complaints"


async def test_given_rights_by_the_table_when_a_group_is_deleted_then_only_the_command_may(
    secured: SecuredKafka,
) -> None:
    namespace = await a_namespace_with_rights(secured)

    async with looking_at(secured.settings("routing", namespace), "routing") as service:
        await service.rewind("routing.2")
        with pytest.raises(GroupAuthorizationFailedError):
            await service.delete_group("routing.2")
        left = await service.groups()
    async with looking_at(secured.settings("cli", namespace), "routing") as command:
        await command.delete_group("routing.2")
        gone = await command.groups()

    assert ("routing.2" in left, "routing.2" in gone) == (True, False)


def test_given_a_login_when_the_service_is_described_then_the_password_is_in_nothing_that_it_says(
    secured: SecuredKafka,
) -> None:
    kafka = secured.settings("routing", a_namespace())

    service = Service("reporting", ServiceSettings(kafka=kafka))

    assert "routing-pass" not in f"{kafka!r} {service.settings!r} {service.broker!r} {kafka.model_dump()}"
