"""Who was there: asks the broker and the database themselves, and no service."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from pymongo import AsyncMongoClient

from shared.mongo import Collection, Document
from shared.records import Record
from shared.topics import CONSUMERS, DEAD_LETTERS, REDRIVES, Topic
from tests.services import Platform
from tests.waiting import until

GROUPS: Final = {"routing": "routing", "notification": "notification", "reporting": "reporting.1"}
UNDONE: Final[Mapping[str, Mapping[str, Document]]] = {
    "routing": {"cases": {"outbox.0": {"$exists": True}}},
    "notification": {"deliveries": {"$or": [{"next_at": {"$exists": True}}, {"outbox.0": {"$exists": True}}]}},
    "reporting": {"cases_1": {"stale": {"$exists": True}}, "marks_1": {"marked": True}},
}
"""Queries of what a service has still to do of all that it has read, by collection; in the order of the flow."""


@dataclass
class Witness:
    """Keeps its connections, so that it may be asked again and again. It joins no group."""

    platform: Platform
    _consumer: AIOKafkaConsumer
    _admin: AIOKafkaAdminClient
    _mongo: AsyncMongoClient[Document]
    _reading: asyncio.Lock = field(default_factory=asyncio.Lock)

    def collection(self, service: str, name: str) -> Collection:
        return self._mongo[self.platform.database(service).database][name]

    async def read(self, topic: Topic) -> list[Record]:
        """The whole topic; each partition in its order."""
        ends = await self._ends(topic)
        found: list[Record] = []
        async with self._reading:
            self._consumer.assign(list(ends))
            await self._consumer.seek_to_beginning()
            while any([await self._consumer.position(place) < end for place, end in ends.items()]):
                fetched = await self._consumer.getmany(timeout_ms=200)
                found += [record for records in fetched.values() for record in records]
        return found

    async def committed(self, service: str) -> dict[TopicPartition, int]:
        """Where the service's group goes on after a crash; partitions that it committed nothing of are missing."""
        group = f"{self.platform.kafka.namespace}.{GROUPS[service]}"
        offsets = await self._admin.list_consumer_group_offsets(group)
        return {place: committed.offset for place, committed in offsets.items()}

    async def behind(self, service: str) -> int:
        """Records that the service's group has not committed."""
        committed = await self.committed(service)
        ends = await self._ends(*CONSUMERS[service], REDRIVES[service])
        return sum(end - committed.get(place, 0) for place, end in ends.items())

    async def undone(self, service: str) -> Document | None:
        """Something that the service has still to do of what it has read."""
        for collection, query in UNDONE[service].items():
            if found := await self.collection(service, collection).find_one(query):
                return found
        return None

    async def parked(self) -> int:
        """Dead letters of all services."""
        return sum((await self._ends(*DEAD_LETTERS.values())).values())

    async def settled(self) -> None:
        """Return when no service has anything left to do; raises AssertionError where one does not come to an end."""
        for service in GROUPS:
            try:
                await until(lambda service=service: self._is_settled(service), limit_s=90)
            except TimeoutError:
                behind, undone = await self.behind(service), await self.undone(service)
                raise AssertionError(f"{service} is {behind} records behind and has yet to do: {undone}") from None

    async def _is_settled(self, service: str) -> bool:
        return await self.behind(service) == 0 and await self.undone(service) is None

    async def _ends(self, *topics: Topic) -> dict[TopicPartition, int]:
        kafka = self.platform.kafka
        return await self._consumer.end_offsets(
            [
                TopicPartition(topic.full_name(kafka.namespace), number)
                for topic in topics
                for number in range(topic.partitions or kafka.partitions)
            ]
        )


@asynccontextmanager
async def witnessing(platform: Platform) -> AsyncGenerator[Witness]:
    consumer = AIOKafkaConsumer(bootstrap_servers=platform.kafka.bootstrap, enable_auto_commit=False)
    admin = AIOKafkaAdminClient(bootstrap_servers=platform.kafka.bootstrap)
    await consumer.start()
    await admin.start()
    try:
        async with AsyncMongoClient[Document](platform.mongo.uri, tz_aware=True) as mongo:
            yield Witness(platform, consumer, admin, mongo)
    finally:
        await admin.close()
        await consumer.stop()
