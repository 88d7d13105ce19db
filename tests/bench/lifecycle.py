"""Whole lives of complaints: create, accept, resolve, read the resolved case from reporting. Four calls, 32 clients."""

import asyncio
import time
from dataclasses import dataclass, field
from typing import Any, Final

from tests.bench.client import Connection, connected_to
from tests.bench.complaints import draw_complaint
from tests.bench.figures import percentiles
from tests.bench.profiles import profiled
from tests.bench.stage import Stage, running_stage, submit_body, until_idle
from tests.waiting import until

CLIENTS: Final = 32
WARM_S, MEASURED_S = 10.0, 30.0
SETTLED_S: Final = 10.0
"""So long after the last call everything must be consumed and every mail out."""
MAILS: Final = 4
"""Of a lifecycle: received, assigned, resolved, and the agency's."""


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
        port = self.stage.port
        async with (
            connected_to(port("intake")) as intake,
            connected_to(port("routing")) as routing,
            connected_to(port("reporting")) as reporting,
        ):
            while time.perf_counter() < ends:
                began = time.perf_counter()
                if await self._life(intake, routing, reporting):
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


async def _late(stage: Stage) -> dict[str, Any]:
    """What was left after the time that everything has to settle; the run counts only if that is nothing."""
    began = time.perf_counter()
    try:
        await until(lambda: _settled(stage), SETTLED_S)
    except TimeoutError:
        return {"counts": False, "lag": await stage.platform.lag(), "mails_left": await _mails_left(stage)}
    return {"counts": True, "settled_after_s": round(time.perf_counter() - began, 1)}


async def _settled(stage: Stage) -> bool:
    return await stage.platform.lag() == 0 and await _mails_left(stage) == 0


async def _mails_left(stage: Stage) -> int:
    async with stage.database("notification") as database:
        return await database["deliveries"].count_documents({"next_at": {"$exists": True}})


async def _take_addresses_away(stage: Stage) -> None:
    """Then notification still decides about every mail, and says that it could not be sent."""
    change = {"$unset": {"entry.email": ""}, "$inc": {"revision": 1}, "$currentDate": {"recorded_at": True}}
    async with stage.database("routing") as database:
        await database["directory"].update_many({"entry.kind": "agency"}, change)
