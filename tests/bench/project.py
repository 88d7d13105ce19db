"""Events a second that reporting projects from filled topics, over raw `bulk_write` of the same documents.

Raw are the very updates of the very batches that reporting writes, prepared beforehand. `ratio_to_whole_documents`
compares with something that no reader of a topic can do: writing each document once, as it will be in the end.
"""

import time
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import chain
from typing import Any, Final

from aiokafka import AIOKafkaConsumer
from pymongo import UpdateOne

from services.reporting.domain.projection import project
from services.reporting.handlers import told
from services.reporting.store.cases import INDEXES
from services.reporting.store.documents import to_update
from shared.broker import MAX_RECORDS
from shared.mongo import Document
from shared.records import Unknown, read_record
from shared.topics import CASES, COMPLAINTS, CONSUMERS, PERSONAL
from tests.bench.profiles import profiled
from tests.bench.route import EVENTS
from tests.bench.stage import Stage, running_stage
from tests.waiting import until

NUMBER: Final = 10_000


async def run() -> dict[str, Any]:
    async with running_stage() as stage:
        await stage.stop("notification", "reporting")
        await stage.submit(NUMBER)
        await until(lambda: _routed(stage), 240)
        await stage.stop("routing", "intake")
        events = sum([await stage.end_of(topic) for topic in (COMPLAINTS, PERSONAL, CASES)])
        seconds, counted_after = await _project(stage, events)
        raw = await write(stage, await updates_of(stage, MAX_RECORDS))
        once = await write(stage, await whole_documents(stage))
        return {
            "ratio": round(raw / seconds, 2),
            "ratio_to_whole_documents": round(once / seconds, 2),
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
        # Each look costs reporting a little of what is measured.
        await until(lambda: _consumed(stage, events), 240, every_s=0.1)
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


async def updates_of(stage: Stage, most: int) -> list[list[UpdateOne]]:
    """What reporting writes, batch by batch, when it reads the same topics, at most so many records at once."""
    kafka, batches = stage.platform.kafka, list[list[UpdateOne]]()
    topics = {topic.full_name(kafka.namespace): topic for topic in CONSUMERS["reporting"]}
    consumer = AIOKafkaConsumer(*topics, bootstrap_servers=kafka.bootstrap, auto_offset_reset="earliest")
    await consumer.start()
    try:
        while fetched := await consumer.getmany(timeout_ms=2_000, max_records=most):
            read = [read_record(record, topics, Unknown.ENVELOPE) for record in chain(*fetched.values())]
            projections = project((one.ticket, told(one)) for one in read if one is not None)
            batches.append([to_update(projection, datetime.now(UTC)) for projection in projections.values()])
    finally:
        await consumer.stop()
    return batches


async def write(stage: Stage, batches: Sequence[Sequence[UpdateOne]]) -> float:
    """Seconds to write them all into an empty collection with the same indexes."""
    async with stage.database("reporting") as database:
        raw = database["raw"]
        await raw.drop()
        await raw.create_indexes(list(INDEXES))
        began = time.perf_counter()
        for batch in batches:
            await raw.bulk_write(batch, ordered=False)
        return time.perf_counter() - began


async def whole_documents(stage: Stage, collection: str = "cases_1") -> list[list[UpdateOne]]:
    """What reporting holds in the end, each document written once."""
    async with stage.database("reporting") as database:
        documents: list[Document] = await database[collection].find().to_list(None)
    writes = [UpdateOne({"_id": one["_id"]}, {"$set": one}, upsert=True) for one in documents]
    return [writes[start : start + MAX_RECORDS] for start in range(0, len(writes), MAX_RECORDS)]
