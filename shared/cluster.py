"""What the broker knows: where topics begin and end, and what consumer groups did."""

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Collection, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final, cast

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import (
    GroupCoordinatorNotAvailableError,
    GroupLoadInProgressError,
    NotCoordinatorForGroupError,
    for_code,
)
from aiokafka.protocol.admin import DeleteGroupsRequest
from aiokafka.structs import OffsetAndMetadata

from shared.kafka import client_options
from shared.records import Record
from shared.settings import KafkaSettings
from shared.topics import CONSUMERS, REDRIVES, Topic, short_name

Offsets = dict[TopicPartition, int]

_POLL_MS: Final = 500
_AGAIN_S: Final = 0.2
_COORDINATED_WITHIN_S: Final = 20.0
_FINE: Final = {0, 69}
"""Kafka's codes for a group that is deleted, and for one that was not there."""


class TopicsMissing(Exception):
    """The cluster has not the topics that a service reads."""


class GroupBusy(Exception):
    """The group has members, which would go on from where they are."""


@dataclass
class Cluster:
    """Asks; joins no group."""

    kafka: KafkaSettings
    service: str
    """Whose topics are looked at."""
    _admin: Any
    _consumer: AIOKafkaConsumer

    async def places(self, *, redriven: bool = True) -> list[TopicPartition]:
        """Every partition that the service reads. Raises TopicsMissing."""
        topics = [*CONSUMERS[self.service], *([REDRIVES[self.service]] if redriven else [])]
        return await self.places_of(topics)

    async def places_of(self, topics: Iterable[Topic]) -> list[TopicPartition]:
        """Raises TopicsMissing."""
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

    async def tails(self, places: Collection[TopicPartition], most: int) -> dict[TopicPartition, list[Record]]:
        """The newest records of each, at most so many."""
        ends, begins = await self.ends(places), await self.begins(places)
        left = {place for place in places if ends[place] > begins[place]}
        found: dict[TopicPartition, list[Record]] = {place: [] for place in left}
        if not left:
            return found
        self._consumer.assign(list(left))
        for place in left:
            self._consumer.seek(place, max(begins[place], ends[place] - most))
        while left:
            for place, records in (await self._consumer.getmany(*left, timeout_ms=_POLL_MS)).items():
                found[place] += [record for record in records if record.offset < ends[place]]
            left = {place for place in left if await self._consumer.position(place) < ends[place]}
        return found

    async def lag(self, group: str) -> int:
        """Records that the group (without the namespace) has still to read."""
        places = await self.places()
        return sum((await self._behind(group, await self.ends(places), await self.begins(places))).values())

    async def has_read(self, group: str, ends: Offsets) -> bool:
        """Whether it has committed all before these offsets."""
        return not any((await self._behind(group, ends, await self.begins(ends))).values())

    async def members(self, group: str) -> int:
        """Consumers in the group now."""
        [answer] = await _patiently(lambda: self._admin.describe_consumer_groups([self._full(group)]))
        return sum(len(described[5]) for described in answer.groups)

    async def groups(self) -> list[str]:
        """Of all services, without the namespace."""
        begin = self._full("")
        return sorted(
            name.removeprefix(begin) for name, _ in await self._admin.list_consumer_groups() if name.startswith(begin)
        )

    async def rewind(self, group: str) -> int:
        """Let the group (without the namespace), which must have no members, read everything again.

        Returns how many records that is. Raises GroupBusy, KafkaError, TopicsMissing.
        """
        if await self.members(group):
            raise GroupBusy(f"Consumers of {group} run. Stop every replica first; one that was killed is gone in 10 s.")
        places = await self.places(redriven=False)
        begins, ends = await self.begins(places), await self.ends(places)
        consumer = AIOKafkaConsumer(**client_options(self.kafka), group_id=self._full(group), enable_auto_commit=False)
        consumer.assign(places)
        await consumer.start()
        try:
            await consumer.commit(begins)
        finally:
            await consumer.stop()
        return sum(ends.values()) - sum(begins.values())

    async def delete_group(self, group: str) -> None:
        """Raises KafkaError, such as while it has members."""
        name = self._full(group)
        coordinator = await _patiently(lambda: self._admin.find_coordinator(name))
        # The client has no method of its own for it.
        answer = await self._admin._send_request(DeleteGroupsRequest([name]), coordinator)  # noqa: SLF001
        for _, code in answer.results:
            if code not in _FINE:
                raise for_code(code)(name)

    async def committed(self, group: str) -> dict[TopicPartition, OffsetAndMetadata]:
        """Of the group (without the namespace): nothing where it never was, or was away for too long."""
        return await _patiently(lambda: self._admin.list_consumer_group_offsets(self._full(group)))

    async def _behind(self, group: str, ends: Offsets, begins: Offsets) -> Offsets:
        committed = {place: found.offset for place, found in (await self.committed(group)).items()}
        return {place: max(0, end - max(committed.get(place, 0), begins[place])) for place, end in ends.items()}

    def _full(self, group: str) -> str:
        return f"{self.kafka.namespace}.{group}"


@asynccontextmanager
async def looking_at(kafka: KafkaSettings, service: str = "reporting") -> AsyncGenerator[Cluster]:
    """Raises KafkaError."""
    admin = cast("Any", AIOKafkaAdminClient(**client_options(kafka), client_id=f"{kafka.namespace}.cli"))
    consumer = AIOKafkaConsumer(**client_options(kafka), enable_auto_commit=False)
    try:
        await admin.start()
        await consumer.start()
        yield Cluster(kafka, service, admin, consumer)
    finally:
        await consumer.stop()
        await admin.close()


async def _patiently(ask: Callable[[], Awaitable[Any]]) -> Any:
    """A new broker makes its table of groups when it is first asked for one, and takes a moment."""
    deadline = time.monotonic() + _COORDINATED_WITHIN_S
    while True:
        try:
            return await ask()
        except (GroupCoordinatorNotAvailableError, GroupLoadInProgressError, NotCoordinatorForGroupError):
            if time.monotonic() > deadline:
                raise
            await asyncio.sleep(_AGAIN_S)


def by_topic(offsets: Offsets) -> dict[str, int]:
    """The sum of each topic, without the namespace."""
    sums: dict[str, int] = {}
    for place, offset in offsets.items():
        name = short_name(place.topic)
        sums[name] = sums.get(name, 0) + offset
    return sums
