"""Residents who complain over HTTP, many at once, and insist until each complaint is accepted."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import product
from typing import Any, Final
from uuid import UUID

import httpx2

from tests.services import Platform
from tests.waiting import until

AT_ONCE: Final = 16
_REGIONS: Final = ("52.01", "52.03", "52.03.01", "52.71")
_CATEGORIES: Final = (("road.damage", {"road_class": "regency"}), ("env.waste", {}), ("traffic.jam", {}))
_KINDS: Final = tuple(product(_REGIONS, _CATEGORIES))


@dataclass
class Crowd:
    """Complaints have numbers, and each its own key and address: an address gets few receipts a day.

    Of ten complaints one is sent twice at the same moment, and one is sent again some time after it was accepted.
    """

    platform: Platform
    tickets: dict[int, str] = field(default_factory=dict[int, str])
    """Of the accepted ones, by number."""
    unanswered: int = 0
    _numbers: asyncio.Queue[int] = field(default_factory=asyncio.Queue[int])
    _let_in: int = 0

    def let_in(self, more: int) -> None:
        """So many more complain, as soon as clients are free."""
        for number in range(self._let_in, self._let_in + more):
            self._numbers.put_nowait(number)
        self._let_in += more

    async def accepted(self, more: int) -> None:
        """Wait until so many more than now are accepted."""
        wanted = len(self.tickets) + more
        await until(lambda: len(self.tickets) >= wanted, limit_s=60)

    async def refused(self) -> None:
        """Wait until somebody gets no answer."""
        before = self.unanswered
        await until(lambda: self.unanswered > before, limit_s=60)

    async def all_accepted(self) -> None:
        await until(self._numbers.empty, limit_s=90)
        await self._numbers.join()

    def addresses(self) -> dict[str, str]:
        """The reporter's address by ticket."""
        return {ticket: _address(number) for number, ticket in self.tickets.items()}

    async def complain(self) -> None:
        """What one client does, for ever."""
        while True:
            number = await self._numbers.get()
            await asyncio.gather(*(self.insist(number) for _ in range(2 if number % 10 == 1 else 1)))
            if number % 10 == 2 and (earlier := number - 100) in self.tickets:
                await self.insist(earlier)
            self._numbers.task_done()

    async def insist(self, number: int) -> str:
        """Send it until it is accepted; returns its ticket."""
        ticket = await until(lambda: self._ask(number), limit_s=60)
        assert self.tickets.setdefault(number, ticket) == ticket
        return ticket

    async def _ask(self, number: int) -> str | None:
        try:
            answer = await self.platform.submit(**_complaint(number))
        except httpx2.TransportError:
            self.unanswered += 1
            return None
        assert answer.status_code in {202, 503}, answer.text
        return answer.json()["ticket"] if answer.status_code == 202 else None


@asynccontextmanager
async def residents(platform: Platform) -> AsyncGenerator[Crowd]:
    """Give a crowd; at the end whoever was let in is accepted."""
    crowd = Crowd(platform)
    async with asyncio.TaskGroup() as group:
        clients = [group.create_task(crowd.complain()) for _ in range(AT_ONCE)]
        yield crowd
        await crowd.all_accepted()
        for client in clients:
            client.cancel()


def _complaint(number: int) -> dict[str, Any]:
    region, (category, answers) = _KINDS[number % len(_KINDS)]
    return {
        "category": category,
        "answers": answers,
        "location": {"region": region},
        "reporter": {"name": "Sitti", "email": _address(number)},
        "headers": {"Idempotency-Key": str(UUID(int=number, version=4))},
    }


def _address(number: int) -> str:
    return f"sitti{number}@mail.example"
