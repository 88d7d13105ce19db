"""Throws a generation away, once nobody reads or writes it."""

import asyncio
import time
from datetime import UTC, datetime, timedelta
from typing import Final

from services.reporting.domain.generations import GenerationRefused
from services.reporting.rebuilding.lease import left_behind
from services.reporting.store import ONE_ANSWER_S, Store
from shared.cluster import Cluster

LET_GO_WITHIN_S: Final = 40.0
_LOOK_EVERY_S: Final = 0.2


async def drop(store: Store, cluster: Cluster, name: str) -> None:
    """Collections, consumer group and what is known of it. Raises GenerationRefused; may be done again then."""
    known = await store.generations.read()
    known.check_drop(name)
    generation = known.find(name)
    lease = await store.generations.lease()
    if lease is not None and lease.generation == name:
        await left_behind(store.generations)
    switched_at = await store.generations.begin_drop(name)
    await _until_let_go(cluster, generation.group)
    await _until_answered(switched_at)
    await store.of(generation).drop()
    await cluster.delete_group(generation.group)
    await store.generations.end_drop(name)


async def _until_let_go(cluster: Cluster, group: str) -> None:
    deadline = time.monotonic() + LET_GO_WITHIN_S
    while members := await cluster.members(group):
        if time.monotonic() > deadline:
            raise GenerationRefused(f"{members} consumers still read {group}. Nothing is dropped yet; try again.")
        await asyncio.sleep(_LOOK_EVERY_S)


async def _until_answered(switched_at: datetime | None) -> None:
    """An answer that began before the last switch may still be read from the generation that goes."""
    if switched_at is not None:
        left = switched_at + timedelta(seconds=ONE_ANSWER_S) - datetime.now(UTC)
        await asyncio.sleep(max(0.0, min(ONE_ANSWER_S, left.total_seconds())))
