"""Fixtures for all tests. Tests share the servers; each has topics and a database of its own."""

from collections.abc import AsyncGenerator, Iterator
from typing import Final
from uuid import uuid4
from zlib import crc32

import pytest
from hypothesis import settings
from pymongo import MongoClient

from shared.mongo import Database, MongoSettings, connected
from tests.servers import Kafka, Mongod, a_kafka, a_mongod, described
from tests.shared.fakes import FakePublisher

DRIVERS: Final = ("motor", "pymongo")

# How long an example takes says how busy the machine is, and nothing of what is tried.
settings.register_profile("ntbcare", deadline=None)
settings.load_profile("ntbcare")


def pytest_report_header() -> str:
    return described()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "mongo" in metafunc.fixturenames and metafunc.definition.get_closest_marker("both_drivers"):
        metafunc.parametrize("mongo", DRIVERS, indirect=True)


@pytest.fixture(scope="session")
def kafka() -> Iterator[Kafka]:
    with a_kafka() as server:
        yield server


@pytest.fixture(scope="session")
def mongod() -> Iterator[Mongod]:
    with a_mongod() as server:
        yield server


@pytest.fixture
def topic_prefix() -> str:
    """Stands before a topic's name, so that tests share a broker without meeting."""
    return f"test-{uuid4().hex[:12]}."


@pytest.fixture
def database_name(mongod: Mongod) -> Iterator[str]:
    """A name that no other test uses; the database is dropped afterwards."""
    name = f"test_{uuid4().hex[:12]}"
    yield name
    with MongoClient[dict[str, object]](mongod.uri) as client:
        client.drop_database(name)


@pytest.fixture
def mongo(request: pytest.FixtureRequest, mongod: Mongod, database_name: str) -> MongoSettings:
    """An empty database. Stores are tested with both drivers; whatever uses them with one, which its name decides."""
    by_name = DRIVERS[crc32(request.node.name.encode()) % len(DRIVERS)]
    return MongoSettings(uri=mongod.uri, database=database_name, driver=getattr(request, "param", by_name))


@pytest.fixture
async def database(mongo: MongoSettings) -> AsyncGenerator[Database]:
    async with connected(mongo) as database:
        yield database


@pytest.fixture
def publisher() -> FakePublisher:
    return FakePublisher()
