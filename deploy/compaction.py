"""Letting the broker compact now what it would compact within a day and a half."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final, cast

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import for_code

from shared.kafka import client_options
from shared.settings import KafkaSettings
from shared.topics import PERSONAL, WORDS

_SOON: Final = {
    "segment.ms": "500",
    "max.compaction.lag.ms": "1",
    "min.cleanable.dirty.ratio": "0.0001",
    # What was compacted lies in a renamed file for a minute, as a rule.
    "file.delete.delay.ms": "100",
}
_OF_THE_TOPIC: Final = 1
"""Kafka's code for a setting that was made for this topic."""


@asynccontextmanager
async def compacting_soon(kafka: KafkaSettings) -> AsyncGenerator[None]:
    """Topics of what people wrote are compacted as soon as the broker can; afterwards they are as they were.

    A record that is written meanwhile closes the file before it. Whoever is killed here leaves settings behind that
    `ntbcare topics check` tells of. Raises KafkaError.
    """
    names = [topic.full_name(kafka.namespace) for topic in (PERSONAL, WORDS)]
    admin = cast("Any", AIOKafkaAdminClient(**client_options(kafka), client_id=f"{kafka.namespace}.cli"))
    await admin.start()
    try:
        before = await _configs(admin, names)
        await _alter(admin, {name: before[name] | _SOON for name in names})
        try:
            yield
        finally:
            await _alter(admin, before)
    finally:
        await admin.close()


async def _configs(admin: Any, names: Sequence[str]) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for answer in await admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, name) for name in names]):
        for _, _, _, name, entries in answer.resources:
            found[name] = {entry[0]: entry[1] for entry in entries if entry[3] == _OF_THE_TOPIC}
    return found


async def _alter(admin: Any, configs: dict[str, dict[str, str]]) -> None:
    resources = [ConfigResource(ConfigResourceType.TOPIC, name, configs=config) for name, config in configs.items()]
    for answer in await admin.alter_configs(resources):
        for code, why, _, name in answer.resources:
            if code:
                raise for_code(code)(f"{name}: {why}")
