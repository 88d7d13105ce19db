"""Whoever follows is told until they leave; then nothing of their address is anywhere."""

from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Final

import pytest

from shared.records import tombstone
from shared.settings import KafkaSettings
from shared.topics import PERSONAL
from tests.services import Platform, running_platform
from tests.system.outside import publish_as
from tests.system.subscribers import Subscriber
from tests.system.traces import held, leaks
from tests.system.witness import Witness, witnessing
from tests.waiting import until

pytestmark = [pytest.mark.system, pytest.mark.timeout(600)]

FOLLOWER: Final = "pengikut.setia@warga.example"
NOT_NOW: Final = "421 4.3.2 not now"


@pytest.fixture
async def platform(topics: KafkaSettings, mongo_uri: str, tmp_path: Path) -> AsyncGenerator[Platform]:
    """Its mail rests for a second at most after the mail server could not be used."""
    soon = {"NOTIFICATION_SMTP__LONGEST_WAIT_S": "1"}
    async with running_platform(topics, mongo_uri, tmp_path, **soon) as platform:
        yield platform


async def test_given_a_follower_when_they_leave_with_mail_in_the_queue_then_nothing_of_the_address_is_left(
    platform: Platform,
) -> None:
    follower = Subscriber(platform, FOLLOWER)

    async with witnessing(platform) as witness:
        await follower.follow(region="52.03")
        ticket = (await platform.submit()).json()["ticket"]
        await follower.has(3)
        await erase(witness, ticket)
        await witness.settled()
        stays = await held(platform, [FOLLOWER])
        platform.mail.to_sender.extend([NOT_NOW] * 10_000)
        await platform.submit()
        await until(lambda: queued(witness, 2), limit_s=60)

        await follower.leave()
        left = await held(platform, [FOLLOWER])
        platform.mail.to_sender.clear()
        await witness.settled()

        assert stays == {"routing": [], "notification": [FOLLOWER], "reporting": []}
        assert left == {"routing": [], "notification": [], "reporting": []}
        assert len(follower.mails()) == 3
        assert await suppressed(witness) == ["opted_out"] * 2
        assert await held(platform, [FOLLOWER]) == left
        assert await leaks(platform, witness, [FOLLOWER]) == {}


async def erase(witness: Witness, ticket: str) -> None:
    """The reporter, whom the follower has nothing to do with."""
    keys = {(record.key or b"").decode() for record in await witness.read(PERSONAL)}
    gone = [tombstone(PERSONAL, key) for key in keys if key.startswith(f"{ticket}:")]
    await publish_as("intake", witness.platform.kafka, *gone)


async def queued(witness: Witness, number: int) -> bool:
    left = {"recipient": "follower", "state": "queued"}
    return await witness.collection("notification", "deliveries").count_documents(left) == number


async def suppressed(witness: Witness) -> list[str]:
    """Why, of what was for the follower."""
    wanted = {"recipient": "follower", "state": "suppressed"}
    found = await witness.collection("notification", "deliveries").find(wanted).to_list()
    return [one["reason"] for one in found]
