"""Routing as it runs, between a real broker and a real database, with residents who write to its topics."""

import asyncio
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any, Final

import httpx2
from aiokafka import AIOKafkaConsumer
from pydantic import SecretStr
from pymongo import AsyncMongoClient

from services.routing.app import create_app
from services.routing.settings import AlikeSettings, Settings
from shared.events.complaints import ComplaintErased, ComplaintSupported, FollowUp
from shared.events.event import Event
from shared.events.personal import PersonalRecorded
from shared.ids import named_id
from shared.mongo import Document, MongoSettings
from shared.oidc import OidcSettings
from shared.publisher import Publisher
from shared.records import Record, to_record, tombstone
from shared.settings import KafkaSettings
from shared.topics import COMPLAINTS, PERSONAL, Topic
from tests.routing.desks import COORDINATOR, SECRET
from tests.routing.examples import AT, a_complaint, a_ticket
from tests.waiting import until

Databases = dict[str, list[Document]]
NOT_OF_CASES: Final = ("recovery_records", "upkeep", "migrations")
_numbers = count(70_000)


@dataclass
class Residents:
    """They write through intake, which puts it on the topics."""

    kafka: KafkaSettings
    publisher: Publisher
    followed: set[str] = field(default_factory=set[str])
    """Ids of what they did afterwards."""
    _steps: "count[int]" = field(default_factory=count)

    async def complain(self, **fields: Any) -> str:
        ticket = a_ticket(next(_numbers))
        await self.write(ticket, "s-1", "Jalan berlubang di depan pasar")
        await self._publish(COMPLAINTS, a_complaint(ticket, **fields))
        return ticket

    async def write(self, ticket: str, part: str, text: str) -> None:
        event_id = named_id(ticket, part)
        said = PersonalRecorded(event_id=event_id, ticket=ticket, occurred_at=AT, part=part, text=text, name="Sitti")
        await self._publish(PERSONAL, said)

    async def follow(self, ticket: str, kind: type[FollowUp], **fields: Any) -> FollowUp:
        step = next(self._steps)
        part = f"f-{step}"
        await self.write(ticket, part, "Belum selesai")
        said: dict[str, Any] = {"event_id": named_id(ticket, step), "ticket": ticket, "part": part, "has_contact": True}
        event = kind.model_validate({"occurred_at": datetime.now(UTC)} | said | fields)
        await self._publish(COMPLAINTS, event)
        self.followed.add(str(event.event_id))
        return event

    async def support(self, ticket: str) -> None:
        said = {"event_id": named_id(ticket, "support"), "ticket": ticket, "supporter": named_id(ticket, "neighbour")}
        await self._publish(COMPLAINTS, ComplaintSupported.model_validate(said | {"occurred_at": datetime.now(UTC)}))

    async def erase(self, ticket: str) -> None:
        """As intake's janitor does."""
        await self.publisher.publish(tombstone(PERSONAL, f"{ticket}:s-1"))
        said = {"event_id": named_id(ticket, "erased"), "ticket": ticket, "reason": "asked"}
        await self._publish(COMPLAINTS, ComplaintErased.model_validate(said | {"occurred_at": datetime.now(UTC)}))

    async def _publish(self, topic: Topic, event: Event) -> None:
        await self.publisher.publish(to_record(topic, event))


@asynccontextmanager
async def residents_of(kafka: KafkaSettings) -> AsyncGenerator[Residents]:
    publisher = Publisher("intake", kafka)
    await publisher.start()
    try:
        yield Residents(kafka, publisher)
    finally:
        await publisher.stop()


@dataclass
class Running:
    """Routing, from outside."""

    http: httpx2.AsyncClient

    async def read(self, ticket: str) -> dict[str, Any]:
        """With a case that is not there yet waited for."""
        answer = await self.http.get(f"/v1/desk/cases/{ticket}?wait=20", headers=COORDINATOR)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def act(self, case: str, action: str, headers: dict[str, str], **body: Any) -> dict[str, Any]:
        """With the case as it is now."""
        seen = {"If-Match": str((await self.read(case))["revision"])}
        path = f"/v1/desk/cases/{case}/{action}"
        answer = await self.http.post(path, json=body or None, headers=seen | headers)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def has(self, ticket: str, status: str) -> None:
        """Wait until the case stands so."""

        async def look() -> bool:
            return (await self.read(ticket))["case"]["status"] == status

        await until(look, limit_s=30)


@asynccontextmanager
async def routing(kafka: KafkaSettings, mongo: MongoSettings) -> AsyncGenerator[Running]:
    """Raises what keeps it from starting."""
    settings = Settings(
        kafka=kafka,
        mongo=mongo,
        oidc=OidcSettings(development_secret=SecretStr(SECRET)),
        alike=AlikeSettings(days=0),
    )
    app = create_app(settings)
    transport = httpx2.ASGITransport(app=app)
    async with (
        app.router.lifespan_context(app),
        httpx2.AsyncClient(transport=transport, base_url="http://routing", timeout=60) as http,
    ):
        yield Running(http)


async def told(kafka: KafkaSettings, topic: Topic) -> list[Record]:
    """All that is on it, each partition in its order."""
    consumer = AIOKafkaConsumer(
        topic.full_name(kafka.namespace), bootstrap_servers=kafka.bootstrap, auto_offset_reset="earliest"
    )
    await consumer.start()
    try:
        ends = await consumer.end_offsets(list(consumer.assignment()))
        records = list[Record]()
        while any([await consumer.position(place) < end for place, end in ends.items()]):
            for found in (await consumer.getmany(timeout_ms=200)).values():
                records += found
        return records
    finally:
        await consumer.stop()


async def dump(mongo: MongoSettings) -> Databases:
    """Every document of every collection of cases."""
    async with AsyncMongoClient[Document](mongo.uri, tz_aware=True) as client:
        database = client[mongo.database]
        names = [name for name in await database.list_collection_names() if name not in NOT_OF_CASES]
        return {name: await database[name].find().sort("_id").to_list(None) for name in names}


async def drop(mongo: MongoSettings) -> None:
    """Lose it."""
    async with AsyncMongoClient[Document](mongo.uri) as client:
        await client.drop_database(mongo.database)


async def ntbcare(*arguments: str) -> str:
    """Run the command as an operator does and return what it prints; it must succeed."""
    process = await asyncio.create_subprocess_exec(
        Path(sys.executable).parent / "ntbcare",
        *arguments,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    told, complaints = await process.communicate()
    assert process.returncode == 0, (told + complaints).decode()
    return told.decode()
