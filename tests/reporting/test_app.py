"""The whole service: from the topics to HTTP, on a real Kafka and a real MongoDB."""

import asyncio
from collections.abc import AsyncGenerator

import httpx2
import pytest

from services.reporting.settings import Settings
from shared.mongo import MongoSettings
from shared.records import tombstone
from shared.settings import KafkaSettings
from shared.topics import PERSONAL
from tests.reporting.running import prepared, publish, records_of, started
from tests.reporting.samples import a_lifecycle, a_step, code_of, ticket
from tests.servers import Kafka
from tests.waiting import until

pytestmark = [pytest.mark.integration, pytest.mark.parametrize("mongo", ["motor"], indirect=True)]


@pytest.fixture
async def settings(kafka: Kafka, mongo: MongoSettings, topic_prefix: str) -> Settings:
    names = KafkaSettings(bootstrap=kafka.bootstrap, namespace=topic_prefix.rstrip("."), partitions=2)
    return await prepared(names, mongo)


@pytest.fixture
async def running(settings: Settings) -> AsyncGenerator[httpx2.AsyncClient]:
    async with started(settings) as client:
        yield client


async def test_given_a_lifecycle_on_the_topics_when_it_is_waited_for_then_case_and_figures_are_told(
    running: httpx2.AsyncClient, settings: Settings
) -> None:
    waiting = asyncio.create_task(running.get(f"/v1/cases/{ticket(1)}?wait=30&after=3"))
    await publish(settings.kafka, *records_of(a_lifecycle(1)))
    answer = await waiting

    async def counted() -> bool:
        statistics = (await running.get("/v1/statistics?by=region")).json()
        return [(row["region_name"], row["done"]) for row in statistics["rows"]] == [("Lombok Timur", 1)]

    assert answer.json()["status"] == "resolved"
    assert await until(counted)


async def test_given_a_text_when_its_tombstone_is_published_then_the_reporter_no_longer_reads_it(
    running: httpx2.AsyncClient, settings: Settings
) -> None:
    await publish(settings.kafka, *records_of(a_lifecycle(1)))
    await running.get(f"/v1/cases/{ticket(1)}?wait=30&after=3")

    await publish(settings.kafka, tombstone(PERSONAL, f"{ticket(1)}:p1"))

    async def erased() -> bool:
        answer = await running.get(f"/v1/cases/{ticket(1)}", headers=code_of(1))
        return answer.json()["reporter"]["text_erased"]

    assert await until(erased)


async def test_given_a_type_of_a_newer_replica_when_it_is_consumed_then_its_snapshot_is_shown(
    running: httpx2.AsyncClient, settings: Settings
) -> None:
    await publish(settings.kafka, *records_of([a_step(1, 1), a_step(1, 2, "case.merged.v1", agency="DINSOS-P3A")]))

    answer = await running.get(f"/v1/cases/{ticket(1)}?wait=30&after=1")

    assert answer.json()["agency"] == "DINSOS-P3A"
    assert answer.json()["history"][1]["type"] == "case.merged.v1"


async def test_given_a_running_service_when_it_is_asked_then_it_is_ready_and_describes_itself(
    running: httpx2.AsyncClient,
) -> None:
    async def ready() -> bool:
        return (await running.get("/readyz")).status_code == 200

    assert await until(ready)
    described = (await running.get("/openapi.json")).json()
    assert {
        "/v1/cases",
        "/v1/cases/{ticket}",
        "/v1/cases/{ticket}/dossier.pdf",
        "/v1/statistics",
        "/v1/scorecards/{agency}",
    } <= set(described["paths"])
