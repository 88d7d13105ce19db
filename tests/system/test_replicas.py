"""Two replicas of each consumer; one of each is lost in the middle of a batch, for good or for a while."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field
from email.message import EmailMessage
from pathlib import Path
from typing import Final

import pytest
from aiokafka import TopicPartition
from prometheus_client.parser import text_string_to_metric_families

from deploy.local.processes import LocalServer
from shared.mongo import Document
from shared.settings import KafkaSettings
from shared.topics import COMPLAINTS
from tests.services import Platform, running_platform
from tests.system.judging import judge, taken_over
from tests.system.leases import SHORT_LEASE
from tests.system.residents import Crowd, residents
from tests.system.witness import Witness, witnessing
from tests.waiting import until

pytestmark = [pytest.mark.system, pytest.mark.timeout(600)]

CONSUMERS: Final = ("routing", "notification", "reporting")
EFFECTS: Final[dict[str, tuple[str, Document]]] = {
    "routing": ("cases", {"case": {"$exists": True}}),
    "notification": ("contacts", {"part": {"$exists": True}}),
    "reporting": ("cases_1", {"submission": {"$exists": True}}),
}
"""Collection and query of what a submission does to each service; `_id` is the ticket."""


CONNECTIONS: Final = 6
"""Over which a sender that is stopped may be in the middle of a mail: four, and half as many for what is sent again."""


@pytest.fixture
async def platform(topics: KafkaSettings, mongo_uri: str, tmp_path: Path) -> AsyncGenerator[Platform]:
    """Each consumer twice: `routing` and `routing-2`, and so on."""
    async with running_platform(topics, mongo_uri, tmp_path, **SHORT_LEASE) as platform:
        await asyncio.gather(*(platform.add(service, f"{service}-2", **SHORT_LEASE) for service in CONSUMERS))
        yield platform


@dataclass
class Second:
    """The second replica of a service."""

    witness: Witness
    crowd: Crowd
    service: str

    partitions: set[int] = field(default_factory=set[int])
    """Those of the complaints that it reads."""

    @property
    def name(self) -> str:
        return f"{self.service}-2"

    @property
    def process(self) -> LocalServer:
        return self.witness.platform.processes[self.name]

    async def shares(self) -> None:
        """Wait until both replicas have their partitions."""
        await until(self._shares, limit_s=60)

    async def halt(self) -> None:
        """Suspend it when it has done a part of a batch, or all of it, and has not committed it."""
        if self.service == "notification":
            await self._claim_mail()
        self.process.resume()
        await until(self._is_halted, limit_s=90)

    async def works(self) -> None:
        """Wait until it has finished a batch."""
        await until(self._works, limit_s=60)

    async def _claim_mail(self) -> None:
        """Let it take some of the mail that is due; the first stands still meanwhile, so the new claims are not its."""
        first = self.witness.platform.processes[self.service]
        first.suspend()
        claims = set(await self._claims())
        self.process.resume()
        await until(lambda: self._has_claimed(claims), limit_s=60)
        self.process.suspend()
        first.resume()

    async def _has_claimed(self, before: set[str]) -> bool:
        return not before.issuperset(await self._claims())

    async def _claims(self) -> list[str]:
        return await self.witness.collection("notification", "addresses").distinct("claim")

    async def _shares(self) -> bool:
        one, self.partitions = await self._reads(self.service), await self._reads(self.name)
        # A service answers before it has joined its group; until then the other one has them all.
        each_has_some = bool(one and self.partitions)
        return each_has_some and not one & self.partitions and one | self.partitions == {0, 1, 2}

    async def _reads(self, name: str) -> set[int]:
        text = (await self.witness.platform.http[name].get("/metrics")).text
        samples = [sample for family in text_string_to_metric_families(text) for sample in family.samples]
        lags = [sample.labels for sample in samples if sample.name == "ntbcare_consumer_lag"]
        return {int(labels["partition"]) for labels in lags if labels["topic"] == COMPLAINTS.name}

    async def _works(self) -> bool:
        return await self.witness.platform.metric(self.name, "ntbcare_consumed_total") > 0

    async def _is_halted(self) -> bool:
        self.process.suspend()
        beyond = await self._uncommitted()
        collection, effect = EFFECTS[self.service]
        if await self.witness.collection(self.service, collection).find_one(effect | {"_id": {"$in": beyond}}):
            return True
        self.process.resume()
        if not beyond:
            self.crowd.let_in(50)
        return False

    async def _uncommitted(self) -> list[str]:
        """Tickets of the complaints in its partitions that would be read again."""
        committed = await self.witness.committed(self.service)
        return [
            (record.key or b"").decode()
            for record in await self.witness.read(COMPLAINTS)
            if record.partition in self.partitions
            and record.offset >= committed.get(TopicPartition(record.topic, record.partition), 0)
        ]


async def halted_in_a_batch(witness: Witness, crowd: Crowd) -> list[Second]:
    """The second replicas, each suspended in the middle of a batch."""
    seconds = [Second(witness, crowd, service) for service in CONSUMERS]
    await asyncio.gather(*(second.shares() for second in seconds))
    for second in seconds:
        second.process.suspend()
    # A heap of mail, so that the sender is in the middle of something too.
    witness.platform.mail.slow_s = 0.25
    crowd.let_in(400)
    await crowd.accepted(400)
    await asyncio.gather(*(second.halt() for second in seconds))
    witness.platform.mail.slow_s = 0
    return seconds


def repeated_since(sent: int, mails: Sequence[EmailMessage]) -> int:
    """How many of the first mails were sent again after these."""
    names = [str(mail["Message-ID"]) for mail in mails]
    before = set(names[:sent])
    return sum(name in before for name in names[sent:])


async def test_given_two_replicas_of_each_when_one_of_each_is_killed_in_a_batch_then_the_others_do_everything_once(
    platform: Platform,
) -> None:
    async with witnessing(platform) as witness:
        async with residents(platform) as crowd:
            seconds = await halted_in_a_batch(witness, crowd)

            for second in seconds:
                second.process.kill()
            crowd.let_in(100)
        await witness.settled()

        assert len(set(crowd.tickets.values())) >= 500
        await judge(witness, crowd.addresses(), taken_over=await taken_over(platform, "notification"))


async def test_given_two_replicas_of_each_when_one_of_each_comes_back_with_an_old_batch_then_nothing_is_done_twice(
    platform: Platform,
) -> None:
    async with witnessing(platform) as witness:
        async with residents(platform) as crowd:
            seconds = await halted_in_a_batch(witness, crowd)
            await witness.settled()
            sent = len(platform.mail.taken)

            for second in seconds:
                second.process.resume()
            await asyncio.gather(*(second.shares() for second in seconds))
            crowd.let_in(100)
        await asyncio.gather(*(second.works() for second in seconds))
        await witness.settled()

        assert len(set(crowd.tickets.values())) >= 500
        assert repeated_since(sent, platform.mail.taken) <= CONNECTIONS
        told = await taken_over(platform, "notification", "notification-2")
        await judge(witness, crowd.addresses(), taken_over=told)
