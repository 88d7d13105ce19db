import pytest

from services.routing.store.cases import CaseStore
from shared.mongo import Database
from shared.outbox import OutboxRelay
from tests.shared.fakes import FakePublisher


@pytest.fixture
async def store(database: Database) -> CaseStore:
    store = CaseStore(database)
    await store.create_indexes()
    return store


@pytest.fixture
async def relay(store: CaseStore, publisher: FakePublisher) -> OutboxRelay:
    relay = OutboxRelay("routing", store.collection, publisher)  # type: ignore[arg-type]
    await relay.create_index()
    return relay
