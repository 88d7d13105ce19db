"""Fixtures for all tests. Tests share the servers; each has topics and a database of its own."""

from collections.abc import Iterator
from uuid import uuid4

import pytest
from pymongo import MongoClient

from tests.servers import Kafka, Mongod, a_kafka, a_mongod, described


def pytest_report_header() -> str:
    return described()


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
