"""What recording spans costs: off, a tenth and all recorded, in turns.

Told is the processor's time of the service for a complaint, which says the same on a machine that has other work too.
"""

import asyncio
import os
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from statistics import median
from typing import Any, Final

from deploy.local.ports import HOST, answers, free_port
from deploy.local.processes import LocalServer, ServerPlan
from shared.topics import CASES
from tests.bench.client import connected_to
from tests.bench.stage import Stage, running_stage, submit_one
from tests.waiting import until

RATIOS: Final = {"off": "", "tenth": "0.1", "all": "1.0"}
CLIENTS: Final = 32
ROUNDS: Final = 4
ACCEPTED: Final = 1_500
"""A round and a process."""
COMPLAINTS: Final = 3_000
EVENTS: Final = 2
"""That each complaint gives: opened, and assigned."""


async def run() -> dict[str, Any]:
    async with running_stage() as stage, _collector(stage) as endpoint:
        await stage.stop("routing", "notification", "reporting")
        for name, ratio in RATIOS.items():
            await stage.platform.add("intake", f"intake-{name}", **_variables("intake", endpoint, ratio))
        routed = await _routing(stage, endpoint)
        accepted = await _accepting(stage)
    return {
        f"{what}_ms_{name}": round(median(times[name]), 3)
        for what, times in (("accept", accepted), ("route", routed))
        for name in RATIOS
    }


def _variables(service: str, endpoint: str, ratio: str) -> dict[str, str]:
    prefix = f"{service.upper()}_TRACING__"
    return {f"{prefix}ENDPOINT": endpoint, f"{prefix}RATIO": ratio} if ratio else {}


async def _accepting(stage: Stage) -> dict[str, list[float]]:
    times: dict[str, list[float]] = {name: [] for name in RATIOS}
    for number in range(ROUNDS + 1):
        for name in RATIOS:
            server = stage.platform.processes[f"intake-{name}"]
            before = _worked_s(server)
            await _submit(server.port, ACCEPTED)
            if number:  # The first round warms up.
                times[name].append((_worked_s(server) - before) / ACCEPTED * 1_000)
    return times


async def _routing(stage: Stage, endpoint: str) -> dict[str, list[float]]:
    times: dict[str, list[float]] = {name: [] for name in RATIOS}
    for _ in range(2):
        for name, ratio in RATIOS.items():
            await _submit(stage.port(f"intake-{name}"), COMPLAINTS)
            before = await stage.end_of(CASES)
            # With the name of the one before it gets its partitions at once.
            adding = asyncio.create_task(
                stage.platform.add("routing", "routing", **_variables("routing", endpoint, ratio))
            )
            times[name].append(await _measure(stage, before))
            await (await adding).stop()
    return times


async def _submit(port: int, complaints: int) -> None:
    left = iter(range(complaints))

    async def one() -> None:
        async with connected_to(port) as connection:
            for _ in left:
                await submit_one(connection, mail=True)

    await asyncio.gather(*(one() for _ in range(CLIENTS)))


async def _measure(stage: Stage, before: int) -> float:
    """From the first new event on the topic to the last: the start of the process does not count."""

    async def beyond(number: int) -> int | None:
        now = await stage.end_of(CASES)
        return now if now >= number else None

    first = await until(lambda: beyond(before + 1), 60)
    server = stage.platform.processes["routing"]
    began = _worked_s(server)
    last = await until(lambda: beyond(before + COMPLAINTS * EVENTS), 240)
    return (_worked_s(server) - began) / ((last - first) / EVENTS) * 1_000


def _worked_s(server: LocalServer) -> float:
    """The processor's time that the process has had."""
    times = Path(f"/proc/{server.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(times[11]) + int(times[12])) / os.sysconf("SC_CLK_TCK")


@asynccontextmanager
async def _collector(stage: Stage) -> AsyncGenerator[str]:
    """A process that throws away what it gets."""
    port = free_port()

    async def ready() -> bool:
        return answers(port)

    command = [sys.executable, "-m", "tests.collector", str(port)]
    log = stage.platform.folder / "collector.log"
    server = LocalServer(ServerPlan("collector", command, port, "--port", log, ready))
    await server.start()
    try:
        yield f"http://{HOST}:{port}"
    finally:
        await server.stop()
