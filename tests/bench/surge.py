"""The day of an earthquake in some minutes: 20 000 complaints, half of them in a sixth of the time.

Most are about a few hundred facts, each told by many in their own words. `MINUTES=5` (what the day is pressed into),
`COMPLAINTS=20000`. Ends when each is a case, with an agency or in triage, and everybody was told.
"""

import asyncio
import os
import random
import time
from dataclasses import dataclass, field
from typing import Any, Final

from tests.bench.client import Connection
from tests.bench.figures import percentiles
from tests.bench.lifecycle import nothing_waits
from tests.bench.stage import Stage, running_stage
from tests.waiting import until

_FACTS: Final = 300
_OWN: Final = 0.2
"""So many tell of something that nobody else tells of."""
_HALF: Final = 4 / 24
_LIMIT_S: Final = 900.0
_KINDS: Final[tuple[dict[str, Any], ...]] = (
    {"category": "disaster.quake_house"},
    {"category": "road.damage", "answers": {"road_class": "regency"}},
    {"category": "water.supply"},
    {"category": "health.service"},
)
_WHERE: Final = ("depan masjid", "dekat pasar", "di belakang sekolah", "di ujung kampung", "samping puskesmas")
_WHAT: Final = (
    ("rumah", "roboh", "dindingnya runtuh", "atapnya jatuh", "tidak bisa ditempati"),
    ("jalan", "retak", "terbelah", "tertutup longsor", "tidak bisa dilewati"),
    ("pipa air", "pecah", "bocor besar", "kering sejak gempa", "airnya keruh"),
    ("puskesmas", "penuh", "kekurangan obat", "tenda bocor", "pasien di halaman"),
)
_TOWNS: Final = ((-8.5833, 116.1167), (-8.6510, 116.5380), (-8.7050, 116.2700))


@dataclass
class Day:
    stage: Stage
    complaints: int
    seconds: list[float] = field(default_factory=list[float])
    errors: int = 0
    _facts: random.Random = field(default_factory=lambda: random.Random(7))

    def due(self, lasts_s: float) -> list[float]:
        """Half come in the first sixth of the day."""
        drawn, half = random.Random(1), self.complaints // 2
        early = [drawn.uniform(0, lasts_s * _HALF) for _ in range(half)]
        return sorted(early + [drawn.uniform(lasts_s * _HALF, lasts_s) for _ in range(self.complaints - half)])

    async def comes(self, lasts_s: float) -> None:
        """Each sent when it is due, whoever still waits for an answer."""
        began, idle = time.perf_counter(), list[Connection]()
        async with asyncio.TaskGroup() as group:
            for number, due in enumerate(self.due(lasts_s)):
                await asyncio.sleep(max(0.0, began + due - time.perf_counter()))
                group.create_task(self._one(idle, self.body(number), began + due))
        for connection in idle:
            connection.close()

    async def _one(self, idle: list[Connection], body: dict[str, Any], due: float) -> None:
        connection = idle.pop() if idle else Connection(self.stage.port("intake"))
        answer = await connection.ask("POST", "/v1/complaints", body)
        self.seconds.append(time.perf_counter() - due)
        self.errors += answer.status != 202
        idle.append(connection)

    def body(self, number: int) -> dict[str, Any]:
        told = random.Random(number)
        fact = number + _FACTS if told.random() < _OWN else told.randrange(_FACTS)
        drawn = random.Random(fact)
        kind = drawn.randrange(len(_KINDS))
        what, where = _WHAT[kind], drawn.choice(_WHERE)
        said = told.sample(what[1:], 2)
        latitude, longitude = (middle + drawn.gauss(0, 0.01) for middle in drawn.choice(_TOWNS))
        place = f"{where}, blok {drawn.randrange(900)}"
        text = f"Setelah gempa {what[0]} {place}: {said[0]} dan {said[1]}. Mohon dibantu segera."
        return {
            **_KINDS[kind],
            "text": text,
            "location": {"latitude": round(latitude, 5), "longitude": round(longitude, 5), "address": where},
            "reporter": {"name": "Sitti Aminah", "email": f"warga{number}@mail.example"},
        }


async def run() -> dict[str, Any]:
    lasts_s = 60 * float(os.environ.get("MINUTES") or 5)
    async with running_stage() as stage:
        day = Day(stage, int(os.environ.get("COMPLAINTS") or 20_000))
        began = time.perf_counter()
        await day.comes(lasts_s)
        accepted_s = time.perf_counter() - began
        await until(lambda: _all_routed(stage, day.complaints - day.errors), _LIMIT_S)
        routed_s = time.perf_counter() - began
        await until(lambda: nothing_waits(stage), _LIMIT_S)
        told_s = time.perf_counter() - began
        async with stage.database("notification") as database:
            sent = await database["deliveries"].count_documents({"state": "sent"})
        async with stage.database("routing") as database:
            triage = await database["cases"].count_documents({"case.agency": None})
            alike = await database["cases"].count_documents({"case.linked_to": {"$exists": True}})
    return {
        "complaints": day.complaints,
        "lasts_s": lasts_s,
        "accepting": percentiles(day.seconds),
        "errors": day.errors,
        "accepted_after_s": round(accepted_s, 1),
        "routed_after_s": round(routed_s, 1),
        "told_after_s": round(told_s, 1),
        "mails": sent,
        "in_triage": triage,
        "said_to_be_alike": alike,
    }


async def _all_routed(stage: Stage, complaints: int) -> bool:
    async with stage.database("routing") as database:
        return await database["cases"].count_documents({"case.status": {"$exists": True}}) >= complaints
