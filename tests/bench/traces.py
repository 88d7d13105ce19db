"""What recording spans costs: accepted and routed complaints a second, off, a tenth and all recorded, in turns."""

import asyncio
import sys
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from statistics import median
from typing import Any, Final

from deploy.local.ports import HOST, answers, free_port
from deploy.local.processes import LocalServer, ServerPlan
from shared.topics import CASES
from tests.bench.client import Connection, connected_to, repeat
from tests.bench.complaints import next_complaint
from tests.bench.stage import Stage, running_stage, submit_one
from tests.waiting import until

RATIOS: Final = {"off": "", "tenth": "0.1", "all": "1.0"}
CLIENTS: Final = 32
ROUNDS: Final = 4
ROUND_S: Final = 4.0
COMPLAINTS: Final = 6_000
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
        f"{what}_{name}": round(median(rates[name]))
        for what, rates in (("accepted", accepted), ("routed", routed))
        for name in RATIOS
    }


def _variables(service: str, endpoint: str, ratio: str) -> dict[str, str]:
    prefix = f"{service.upper()}_TRACING__"
    return {f"{prefix}ENDPOINT": endpoint, f"{prefix}RATIO": ratio} if ratio else {}


async def _accepting(stage: Stage) -> dict[str, list[float]]:
    rates: dict[str, list[float]] = {name: [] for name in RATIOS}
    for number in range(ROUNDS + 1):
        for name in RATIOS:
            rate, failed = await repeat(stage.port(f"intake-{name}"), CLIENTS, ROUND_S, _post)
            assert not failed
            if number:  # The first round warms up.
                rates[name].append(rate)
    return rates


async def _post(connection: Connection) -> bool:
    return (await connection.ask("POST", "/v1/complaints", next_complaint(mail=True))).status == 202


async def _routing(stage: Stage, endpoint: str) -> dict[str, list[float]]:
    rates: dict[str, list[float]] = {name: [] for name in RATIOS}
    for _ in range(2):
        for name, ratio in RATIOS.items():
            await _submit(stage.port(f"intake-{name}"))
            before = await stage.end_of(CASES)
            adding = asyncio.create_task(
                # With the name of the one before it gets its partitions at once.
                stage.platform.add("routing", "routing", **_variables("routing", endpoint, ratio))
            )
            rates[name].append(await _measure(stage, before))
            await (await adding).stop()
    return rates


async def _submit(port: int) -> None:
    left = iter(range(COMPLAINTS))

    async def one() -> None:
        async with connected_to(port) as connection:
            for _ in left:
                await submit_one(connection, mail=True)

    await asyncio.gather(*(one() for _ in range(16)))


async def _measure(stage: Stage, before: int) -> float:
    """From the first new event on the topic to the last: the start of the process does not count."""

    async def beyond(number: int) -> int | None:
        now = await stage.end_of(CASES)
        return now if now >= number else None

    first = await until(lambda: beyond(before + 1), 60)
    began = time.perf_counter()
    await until(lambda: beyond(before + COMPLAINTS * EVENTS), 240)
    return (before + COMPLAINTS * EVENTS - first) / EVENTS / (time.perf_counter() - began)


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
