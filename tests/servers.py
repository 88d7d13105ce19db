"""The real Kafka and MongoDB of a test run: containers where Docker has the images, processes of this machine if not.

Each is started by the first test that asks for it, serves the whole run and ends with it. It lives in an event loop and
a thread of its own, so it belongs to no test's loop.
"""

import tempfile
from collections.abc import AsyncGenerator, Generator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from anyio.from_thread import start_blocking_portal
from pymongo import MongoClient

from deploy.local.kafka.server import running_kafka
from deploy.local.mongod import running_mongod
from shared.mongo import Document
from tests.containers import KAFKA_IMAGE, MONGO_IMAGE, docker_has, kafka_container, mongo_container


@dataclass(frozen=True)
class Kafka:
    bootstrap: str


@dataclass(frozen=True)
class Mongod:
    uri: str


def described() -> str:
    """For the head of the report: what stands behind the fixtures `kafka` and `mongod`."""
    kafka, mongod = _place(KAFKA_IMAGE), _place(MONGO_IMAGE)
    return f"servers: Kafka in a {kafka}, MongoDB in a {mongod}"


@contextmanager
def a_kafka() -> Generator[Kafka]:
    with _held(kafka_container() if docker_has(KAFKA_IMAGE) else _kafka_process()) as bootstrap:
        yield Kafka(bootstrap)


@contextmanager
def a_mongod() -> Generator[Mongod]:
    with _held(mongo_container() if docker_has(MONGO_IMAGE) else _mongod_process()) as uri:
        with MongoClient[Document](uri) as client:
            # It goes by the real clock, once a minute: what a test's clock wrote a moment ago may be days old to it.
            client.admin.command("setParameter", 1, ttlMonitorEnabled=False)
        yield Mongod(uri)


def _place(image: str) -> str:
    return f"container of {image}" if docker_has(image) else "process of this machine"


@contextmanager
def _held(server: AbstractAsyncContextManager[str]) -> Generator[str]:
    with start_blocking_portal() as portal, portal.wrap_async_context_manager(server) as address:
        yield address


@asynccontextmanager
async def _kafka_process() -> AsyncGenerator[str]:
    with tempfile.TemporaryDirectory(prefix="ntbcare-test-") as folder:
        async with running_kafka(Path(folder)) as kafka:
            yield kafka.bootstrap


@asynccontextmanager
async def _mongod_process() -> AsyncGenerator[str]:
    with tempfile.TemporaryDirectory(prefix="ntbcare-test-") as folder:
        async with running_mongod(Path(folder)) as mongod:
            yield mongod.uri
