"""A mail server that refuses some recipients, hangs with others or drops the line; and one that is not there at all."""

import asyncio
import time
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Final

import pytest

from deploy.local.ports import free_port
from shared.settings import KafkaSettings
from tests.services import Platform, running_platform
from tests.smtp_sink import DROP, HANG, Sink, listening
from tests.system.outside import read_database
from tests.waiting import until

pytestmark = [pytest.mark.system, pytest.mark.timeout(600)]

HANGS_FOR_S: Final = 28
"""Until the sender gives up: all the time that a lease of two minutes leaves."""
SOON: Final = {
    "NOTIFICATION_SMTP__FIRST_DELAY": "PT1S",
    "NOTIFICATION_SMTP__LONGEST_DELAY": "PT2S",
    "NOTIFICATION_SENDING__LOOK_EVERY": "PT1S",
}
DELIVERED: Final = {"received": "notice.sent.v1", "assigned": "notice.sent.v1"}
FAILED: Final = {"received": "notice.failed.v1", "assigned": "notice.failed.v1"}


@dataclass(frozen=True)
class Reporter:
    """Who complained, and gets two mails. The agency gets a third one, which nobody refuses."""

    address: str
    ticket: str
    code: str


def addresses(name: str, how_many: int) -> list[str]:
    return [f"{name}{number}@mail.example" for number in range(how_many)]


async def complain(platform: Platform, address: str) -> Reporter:
    answer = await platform.submit(reporter={"name": "Sitti", "email": address})
    assert answer.status_code == 202, answer.text
    return Reporter(address, answer.json()["ticket"], answer.json()["tracking_code"])


async def complain_all(platform: Platform, complainants: Iterable[str]) -> list[Reporter]:
    return await asyncio.gather(*(complain(platform, address) for address in complainants))


def mails_to(sink: Sink, recipients: Iterable[str]) -> dict[str, int]:
    mails = Counter(sink.recipients())
    return {address: mails[address] for address in recipients}


async def seconds_to_mail(platform: Platform, complainants: list[str]) -> float:
    """From the first complaint to the last of the two mails that each of them gets."""
    began, sink, both = time.monotonic(), platform.mail, dict.fromkeys(complainants, 2)
    wanted = len(sink.taken) + 3 * len(complainants)
    await complain_all(platform, complainants)
    await until(lambda: len(sink.taken) >= wanted and mails_to(sink, both) == both, limit_s=120)
    return time.monotonic() - began


async def delivered(platform: Platform, wanted: int) -> None:
    """Return when so many mails were taken and that is written down."""

    async def look() -> bool:
        return await platform.metric("notification", "ntbcare_deliveries_total", outcome="sent") >= wanted

    await until(look, limit_s=90)


async def told(platform: Platform, reporter: Reporter) -> dict[str, str]:
    """What became of each of the reporter's two mails, as the reporter is shown it."""

    async def look() -> dict[str, str] | None:
        case = await platform.read(reporter.ticket, after=1, code=reporter.code)
        notices = case["reporter"]["notices"]
        assert len({notice["kind"] for notice in notices}) == len(notices)
        return {notice["kind"]: notice["type"] for notice in notices} if len(notices) == 3 else None

    notices = await until(look, limit_s=60)
    assert notices.pop("new_case") == "notice.sent.v1"
    return notices


def be_bad(sink: Sink, recipients: Mapping[str, list[str]]) -> None:
    """Of each the first mail is answered badly, and whatever else the address gets waits behind it."""
    for name, answers in (("hanging", [HANG]), ("dropped", [DROP] * 2), ("busy", ["451 later"] * 6)):
        for address in recipients[name]:
            sink.answer(address, *answers)
    for address in recipients["unknown"]:
        sink.answer(address, *["550 no such user"] * 2)


async def test_given_recipients_who_hang_or_are_refused_when_others_complain_after_them_then_these_do_not_wait(
    topics: KafkaSettings, mongo_uri: str, tmp_path: Path
) -> None:
    bad = {name: addresses(name, 10 if name == "hanging" else 5) for name in ("hanging", "dropped", "busy", "unknown")}
    hanging, unknown = bad["hanging"], bad["unknown"]
    variables = SOON | {"NOTIFICATION_SMTP__TIMEOUT_S": str(HANGS_FOR_S), "NOTIFICATION_SENDING__LEASE": "PT2M"}
    variables |= {"NOTIFICATION_SMTP__ANSWER_S": "8"}

    async with running_platform(topics, mongo_uri, tmp_path, **variables) as platform:
        sink = platform.mail
        healthy_s = await seconds_to_mail(platform, addresses("before", 60))
        be_bad(sink, bad)
        reporters = await complain_all(platform, chain(*bad.values()))
        await until(lambda: not any(sink.to_recipient[address] for address in hanging), limit_s=HANGS_FOR_S)
        seconds = await seconds_to_mail(platform, addresses("after", 60))
        meanwhile = mails_to(sink, hanging)
        await delivered(platform, 3 * 145 - 2 * len(unknown))
        outcomes = {reporter.address: await told(platform, reporter) for reporter in reporters}

    print(f"alone: {healthy_s:.1f} s, among bad recipients: {seconds:.1f} s")
    assert set(meanwhile.values()) == {0}
    assert seconds < 3 * healthy_s + 10
    assert outcomes == dict.fromkeys(chain(*bad.values()), DELIVERED) | dict.fromkeys(unknown, FAILED)
    assert set(mails_to(sink, unknown).values()) == {0}
    assert Counter(Counter(sink.recipients()).values()) == Counter({2: 140, 145: 1})


async def test_given_a_mail_server_that_cannot_be_used_when_it_can_again_then_each_mail_goes_out_at_the_first_attempt(
    topics: KafkaSettings, mongo_uri: str, tmp_path: Path
) -> None:
    sink, port = Sink(), free_port()
    rests = {"NOTIFICATION_SMTP__FIRST_WAIT_S": "0.1", "NOTIFICATION_SMTP__LONGEST_WAIT_S": "0.5"}
    variables = rests | {"NOTIFICATION_SMTP__PORT": str(port)}

    async with running_platform(topics, mongo_uri, tmp_path, **variables) as platform:
        with listening(sink, port):
            await complain_all(platform, addresses("before", 20))
            await delivered(platform, 60)
        reporters = await complain_all(platform, addresses("meanwhile", 20))
        await until(lambda: rests_all_mail(platform), limit_s=30)
        cases = [await platform.read(reporter.ticket, after=1) for reporter in reporters]
        taken = len(sink.taken)
        with listening(sink, port):
            await delivered(platform, 120)
            sink.to_sender.extend(["421 too busy"] * 12)
            await complain_all(platform, addresses("after", 20))
            await delivered(platform, 180)

    stored = (await read_database(mongo_uri, platform.database("notification").database))["deliveries"]
    assert taken == 60
    assert {case["status"] for case in cases} == {"assigned"}
    assert not sink.to_sender
    assert Counter(Counter(sink.recipients()).values()) == Counter({2: 60, 60: 1})
    assert Counter((one["state"], one["attempts"]) for one in stored) == Counter({("sent", 1): 180})


async def rests_all_mail(platform: Platform) -> bool:
    return await platform.metric("notification", "ntbcare_channel_reachable", channel="email") == 0
