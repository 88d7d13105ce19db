"""Asking services while something is broken, with a watch in hand."""

import asyncio
import time
from collections.abc import AsyncGenerator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

import httpx2

from tests.services import Platform
from tests.waiting import until

EVERY_S: Final = 0.1
"""Between two complaints."""
FEW: Final = 8


@dataclass(frozen=True)
class Asked:
    """What somebody was answered, and after how many seconds."""

    answer: httpx2.Response
    seconds: float

    @property
    def status(self) -> int:
        return self.answer.status_code


async def ask(platform: Platform, service: str, path: str, headers: Mapping[str, str] | None = None) -> Asked:
    """Act on a case where the path names an action, else read."""
    method = "POST" if path.endswith("/accept") else "GET"
    began = time.monotonic()
    answer = await platform.http[service].request(method, path, headers=dict(headers or {}))
    return Asked(answer, time.monotonic() - began)


@dataclass
class Residents:
    """One complains every tenth of a second, whatever becomes of those before; each has a key and an address."""

    platform: Platform
    asked: list[tuple[int, Asked]] = field(default_factory=list[tuple[int, Asked]])
    """With their numbers, in the order of the answers."""
    _complained: int = 0
    _ended: bool = False

    async def complain(self) -> None:
        async with asyncio.TaskGroup() as complaints:
            while not self._ended:
                complaints.create_task(self._submit(self._complained))
                self._complained += 1
                await asyncio.sleep(EVERY_S)

    def end(self) -> None:
        self._ended = True

    async def are_answered(self, status: int) -> None:
        """Return when ten of those who complain from now on have this answer."""
        first = self._complained
        await until(lambda: sum(number >= first for number in self.numbers(status)) >= 10, limit_s=60)

    async def insist(self) -> None:
        """Whoever was refused sends the same again, with the same key, until it is accepted; a few at once."""
        refused = iter(set(self.numbers(503)))
        await asyncio.gather(*(self._insist(refused) for _ in range(FEW)))

    def numbers(self, status: int) -> list[int]:
        return [number for number, asked in self.asked if asked.status == status]

    def tickets(self) -> dict[int, str]:
        """Of the accepted ones, by number."""
        return {number: asked.answer.json()["ticket"] for number, asked in self.asked if asked.status == 202}

    def keys_to_retry(self) -> dict[int, str]:
        """What refusals told residents to send again, by number."""
        return {n: asked.answer.json()["idempotency_key"] for n, asked in self.asked if asked.status == 503}

    def slowest(self, status: int) -> float:
        return max(asked.seconds for _, asked in self.asked if asked.status == status)

    async def _insist(self, refused: Iterator[int]) -> None:
        for number in refused:
            while await self._submit(number) == 503:
                pass

    async def _submit(self, number: int) -> int:
        began = time.monotonic()
        reporter = {"name": "Sitti", "email": f"sitti{number}@mail.example"}
        answer = await self.platform.submit(reporter=reporter, headers={"Idempotency-Key": str(key_of(number))})
        self.asked.append((number, Asked(answer, time.monotonic() - began)))
        return answer.status_code


@asynccontextmanager
async def complaining(platform: Platform) -> AsyncGenerator[Residents]:
    """While inside they complain; afterwards each is answered."""
    residents = Residents(platform)
    async with asyncio.TaskGroup() as group:
        group.create_task(residents.complain())
        yield residents
        residents.end()


def key_of(number: int) -> UUID:
    return UUID(int=number, version=4)
