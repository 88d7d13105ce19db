"""What a new Kafka and MongoDB need before the services: a replica set of one, all brokers, topics."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Final

from aiokafka.errors import KafkaError

from deploy.local.mongod import become_primary, uri_of
from deploy.topics import apply_topics, count_brokers
from shared.settings import KafkaSettings

_LIMIT: Final = timedelta(seconds=120)
_REST_S: Final = 0.5


class NotThereInTime(Exception):
    """Brokers or the database did not answer; the text says which."""


async def set_up(kafka: KafkaSettings, member: str, brokers: int, limit: timedelta = _LIMIT) -> list[str]:
    """Make MongoDB at `member` (`host:port`) the primary of its own set, wait for so many brokers, create topics.

    Returns the names of the topics that were missing. Raises NotThereInTime, TopicsNotCreated.
    """
    host, _, port = member.rpartition(":")
    uri = uri_of(int(port), host)
    await _until(lambda: become_primary(uri, member), limit, f"MongoDB at {member} took no writes")
    await _until(lambda: _are_there(kafka, brokers), limit, f"Fewer than {brokers} brokers answered")
    return await apply_topics(kafka)


async def _until(look: Callable[[], Awaitable[bool]], limit: timedelta, otherwise: str) -> None:
    try:
        async with asyncio.timeout(limit.total_seconds()):
            while not await look():  # noqa: ASYNC110 - neither server tells when it is ready
                await asyncio.sleep(_REST_S)
    except TimeoutError:
        raise NotThereInTime(f"{otherwise} within {limit.total_seconds():.0f} seconds") from None


async def _are_there(kafka: KafkaSettings, brokers: int) -> bool:
    try:
        return await count_brokers(kafka) >= brokers
    except KafkaError:
        return False
