import logging
from collections.abc import AsyncGenerator, Generator
from io import StringIO
from typing import Any

import pytest

from services.notification.store import Store
from shared.logs import configure_logs
from shared.mongo import Database
from tests.notification.replica import Clock, Replica, a_replica
from tests.shared.fakes import FakePublisher
from tests.smtp_sink import Sink, listening


@pytest.fixture
def sink() -> Sink:
    return Sink()


@pytest.fixture
def port(sink: Sink) -> Generator[int]:
    with listening(sink) as port:
        yield port


@pytest.fixture
def logged() -> Generator[StringIO]:
    """What is logged as a service does it."""
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    configure_logs("info")
    written = StringIO()
    root.handlers = [logging.StreamHandler(written)]
    yield written
    root.handlers, root.level = handlers, level


@pytest.fixture
async def database(database: Database) -> Database:
    """With the indexes that the service makes at its start."""
    await Store(database, 5).create_indexes()
    return database


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def replica(database: Database, publisher: FakePublisher, clock: Clock) -> AsyncGenerator[Replica]:
    """One that handles; its mail server is not there."""
    async with a_replica(database, publisher, clock) as replica:
        yield replica


@pytest.fixture
async def sending(
    database: Database, publisher: FakePublisher, clock: Clock, port: int, request: pytest.FixtureRequest
) -> AsyncGenerator[Replica]:
    """One that handles and sends; a test's parameter is its settings."""
    fields: dict[str, Any] = getattr(request, "param", {})
    async with a_replica(database, publisher, clock, port=port, **fields) as replica, replica.sending():
        yield replica
