"""The main job, with four services as processes of their own."""

import asyncio
from collections import Counter
from email.message import EmailMessage
from typing import Any
from uuid import UUID

import pytest

from tests.services import Platform, is_ready
from tests.system.outside import act
from tests.waiting import until

pytestmark = [pytest.mark.system, pytest.mark.timeout(600)]
AGENCY_MAIL = "pupr.52-03@opd.ntb.example"


def mails_to(platform: Platform, address: str) -> list[EmailMessage]:
    return [message for message in platform.mail.taken if address in str(message["To"])]


async def test_given_a_complaint_when_it_goes_all_the_way_then_mails_case_and_figures_are_out(
    platform: Platform,
) -> None:
    answer = await platform.submit()
    assert answer.status_code == 202
    ticket, code = answer.json()["ticket"], answer.json()["tracking_code"]
    assigned = await platform.read(ticket, after=1)
    assert (assigned["status"], assigned["agency"]) == ("assigned", "PUPR-52.03")
    assert "pasar" not in str(assigned)

    await act(platform, ticket, "accept", "progress", "resolve")
    resolved = await platform.read(ticket, after=4)
    own = await platform.read(ticket, after=4, code=code)

    assert [step["type"] for step in resolved["history"]] == [
        "case.opened.v1",
        "case.assigned.v1",
        "case.accepted.v1",
        "case.progressed.v1",
        "case.resolved.v1",
    ]
    assert resolved["status"] == "resolved"
    # Progress is for everybody, a resolution for the reporter.
    assert [step["words"] for step in resolved["history"]][3:] == ["Sudah kami periksa", None]
    assert own["reporter"]["text"] == "Jalan rusak parah di depan pasar"
    assert own["history"][4]["words"] == "Sudah kami periksa"
    await until(lambda: len(mails_to(platform, "sitti@mail.example")) == 5)
    await until(lambda: len(mails_to(platform, AGENCY_MAIL)) == 1)
    await until(lambda: _totals_are(platform, {"received": 1, "followed_up": 1, "done": 1, "rejected": 0}))
    noticed = await until(lambda: _notices(platform, ticket, code, 6))
    # Accepting with a message is progress too.
    kinds = ["received", "assigned", "progress", "progress", "resolved", "new_case"]
    assert Counter(notice["kind"] for notice in noticed) == Counter(kinds)


async def _totals_are(platform: Platform, wanted: dict[str, int]) -> bool:
    totals = (await platform.http["reporting"].get("/v1/statistics")).json()["totals"]
    return wanted.items() <= totals.items()


async def _notices(platform: Platform, ticket: str, code: str, wanted: int) -> list[Any] | None:
    notices = (await platform.read(ticket, wait=0, code=code))["reporter"]["notices"]
    return notices if len(notices) == wanted else None


async def test_given_routing_is_killed_when_a_hundred_complaints_come_in_then_none_is_lost_or_doubled(
    platform: Platform,
) -> None:
    routing = platform.processes["routing"]
    keys = [UUID(int=number, version=4) for number in range(100)]

    async def submit(number: int) -> str:
        if number == 50:
            routing.kill()
        headers = {"Idempotency-Key": str(keys[number])}
        reporter = {"name": "Sitti", "email": f"sitti{number}@mail.example"}
        answer = await platform.submit(reporter=reporter, headers=headers)
        assert answer.status_code == 202, answer.text
        return answer.json()["ticket"]

    tickets = [await submit(number) for number in range(100)]
    again = [await submit_again(platform, key) for key in keys[:10]]
    await routing.start()
    assert await is_ready(routing.port)
    cases = await asyncio.gather(*(platform.read(ticket, after=1) for ticket in tickets))

    assert again == tickets[:10]
    assert len(set(tickets)) == 100
    for case in cases:
        assert [step["sequence"] for step in case["history"]] == [1, 2]
        assert [step["type"] for step in case["history"]] == ["case.opened.v1", "case.assigned.v1"]
    await until(lambda: _totals_are(platform, {"received": 100, "followed_up": 0}), limit_s=60)
    await until(lambda: len(platform.mail.taken) >= 300, limit_s=60)
    assert Counter(Counter(platform.mail.recipients()).values()) == Counter({2: 100, 100: 1})


async def submit_again(platform: Platform, key: UUID) -> str:
    """The same client sends the same key with other words: it is the same ticket, and the first one wins."""
    answer = await platform.submit(text="Yang ini tidak boleh menang", headers={"Idempotency-Key": str(key)})
    return answer.json()["ticket"]
