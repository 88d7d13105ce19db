from collections.abc import AsyncGenerator
from pathlib import Path
from uuid import uuid4

import pytest
from pymongo import AsyncMongoClient

from tests.servers import Kafka, Mongod
from tests.system.services import SERVICES, Platform, running_platform


@pytest.fixture
async def platform(kafka: Kafka, mongod: Mongod, tmp_path: Path) -> AsyncGenerator[Platform]:
    name = f"system-{uuid4().hex[:8]}"
    async with running_platform(kafka, mongod, name, tmp_path) as platform:
        yield platform
    async with AsyncMongoClient[dict[str, object]](mongod.uri) as client:
        for service in SERVICES:
            await client.drop_database(f"{name}-{service}")
