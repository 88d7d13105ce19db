"""Two replicas of notification, and every message once: whatever is repeated, killed, away or refused."""

import asyncio
import json
import os
import time
from collections import Counter
from collections.abc import AsyncGenerator, Iterable, Sequence
from dataclasses import dataclass
from random import Random
from typing import Final
from uuid import uuid4

import pytest
import pytest_asyncio

from shared.events.notices import Channel, Recipient
from shared.mongo import Document
from shared.settings import KafkaSettings
from shared.topics import NOTICES
from tests.notification.examples import a_ticket
from tests.servers import Kafka, Mongod
from tests.services import SERVICES, Platform, running_platform
from tests.system.audience import DIGESTS, Audience
from tests.system.falls import REPLICAS, Falls
from tests.system.judging import taken_over
from tests.system.leases import SHORT_LEASE, WAYS
from tests.system.news import EVENTS, Press, Story, a_story, messages_of, publishing
from tests.system.outcomes import be_bad, outcomes, places, steps_told, types_of
from tests.system.outside import drop_database
from tests.system.receivers import Arrived, Receivers, receiving
from tests.system.witness import Witness, witnessing
from tests.waiting import until

pytestmark = [pytest.mark.system, pytest.mark.timeout(600), pytest.mark.asyncio(loop_scope="module")]

CASES: Final = 1_700
KILLS: Final = 8
AWAY_S: Final = float(os.environ.get("NTBCARE_AWAY_S", "60"))
"""How long nobody takes messages; 60 for the long run."""
SOON: Final = {
    **{f"NOTIFICATION_{way}__LONGEST_DELAY": "PT2S" for way in WAYS},
    **{f"NOTIFICATION_{way}__LONGEST_WAIT_S": "2" for way in WAYS},
}
EVERY_S: Final = 0.1


@dataclass(frozen=True)
class Stage:
    """Notification twice, and nothing else: the directory is on its topic, the rest is published by the test."""

    platform: Platform
    receivers: Receivers
    witness: Witness
    press: Press
    random: Random

    async def settled(self) -> None:
        """Return when everything is read, and nothing is left to be sent or told."""
        await until(self._is_settled, limit_s=90, every_s=EVERY_S)

    async def some_arrive(self, number: int) -> None:
        wanted = len(self.receivers) + number
        await until(lambda: len(self.receivers) >= wanted, limit_s=60, every_s=EVERY_S)

    async def deliveries(self, stories: Iterable[Story]) -> list[Document]:
        tickets = [story.ticket for story in stories]
        return await self.witness.collection("notification", "deliveries").find({"ticket": {"$in": tickets}}).to_list()

    def arrived(self, stories: Iterable[Story]) -> list[Arrived]:
        """What is of these."""
        known = messages_of(stories)
        return [one for one in self.receivers.arrived() if one.reference in known]

    async def _is_settled(self) -> bool:
        return await self.witness.behind("notification") == 0 and await self.witness.undone("notification") is None


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stage(kafka: Kafka, mongod: Mongod, tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Stage]:
    topics = KafkaSettings(bootstrap=kafka.bootstrap, namespace=f"system-{uuid4().hex[:8]}", partitions=6)
    folder, random = tmp_path_factory.mktemp("notices"), Random(1)
    async with receiving(folder / "arrivals") as receivers:
        variables = SHORT_LEASE | SOON | DIGESTS | receivers.variables()
        async with running_platform(topics, mongod.uri, folder, **variables) as platform:
            await platform.add(REPLICAS[0], REPLICAS[1], **variables)
            for service in set(SERVICES) - {"notification"}:
                await platform.processes[service].stop()
            async with witnessing(platform) as witness, publishing(topics, random) as press:
                yield Stage(platform, receivers, witness, press, random)
    for service in SERVICES:
        await drop_database(mongod.uri, platform.database(service).database)


async def test_given_two_replicas_and_repeated_records_when_they_are_killed_at_random_then_each_message_comes_once(
    stage: Stage,
) -> None:
    stories, falls = [a_story(number) for number in range(CASES)], Falls(stage.witness)
    wanted, began = messages_of(stories), time.monotonic()
    asked_for = [
        Counter((one.recipient, one.sequence, one.channel) for one in story.messages.values()) for story in stories
    ]
    assert asked_for == [by_hand(number) for number in range(CASES)]

    stage.receivers.mail.slow_s = 0.03
    records = sum([await fall(stage, falls, part) for part in parts(stories, KILLS)])
    stage.receivers.mail.slow_s = 0
    await stage.settled()

    seconds, came = time.monotonic() - began, Counter(one.reference for one in stage.receivers.arrived())
    stored, counted = await stage.deliveries(stories), await falls.counted()
    doubles, again = came.total() - len(came), sum(one["attempts"] - 1 for one in stored)
    print(
        f"\n{CASES * EVENTS} case events in {records} records, {len(wanted)} messages on three channels, "
        f"{falls.number} kills: {doubles} doubles, {counted:.0f} counted, {again} tried again, {seconds:.0f} s"
    )
    assert {(one.reference, one.channel, one.address) for one in stage.receivers.arrived()} == places(wanted)
    assert doubles <= counted
    assert all(came[name] == 1 for name, message in wanted.items() if message.channel is Channel.SMS)
    assert Counter(one["state"] for one in stored) == {"sent": len(wanted)}
    assert await stage.witness.parked() == 0


def by_hand(number: int) -> Counter[tuple[Recipient, int, Channel]]:
    """Who is to hear of which event on which way: not by our rules, but as everybody was promised."""
    way = {6: Channel.SMS, 7: Channel.SMS, 8: Channel.WHATSAPP, 9: Channel.WHATSAPP}.get(number % 10, Channel.EMAIL)
    on_duty = (Channel.EMAIL, Channel.SMS, Channel.WHATSAPP) if number % 6 == 0 else (Channel.EMAIL,)
    reporter = [(Recipient.REPORTER, sequence, way) for sequence in (1, 2, 3)]
    return Counter([*reporter, *((Recipient.AGENCY, 2, one) for one in on_duty)])


async def test_given_servers_and_gateways_that_are_away_when_they_come_back_then_everybody_gets_everything_in_order(
    stage: Stage,
) -> None:
    stories = [a_story(number) for number in range(10_000, 10_120)]
    ends_at = time.monotonic() + AWAY_S

    with stage.receivers.away():
        await stage.press.publish(stories[:60])
        await until(lambda: all_rest(stage.platform), limit_s=30, every_s=EVERY_S)
        await stage.press.publish(stories[60:])
        await until(lambda: time.monotonic() > ends_at, limit_s=AWAY_S + 5, every_s=EVERY_S)
        meanwhile = stage.arrived(stories)
    back_at = time.monotonic()
    await stage.settled()

    wanted, came = messages_of(stories), stage.arrived(stories)
    print(f"\naway for {AWAY_S:.0f} s, all {len(wanted)} messages {time.monotonic() - back_at:.1f} s afterwards")
    assert meanwhile == []
    assert sorted(one.reference for one in came) == sorted(wanted)
    assert steps_told(came, wanted) == {story.ticket: [1, 2, 3] for story in stories}
    assert Counter(one["state"] for one in await stage.deliveries(stories)) == {"sent": len(wanted)}


async def test_given_recipients_who_can_never_be_reached_when_others_are_told_too_then_these_get_all_and_those_fail(
    stage: Stage,
) -> None:
    refused = a_story(20_001, email="refused@mail.example")
    hanging = a_story(20_002, email="hanging@mail.example")
    unusable = a_story(20_003, email="nobody@nowhere..example")
    by_phone = a_story(20_008, email="nobody@nowhere..example", phone="+6281200003", prefers=None)
    unknown = a_story(20_006, email=None, phone="+6281200001", prefers=Channel.SMS)
    moved = a_story(20_007, email=None, phone="+6281200002", prefers=Channel.WHATSAPP)
    others = [a_story(number) for number in range(20_010, 20_070)]
    be_bad(stage.receivers)

    await stage.press.publish([refused, hanging, unusable, by_phone, unknown, moved, *others])
    await stage.settled()

    assert sorted(one.reference for one in stage.arrived(others)) == sorted(messages_of(others))
    assert outcomes(await stage.deliveries([refused])) == [("email", "failed", "550")] * EVENTS
    assert outcomes(await stage.deliveries([unusable])) == [("email", "failed", "unusable_address")] * EVENTS
    assert outcomes(await stage.deliveries([by_phone])) == [
        *[("email", "failed", "unusable_address")] * EVENTS,
        *[("whatsapp", "sent", None)] * EVENTS,
    ]
    assert outcomes(await stage.deliveries([hanging])) == [("email", "sent", None)] * EVENTS
    assert outcomes(await stage.deliveries([unknown])) == [
        *[("sms", "failed", "unknown_recipient")] * EVENTS,
        *[("whatsapp", "failed", "undeliverable")] * EVENTS,
    ]
    assert outcomes(await stage.deliveries([moved])) == [
        *[("sms", "sent", None)] * EVENTS,
        *[("whatsapp", "failed", "undeliverable")] * EVENTS,
    ]
    bad = [refused, hanging, unusable, by_phone, unknown, moved]
    told = Counter(types_of(await stage.witness.read(NOTICES), bad))
    assert told == {"notice.failed.v1": 6 * EVENTS, "notice.sent.v1": 3 * EVENTS + len(bad)}


async def test_given_followers_digests_and_a_system_when_a_replica_is_killed_then_each_is_told_everything_once(
    stage: Stage,
) -> None:
    audience, falls = Audience(stage.platform, stage.receivers, stage.witness), Falls(stage.witness)
    numbers, agency = range(30_000, 30_000 + 40 * 40, 40), "PUPR-52.01"
    wide = [f"wilayah{number}@warga.example" for number in range(8)]
    before, registered_at = await taken_over(stage.platform, *REPLICAS), time.monotonic()
    await audience.register(agency)
    for address in wide:
        await audience.follow(address, region="52.03")
    await audience.follow("kasus@warga.example", case=a_ticket(numbers[0]))
    # As long as a replica may not know of a new webhook.
    await until(lambda: time.monotonic() > registered_at + 3)
    stories = [a_story(number) for number in numbers]

    await stage.press.publish(stories)
    stage.receivers.mail.slow_s = 0.3
    await audience.the_hour_comes()
    await stage.some_arrive(2)
    name = stage.random.choice(REPLICAS)
    await falls.kill(name)
    await stage.platform.processes[name].start()
    stage.receivers.mail.slow_s = 0
    await stage.settled()

    stored, came = await audience.followed(stories), audience.mails_to([*wide, "kasus@warga.example"])
    calls, doubles = audience.calls_of(agency), came.total() - len(came)
    print(f"\n{len(stored)} told to followers in {len(came)} mails, {doubles} doubles; {len(calls)} calls")
    assert Counter(Counter(one["to"] for one in stored).values()) == {len(stories) * EVENTS: len(wide), EVENTS: 1}
    assert {one["state"] for one in stored} == {"sent"}
    assert set(came) == {one["message"] for one in stored}
    assert len(came) < len(stored) / 10
    assert doubles <= await falls.counted() - before
    assert [call["position"] for call in calls] == list(range(1, len(calls) + 1))
    assert {(call["subject"], call["sequence"]) for call in calls} == concerns(stories, agency)


def concerns(stories: Iterable[Story], agency: str) -> set[tuple[str, str]]:
    """Ticket and number of each event from the one on that gave the agency the case."""
    theirs = [story for story in stories if json.loads(story.done[1].value or b"")["agency"] == agency]
    return {(story.ticket, str(number)) for story in theirs for number in range(2, EVENTS + 1)}


async def fall(stage: Stage, falls: Falls, stories: Sequence[Story]) -> int:
    """One of the two dies in the middle of what comes in, and comes back while more comes in; returns the records."""
    await falls.are_made_good()
    half = len(stories) // 2
    records = await stage.press.publish(stories[:half])
    await stage.some_arrive(half)
    name = stage.random.choice(REPLICAS)
    await falls.kill(name)
    starting = asyncio.create_task(stage.platform.processes[name].start())
    records += await stage.press.publish(stories[half:])
    await starting
    return records


def parts(stories: Sequence[Story], number: int) -> list[Sequence[Story]]:
    return [stories[place::number] for place in range(number)]


async def all_rest(platform: Platform) -> bool:
    """Whether some replica or other knows of each channel that it cannot be used."""
    channels = (Channel.EMAIL, Channel.SMS, Channel.WHATSAPP)
    reachable = [await reached(platform, channel) for channel in channels]
    return all(number < len(REPLICAS) for number in reachable)


async def reached(platform: Platform, channel: Channel) -> float:
    return sum([await platform.metric(name, "ntbcare_channel_reachable", channel=channel) for name in REPLICAS])
