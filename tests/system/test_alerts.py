"""What goes wrong is seen by a real Prometheus, and is seen to be over."""

from collections.abc import AsyncGenerator
from pathlib import Path
from uuid import uuid4

import pytest
from aiokafka import AIOKafkaProducer

from deploy.local.kafka.server import KafkaServer
from deploy.local.mongod import MongodServer
from deploy.local.ports import free_port
from shared.settings import KafkaSettings
from shared.topics import COMPLAINTS
from tests.services import Platform, running_platform
from tests.system.outside import ntbcare
from tests.system.prometheus import Prometheus, watching

pytestmark = [pytest.mark.system, pytest.mark.timeout(600)]
FLOOD = 5


@pytest.fixture
async def platform(own_kafka: KafkaServer, own_mongod: MongodServer, tmp_path: Path) -> AsyncGenerator[Platform]:
    kafka = KafkaSettings(bootstrap=own_kafka.bootstrap, namespace=f"alerts-{uuid4().hex[:8]}", partitions=3)
    variables = {"ROUTING_FLOOD__DEAD_LETTERS": str(FLOOD), "INTAKE_JANITOR__FIRST_AFTER": "PT0S"}
    async with running_platform(kafka, own_mongod.uri, tmp_path, **variables) as platform:
        yield platform


@pytest.fixture
async def prometheus(platform: Platform, tmp_path: Path) -> AsyncGenerator[Prometheus]:
    async with watching(platform, tmp_path) as prometheus:
        yield prometheus


async def poison(platform: Platform, number: int) -> None:
    kafka = platform.kafka
    async with AIOKafkaProducer(bootstrap_servers=kafka.bootstrap) as producer:
        for one in range(number):
            await producer.send_and_wait(COMPLAINTS.full_name(kafka.namespace), b"{", str(one).encode())


async def test_given_a_service_that_ends_when_prometheus_looks_then_it_is_down_until_it_is_back(
    platform: Platform, prometheus: Prometheus
) -> None:
    await prometheus.until_gone(*[("ServiceDown", name) for name in platform.processes], ("JanitorNotRun", ""))
    platform.processes["reporting"].kill()

    await prometheus.until(("ServiceDown", "reporting"))

    await platform.processes["reporting"].start()
    await prometheus.until_gone(("ServiceDown", "reporting"))
    assert await prometheus.alerts() == set()


async def test_given_records_that_nobody_can_read_when_they_are_a_flood_then_the_consumer_is_paused_until_it_is_resumed(
    platform: Platform, prometheus: Prometheus
) -> None:
    await poison(platform, FLOOD + 1)

    await prometheus.until(("DeadLetters", "routing"), ("ConsumerPaused", "routing"), ("NotReady", "routing"))

    await ntbcare(platform, "consumers", "resume", "routing")
    await prometheus.until_gone(("ConsumerPaused", "routing"), ("NotReady", "routing"))


async def test_given_a_broker_that_stands_still_when_residents_complain_then_that_is_seen_and_its_end_too(
    platform: Platform, prometheus: Prometheus, own_kafka: KafkaServer
) -> None:
    assert (await platform.submit()).status_code == 202
    own_kafka.suspend()
    assert (await platform.submit()).status_code == 503

    await prometheus.until(("PublishErrors", "intake"), ("RequestsFail", "intake"), ("NotReady", "routing"))

    own_kafka.resume()
    await prometheus.until_gone(("NotReady", "routing"))
    assert (await platform.submit()).status_code == 202


async def test_given_a_database_that_is_gone_when_it_is_looked_for_then_who_needs_it_is_not_ready(
    platform: Platform, prometheus: Prometheus, own_mongod: MongodServer
) -> None:
    own_mongod.kill()

    await prometheus.until(*[("NotReady", name) for name in ("routing", "notification", "reporting")])

    assert ("NotReady", "intake") not in await prometheus.alerts()
    await own_mongod.start()
    await prometheus.until_gone(*[("NotReady", name) for name in platform.processes])


async def test_given_no_mail_server_when_something_is_to_be_sent_then_the_channel_is_unreachable(
    own_kafka: KafkaServer, own_mongod: MongodServer, tmp_path: Path
) -> None:
    kafka = KafkaSettings(bootstrap=own_kafka.bootstrap, namespace=f"alerts-{uuid4().hex[:8]}", partitions=3)
    variables = {"NOTIFICATION_SMTP__PORT": str(free_port())}
    async with (
        running_platform(kafka, own_mongod.uri, tmp_path, **variables) as platform,
        watching(platform, tmp_path) as prometheus,
    ):
        assert (await platform.submit()).status_code == 202

        await prometheus.until(("ChannelUnreachable", "notification"))
