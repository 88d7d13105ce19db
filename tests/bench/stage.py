"""What a benchmark runs on: a warm Kafka, mongod, a mail server and the four services, each a process."""

import asyncio
import sys
import tempfile
import time
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from deploy.local.kafka.server import running_kafka
from deploy.local.mongod import running_mongod
from deploy.local.ports import answers, free_port
from deploy.local.processes import LocalServer, ServerPlan
from shared.mongo import Database, connected
from shared.settings import KafkaSettings
from shared.topics import Topic
from tests.bench.client import Connection, connected_to
from tests.bench.complaints import next_complaint
from tests.services import Platform, running_platform
from tests.waiting import until

JVM: Final = ("-Xms256m", "-Xmx512m", "-XX:+UseSerialGC")
"""As `make up` has it, but with the compiler that a busy server needs."""
MONGOD: Final = ("--wiredTigerCacheSizeGB=1", "--setParameter=diagnosticDataCollectionEnabled=false")
WARM_S: Final = 30


@dataclass
class Stage:
    """The platform, and how to look at it from outside."""

    platform: Platform
    consumer: AIOKafkaConsumer

    async def end_of(self, topic: Topic) -> int:
        """How many records the topic has got so far."""
        name = topic.full_name(self.platform.kafka.namespace)
        places = [TopicPartition(name, partition) for partition in range(self.platform.kafka.partitions)]
        ends = await self.consumer.end_offsets(places)
        return sum(ends.values())

    def port(self, process: str) -> int:
        return self.platform.processes[process].port

    async def stop(self, *services: str) -> None:
        await asyncio.gather(*(self.platform.processes[service].stop() for service in services))

    @asynccontextmanager
    async def database(self, service: str) -> AsyncGenerator[Database]:
        async with connected(self.platform.database(service)) as database:
            yield database

    async def submit(self, number: int, *, clients: int = 16, mail: bool = True) -> None:
        """Have so many complaints accepted."""
        left = iter(range(number))

        async def one() -> None:
            async with connected_to(self.port("intake")) as connection:
                for _ in left:
                    await submit_one(connection, mail=mail)

        await asyncio.gather(*(one() for _ in range(clients)))


async def submit_one(connection: Connection, *, mail: bool) -> str:
    """Returns the ticket."""
    return await submit_body(connection, next_complaint(mail=mail))


async def submit_body(connection: Connection, body: Mapping[str, Any]) -> str:
    """Returns the ticket."""
    answer = await connection.ask("POST", "/v1/complaints", body)
    assert answer.status == 202, answer.body
    return str(answer.json()["ticket"])


@asynccontextmanager
async def running_stage(pythons: Mapping[str, Path] | None = None) -> AsyncGenerator[Stage]:
    with tempfile.TemporaryDirectory(prefix="ntbcare-bench-") as name:
        folder = Path(name)
        async with (
            running_kafka(folder / "kafka", java_flags=JVM) as kafka,
            running_mongod(folder / "mongodb", flags=MONGOD) as mongod,
            _mail_server(folder) as smtp_port,
        ):
            await _warm(kafka.bootstrap)
            topics = KafkaSettings(bootstrap=kafka.bootstrap, namespace="bench")
            variables = {"NOTIFICATION_SMTP__PORT": str(smtp_port), "ROUTING_ALIKE__DAYS": "21"}
            async with running_platform(topics, mongod.uri, folder, pythons, **variables) as platform:
                consumer = AIOKafkaConsumer(bootstrap_servers=kafka.bootstrap, enable_auto_commit=False)
                await consumer.start()
                try:
                    yield Stage(platform, consumer)
                finally:
                    await consumer.stop()


@asynccontextmanager
async def _mail_server(folder: Path) -> AsyncGenerator[int]:
    port = free_port()

    async def ready() -> bool:
        return answers(port)

    command = [sys.executable, "-m", "tests.bench.smtp", str(port)]
    server = LocalServer(ServerPlan("mail server", command, port, "--port", folder / "smtp.log", ready))
    await server.start()
    try:
        yield port
    finally:
        await server.stop()


async def _warm(bootstrap: str) -> None:
    """Let the JVM compile what producing and fetching take, or it is a fifth of all that is measured."""
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all", enable_idempotence=True)
    consumer = AIOKafkaConsumer("warm", bootstrap_servers=bootstrap, group_id="warm", auto_offset_reset="earliest")
    await producer.start()
    await _create(bootstrap, "warm")
    await consumer.start()
    ends, value = time.monotonic() + WARM_S, b"x" * 700
    try:
        while time.monotonic() < ends:
            await asyncio.gather(*[await producer.send("warm", value, key=b"%d" % key) for key in range(100)])
            await consumer.getmany(timeout_ms=5)
            await consumer.commit()
    finally:
        await consumer.stop()
        await producer.stop()


async def _create(bootstrap: str, topic: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        await admin.create_topics([NewTopic(topic, 12, 1)])
    finally:
        await admin.close()


async def until_idle(platform: Platform, limit_s: float = 60) -> None:
    """Wait until every consumer says that it has consumed all."""

    async def idle() -> bool:
        return await platform.lag() == 0

    await until(idle, limit_s)
