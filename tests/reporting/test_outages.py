"""What HTTP answers while MongoDB hangs: its process is suspended, so connections stay open and nothing comes back."""

import asyncio
import time
from collections.abc import AsyncGenerator, Generator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest

from deploy.local.mongod import MongodServer, running_mongod
from services.reporting.domain.projection import project
from services.reporting.store import Store
from shared.limits import ANSWERS_WITHIN_S
from shared.mongo import MongoSettings
from tests.reporting.conftest import Projecting
from tests.reporting.samples import a_step, code_of, of_ticket, ticket
from tests.waiting import SLACK_S, until

pytestmark = pytest.mark.integration


@pytest.fixture
async def hanging(tmp_path: Path) -> AsyncGenerator[MongodServer]:
    """A server of its own, for whoever suspends it."""
    async with running_mongod(tmp_path) as server:
        yield server


@pytest.fixture(params=["motor", "pymongo"])
def mongo(request: pytest.FixtureRequest, hanging: MongodServer) -> MongoSettings:
    return MongoSettings(uri=hanging.uri, database="reporting", driver=request.param)


@contextmanager
def suspended(server: MongodServer) -> Generator[None]:
    server.suspend()
    try:
        yield
    finally:
        server.resume()


async def timed(client: httpx2.AsyncClient, path: str, **headers: str) -> tuple[httpx2.Response, float]:
    """The answer, and after how many seconds it came."""
    began = time.monotonic()
    answer = await client.get(path, headers=headers)
    return answer, time.monotonic() - began


async def test_given_a_database_that_hangs_when_anything_is_read_then_the_answer_to_try_again_comes_soon(
    client: httpx2.AsyncClient, projecting: Projecting, hanging: MongodServer
) -> None:
    await projecting.take(a_step(1, 1))

    with suspended(hanging):
        answers = await asyncio.gather(
            timed(client, "/v1/cases"),
            timed(client, f"/v1/cases/{ticket(1)}"),
            timed(client, f"/v1/cases/{ticket(1)}", **code_of(1)),
            timed(client, f"/v1/cases/{ticket(2)}?wait=30"),
            timed(client, "/v1/statistics?by=region,month"),
            timed(client, "/v1/scorecards/PUPR-52.03"),
        )

    assert {answer.status_code for answer, _ in answers} == {503}
    assert {answer.headers["Content-Type"] for answer, _ in answers} == {"application/problem+json"}
    assert {answer.headers["Retry-After"] for answer, _ in answers} == {"5"}
    assert max(seconds for _, seconds in answers) < ANSWERS_WITHIN_S + SLACK_S


async def test_given_many_readers_of_a_database_that_hangs_when_more_come_then_none_waits_for_those_before(
    client: httpx2.AsyncClient, projecting: Projecting, hanging: MongodServer
) -> None:
    with suspended(hanging):
        crowd = [asyncio.create_task(timed(client, "/v1/statistics?by=region")) for _ in range(50)]
        first = asyncio.create_task(timed(client, f"/v1/cases/{ticket(1)}?wait=1"))
        await until(lambda: ticket(1) in projecting.waiters.waiting)
        second = asyncio.create_task(timed(client, f"/v1/cases/{ticket(2)}"))
        answers = await asyncio.gather(first, second, *crowd)

    assert {answer.status_code for answer, _ in answers} == {503}
    assert max(seconds for _, seconds in answers) < ANSWERS_WITHIN_S + SLACK_S


async def test_given_a_database_that_hangs_when_it_is_asked_whether_it_is_ready_then_it_says_no_within_two_seconds(
    store: Store, client: httpx2.AsyncClient, hanging: MongodServer
) -> None:
    ready = await store.why_not_ready()

    with suspended(hanging):
        crowd = [asyncio.create_task(client.get("/v1/statistics?by=region")) for _ in range(50)]
        await asyncio.wait(crowd, timeout=0)
        began = time.monotonic()
        reason = await store.why_not_ready()
        seconds = time.monotonic() - began
        await asyncio.gather(*crowd)

    assert ready is None
    assert reason is not None
    assert reason.startswith("MongoDB does not answer")
    assert seconds < 2 + SLACK_S


async def test_given_a_write_that_hangs_when_the_database_answers_after_the_readers_gave_up_then_it_is_written(
    store: Store, client: httpx2.AsyncClient, hanging: MongodServer
) -> None:
    step = a_step(1, 1)

    with suspended(hanging):
        writing = asyncio.create_task(store.cases.apply(project(of_ticket(step)).values(), step.occurred_at))
        refused = await client.get(f"/v1/cases/{ticket(1)}")
    await writing
    answer = await client.get(f"/v1/cases/{ticket(1)}")

    assert (refused.status_code, answer.status_code) == (503, 200)
