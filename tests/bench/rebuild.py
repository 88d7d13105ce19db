"""Events a second that a rebuild reads from filled topics, over raw `bulk_write` of the same updates; its memory.

It fills a new generation in a process of its own, beside one that stands still. `NUMBER=100000` asks for other numbers
of complaints. Raw are the updates of batches of the same size, prepared beforehand.
"""

import asyncio
import json
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from services.reporting.rebuilding.filling import MAX_RECORDS
from shared.topics import CASES, COMPLAINTS, PERSONAL
from tests.bench.project import updates_of, whole_documents, write
from tests.bench.route import EVENTS
from tests.bench.stage import Stage, running_stage
from tests.waiting import until

NUMBER: Final = int(os.environ.get("NUMBER", "20000"))


@dataclass(frozen=True)
class Seen:
    """What the process said of itself, one moment."""

    step: str
    seconds: float
    read: int
    mebibytes: float


async def run() -> dict[str, Any]:
    async with running_stage() as stage:
        await stage.stop("notification", "reporting")
        await stage.submit(NUMBER, mail=False)
        await until(lambda: _routed(stage), NUMBER)
        await stage.stop("routing", "intake")
        events = sum([await stage.end_of(topic) for topic in (COMPLAINTS, PERSONAL, CASES)])
        seen = await _rebuild(stage)
        raw = await write(stage, await updates_of(stage, MAX_RECORDS))
        once = await write(stage, await whole_documents(stage, "cases_2"))
    return _told(seen, events, raw, once)


def _told(seen: Sequence[Seen], events: int, raw: float, once: float) -> dict[str, Any]:
    began = next(moment for moment in seen if moment.step == "began")
    read = next(moment for moment in seen if moment.step == "read")
    counted = seen[-1]
    half = next(moment for moment in seen if moment.read * 2 >= read.read)
    seconds = read.seconds - began.seconds
    return {
        "ratio": round(raw / seconds, 2),
        "ratio_with_counting": round(raw / (counted.seconds - began.seconds), 2),
        "ratio_to_whole_documents": round(once / seconds, 2),
        "per_second": round(events / seconds),
        "raw_per_second": round(events / raw),
        "events": events,
        "counted_after_s": round(counted.seconds - read.seconds, 1),
        "mebibytes_at_half": round(half.mebibytes),
        "mebibytes_when_read": round(read.mebibytes),
        "mebibytes_at_end": round(counted.mebibytes),
    }


async def _routed(stage: Stage) -> bool:
    return await stage.end_of(CASES) >= NUMBER * EVENTS


async def _rebuild(stage: Stage) -> list[Seen]:
    kafka, mongo = stage.platform.kafka, stage.platform.database("reporting")
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.bench.refill", kafka.model_dump_json(), mongo.model_dump_json()),
        stdout=asyncio.subprocess.PIPE,
    )
    told, _ = await process.communicate()
    assert process.returncode == 0, told
    return [Seen(**json.loads(line)) for line in told.splitlines()]
