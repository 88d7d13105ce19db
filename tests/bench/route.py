"""Complaints a second from a filled topic to published case events."""

import asyncio
import time
from typing import Any, Final

from shared.topics import CASES
from tests.bench.profiles import profiled
from tests.bench.stage import Stage, running_stage
from tests.waiting import until

COMPLAINTS: Final = 10_000
WARM: Final = 2_000
EVENTS: Final = 2
"""That each complaint gives: opened, and assigned."""


async def run() -> dict[str, Any]:
    async with running_stage() as stage:
        await stage.stop("notification", "reporting")
        await stage.submit(WARM)
        await until(lambda: _has(stage, WARM * EVENTS), 60)
        await stage.stop("routing")
        await stage.submit(COMPLAINTS)
        return {"per_second": round(await _measure(stage)), "complaints": COMPLAINTS}


async def _has(stage: Stage, events: int) -> bool:
    return await stage.end_of(CASES) >= events


async def _measure(stage: Stage) -> float:
    """From the first new event on the topic to the last: the start of the process does not count."""
    before = await stage.end_of(CASES)
    starting = asyncio.create_task(stage.platform.processes["routing"].start())
    first = await until(lambda: _beyond(stage, before), 60)
    began = time.perf_counter()
    async with profiled(stage.platform):
        await until(lambda: _has(stage, before + COMPLAINTS * EVENTS), 240)
    seconds = time.perf_counter() - began
    await starting
    return (before + COMPLAINTS * EVENTS - first) / EVENTS / seconds


async def _beyond(stage: Stage, before: int) -> int | None:
    now = await stage.end_of(CASES)
    return now if now > before else None
