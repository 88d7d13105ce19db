"""What the broker knows: where topics begin and end, and what consumer groups did."""

from collections.abc import AsyncGenerator, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final, cast

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import for_code
from aiokafka.protocol.admin import DeleteGroupsRequest

from shared.kafka import client_options
from shared.settings import KafkaSettings
from shared.topics import CONSUMERS, REDRIVES, short_name

Offsets = dict[TopicPartition, int]

_FINE: Final = {0, 69}
"""Kafka's codes for a group that is deleted, and for one that was not there."""


class TopicsMissing(Exception):
    """The cluster has not the topics that reporting reads."""


@dataclass
class Cluster:
    """Asks; joins no group."""

    kafka: KafkaSettings
    _admin: Any
    _consumer: AIOKafkaConsumer

    async def places(self, *, redriven: bool = True) -> list[TopicPartition]:
        """Every partition that reporting reads. Raises TopicsMissing."""
        topics = [*CONSUMERS["reporting"], *([REDRIVES["reporting"]] if redriven else [])]
        names = [topic.full_name(self.kafka.namespace) for topic in topics]
        missing = sorted(set(names) - set(await self._admin.list_topics()))
        if missing:
            raise TopicsMissing(f"There is no topic {', '.join(missing)}. Is the namespace right?")
        described = await self._admin.describe_topics(names)
        return [
            TopicPartition(topic["topic"], partition["partition"])
            for topic in described
            for partition in topic["partitions"]
        ]

    async def ends(self, places: Collection[TopicPartition]) -> Offsets:
        return await self._consumer.end_offsets(list(places))

    async def begins(self, places: Collection[TopicPartition]) -> Offsets:
        return await self._consumer.beginning_offsets(list(places))

    async def lag(self, group: str) -> int:
        """Records that the group (without the namespace) has still to read."""
        places = await self.places()
        return sum((await self._behind(group, await self.ends(places), await self.begins(places))).values())

    async def has_read(self, group: str, ends: Offsets) -> bool:
        """Whether it has committed all before these offsets."""
        return not any((await self._behind(group, ends, await self.begins(ends))).values())

    async def members(self, group: str) -> int:
        """Consumers in the group now."""
        [answer] = await self._admin.describe_consumer_groups([self._full(group)])
        return sum(len(described[5]) for described in answer.groups)

    async def groups(self) -> list[str]:
        """Of all services, without the namespace."""
        begin = self._full("")
        return sorted(
            name.removeprefix(begin) for name, _ in await self._admin.list_consumer_groups() if name.startswith(begin)
        )

    async def delete_group(self, group: str) -> None:
        """Raises KafkaError, such as while it has members."""
        name = self._full(group)
        coordinator = await self._admin.find_coordinator(name)
        # The client has no method of its own for it.
        answer = await self._admin._send_request(DeleteGroupsRequest([name]), coordinator)  # noqa: SLF001
        for _, code in answer.results:
            if code not in _FINE:
                raise for_code(code)(name)

    async def _behind(self, group: str, ends: Offsets, begins: Offsets) -> Offsets:
        found = await self._admin.list_consumer_group_offsets(self._full(group))
        committed = {place: offset.offset for place, offset in found.items()}
        return {place: max(0, end - max(committed.get(place, 0), begins[place])) for place, end in ends.items()}

    def _full(self, group: str) -> str:
        return f"{self.kafka.namespace}.{group}"


@asynccontextmanager
async def looking_at(kafka: KafkaSettings) -> AsyncGenerator[Cluster]:
    """Raises KafkaError."""
    admin = cast("Any", AIOKafkaAdminClient(**client_options(kafka), client_id=f"{kafka.namespace}.rebuild"))
    consumer = AIOKafkaConsumer(**client_options(kafka), enable_auto_commit=False)
    try:
        await admin.start()
        await consumer.start()
        yield Cluster(kafka, admin, consumer)
    finally:
        await consumer.stop()
        await admin.close()


def by_topic(offsets: Offsets) -> dict[str, int]:
    """The sum of each topic, without the namespace."""
    sums: dict[str, int] = {}
    for place, offset in offsets.items():
        name = short_name(place.topic)
        sums[name] = sums.get(name, 0) + offset
    return sums
