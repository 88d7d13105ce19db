"""`ntbcare topics`: create what `shared.topics` declares, compare it with what a cluster has."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final, cast

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from shared.kafka import client_options
from shared.settings import KafkaSettings
from shared.topics import ALL_TOPICS, Topic

_THREE: Final = 3
_VISIBLE_WITHIN_S: Final = 20
_EXISTS: Final = 36
"""Kafka's code for a topic that is already there."""


class TopicsNotCreated(Exception):
    """The broker refused to create topics; the text says which and why."""


@dataclass(frozen=True)
class Difference:
    """One thing about a topic that is not as declared."""

    topic: str
    what: str
    wanted: str
    found: str


@asynccontextmanager
async def _admin(kafka: KafkaSettings) -> AsyncGenerator[Any]:
    admin = cast("Any", AIOKafkaAdminClient(**client_options(kafka), client_id=f"{kafka.namespace}.cli"))
    await admin.start()
    try:
        yield admin
    finally:
        await admin.close()


async def apply_topics(kafka: KafkaSettings) -> list[str]:
    """Create the topics that are missing, three-fold where there are three brokers; returns their names."""
    async with _admin(kafka) as admin:
        existing = set(await admin.list_topics())
        replication = await _replication(admin)
        missing = [topic for topic in ALL_TOPICS if topic.full_name(kafka.namespace) not in existing]
        if not missing:
            return []
        answer = await admin.create_topics([_new_topic(topic, kafka, replication) for topic in missing])
        refused = [f"{name}: {why}" for name, code, why in answer.topic_errors if code not in {0, _EXISTS}]
        if refused:
            raise TopicsNotCreated("; ".join(refused))
        await _until_visible(admin, {topic.full_name(kafka.namespace) for topic in missing})
    return [topic.full_name(kafka.namespace) for topic in missing]


async def _until_visible(admin: Any, names: set[str]) -> None:
    """The controller has created them; the brokers hear of it a moment later."""
    async with asyncio.timeout(_VISIBLE_WITHIN_S):
        while not names <= set(await admin.list_topics()):  # noqa: ASYNC110 - the cluster sends no event to wait for
            await asyncio.sleep(0.05)


async def count_brokers(kafka: KafkaSettings) -> int:
    """So many are in the cluster now. Raises KafkaError."""
    async with _admin(kafka) as admin:
        return await _count_brokers(admin)


async def check_topics(kafka: KafkaSettings) -> list[Difference]:
    """What a running cluster has otherwise than declared: missing topics, fewer partitions, other settings."""
    async with _admin(kafka) as admin:
        replication = await _replication(admin)
        described = {topic["topic"]: topic for topic in await admin.describe_topics()}
        configs = await _configs(
            admin, [name for t in ALL_TOPICS if (name := t.full_name(kafka.namespace)) in described]
        )
    differences: list[Difference] = []
    for topic in ALL_TOPICS:
        name = topic.full_name(kafka.namespace)
        if name not in described:
            differences.append(Difference(name, "topic", "there", "missing"))
            continue
        partitions, wanted = len(described[name]["partitions"]), topic.partitions or kafka.partitions
        if partitions < wanted:
            differences.append(Difference(name, "partitions", f"{wanted} or more", str(partitions)))
        differences.extend(
            Difference(name, key, value, configs[name].get(key, "unset"))
            for key, value in topic.config(replication).items()
            if configs[name].get(key) != value
        )
    return differences


def _new_topic(topic: Topic, kafka: KafkaSettings, replication: int) -> NewTopic:
    partitions = topic.partitions or kafka.partitions
    name = topic.full_name(kafka.namespace)
    return NewTopic(name, partitions, replication, topic_configs=topic.config(replication))


async def _replication(admin: Any) -> int:
    return _THREE if await _count_brokers(admin) >= _THREE else 1


async def _count_brokers(admin: Any) -> int:
    return len((await admin.describe_cluster())["brokers"])


async def _configs(admin: Any, names: list[str]) -> dict[str, dict[str, str]]:
    answers = await admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, name) for name in names])
    found: dict[str, dict[str, str]] = {}
    for answer in answers:
        for _, _, _, name, entries in answer.resources:
            found[name] = {entry[0]: entry[1] for entry in entries}
    return found
