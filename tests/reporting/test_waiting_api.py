"""`GET /v1/cases/{ticket}?wait=` on the real store."""

import asyncio
import time

import httpx2
import pytest

from services.reporting.domain.projection import project
from shared.events.case import Status
from tests.reporting.conftest import Projecting
from tests.reporting.samples import a_step, a_submission, code_of, of_ticket, ticket
from tests.waiting import until

pytestmark = pytest.mark.integration


async def test_given_a_case_that_comes_when_somebody_waits_then_the_answer_comes_with_it(
    client: httpx2.AsyncClient, projecting: Projecting
) -> None:
    waiting = asyncio.create_task(client.get(f"/v1/cases/{ticket(1)}?wait=30"))
    await registered(projecting, ticket(1))

    began = time.monotonic()
    await projecting.take(a_step(1, 1))
    answer = await waiting

    assert answer.status_code == 200
    assert time.monotonic() - began < 5


async def registered(projecting: Projecting, name: str) -> None:
    """Until somebody waits for the ticket in this process."""
    await until(lambda: name in projecting.waiters.waiting)


async def test_given_a_case_that_another_replica_projects_when_somebody_waits_then_the_answer_comes_too(
    client: httpx2.AsyncClient, projecting: Projecting
) -> None:
    waiting = asyncio.create_task(client.get(f"/v1/cases/{ticket(1)}?wait=30"))
    await registered(projecting, ticket(1))

    began = time.monotonic()
    step = a_step(1, 1)
    await projecting.store.cases.apply(project(of_ticket(step)).values(), step.occurred_at)
    answer = await waiting

    assert answer.status_code == 200
    assert time.monotonic() - began < 5


async def test_given_a_sequence_that_was_seen_when_somebody_waits_for_more_then_the_next_event_answers(
    client: httpx2.AsyncClient, projecting: Projecting
) -> None:
    await projecting.take(a_step(1, 1))
    waiting = asyncio.create_task(client.get(f"/v1/cases/{ticket(1)}?wait=30&after=1"))
    await registered(projecting, ticket(1))
    await projecting.take(a_step(1, 1))

    await projecting.take(a_step(1, 2, status=Status.RESOLVED))
    answer = await waiting

    assert (answer.json()["sequence"], answer.json()["status"]) == (2, "resolved")


async def test_given_nothing_new_when_the_time_is_over_then_the_answer_is_what_there_is(
    client: httpx2.AsyncClient, projecting: Projecting
) -> None:
    await projecting.take(a_step(1, 1), a_step(2, 1, confidential=True), a_submission(3))

    seen, confidential, unknown, own = await asyncio.gather(
        client.get(f"/v1/cases/{ticket(1)}?wait=0.3&after=1"),
        client.get(f"/v1/cases/{ticket(2)}?wait=0.3"),
        client.get(f"/v1/cases/{ticket(4)}?wait=0.3"),
        client.get(f"/v1/cases/{ticket(3)}?wait=0.3", headers=code_of(3)),
    )

    assert (seen.status_code, seen.json()["sequence"]) == (200, 1)
    assert confidential.status_code == unknown.status_code == 404
    assert (own.status_code, own.json()["status"]) == (200, "received")
    assert projecting.waiters.waiting == []


async def test_given_a_confidential_case_when_anyone_waits_for_it_then_it_takes_as_long_as_an_unknown_one(
    client: httpx2.AsyncClient, projecting: Projecting
) -> None:
    await projecting.take(a_step(1, 1, confidential=True))

    began = time.monotonic()
    answer = await client.get(f"/v1/cases/{ticket(1)}?wait=0.4")

    assert answer.status_code == 404
    assert time.monotonic() - began >= 0.4


@pytest.mark.parametrize("query", ["wait=31", "wait=-1", "wait=nan", "after=-1", "wait=x", "later=1"])
async def test_given_a_wait_that_cannot_be_when_the_case_is_read_then_the_field_is_named(
    client: httpx2.AsyncClient, query: str
) -> None:
    answer = await client.get(f"/v1/cases/{ticket(1)}?{query}")

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == query.partition("=")[0]
