from collections.abc import AsyncGenerator

import pytest

from services.routing.store.cases import CaseStore
from shared.mongo import Database, MongoSettings, connected
from shared.outbox import OutboxRelay
from tests.servers import Mongod
from tests.shared.fakes import FakePublisher


@pytest.fixture(params=["motor", "pymongo"])
async def database(request: pytest.FixtureRequest, mongod: Mongod, database_name: str) -> AsyncGenerator[Database]:
    settings = MongoSettings(uri=mongod.uri, database=database_name, driver=request.param)
    async with connected(settings) as database:
        yield database


@pytest.fixture
def publisher() -> FakePublisher:
    return FakePublisher()


@pytest.fixture
def store(database: Database) -> CaseStore:
    return CaseStore(database)


@pytest.fixture
async def relay(store: CaseStore, publisher: FakePublisher) -> OutboxRelay:
    relay = OutboxRelay("routing", store.collection, publisher)  # type: ignore[arg-type]
    await relay.create_index()
    return relay
