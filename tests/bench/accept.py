"""Accepted complaints a second, over those of a bare handler that writes the same two records, in turns."""

import base64
import json
import os
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from statistics import median
from typing import Any, Final

from aiokafka import AIOKafkaConsumer

from deploy.local.ports import HOST, answers, free_port
from deploy.local.processes import LocalServer, ServerPlan
from shared.topics import COMPLAINTS, PERSONAL
from tests.bench.client import Connection, repeat
from tests.bench.complaints import next_complaint
from tests.bench.profiles import profiled
from tests.bench.stage import Stage, running_stage

CLIENTS: Final = 32
ROUNDS: Final = 5
ROUND_S: Final = 6.0


async def run() -> dict[str, Any]:
    async with running_stage() as stage:
        await stage.stop("routing", "notification", "reporting")
        await stage.submit(200)
        async with _bare(stage) as bare, profiled(stage.platform):
            return await _compare(stage.port("intake"), bare)


async def _compare(intake: int, bare: int) -> dict[str, Any]:
    rates: dict[int, list[float]] = {intake: [], bare: []}
    errors = 0
    for number in range(ROUNDS + 1):
        for port in (intake, bare):
            rate, failed = await repeat(port, CLIENTS, ROUND_S, _post)
            errors += failed
            if number:  # The first round warms up.
                rates[port].append(rate)
    ours, theirs = rates.values()
    return {
        "ratio": round(median(one / other for one, other in zip(ours, theirs, strict=True)), 2),
        "per_second": round(median(ours)),
        "bare_per_second": round(median(theirs)),
        "errors": errors,
    }


async def _post(connection: Connection) -> bool:
    answer = await connection.ask("POST", "/v1/complaints", next_complaint(mail=True))
    return answer.status == 202


@asynccontextmanager
async def _bare(stage: Stage) -> AsyncGenerator[int]:
    platform, port = stage.platform, free_port()
    samples = platform.folder / "samples.json"
    samples.write_text(json.dumps([await _sample(stage, topic.full_name("bench")) for topic in (PERSONAL, COMPLAINTS)]))
    told = {"BARE_BOOTSTRAP": platform.kafka.bootstrap, "BARE_SAMPLES": samples, "PATH": os.environ["PATH"]}
    command: list[str | Path] = ["/usr/bin/env", *(f"{name}={value}" for name, value in told.items())]
    command += [sys.executable, "-m", "uvicorn", "tests.bench.bare:app", "--host", HOST, "--port", str(port)]
    command += ["--no-access-log", "--log-level", "warning"]

    async def ready() -> bool:
        return answers(port)

    server = LocalServer(ServerPlan("bare", command, port, "--port", platform.folder / "bare.log", ready))
    await server.start()
    try:
        yield port
    finally:
        await server.stop()


async def _sample(stage: Stage, topic: str) -> Any:
    """One record that intake wrote."""
    consumer = AIOKafkaConsumer(
        topic, bootstrap_servers=stage.platform.kafka.bootstrap, auto_offset_reset="earliest", enable_auto_commit=False
    )
    await consumer.start()
    try:
        record = await consumer.getone()
    finally:
        await consumer.stop()
    return [topic, _encoded(record.value or b""), [(name, _encoded(value)) for name, value in record.headers]]


def _encoded(data: bytes) -> str:
    return base64.b64encode(data).decode()
