"""The whole of it: a town, people, one fault after the other, and what is left when it is over."""

import asyncio
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import httpx2

from shared.topics import CASES, COMPLAINTS
from tests.services import Platform
from tests.system.fire.arson import burning, cannot
from tests.system.fire.checking import Seen, Verdict, judge
from tests.system.fire.people import Officers, Probes, officers
from tests.system.fire.schedule import Fault, number_of
from tests.system.fire.town import Town, a_town
from tests.system.judging import taken_over
from tests.system.recount import judge_recount
from tests.system.residents import Crowd, residents
from tests.system.witness import Witness, witnessing
from tests.waiting import until

_LOOK_EVERY_S: Final = 0.5
_LAST_LOOK_S: Final = 1.0


@dataclass(frozen=True)
class Burned:
    """One moment of the fire: what was wrong, how long, and how long it took until complaints arrived again."""

    faults: tuple[Fault, ...]
    lasted_s: float
    recovery_s: float

    @property
    def what(self) -> str:
        return " and ".join(map(str, self.faults))

    def line(self) -> str:
        return f"{self.what:<52} {self.lasted_s:6.1f} s {self.recovery_s:8.1f} s"


@dataclass(frozen=True)
class Report:
    seed: int
    burned: Sequence[Burned]
    skipped: Sequence[str]
    """What this machine can't have, with the reason."""
    accepted: int
    unanswered: int
    """Requests that got no answer, and were sent again."""
    handled: int
    window: float
    verdict: Verdict

    def lines(self) -> list[str]:
        worst = max(self.burned, key=lambda one: one.recovery_s)
        survived = number_of([one.faults for one in self.burned])
        accepted = f"{self.accepted} complaints accepted ({self.unanswered} requests without an answer, repeated)"
        mails = f"mails doubled {self.verdict.doubled}, at most {self.window:.0f} are counted"
        told = (
            f"Seed {self.seed}: {survived} faults survived; {accepted}, {self.handled} handled; lost "
            f"{self.verdict.lost}; {mails}; worst recovery {worst.recovery_s:.1f} s ({worst.what})"
        )
        return [
            *(f"not tried: {why}" for why in self.skipped),
            told,
            *(f"WRONG: {fault}" for fault in self.verdict.wrong[:20]),
        ]


@dataclass
class Senders:
    """What notification says may have gone out twice, life after life: a counter dies with its process."""

    platform: Platform
    counted: float = 0
    _this_life: float = 0

    async def look(self) -> None:
        with suppress(httpx2.TransportError, TimeoutError):
            async with asyncio.timeout(_LAST_LOOK_S):
                self._this_life = await taken_over(self.platform, "notification")

    async def watch(self) -> None:
        while True:
            await self.look()
            await asyncio.sleep(_LOOK_EVERY_S)

    async def before_kill(self, service: str) -> None:
        if service == "notification":
            await self.look()
            self.counted += self._this_life
            self._this_life = 0

    async def all(self) -> float:
        await self.look()
        return self.counted + self._this_life


@dataclass
class Fire:
    town: Town
    crowd: Crowd
    senders: Senders
    burned: list[Burned] = field(default_factory=list[Burned])
    skipped: list[str] = field(default_factory=list[str])

    async def burn(self, schedule: Sequence[tuple[Fault, ...]], complaints: int) -> None:
        """The complaints come in all the time, as many at each fault as at any other."""
        print(f"{'fault':<52} {'lasted':>8} {'recovery':>10}", flush=True)
        probes = Probes(self.crowd)
        await probes.recovery_s()
        for number, faults in enumerate(schedule):
            self.crowd.let_in(complaints * (number + 1) // len(schedule) - complaints * number // len(schedule))
            if possible := tuple(fault for fault in faults if not self._skip(fault)):
                lasted_s = await self._one(possible)
                self.burned.append(Burned(possible, lasted_s, await probes.recovery_s()))
                print(self.burned[-1].line(), flush=True)
                await self.town.is_well_again()

    def _skip(self, fault: Fault) -> bool:
        why = cannot(self.town, fault)
        if why:
            self.skipped.append(f"{fault}: {why}")
        return why is not None

    async def _one(self, faults: tuple[Fault, ...]) -> float:
        began = time.monotonic()
        async with AsyncExitStack() as stack:
            for fault in faults:
                await stack.enter_async_context(burning(self.town, fault, self.senders.before_kill))
            lasts_s = max(fault.lasts_s for fault in faults)
            await until(lambda: time.monotonic() > began + lasts_s, limit_s=lasts_s + 1, every_s=0.05)
        return time.monotonic() - began


async def burn(folder: Path, seed: int, schedule: Sequence[tuple[Fault, ...]], complaints: int) -> Report:
    async with a_town(folder) as town:
        senders = Senders(town.platform)
        async with _watching(senders), residents(town.platform) as crowd, officers(crowd) as desk:
            fire = Fire(town, crowd, senders)
            await fire.burn(schedule, complaints)
            await crowd.all_accepted()
        return await _report(fire, desk, seed)


@asynccontextmanager
async def _watching(senders: Senders) -> AsyncGenerator[None]:
    watching = asyncio.create_task(senders.watch())
    try:
        yield
    finally:
        watching.cancel()


async def _report(fire: Fire, desk: Officers, seed: int) -> Report:
    crowd, window = fire.crowd, 0.0
    async with witnessing(fire.town.platform) as witness:
        await witness.settled()
        window = await fire.senders.all()
        verdict = judge(await _seen(witness, crowd, desk, window))
        wrong = [*verdict.wrong, *[f"{number} answers {status}" for status, number in desk.odd.items()]]
        try:
            await judge_recount(fire.town.platform.http["reporting"], await witness.read(CASES))
        except AssertionError as error:
            wrong.append(f"figures are not those of a recount: {error}")
    return Report(
        seed=seed,
        burned=fire.burned,
        skipped=fire.skipped,
        accepted=len(crowd.tickets),
        unanswered=crowd.unanswered,
        handled=len(desk.handled),
        window=window,
        verdict=Verdict(verdict.lost, verdict.doubled, tuple(wrong)),
    )


async def _seen(witness: Witness, crowd: Crowd, desk: Officers, window: float) -> Seen:
    async def every(service: str, name: str) -> list[dict[str, object]]:
        return await witness.collection(service, name).find().to_list()

    mails = [(str(mail["Message-ID"]), str(mail["To"])) for mail in witness.platform.mail.taken]
    return Seen(
        accepted=crowd.addresses(),
        handled=frozenset(desk.handled),
        submissions=await witness.read(COMPLAINTS),
        events=await witness.read(CASES),
        cases=await every("routing", "cases"),
        projected=await every("reporting", "cases_1"),
        deliveries=await every("notification", "deliveries"),
        mails=mails,
        window=window,
        parked=await witness.parked(),
    )
