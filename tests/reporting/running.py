"""The whole service in this process, and what it is told by the topics."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import httpx2
from pydantic import SecretStr

from deploy.topics import apply_topics
from services.reporting.app import create_app
from services.reporting.domain.projection import Told
from services.reporting.settings import Settings
from shared.events.directory import DirectoryRecorded
from shared.mongo import MongoSettings
from shared.publisher import Publisher
from shared.records import Outgoing, directory_record, to_record
from shared.settings import KafkaSettings
from tests.reporting.conftest import as_received
from tests.reporting.samples import a_directory


async def prepared(kafka: KafkaSettings, mongo: MongoSettings) -> Settings:
    """Its topics are there, and a directory."""
    await apply_topics(kafka)
    at = datetime(2026, 3, 1, tzinfo=UTC)
    known = a_directory()
    entries = [*known.agencies.values(), *known.categories.values(), *known.regions.values()]
    recorded = [DirectoryRecorded(revision=1, recorded_at=at, entry=entry) for entry in entries]
    await publish(kafka, *(directory_record(record) for record in recorded))
    return Settings(kafka=kafka, mongo=mongo, tracking_secrets={"K": SecretStr("secret-of-tests")})


async def publish(kafka: KafkaSettings, *records: Outgoing) -> None:
    publisher = Publisher("tests", kafka)
    await publisher.start()
    try:
        await publisher.publish(*records)
    finally:
        await publisher.stop()


def records_of(events: list[Told]) -> list[Outgoing]:
    return [to_record(as_received(event).topic, event) for event in events]


@asynccontextmanager
async def started(settings: Settings) -> AsyncGenerator[httpx2.AsyncClient]:
    app = create_app(settings)
    transport: Any = httpx2.ASGITransport(app=app)
    async with app.router.lifespan_context(app), httpx2.AsyncClient(transport=transport, base_url="http://r") as client:
        yield client
