"""One rebuild at a time, whichever process; one that was killed is no obstacle for long."""

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Final
from uuid import uuid4

import structlog
from pymongo.errors import PyMongoError

from services.reporting.domain.generations import GenerationRefused
from services.reporting.store.generations import GenerationStore, Lease
from shared.tasks import end_tasks

log = structlog.get_logger(__name__)

BEAT_EVERY_S: Final = 1.0
SILENT_S: Final = 6.0
"""A lease that did not beat for so long belongs to a process that is gone."""
_LOOK_EVERY_S: Final = 0.2


@asynccontextmanager
async def leased(
    generations: GenerationStore, name: str, each_beat: Callable[[], Awaitable[None]]
) -> AsyncGenerator[None]:
    """Be the one that rebuilds. Raises GenerationRefused where another process is, or took it over meanwhile."""
    mine = Lease(uuid4().hex, name, 0)
    await _claim(generations, mine)
    owner, lost = asyncio.current_task(), asyncio.Event()

    async def beat() -> None:
        while not lost.is_set():
            try:
                await each_beat()
                if not await generations.beat(mine.holder):
                    lost.set()
            except PyMongoError as error:
                log.warning("lease_not_renewed", error=type(error).__name__)
            await asyncio.sleep(BEAT_EVERY_S)
        if owner:
            owner.cancel()

    beating = asyncio.create_task(beat(), name="lease")
    try:
        yield
    except asyncio.CancelledError:
        if lost.is_set():
            raise GenerationRefused(f"Another process took the rebuild of generation {name} over.") from None
        raise
    finally:
        await end_tasks([beating], again_s=BEAT_EVERY_S)
        await generations.free(mine.holder)


async def left_behind(generations: GenerationStore) -> Lease | None:
    """The lease of a process that is gone, after some seconds. Raises GenerationRefused where it beats."""
    seen, since = await generations.lease(), time.monotonic()
    while seen is not None and time.monotonic() - since < SILENT_S:
        await asyncio.sleep(_LOOK_EVERY_S)
        now = await generations.lease()
        if now is not None and now.beat != seen.beat:
            raise GenerationRefused(
                f"Another process is rebuilding generation {now.generation} now. There is one rebuild at a time: wait "
                "for it, or end it first."
            )
        seen = now
    return seen


async def _claim(generations: GenerationStore, mine: Lease) -> None:
    seen = await left_behind(generations)
    if not await generations.claim(mine, instead_of=seen):
        raise GenerationRefused("Another rebuild began at this very moment.")
