"""Every page and query of reporting over 10 000, 100 000 and 1 000 000 cases, over HTTP.

The cases are made up and go through the projection itself: events, updates, figures, sums. `SIZES=10000,100000` asks
for other sizes.
"""

import asyncio
import os
import random
import time
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime, timedelta
from itertools import islice
from multiprocessing import get_context
from typing import Any, Final

from services.reporting.domain.projection import project
from services.reporting.refresher import Refresher, Rules
from services.reporting.shipped import shipped_definitions
from services.reporting.store import Store
from services.reporting.store.cases import INDEXES
from shared.mongo import MongoSettings, connected
from shared.wita import day_of
from tests.bench.client import connected_to
from tests.bench.figures import percentiles
from tests.bench.made_cases import Maker, ticket_of
from tests.bench.profiles import profiled
from tests.bench.stage import Stage, running_stage

SIZES: Final = [int(size) for size in os.environ.get("SIZES", "10000,100000,1000000").split(",")]
CALLS: Final = 100
CLIENTS: Final = 2
AGENCY: Final = "PUPR-52.03"
A_PUBLIC_ONE: Final = 1
"""Its number."""
PAGES: Final = (
    "/",
    "/instansi",
    "/peta",
    "/peta/52.03",
    "/aduan",
    "/aduan?wilayah=52.03&status=in_progress",
    "/aduan?q=jalan",
    "/macet",
    f"/rapor/{AGENCY}",
    "/pagi",
    "/pagi.txt",
    "/data",
)
_BATCH: Final = 2_000
_PATIENCE_MS: Final = 600_000
"""An index over a million cases takes minutes."""
_FILLERS: Final = 2
"""Processes; more than cores are no help, and the database needs some too."""


def addresses(now: datetime) -> dict[str, str]:
    """By what is asked."""
    today = day_of(now)
    month, before = f"{today:%Y-%m}", f"{today.replace(day=1) - timedelta(days=1):%Y-%m}"
    year = f"from={today.replace(year=today.year - 1)}&to={today}"
    return {
        "totals": "/v1/statistics",
        "totals of a year to the day": f"/v1/statistics?{year}",
        "by month": "/v1/statistics?by=month",
        "by regency and month": f"/v1/statistics?by=region,month&from={before}-01",
        "by district of a month": f"/v1/statistics?by=region&level=district&from={month}-01",
        "by category": f"/v1/statistics?by=category&from={before}-01",
        "by agency": f"/v1/statistics?by=agency&from={before}-01",
        "by day of a month": f"/v1/statistics?by=day&from={before}-01&to={before}-28",
        "of a district": "/v1/statistics?region=52.03.07&by=month",
        "where it sits": "/v1/statistics/sitting",
        "scorecards of a month": f"/v1/scorecards?period={before}",
        "scorecards of a quarter": f"/v1/scorecards?period={today.year - 1}-Q4",
        "scorecard of a month": f"/v1/scorecards/{AGENCY}?period={before}",
        "scorecard of a year": f"/v1/scorecards/{AGENCY}?period={today.year - 1}",
        "newest cases": "/v1/cases",
        "cases of a regency": "/v1/cases?region=52.03",
        "cases of a body and category": f"/v1/cases?agency={AGENCY}&category=road.damage",
        "late cases": "/v1/cases?figure=late",
        "cases of a figure": f"/v1/cases?figure=resolution_late&agency={AGENCY}&from={before}-01&to={before}-28",
        "cases with a word": "/v1/cases?q=jalan%20rusak",
        "one case": f"/v1/cases/{ticket_of(A_PUBLIC_ONE)}",
        "page of one case": f"/aduan/{ticket_of(A_PUBLIC_ONE)}",
        **{f"page {page}": page for page in PAGES},
    }


async def run() -> dict[str, Any]:
    seen = dict[int, dict[str, dict[str, float]]]()
    async with running_stage() as stage:
        await stage.stop("intake", "routing", "notification", "reporting")
        made = 0
        for size in SIZES:
            began = time.perf_counter()
            await _fill(stage, made, size - made)
            made = size
            print(f"{size} cases after {time.perf_counter() - began:.0f} s", flush=True)
            await stage.platform.processes["reporting"].start()
            async with profiled(stage.platform):
                seen[size] = await _measure(stage)
            await stage.stop("reporting")
    return _told(seen)


async def _fill(stage: Stage, first: int, number: int) -> None:
    """Indexes that counting does not use are built at the end: kept up case by case they take most of the time."""
    mongo = stage.platform.database("reporting").model_copy(update={"timeout_ms": _PATIENCE_MS})
    loop = asyncio.get_running_loop()
    async with connected(mongo) as database, Store(mongo).open() as store:
        cases = database["cases_1"]
        for index in INDEXES:
            if index.document["name"] not in {"stale", "bucket", "by_day"}:
                await cases.drop_index(index.document["name"])
        part = number // _FILLERS
        parts = [(first + filler * part, part) for filler in range(_FILLERS)]
        with ProcessPoolExecutor(_FILLERS, get_context("spawn")) as fillers:
            await asyncio.gather(*(loop.run_in_executor(fillers, _fill_part, mongo, *one) for one in parts))
        await Refresher(store, Rules(shipped_definitions(), Maker.seeded().directory)).count_everything()
        for index in INDEXES:
            await cases.create_indexes([index])


def _fill_part(mongo: MongoSettings, first: int, number: int) -> None:
    asyncio.run(_project(mongo, first, number))


async def _project(mongo: MongoSettings, first: int, number: int) -> None:
    async with Store(mongo).open(begin=False) as store:
        left = Maker.seeded().cases(first, number)
        while batch := list(islice(left, _BATCH)):
            told = [(event.ticket, event) for events in batch for event in events]
            await store.cases.apply(project(told).values(), datetime.now(UTC))


async def _measure(stage: Stage) -> dict[str, dict[str, float]]:
    asked = list(addresses(datetime.now(UTC)).items())
    seconds: dict[str, list[float]] = {name: [] for name, _ in asked}
    # In any order, so that no query finds the machine as only its like left it.
    turns = asked * CALLS
    random.Random(1).shuffle(turns)
    left = iter(turns)

    async def one() -> None:
        async with connected_to(stage.port("reporting")) as connection:
            for name, path in left:
                began = time.perf_counter()
                answer = await connection.ask("GET", path, None, {})
                seconds[name].append(time.perf_counter() - began)
                assert answer.status == 200, (path, answer.body)

    await asyncio.gather(*(one() for _ in range(CLIENTS)))
    figures = {name: percentiles(took) for name, took in seconds.items()}
    for name, told in figures.items():
        print(f"{name:32} p50 {told['p50_ms']:7.1f} ms  p95 {told['p95_ms']:7.1f} ms")
    return figures


def _told(seen: dict[int, dict[str, dict[str, float]]]) -> dict[str, Any]:
    smallest, largest = seen[SIZES[0]], seen[SIZES[-1]]
    worst = max(largest, key=lambda name: largest[name]["p95_ms"])
    medians = {name: round(largest[name]["p50_ms"] / smallest[name]["p50_ms"], 2) for name in largest}
    ratios = {name: round(largest[name]["p95_ms"] / smallest[name]["p95_ms"], 2) for name in largest}
    return {
        "cases": SIZES[-1],
        "worst": {worst: largest[worst]},
        "above_50_ms": sorted(name for name in largest if largest[name]["p95_ms"] > 50),
        "p50_over_smallest": medians,
        "p95_over_smallest": ratios,
        "above_1.2": sorted(name for name, ratio in ratios.items() if ratio > 1.2),
    }
