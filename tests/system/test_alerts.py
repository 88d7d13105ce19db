"""What goes wrong is seen by a real Prometheus, and is seen to be over. One platform for all, hurt in turn."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Final

import pytest
import pytest_asyncio
from aiokafka import AIOKafkaProducer

from deploy.local.kafka.server import KafkaServer, running_kafka
from deploy.local.mongod import MongodServer, running_mongod
from deploy.local.ports import free_port
from shared.settings import KafkaSettings
from shared.topics import COMPLAINTS
from tests.services import Platform, running_platform
from tests.system.outside import act, ntbcare
from tests.system.prometheus import Prometheus, watching
from tests.waiting import until

pytestmark = [pytest.mark.system, pytest.mark.timeout(600), pytest.mark.asyncio(loop_scope="module")]

FLOOD: Final = 5
SETTINGS: Final = {
    "ROUTING_FLOOD__DEAD_LETTERS": str(FLOOD),
    "ROUTING_STUCK_AFTER_S": "5",
    "INTAKE_JANITOR__FIRST_AFTER": "PT0S",
}


@dataclass(frozen=True)
class Stage:
    """A platform on servers of its own, without a mail server, and who watches it."""

    platform: Platform
    prometheus: Prometheus
    kafka: KafkaServer
    mongod: MongodServer

    async def accepts(self) -> bool:
        return (await self.platform.submit()).status_code == 202

    async def poison(self, number: int) -> None:
        kafka = self.platform.kafka
        async with AIOKafkaProducer(bootstrap_servers=kafka.bootstrap) as producer:
            for one in range(number):
                await producer.send_and_wait(COMPLAINTS.full_name(kafka.namespace), b"{", str(one).encode())


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def stage(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Stage]:
    folder = tmp_path_factory.mktemp("alerts")
    async with running_kafka(folder / "kafka") as kafka, running_mongod(folder / "mongodb") as mongod:
        topics = KafkaSettings(bootstrap=kafka.bootstrap, namespace="alerts", partitions=3)
        variables = SETTINGS | {"NOTIFICATION_SMTP__PORT": str(free_port())}
        async with (
            running_platform(topics, mongod.uri, folder, **variables) as platform,
            watching(platform, folder) as prometheus,
        ):
            yield Stage(platform, prometheus, kafka, mongod)


async def test_given_a_service_that_ends_when_prometheus_looks_then_it_is_down_until_it_is_back(stage: Stage) -> None:
    platform, prometheus = stage.platform, stage.prometheus
    await prometheus.until_gone(*[("ServiceDown", name) for name in platform.processes], ("JanitorNotRun", ""))
    platform.processes["reporting"].kill()

    await prometheus.until(("ServiceDown", "reporting"))

    await platform.processes["reporting"].start()
    await prometheus.until_gone(("ServiceDown", "reporting"), ("NotReady", "reporting"))


async def test_given_no_mail_server_when_something_is_to_be_sent_then_the_channel_is_unreachable(stage: Stage) -> None:
    assert (await stage.platform.submit()).status_code == 202

    await stage.prometheus.until(("ChannelUnreachable", "notification"))


async def test_given_records_that_nobody_can_read_when_they_are_a_flood_then_the_consumer_is_paused_until_it_is_resumed(
    stage: Stage,
) -> None:
    await stage.poison(FLOOD + 2)

    await stage.prometheus.until(("DeadLetters", "routing"), ("ConsumerPaused", "routing"), ("NotReady", "routing"))

    await ntbcare(stage.platform, "consumers", "resume", "routing")
    await stage.prometheus.until_gone(("ConsumerPaused", "routing"), ("NotReady", "routing"))


async def test_given_a_broker_that_stands_still_when_people_go_on_then_all_that_is_seen_and_its_end_too(
    stage: Stage,
) -> None:
    platform, prometheus = stage.platform, stage.prometheus
    ticket = (await platform.submit()).json()["ticket"]
    await platform.read(ticket, after=1)
    stage.kafka.suspend()
    # Of the first failure alone no increase is seen.
    assert [(await platform.submit()).status_code for _ in range(4)] == [503] * 4
    await act(platform, ticket, "accept")

    await prometheus.until(("PublishErrors", "intake"), ("RequestsFail", "intake"), ("NotReady", "routing"))
    await prometheus.until(("OutboxNotCleared", "routing"), limit_s=90)

    stage.kafka.resume()
    await prometheus.until_gone(("OutboxNotCleared", "routing"), ("NotReady", "routing"), limit_s=60)
    await until(stage.accepts, limit_s=60)


async def test_given_a_database_that_stands_still_when_somebody_complains_then_the_consumer_is_stuck_until_it_goes_on(
    stage: Stage,
) -> None:
    platform, prometheus = stage.platform, stage.prometheus
    stage.mongod.suspend()
    ticket = (await platform.submit()).json()["ticket"]

    await prometheus.until(("ConsumerStuck", "routing"), limit_s=60)
    await prometheus.until(*[("NotReady", name) for name in ("routing", "notification", "reporting")])

    assert ("NotReady", "intake") not in await prometheus.alerts()
    stage.mongod.resume()
    await prometheus.until_gone(*[("NotReady", name) for name in platform.processes])
    assert (await platform.read(ticket, after=1))["status"] == "assigned"
