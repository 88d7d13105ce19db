from collections.abc import AsyncGenerator
from pathlib import Path
from uuid import uuid4

import pytest
from pymongo import AsyncMongoClient

from deploy.local.kafka.server import KafkaServer, running_kafka
from deploy.local.mongod import MongodServer, running_mongod
from shared.settings import KafkaSettings
from tests.servers import Kafka, Mongod
from tests.services import SERVICES, Platform, running_platform

pytest.register_assert_rewrite("tests.system.judging")


@pytest.fixture
def topics(kafka: Kafka) -> KafkaSettings:
    """Topics of the test's own on the broker that all tests share."""
    return KafkaSettings(bootstrap=kafka.bootstrap, namespace=f"system-{uuid4().hex[:8]}", partitions=3)


@pytest.fixture
async def mongo_uri(mongod: Mongod, topics: KafkaSettings) -> AsyncGenerator[str]:
    """The server that all tests share; the databases of the test's platform are dropped afterwards."""
    yield mongod.uri
    async with AsyncMongoClient[dict[str, object]](mongod.uri) as client:
        for service in SERVICES:
            await client.drop_database(f"{topics.namespace}-{service}")


@pytest.fixture
async def platform(topics: KafkaSettings, mongo_uri: str, tmp_path: Path) -> AsyncGenerator[Platform]:
    async with running_platform(topics, mongo_uri, tmp_path) as platform:
        yield platform


@pytest.fixture
async def own_kafka(tmp_path: Path) -> AsyncGenerator[KafkaServer]:
    """A broker that a test may hurt."""
    async with running_kafka(tmp_path / "kafka") as server:
        yield server


@pytest.fixture
async def own_mongod(tmp_path: Path) -> AsyncGenerator[MongodServer]:
    """A database server that a test may hurt."""
    async with running_mongod(tmp_path / "mongodb") as server:
        yield server
