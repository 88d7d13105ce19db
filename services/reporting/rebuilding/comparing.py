"""Lays a new generation beside the live one."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final

from services.reporting.domain.generations import Comparison, compare_cases
from services.reporting.store.contents import contents_of, documents_of, is_counted, sample_of
from services.reporting.store.read_model import ReadModel
from shared.cluster import Cluster
from shared.topics import NOTICES

SAMPLE: Final = 200
SETTLES_WITHIN_S: Final = 60.0
_REST_S: Final = 0.3
_HOUR: Final = timedelta(hours=1)


async def compare_settled(
    old: ReadModel,
    new: ReadModel,
    are_settled: Callable[[], Awaitable[bool]],
    catch_up: Callable[[], Awaitable[None]] | None = None,
) -> Comparison:
    """At a moment when neither has anything left to do, if there is one in a minute."""
    deadline = time.monotonic() + SETTLES_WITHIN_S
    while True:
        if catch_up is not None:
            await catch_up()
        before = await are_settled()
        comparison = await compare(old, new)
        if (comparison.is_equal and await is_counted(new)) or (before and await are_settled()):
            return comparison
        if time.monotonic() > deadline:
            return replace(comparison, is_settled=False)
        await asyncio.sleep(_REST_S)


async def compare_served(cluster: Cluster, old: ReadModel, new: ReadModel) -> Comparison:
    """Two that the replicas consume."""
    places = await cluster.places()

    async def are_settled() -> bool:
        ends = await cluster.ends(places)
        read = [await cluster.has_read(one.generation.group, ends) for one in (old, new)]
        return all(read) and await is_counted(old) and await is_counted(new)

    return await compare_settled(old, new, are_settled)


async def compare(old: ReadModel, new: ReadModel, sample: int = SAMPLE) -> Comparison:
    """Every total, and a sample of whole cases of either, as they are at this moment."""
    before, after = await contents_of(old), await contents_of(new)
    tickets = sorted({*await sample_of(old, sample), *await sample_of(new, sample)})
    since = notices_since()
    unlike = compare_cases(await documents_of(old, tickets, since), await documents_of(new, tickets, since))
    return Comparison(
        old=before,
        new=after,
        old_version=old.generation.version,
        new_version=new.generation.version,
        sampled=len(tickets),
        unlike=unlike,
    )


def notices_since() -> datetime:
    """Their topic may hold none from before, and a new generation then knows nothing of them."""
    kept = NOTICES.retention
    return datetime.min.replace(tzinfo=UTC) if kept is None else datetime.now(UTC) - kept + _HOUR
