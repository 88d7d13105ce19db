"""Who goes on while it burns: officers who handle cases, and somebody who looks whether a complaint arrives again."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final

import httpx2

from tests.services import Platform
from tests.system.residents import Crowd
from tests.waiting import until

_OFFICERS: Final = 4
_EVERY: Final = 5
"""Of so many complaints one is handled."""
_PROBES: Final = 900_001
"""Where the numbers of those begin that are only there to be seen again."""
_STEPS: Final = (("accept", {"accepted", "in_progress", "resolved"}), ("resolve", {"resolved"}))
"""What officers do, and the states that say that it is done."""


@dataclass
class Officers:
    """Each accepts a case, then resolves it; whatever is answered they look and try again."""

    crowd: Crowd
    handled: list[str] = field(default_factory=list[str])
    """Tickets."""
    odd: Counter[int] = field(default_factory=Counter[int])
    """Answers that nobody promised, by status."""
    _taken: set[int] = field(default_factory=set[int])

    def left(self) -> list[int]:
        """Numbers of accepted complaints that nobody has begun with."""
        numbers = [number for number in list(self.crowd.tickets) if number < _PROBES and number % _EVERY == 0]
        return [number for number in numbers if number not in self._taken]

    async def all_handled(self) -> None:
        await until(lambda: not self.left() and len(self.handled) == len(self._taken), limit_s=120, every_s=0.1)

    async def work(self) -> None:
        """What one officer does, for ever."""
        while True:
            number = await until(lambda: next(iter(self.left()), -1) + 1, limit_s=600, every_s=0.1) - 1
            self._taken.add(number)
            await self._handle(self.crowd.tickets[number])

    async def _handle(self, ticket: str) -> None:
        for action, done in _STEPS:
            await until(lambda action=action, done=done: self._acts(ticket, action, done), limit_s=90, every_s=0.2)
        self.handled.append(ticket)

    async def _acts(self, ticket: str, action: str, done: set[str]) -> bool:
        """Whether it is done now, by this request or by one whose answer was lost."""
        platform, path = self.crowd.platform, f"/v1/desk/cases/{ticket}"
        try:
            seen = await platform.http["routing"].get(path, headers=platform.signed_in("coordinator"))
            if seen.status_code != 200:
                return self._note(seen.status_code)
            found = seen.json()
            if found["case"]["status"] in done:
                return True
            if not found["case"]["agency"]:
                return False
            officer = platform.signed_in("officer", found["case"]["agency"]) | {"If-Match": str(found["revision"])}
            said = {"text": "Sudah kami periksa dan kerjakan."}
            acted = await platform.http["routing"].post(f"{path}/{action}", json=said, headers=officer)
            return acted.status_code == 200 or self._note(acted.status_code)
        except httpx2.TransportError:
            return False

    def _note(self, status: int) -> bool:
        """Not there yet, not as it was seen, and not now: these are promised."""
        if status not in {404, 409, 412, 503}:
            self.odd[status] += 1
        return False


@asynccontextmanager
async def officers(crowd: Crowd) -> AsyncGenerator[Officers]:
    """At the end whatever is theirs is handled."""
    desk = Officers(crowd)
    async with asyncio.TaskGroup() as group:
        workers = [group.create_task(desk.work()) for _ in range(_OFFICERS)]
        yield desk
        await desk.all_handled()
        for worker in workers:
            worker.cancel()


@dataclass
class Probes:
    """Complaints that are sent to see how long it takes until they are in reporting, with an agency."""

    crowd: Crowd
    number: int = _PROBES

    async def recovery_s(self) -> float:
        """From now on."""
        began = time.monotonic()
        self.number += 1
        ticket = await self.crowd.insist(self.number)
        await until(lambda: _arrived(self.crowd.platform, ticket), limit_s=60, every_s=0.05)
        return time.monotonic() - began


async def _arrived(platform: Platform, ticket: str) -> bool:
    try:
        answer = await platform.http["reporting"].get(f"/v1/cases/{ticket}?wait=1&after=1")
    except httpx2.TransportError:
        return False
    return answer.status_code == 200 and len(answer.json()["history"]) > 1
