"""From the 202 to the case in reporting, at 50 complaints a second, however slow the answers are."""

import asyncio
import time
from typing import Any, Final

from tests.bench.client import connected_to
from tests.bench.figures import percentiles
from tests.bench.profiles import profiled
from tests.bench.stage import Stage, running_stage, submit_one

PER_SECOND: Final = 50
WARM, MEASURED = 500, 3_000


async def run() -> dict[str, Any]:
    async with running_stage() as stage:
        await _at_a_rate(stage, WARM)
        async with profiled(stage.platform):
            seconds = await _at_a_rate(stage, MEASURED)
        waited = [one for one in seconds if one is not None]
        return {**percentiles(waited), "per_second": PER_SECOND, "errors": len(seconds) - len(waited)}


async def _at_a_rate(stage: Stage, number: int) -> list[float | None]:
    began = time.perf_counter()
    looks: list[asyncio.Task[float | None]] = []
    for each in range(number):
        await asyncio.sleep(began + each / PER_SECOND - time.perf_counter())
        looks.append(asyncio.create_task(_one(stage)))
    return await asyncio.gather(*looks)


async def _one(stage: Stage) -> float | None:
    async with connected_to(stage.port("intake")) as intake, connected_to(stage.port("reporting")) as reporting:
        ticket = await submit_one(intake, mail=True)
        accepted = time.perf_counter()
        answer = await reporting.ask("GET", f"/v1/cases/{ticket}?wait=10")
        return time.perf_counter() - accepted if answer.status == 200 else None
