"""A read model is thrown away and made anew from the topics, beside the live one: law 10."""

import asyncio
import signal
from collections.abc import AsyncGenerator, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import cycle, product
from typing import Any, Final
from uuid import UUID

import pytest

from shared.mongo import Document
from shared.records import tombstone
from shared.topics import CASES, PERSONAL, WORDS
from shared.wita import day_of
from tests.services import Platform
from tests.system.outside import act, ntbcare, publish_as, read_database, start_ntbcare
from tests.system.recount import judge_recount
from tests.system.turns import go_back_and_forth
from tests.system.witness import Witness, witnessing
from tests.waiting import until

pytestmark = [pytest.mark.system, pytest.mark.timeout(600)]

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

    async def quarrel(self, numbers: Iterable[int]) -> None:
        """Four complaints that go back and forth."""
        tickets = [await self._submit(number) for number in numbers]
        await go_back_and_forth(self.platform, {ticket: self.codes[ticket] for ticket in tickets})

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


async def test_given_a_busy_history_when_a_rebuild_is_killed_and_begun_again_then_nothing_differs_and_nobody_noticed(
    platform: Platform,
) -> None:
    """One of two replicas of reporting is killed in the middle as well."""
    residents = Residents(platform)
    async with witnessing(platform) as witness, reading(platform) as answers:
        await residents.complain(range(100))
        await erase(witness, sorted(residents.codes)[::10])
        await residents.quarrel((200, 205, 210, 215))
        await platform.add("reporting", "reporting-2")

        busy = asyncio.create_task(residents.complain(range(100, 130)))
        state = await rebuild_until_killed(witness)
        platform.processes.pop("reporting-2").kill()
        told = await ntbcare(platform, "reporting", "rebuild")
        await busy
        await witness.settled()
        await until(lambda: has_followed(witness), limit_s=60)
        found = await read_database(platform.mongo.uri, platform.database("reporting").database)
        listed = await ntbcare(platform, "reporting", "generations")
        await until(lambda: answers_from(platform, "2"), limit_s=20)
        await judge_recount(platform.http["reporting"], await witness.read(CASES))
        new = await answered(platform, residents.codes)
        await ntbcare(platform, "reporting", "switch", "1")
        await until(lambda: answers_from(platform, "1"), limit_s=20)
        old = await answered(platform, residents.codes)
        verified = [await ntbcare(platform, "reporting", "verify", "--generation", name) for name in ("1", "2")]
        await ntbcare(platform, "reporting", "drop", "2")

    assert state == "building"
    assert "Nothing differs." in told
    assert "Readers are answered from generation 2 within a second." in told
    rows = [line.split()[:2] for line in listed.splitlines()]
    assert [row for row in rows if row and row[0].isdigit()] == [["1", "kept"], ["2", "live"]]
    assert len(residents.codes) == len(found["cases_1"]) == 134
    assert [case["_id"] for case in found["cases_1"] if len(case["history"]) != case["head"]["sequence"]] == []
    assert sum(None in case["personal"].values() for case in found["cases_1"]) == 10
    assert comparable(found["cases_2"]) == comparable(found["cases_1"])
    assert comparable(found["buckets_2"]) == comparable(found["buckets_1"])
    assert comparable(found["rollups_2"]) == comparable(found["rollups_1"])
    assert old == new
    assert all("All is as it should be." in words for words in verified)
    assert set(answers) == {200}
    left = await read_database(platform.mongo.uri, platform.database("reporting").database)
    assert [name for name in left if name.endswith("_2")] == []


@asynccontextmanager
async def reading(platform: Platform) -> AsyncGenerator[list[int]]:
    """Somebody asks for figures and lists all the while; the status of every answer."""
    answers: list[int] = []

    async def read() -> None:
        for path in cycle(("/v1/statistics?by=region", "/v1/cases?limit=5", "/readyz")):
            answer = await platform.http["reporting"].get(path)
            answers.append(answer.status_code)

    reader = asyncio.create_task(read())
    try:
        yield answers
    finally:
        reader.cancel()
        await asyncio.gather(reader, return_exceptions=True)


async def rebuild_until_killed(witness: Witness) -> str:
    """Kill it as soon as it has written something; the state of the generation then."""
    process = await start_ntbcare(witness.platform, "reporting", "rebuild")
    cases = witness.collection("reporting", "cases_2")
    await until(cases.find_one, limit_s=90)
    process.kill()
    await process.communicate()
    assert process.returncode == -signal.SIGKILL
    generation = await witness.collection("reporting", "generations").find_one({"_id": "generation:2"})
    return str(generation and generation["state"])


async def has_followed(witness: Witness) -> bool:
    """Whether both generations have read and counted all that was published."""
    stale = await witness.collection("reporting", "cases_2").find_one({"stale": {"$exists": True}})
    marked = await witness.collection("reporting", "marks_2").find_one({"marked": True})
    return stale is None and marked is None and await witness.platform.lag() == 0


async def answers_from(platform: Platform, generation: str) -> bool:
    return await platform.metric("reporting", "ntbcare_live_generation", generation=generation) == 1


async def answered(platform: Platform, codes: Mapping[str, str]) -> dict[str, Any]:
    """What everybody is told, by path and code."""
    answers: dict[str, Any] = {}
    for path, headers in questions(codes):
        answer = await platform.http["reporting"].get(path, headers=headers)
        answers[f"{path} {headers}"] = answer.status_code, answer.json()
    return answers


async def erase(witness: Witness, tickets: Iterable[str]) -> None:
    """All that these tickets' people are and wrote, and what was written to them."""
    for topic in (PERSONAL, WORDS):
        keys = {(record.key or b"").decode() for record in await witness.read(topic)}
        gone = [tombstone(topic, key) for key in keys if key.partition(":")[0] in tickets]
        await publish_as(topic.writer, witness.platform.kafka, *gone)


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
    days = f"category,day&from={month}-01&to={month}-28"
    for by, cut in product(("", "region", "agency,month", days), ("", "region=52.03", "agency=PUPR-52.03")):
        yield f"/v1/statistics?{cut}{f'&by={by}' if by else ''}", {}
    for agency in ("PUPR-52.03", "DLH-52.71", "INSPEKTORAT"):
        yield f"/v1/scorecards/{agency}?period={month}", {}
    for filters in ("", "status=resolved", "agency=-", "region=52.71&category=env.waste"):
        yield f"/v1/cases?limit=200&{filters}", {}
    for ticket, code in codes.items():
        yield f"/v1/cases/{ticket}", {}
        yield f"/v1/cases/{ticket}", {"X-Tracking-Code": code}
