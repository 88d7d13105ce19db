"""Calm and crowd in turn: whole lives with mail, at rates that change each minute, over many stored complaints.

`STORED=1000000`: of earlier days. A valley is a minute after a peak: it has recovered when nothing waits any more,
neither records nor mails.
"""

import asyncio
import os
import time
from typing import Any, Final

from tests.bench.figures import percentiles
from tests.bench.lifecycle import WARM_S, Run, nothing_waits
from tests.bench.stage import Stage, running_stage, until_idle
from tests.bench.stored import fill
from tests.waiting import until

RATES: Final = (1, 15, 1, 25, 2, 35, 10)
"""Lives a second, a minute each."""
MINUTE_S: Final = 60.0
_STORED: Final = 1_000_000


async def run() -> dict[str, Any]:
    stored = int(os.environ.get("STORED") or _STORED)
    async with running_stage() as stage:
        lives = Run(stage, mail=True)
        await lives.load(WARM_S)
        await until_idle(stage.platform)
        await fill(stage, 0, stored)
        await lives.load(WARM_S)
        await until_idle(stage.platform)
        lives.errors = 0
        minutes = [await _minute(lives, *rates) for rates in zip((0, *RATES), RATES, strict=False)]
        return {"stored": stored, "minutes": minutes, "errors": lives.errors, "recovered": await _ends_well(stage)}


async def _minute(lives: Run, before: int, rate: int) -> dict[str, Any]:
    recovering = asyncio.create_task(_recovery_s(lives.stage)) if rate < before else None
    await lives.paced(rate, MINUTE_S)
    row: dict[str, Any] = {"per_second": rate, **percentiles(lives.seconds)}
    if recovering:
        row["recovered_after_s"] = await recovering
    print(row, flush=True)
    return row


async def _recovery_s(stage: Stage) -> float | None:
    """None: not within the valley."""
    began = time.perf_counter()
    try:
        await until(lambda: nothing_waits(stage), MINUTE_S)
    except TimeoutError:
        return None
    return round(time.perf_counter() - began, 1)


async def _ends_well(stage: Stage) -> bool:
    return await _recovery_s(stage) is not None
