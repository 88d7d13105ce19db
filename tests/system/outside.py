"""What is done and seen from outside the services: records published, databases read, the command line."""

import asyncio
import os
import sys
from pathlib import Path
from typing import Any
from uuid import UUID

from pymongo import AsyncMongoClient

from shared.ids import draw_ticket
from shared.publisher import Publisher
from shared.records import Outgoing
from shared.settings import KafkaSettings
from tests.services import Platform


async def publish_as(service: str, kafka: KafkaSettings, *records: Outgoing) -> None:
    """Publish what the service itself would publish."""
    publisher = Publisher(service, kafka)
    await publisher.start()
    try:
        await publisher.publish(*records)
    finally:
        await publisher.stop()


async def read_database(uri: str, name: str) -> dict[str, list[dict[str, Any]]]:
    """Every document of every collection."""
    async with AsyncMongoClient[dict[str, Any]](uri, tz_aware=True) as client:
        database = client[name]
        collections = await database.list_collection_names()
        return {collection: await database[collection].find().to_list(None) for collection in collections}


async def see(platform: Platform, ticket: str) -> tuple[dict[str, str], int]:
    """The headers of an officer of the agency that has the case, else of a coordinator; and the case's revision."""
    coordinator = platform.signed_in("coordinator")
    answer = await platform.http["routing"].get(f"/v1/desk/cases/{ticket}?wait=20", headers=coordinator)
    assert answer.status_code == 200, answer.text
    agency = answer.json()["case"]["agency"]
    return platform.signed_in("officer", agency) if agency else coordinator, answer.json()["revision"]


async def act(platform: Platform, ticket: str, *actions: str) -> None:
    """Do one after the other for the agency that has the case."""
    officer, revision = await see(platform, ticket)
    for action in actions:
        path, headers = f"/v1/desk/cases/{ticket}/{action}", officer | {"If-Match": str(revision)}
        answer = await platform.http["routing"].post(path, json={"text": "Sudah kami periksa"}, headers=headers)
        assert answer.status_code == 200, answer.text
        revision = answer.json()["revision"]


def ticket_of(key: UUID) -> str:
    """The ticket of a complaint that anybody sends with this `Idempotency-Key`."""
    return draw_ticket(b"dev-ticket", "public", key)


async def ntbcare(platform: Platform, *arguments: str) -> str:
    """Run the command as an operator does and return what it prints; it must succeed."""
    process = await start_ntbcare(platform, *arguments)
    told, complaints = await process.communicate()
    assert process.returncode == 0, (told + complaints).decode()
    return told.decode()


async def start_ntbcare(platform: Platform, *arguments: str) -> asyncio.subprocess.Process:
    """The command as an operator types it, with its output in pipes."""
    kafka = platform.kafka
    names = {"KAFKA_BOOTSTRAP": kafka.bootstrap, "KAFKA_NAMESPACE": kafka.namespace}
    for service in ("routing", "reporting"):
        database = platform.database(service)
        names |= {f"{service.upper()}_MONGO__URI": database.uri}
        names |= {f"{service.upper()}_MONGO__DATABASE": database.database}
    return await asyncio.create_subprocess_exec(
        Path(sys.executable).parent / "ntbcare",
        *arguments,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, **names, "NTBCARE_DATA": str(platform.folder / "nothing-runs-here")},
    )


async def drop_database(uri: str, name: str) -> None:
    async with AsyncMongoClient[dict[str, Any]](uri) as client:
        await client.drop_database(name)
