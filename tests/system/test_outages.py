"""The broker or the database stands still for twenty seconds, and later is killed, while residents complain."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncGenerator, Iterable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final
from uuid import uuid4

import pytest

from deploy.local.kafka.server import KafkaServer
from deploy.local.mongod import MongodServer
from deploy.local.processes import LocalServer
from shared.settings import KafkaSettings
from tests.services import SERVICES, Platform, is_ready, running_platform
from tests.system.asking import Asked, Residents, ask, complaining, key_of
from tests.system.leases import SHORT_LEASE
from tests.system.outside import ticket_of
from tests.system.witness import witnessing
from tests.waiting import SLACK_S, until

pytestmark = [pytest.mark.system, pytest.mark.timeout(600)]

STANDS_STILL_S: Final = 20.0
UNACKNOWLEDGED_S: Final = 3.0
"""So long a resident waits for the broker before the answer is 503."""
UNANSWERED_S: Final = 3.5
"""So long somebody who asks waits for the database before the answer is 503."""
ACCEPTED_WITHIN_S: Final = 2.0
WITH_DATABASE: Final = {"routing", "notification", "reporting"}


@pytest.fixture
async def platform(own_kafka: KafkaServer, own_mongod: MongodServer, tmp_path: Path) -> AsyncGenerator[Platform]:
    kafka = KafkaSettings(bootstrap=own_kafka.bootstrap, namespace=f"outage-{uuid4().hex[:8]}", partitions=3)
    async with running_platform(kafka, own_mongod.uri, tmp_path, **SHORT_LEASE) as platform:
        yield platform


@asynccontextmanager
async def standing_still(server: LocalServer) -> AsyncGenerator[None]:
    """Its connections stay open and nothing comes back, for twenty seconds."""
    ends_at = time.monotonic() + STANDS_STILL_S
    server.suspend()
    try:
        yield
        await until(lambda: time.monotonic() > ends_at, limit_s=STANDS_STILL_S + 5)
    finally:
        server.resume()


@asynccontextmanager
async def killed(server: LocalServer) -> AsyncGenerator[None]:
    server.kill()
    yield
    await server.start()


async def ask_everything(platform: Platform, ticket: str, officer: Mapping[str, str]) -> list[Asked]:
    """What needs the database, all at once."""
    answers = await asyncio.gather(
        ask(platform, "reporting", f"/v1/cases/{ticket}"),
        ask(platform, "reporting", "/v1/statistics"),
        ask(platform, "routing", f"/v1/desk/cases/{ticket}", officer),
        ask(platform, "routing", f"/v1/desk/cases/{ticket}/accept", officer),
    )
    return list(answers)


async def routed(platform: Platform, residents: Residents) -> str:
    """Give the ticket of a case that an officer can act on."""
    await residents.are_answered(202)
    ticket = residents.tickets()[0]
    await platform.read(ticket, after=1)
    return ticket


def an_officer(platform: Platform) -> dict[str, str]:
    """Of the agency that gets what the residents complain of, who saw the cases as they were opened."""
    return platform.signed_in("officer", "PUPR-52.03") | {"If-Match": "1"}


def pids_of(platform: Platform) -> dict[str, int]:
    return {name: process.pid for name, process in platform.processes.items()}


async def reasons_of(platform: Platform) -> dict[str, str]:
    """Why services are not ready, by service. Each says so soon, and none asks to be started again."""
    reasons: dict[str, str] = {}
    for service in SERVICES:
        ready, alive = await asyncio.gather(ask(platform, service, "/readyz"), ask(platform, service, "/livez"))
        assert alive.status == 200
        assert max(ready.seconds, alive.seconds) < UNANSWERED_S + SLACK_S
        if ready.status == 503:
            reasons[service] = str(ready.answer.json()["reasons"])
    return reasons


async def all_not_ready(platform: Platform) -> dict[str, str] | None:
    reasons = await reasons_of(platform)
    return reasons if reasons.keys() == set(SERVICES) else None


async def accepted_again(platform: Platform, ticket: str, officer: Mapping[str, str]) -> Asked | None:
    asked = await ask(platform, "routing", f"/v1/desk/cases/{ticket}/accept", officer)
    return asked if asked.status == 200 else None


async def judge_recovery(platform: Platform, pids: Mapping[str, int]) -> None:
    """Every service is well again and has nothing left to do, and nobody started it again."""
    for process in platform.processes.values():
        await until(lambda port=process.port: is_ready(port), limit_s=60)
    async with witnessing(platform) as witness:
        await witness.settled()
        assert await witness.parked() == 0
    await until(lambda: _has_no_lag(platform), limit_s=30)
    assert pids_of(platform) == pids
    assert [await platform.metric(name, "ntbcare_consumer_restarts_total") for name in SERVICES] == [0] * 4


async def _has_no_lag(platform: Platform) -> bool:
    return await platform.lag() == 0


async def judge_cases(platform: Platform, residents: Residents, handled: str) -> None:
    """Each accepted complaint is one case; the officer's is accepted too."""
    tickets = residents.tickets()
    assert tickets == {number: ticket_of(key_of(number)) for number in range(len(tickets))}
    for ticket in tickets.values():
        case = await platform.read(ticket, after=2 if ticket == handled else 1)
        steps = [1, 2, 3] if ticket == handled else [1, 2]
        assert [step["sequence"] for step in case["history"]] == steps
    await until(lambda: _received(platform, len(tickets)), limit_s=30)


async def _received(platform: Platform, wanted: int) -> bool:
    return (await platform.http["reporting"].get("/v1/statistics")).json()["totals"]["received"] == wanted


def judge_mails(platform: Platform, residents: Residents) -> None:
    """Each reporter got the two mails, once; and the agency one for each case."""
    number = len(residents.tickets())
    assert Counter(Counter(platform.mail.recipients()).values()) == Counter({2: number, number: 1})


def judge_refusals(refused: Iterable[Asked], within_s: float) -> None:
    for asked in refused:
        assert asked.status == 503
        assert asked.answer.headers["Content-Type"] == "application/problem+json"
        assert asked.answer.headers["Retry-After"] == "5"
        assert asked.seconds < within_s + SLACK_S


async def test_given_residents_who_complain_when_the_broker_stands_still_and_is_killed_then_each_becomes_one_case(
    platform: Platform, own_kafka: KafkaServer
) -> None:
    officer, pids = an_officer(platform), pids_of(platform)

    async with complaining(platform) as residents:
        handled = await routed(platform, residents)
        async with standing_still(own_kafka):
            accepted = await ask(platform, "routing", f"/v1/desk/cases/{handled}/accept", officer)
            reasons = await until(lambda: all_not_ready(platform), limit_s=STANDS_STILL_S)
        await residents.are_answered(202)
        async with killed(own_kafka):
            await residents.are_answered(503)
        await residents.are_answered(202)
    refused = residents.numbers(503)
    await residents.insist()

    print(f"slowest 503: {residents.slowest(503):.2f} s")
    assert accepted.status == 200
    assert all("the broker doesn't answer" in reason for reason in reasons.values())
    assert {asked.status for _, asked in residents.asked} == {202, 503}
    judge_refusals((asked for _, asked in residents.asked if asked.status == 503), UNACKNOWLEDGED_S)
    assert residents.keys_to_retry() == {number: str(key_of(number)) for number in refused}
    await judge_cases(platform, residents, handled)
    await judge_recovery(platform, pids)
    judge_mails(platform, residents)


async def test_given_residents_who_complain_when_the_database_stands_still_and_is_killed_then_each_is_accepted_at_once(
    platform: Platform, own_mongod: MongodServer
) -> None:
    officer, pids = an_officer(platform) | {"Idempotency-Key": str(uuid4())}, pids_of(platform)

    async with complaining(platform) as residents:
        handled = await routed(platform, residents)
        async with standing_still(own_mongod):
            refused = await ask_everything(platform, handled, officer)
            reasons = [await reasons_of(platform)]
        await residents.are_answered(202)
        async with killed(own_mongod):
            refused += await ask_everything(platform, handled, officer)
            reasons += [await reasons_of(platform)]
            await residents.are_answered(202)
        await until(lambda: accepted_again(platform, handled, officer), limit_s=30)
        await residents.are_answered(202)

    slowest = max(asked.seconds for asked in refused)
    print(f"slowest 503: {slowest:.2f} s, slowest 202: {residents.slowest(202):.2f} s")
    judge_refusals(refused, UNANSWERED_S)
    assert [set(by_service) for by_service in reasons] == [WITH_DATABASE, WITH_DATABASE]
    assert all("MongoDB does not answer" in reason for by_service in reasons for reason in by_service.values())
    assert {asked.status for _, asked in residents.asked} == {202}
    assert residents.slowest(202) < ACCEPTED_WITHIN_S + SLACK_S
    await judge_cases(platform, residents, handled)
    await judge_recovery(platform, pids)
    judge_mails(platform, residents)
