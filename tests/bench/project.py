"""Events a second that reporting projects from filled topics, over raw `bulk_write` of the documents they become."""

import time
from typing import Any, Final

from pymongo import UpdateOne

from services.reporting.store.cases import INDEXES
from shared.mongo import Document
from shared.topics import CASES, COMPLAINTS, PERSONAL
from tests.bench.profiles import profiled
from tests.bench.route import EVENTS
from tests.bench.stage import Stage, running_stage
from tests.waiting import until

NUMBER: Final = 10_000
BATCH: Final = 500


async def run() -> dict[str, Any]:
    async with running_stage() as stage:
        await stage.stop("notification", "reporting")
        await stage.submit(NUMBER)
        await until(lambda: _routed(stage), 240)
        await stage.stop("routing", "intake")
        events = sum([await stage.end_of(topic) for topic in (COMPLAINTS, PERSONAL, CASES)])
        seconds, counted_after = await _project(stage, events)
        raw = await _write_raw(stage)
        return {
            "ratio": round(raw / seconds, 2),
            "per_second": round(events / seconds),
            "raw_per_second": round(events / raw),
            "events": events,
            "counted_after_s": round(counted_after, 1),
        }


async def _routed(stage: Stage) -> bool:
    return await stage.end_of(CASES) >= NUMBER * EVENTS


async def _project(stage: Stage, events: int) -> tuple[float, float]:
    """Seconds for all events, from the first batch on; and how much later every figure was counted."""
    await stage.platform.processes["reporting"].start()
    first = await until(lambda: _consumed(stage), 60)
    began = time.perf_counter()
    async with profiled(stage.platform):
        await until(lambda: _consumed(stage, events), 240)
    ended = time.perf_counter()
    async with stage.database("reporting") as database:

        async def counted() -> bool:
            return await database["cases_1"].find_one({"stale": {"$exists": True}}) is None

        await until(counted, 240)
    share = (events - first) / events
    return (ended - began) / share, time.perf_counter() - ended


async def _consumed(stage: Stage, wanted: int = 1) -> int | None:
    consumed = int(await stage.platform.metric("reporting", "ntbcare_consumed_total"))
    return consumed if consumed >= wanted else None


async def _write_raw(stage: Stage) -> float:
    """Seconds to write what reporting holds now into an empty collection with the same indexes."""
    async with stage.database("reporting") as database:
        documents: list[Document] = await database["cases_1"].find().to_list(None)
        raw = database["raw"]
        await raw.create_indexes(list(INDEXES))
        began = time.perf_counter()
        for start in range(0, len(documents), BATCH):
            batch = documents[start : start + BATCH]
            writes = [UpdateOne({"_id": one["_id"]}, {"$set": one}, upsert=True) for one in batch]
            await raw.bulk_write(writes, ordered=False)
        return time.perf_counter() - began
