"""Whole lives of complaints: create, accept, resolve, read the resolved case from reporting. Four calls, 32 clients.

`STORED="0 100000 1000000"`: with mail, on one stage that gets so many complaints of earlier days, at the highest rate
and at half of it; and how much of the first highest rate each keeps.
"""

import asyncio
import os
import time
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from tests.bench.client import Connection, connected_to
from tests.bench.complaints import draw_complaint
from tests.bench.figures import percentiles
from tests.bench.profiles import profiled
from tests.bench.stage import Stage, running_stage, submit_body, until_idle
from tests.bench.stored import fill
from tests.waiting import until

CLIENTS: Final = 32
WARM_S, MEASURED_S = 10.0, 30.0
SETTLED_S: Final = 10.0
"""So long after the last call everything must be consumed and every mail out."""
MAILS: Final = 4
"""Of a lifecycle: received, assigned, resolved, and the agency's."""

Connections = tuple[Connection, Connection, Connection]
"""To intake, routing and reporting."""


@dataclass
class Run:
    stage: Stage
    mail: bool
    seconds: list[float] = field(default_factory=list[float])
    errors: int = 0
    _officers: dict[str, dict[str, str]] = field(default_factory=dict[str, dict[str, str]])
    """Headers by agency."""

    async def load(self, duration_s: float) -> float:
        """Returns lifecycles a second."""
        self.seconds.clear()
        began = time.perf_counter()
        await asyncio.gather(*(self._client(began + duration_s) for _ in range(CLIENTS)))
        return len(self.seconds) / (time.perf_counter() - began)

    async def _client(self, ends: float) -> None:
        async with self._connected() as connections:
            while time.perf_counter() < ends:
                await self._one(connections, time.perf_counter())

    async def paced(self, per_second: float, duration_s: float) -> None:
        """Begin so many lives a second, however many are under way; each is timed from when it was due."""
        self.seconds.clear()
        began = time.perf_counter()
        async with AsyncExitStack() as stack, asyncio.TaskGroup() as group:
            idle: list[Connections] = []
            for number in range(int(per_second * duration_s)):
                due = began + number / per_second
                await asyncio.sleep(max(0.0, due - time.perf_counter()))
                connections = idle.pop() if idle else await stack.enter_async_context(self._connected())
                group.create_task(self._one(connections, due)).add_done_callback(
                    lambda _, free=connections: idle.append(free)
                )

    @asynccontextmanager
    async def _connected(self) -> AsyncGenerator[Connections]:
        port = self.stage.port
        async with (
            connected_to(port("intake")) as intake,
            connected_to(port("routing")) as routing,
            connected_to(port("reporting")) as reporting,
        ):
            yield intake, routing, reporting

    async def _one(self, connections: Connections, began: float) -> None:
        if await self._life(*connections):
            self.seconds.append(time.perf_counter() - began)
        else:
            self.errors += 1

    async def _life(self, intake: Connection, routing: Connection, reporting: Connection) -> bool:
        body, agency = draw_complaint(mail=self.mail)
        ticket, revision = await submit_body(intake, body), 1
        for action in ("accept", "resolve"):
            path = f"/v1/desk/cases/{ticket}/{action}?wait=5"
            said = {"text": "Lubang di depan pasar sudah ditambal hari ini."} if action == "resolve" else {}
            acted = await routing.ask("POST", path, said, self._officer(agency) | {"If-Match": str(revision)})
            if acted.status != 200:
                return False
            revision = acted.json()["revision"]
        answer = await reporting.ask("GET", f"/v1/cases/{ticket}?wait=5&after=3")
        return answer.status == 200 and answer.json()["status"] == "resolved"

    def _officer(self, agency: str) -> dict[str, str]:
        if agency not in self._officers:
            self._officers[agency] = self.stage.platform.signed_in("officer", agency)
        return self._officers[agency]


async def run() -> dict[str, Any]:
    if stored := [int(number) for number in os.environ.get("STORED", "").split()]:
        async with running_stage() as stage:
            return await _measure_stored(stage, stored)
    figures: dict[str, Any] = {}
    for mail in (False, True):
        async with running_stage() as stage:
            figures |= await _measure(stage, mail=mail)
    return figures


async def _measure(stage: Stage, *, mail: bool) -> dict[str, Any]:
    if not mail:
        await _take_addresses_away(stage)
    run = Run(stage, mail)
    await run.load(WARM_S)
    await until_idle(stage.platform)
    run.errors = 0
    async with profiled(stage.platform):
        rate = await run.load(MEASURED_S)
    late = await _late(stage)
    name = "with_mail" if mail else "without_mail"
    return {name: {"per_second": round(rate, 1), **percentiles(run.seconds), "errors": run.errors, **late}}


async def _measure_stored(stage: Stage, stored: list[int]) -> dict[str, Any]:
    run, before, rows = Run(stage, mail=True), 0, dict[str, Any]()
    await run.load(WARM_S)
    for number in stored:
        await until_idle(stage.platform)
        if number > before:
            await fill(stage, before, number)
            await run.load(WARM_S)
            await until_idle(stage.platform)
        before, run.errors = number, 0
        rows[str(number)] = await _at(run)
        print(f"{number:>9} stored: {rows[str(number)]}", flush=True)
    highest = [row["per_second"] for row in rows.values()]
    return {"stored": rows, "kept": {number: round(row["per_second"] / highest[0], 2) for number, row in rows.items()}}


async def _at(run: Run) -> dict[str, Any]:
    """At the highest rate, then at half of it."""
    async with profiled(run.stage.platform):
        rate = await run.load(MEASURED_S)
    late = await _late(run.stage)
    at_most = percentiles(run.seconds)
    await run.paced(rate / 2, MEASURED_S)
    half = {"at_half": percentiles(run.seconds), "errors": run.errors}
    return {"per_second": round(rate, 1), **at_most, **late, **half}


async def _late(stage: Stage) -> dict[str, Any]:
    """What was left after the time that everything has to settle; the run counts only if that is nothing."""
    began = time.perf_counter()
    try:
        await until(lambda: nothing_waits(stage), SETTLED_S)
    except TimeoutError:
        return {"counts": False, "lag": await stage.platform.lag(), "mails_left": await _mails_left(stage)}
    return {"counts": True, "settled_after_s": round(time.perf_counter() - began, 1)}


async def nothing_waits(stage: Stage) -> bool:
    """No records that are not consumed, no mails that are not out."""
    return await stage.platform.lag() == 0 and await _mails_left(stage) == 0


async def _mails_left(stage: Stage) -> int:
    async with stage.database("notification") as database:
        return await database["deliveries"].count_documents({"next_at": {"$exists": True}})


async def _take_addresses_away(stage: Stage) -> None:
    """Then notification still decides about every mail, and says that it could not be sent."""
    change = {"$unset": {"entry.email": ""}, "$inc": {"revision": 1}, "$currentDate": {"recorded_at": True}}
    async with stage.database("routing") as database:
        await database["directory"].update_many({"entry.kind": "agency"}, change)
