"""A read model is thrown away and made anew from the topics, beside the live one: law 10."""

import asyncio
from collections.abc import AsyncGenerator, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import product
from typing import Any, Final
from uuid import UUID

import pytest

from shared.mongo import Document, MongoSettings
from shared.records import tombstone
from shared.settings import KafkaSettings
from shared.topics import CASES, CONSUMERS, PERSONAL, WORDS
from shared.wita import day_of
from tests.services import Platform
from tests.system.outside import act, drop_database, publish_as, read_database
from tests.system.recount import judge_recount
from tests.system.witness import Witness, witnessing
from tests.waiting import until

pytestmark = [pytest.mark.system, pytest.mark.timeout(300)]

BY_NATURE: Final = {
    "version": "counts the writes of a case, and a rebuild puts many records into one write",
    "revision": "counts how often a bucket was counted, which a rebuild does more seldom",
}
"""Fields that differ between two generations, and why. They guard writes; nothing that is told depends on them."""

KINDS: Final[tuple[dict[str, Any], ...]] = (
    {},
    {"category": "env.waste", "answers": {}, "location": {"region": "52.71"}, "anonymous": True},
    {"category": "other", "answers": {}},
    {"category": "integrity.whistle", "answers": {}, "about": "PUPR-52.03"},
    {"location": {"latitude": -8.5833, "longitude": 116.1167}},
)
ACTIONS: Final = ("accept", "progress", "progress", "resolve")


@dataclass
class Residents:
    """They complain, and agencies act on what was assigned."""

    platform: Platform
    codes: dict[str, str] = field(default_factory=dict[str, str])
    """Tracking code by ticket."""
    _turns: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(12))

    async def complain(self, numbers: Iterable[int]) -> None:
        await asyncio.gather(*(self._complain(number) for number in numbers))

    async def _complain(self, number: int) -> None:
        async with self._turns:
            ticket = await self._submit(number)
            if number % 10 == 0:
                assert await self._submit(number) == ticket
            if number % 10 == 5:
                assert await self._submit(number, text="Yang ini tidak boleh menang") == ticket
            if number % len(KINDS) != 2:
                await act(self.platform, ticket, *ACTIONS[: number // 5 % 5])

    async def _submit(self, number: int, **fields: Any) -> str:
        headers = {"Idempotency-Key": str(UUID(int=number, version=4))}
        reporter = {"name": "Sitti", "email": f"sitti{number % 30}@mail.example"}
        fields = {"headers": headers, "reporter": reporter} | KINDS[number % len(KINDS)] | fields
        answer = await self.platform.submit(**fields)
        assert answer.status_code == 202, answer.text
        self.codes[answer.json()["ticket"]] = answer.json()["tracking_code"]
        return answer.json()["ticket"]


@pytest.fixture
async def rebuilt(topics: KafkaSettings, mongo_uri: str) -> AsyncGenerator[MongoSettings]:
    """An empty database for a second generation; ask for it before the platform, so that it goes after it."""
    settings = MongoSettings(uri=mongo_uri, database=f"{topics.namespace}-rebuilt")
    yield settings
    await drop_database(settings.uri, settings.database)


async def test_given_a_busy_history_when_a_second_generation_is_built_beside_the_first_then_nothing_differs(
    rebuilt: MongoSettings, platform: Platform
) -> None:
    residents = Residents(platform)
    async with witnessing(platform) as witness:
        await residents.complain(range(100))
        await erase(witness, sorted(residents.codes)[::10])

        variables = {"REPORTING_GENERATION": "2", "REPORTING_MONGO__DATABASE": rebuilt.database}
        await asyncio.gather(platform.add("reporting", "reporting-2", **variables), residents.complain(range(100, 130)))
        await witness.settled()
        published = sum([len(await witness.read(topic)) for topic in CONSUMERS["reporting"]])
        await until(lambda: has_read(platform, published), limit_s=60)
        await until(lambda: has_counted(rebuilt), limit_s=60)
        for name in ("reporting", "reporting-2"):
            await judge_recount(platform.http[name], await witness.read(CASES))

    live = await read_database(rebuilt.uri, platform.database("reporting").database)
    second = await read_database(rebuilt.uri, rebuilt.database)
    assert len(residents.codes) == len(live["cases_1"]) == 130
    assert [case["_id"] for case in live["cases_1"] if len(case["history"]) != case["head"]["sequence"]] == []
    assert sum(None in case["personal"].values() for case in live["cases_1"]) == 10
    assert set(second) == {"cases_2", "buckets_2", "rollups_2", "marks_2"}
    assert comparable(second["cases_2"]) == comparable(live["cases_1"])
    assert comparable(second["buckets_2"]) == comparable(live["buckets_1"])
    assert comparable(second["rollups_2"]) == comparable(live["rollups_1"])
    assert (await platform.http["reporting-2"].get("/v1/statistics")).json()["totals"]["received"] == 130
    for path, headers in questions(residents.codes):
        answers = [await platform.http[name].get(path, headers=headers) for name in ("reporting", "reporting-2")]
        assert (answers[0].status_code, answers[0].json()) == (answers[1].status_code, answers[1].json()), path


async def erase(witness: Witness, tickets: Iterable[str]) -> None:
    """All that these tickets' people are and wrote, and what was written to them."""
    for topic in (PERSONAL, WORDS):
        keys = {(record.key or b"").decode() for record in await witness.read(topic)}
        gone = [tombstone(topic, key) for key in keys if key.partition(":")[0] in tickets]
        await publish_as(topic.writer, witness.platform.kafka, *gone)


async def has_read(platform: Platform, published: int) -> bool:
    """Whether the second generation has read everything from offset 0, each record once."""
    return await platform.metric("reporting-2", "ntbcare_consumed_total") == published


async def has_counted(settings: MongoSettings) -> bool:
    found = await read_database(settings.uri, settings.database)
    left = any("stale" in case for case in found["cases_2"])
    return not left and not any("marked" in mark for mark in found["marks_2"])


def comparable(documents: Iterable[Document]) -> dict[str, Document]:
    """By id, each without what differs by nature; a bucket that every case has left says nothing."""
    return {
        document["_id"]: {name: value for name, value in document.items() if name not in BY_NATURE}
        for document in documents
        if document.get("counts") != {}
    }


def questions(codes: Mapping[str, str]) -> Iterator[tuple[str, dict[str, str]]]:
    """What a resident, the press and a leader ask: paths and headers."""
    month = f"{day_of(datetime.now(UTC)):%Y-%m}"
    for by, cut in product(("", "region", "agency,month", "category,day"), ("", "region=52.03", "agency=PUPR-52.03")):
        yield f"/v1/statistics?{cut}{f'&by={by}' if by else ''}", {}
    for agency in ("PUPR-52.03", "DLH-52.71", "INSPEKTORAT"):
        yield f"/v1/scorecards/{agency}?period={month}", {}
    for filters in ("", "status=resolved", "agency=-", "region=52.71&category=env.waste"):
        yield f"/v1/cases?limit=200&{filters}", {}
    for ticket, code in codes.items():
        yield f"/v1/cases/{ticket}", {}
        yield f"/v1/cases/{ticket}", {"X-Tracking-Code": code}
