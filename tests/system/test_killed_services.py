"""Services are killed, one after the other and two at once, while residents complain."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from shared.mongo import Collection
from shared.settings import KafkaSettings
from tests.services import Platform, running_platform
from tests.system.judging import judge, taken_over
from tests.system.leases import SHORT_LEASE
from tests.system.residents import Crowd, residents
from tests.system.witness import Witness, witnessing
from tests.waiting import until

pytestmark = [pytest.mark.system, pytest.mark.timeout(600)]


@pytest.fixture
async def platform(topics: KafkaSettings, mongo_uri: str, tmp_path: Path) -> AsyncGenerator[Platform]:
    async with running_platform(topics, mongo_uri, tmp_path, **SHORT_LEASE) as platform:
        yield platform


@dataclass
class Senders:
    """Notification's process, life after life: a counter dies with the process that counted."""

    witness: Witness
    left: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    """Addresses that dead processes had something for in hand, each with the claim."""
    taken_over: float = 0

    async def have_taken_over(self) -> None:
        """Wait until nothing is left of what the dead were sending: only then may the counter die too."""
        await until(self._has_taken_over, limit_s=60)

    async def send(self) -> None:
        """Wait until the living one is in the middle of many mails, and read its counter for the last time."""
        self.witness.platform.mail.slow_s = 0.1
        await until(self._sends_many, limit_s=60)
        await self.count()

    async def died(self) -> None:
        """Not to be called at once: what it wrote last may still be on its way to the database."""
        self.witness.platform.mail.slow_s = 0
        claimed = await self._addresses.find({"claim": {"$exists": True}}).to_list()
        claims = {one["_id"]: one["claim"] for one in claimed}
        unsent = await self._deliveries.distinct("to", {"state": "queued", "to": {"$in": list(claims)}})
        self.left += [(address, claims[address]) for address in unsent]

    async def count(self) -> None:
        """Once a life, at its end."""
        self.taken_over += await taken_over(self.witness.platform, "notification")

    @property
    def _deliveries(self) -> Collection:
        return self.witness.collection("notification", "deliveries")

    @property
    def _addresses(self) -> Collection:
        return self.witness.collection("notification", "addresses")

    async def _has_taken_over(self) -> bool:
        dead = {"claim": {"$in": [claim for _, claim in self.left]}}
        return await self._addresses.count_documents(dead) == 0

    async def _sends_many(self) -> bool:
        return await self._addresses.count_documents({"claim": {"$exists": True}}) >= 8


async def fall(crowd: Crowd, senders: Senders, *services: str) -> None:
    """These are killed in the middle of what comes in, and come back while more comes in."""
    processes = [crowd.platform.processes[service] for service in services]
    sends = "notification" in services
    if sends:
        await senders.have_taken_over()
    crowd.let_in(80)
    await crowd.accepted(30)
    if sends:
        await senders.send()
    for process in processes:
        process.kill()
    crowd.let_in(80)
    await (crowd.refused() if "intake" in services else crowd.accepted(40))
    if sends:
        await senders.died()
    await asyncio.gather(*(process.start() for process in processes))


async def test_given_a_thousand_complaints_when_services_are_killed_in_turn_and_in_pairs_then_each_has_its_effect_once(
    platform: Platform,
) -> None:
    async with witnessing(platform) as witness:
        senders = Senders(witness)

        async with residents(platform) as crowd:
            crowd.let_in(40)
            for service in ("routing", "notification", "reporting", "intake"):
                await fall(crowd, senders, service)
            await fall(crowd, senders, "routing", "notification")
            await fall(crowd, senders, "reporting", "intake")
        await witness.settled()
        await senders.count()

        assert len(set(crowd.tickets.values())) == 1_000
        assert crowd.unanswered > 0
        assert 0 < senders.taken_over == len(senders.left)
        await judge(witness, crowd.addresses(), taken_over=senders.taken_over)
