"""Positions: every event of a webhook once, in order, without gaps; whoever sends, and however often."""

import asyncio
import random
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import httpx2
import pytest

from services.notification.domain.attempts import NotTried, Refused, Taken
from shared.mongo import Database
from tests.notification.examples import AT, TICKET, a_ticket
from tests.notification.replica import Clock, Replica
from tests.notification.systems import (
    URL,
    WEBHOOKS,
    Receiver,
    a_calling_replica,
    a_progress,
    an_office,
    events_of,
    hear,
    later,
    register,
)
from tests.shared.fakes import FakePublisher
from tests.waiting import until

pytestmark = [pytest.mark.integration, pytest.mark.both_drivers]

FAILS = Refused("500", for_good=False)


@pytest.fixture
def receiver() -> Receiver:
    return Receiver()


@pytest.fixture
async def office(database: Database, clock: Clock) -> AsyncGenerator[httpx2.AsyncClient]:
    async with an_office(database, clock) as office:
        yield office


@asynccontextmanager
async def replicas(
    database: Database, publisher: FakePublisher, clock: Clock, receiver: Receiver
) -> AsyncGenerator[tuple[Replica, Replica]]:
    async with (
        a_calling_replica(database, publisher, clock, ear=receiver) as one,
        a_calling_replica(database, publisher, clock, ear=receiver) as other,
        one.sending(),
        other.sending(),
    ):
        yield one, other


async def test_given_two_replicas_and_batches_that_come_again_when_a_system_fails_now_and_then_then_all_is_in_order(
    database: Database, publisher: FakePublisher, clock: Clock, receiver: Receiver, office: httpx2.AsyncClient
) -> None:
    webhooks = [(await register(office, url=f"{URL}/{number}"))["id"] for number in range(2)]
    tickets = [a_ticket(number) for number in range(3)]
    receiver.answers.extend(random.Random(4).choices([Taken(arrived=True), FAILS, NotTried()], [8, 1, 1], k=40))

    async with replicas(database, publisher, clock, receiver) as both:
        for number in range(1, 6):
            events = [a_progress(number, ticket) for ticket in tickets]
            await hear(both[number % 2], *events)
            await hear(both[(number + 1) % 2], *events)
        while not await both[0].all_done():
            for replica in both:
                await later(replica, timedelta(minutes=1))
        readable = {webhook: await events_of(office, webhook) for webhook in webhooks}

    for webhook in webhooks:
        told = list(dict.fromkeys(call.reference for call in receiver.asked if call.webhook == webhook))
        events = readable[webhook]
        assert [event["position"] for event in events] == list(range(1, 16))
        assert {(event["subject"], event["sequence"]) for event in events} == {
            (ticket, str(number)) for ticket in tickets for number in range(1, 6)
        }
        stored = await database["deliveries"].find({"told": webhook}).sort("position", 1).to_list(None)
        assert told == [one["_id"] for one in stored]
        assert {one["state"] for one in stored} == {"delivered"}
        tried = [answer for call, answer in receiver.answered if call.webhook == webhook and answer != NotTried()]
        assert sum(one["attempts"] for one in stored) == len(tried)
        assert tried.count(Taken(arrived=True)) == len(stored)


async def test_given_a_reader_that_asks_again_and_again_when_two_replicas_number_then_it_misses_nothing(
    database: Database, publisher: FakePublisher, clock: Clock, receiver: Receiver, office: httpx2.AsyncClient
) -> None:
    webhook = (await register(office))["id"]
    read = list[dict[str, Any]]()
    heard = 120

    async def follow() -> None:
        path: str | None = None
        while len(read) < heard:
            position = read[-1]["position"] if read else 0
            page = (await office.get(path or f"{WEBHOOKS}/{webhook}/events?after={position}&limit=7")).json()
            read.extend(page["items"])
            path = page["next"]
            await asyncio.sleep(0)

    async with replicas(database, publisher, clock, receiver) as both, asyncio.timeout(60):
        following = asyncio.create_task(follow())
        for number in range(1, heard // 4 + 1):
            events = [a_progress(number, a_ticket(4 * number + place), after=timedelta()) for place in range(4)]
            await asyncio.gather(*(hear(both[place % 2], event) for place, event in enumerate(events)))
        await following
        await until(both[0].all_done)

    assert [event["position"] for event in read] == list(range(1, heard + 1))
    assert len({event["id"] for event in read}) == heard
    assert receiver.positions == list(range(1, heard + 1))


async def test_given_an_event_that_comes_late_when_an_earlier_one_is_tried_again_then_it_is_sent_behind_all_others(
    database: Database, publisher: FakePublisher, clock: Clock, receiver: Receiver, office: httpx2.AsyncClient
) -> None:
    webhook = (await register(office))["id"]
    receiver.answers.append(FAILS)
    soon = timedelta(seconds=5)
    late = a_progress(3, a_ticket(1))

    async with a_calling_replica(database, publisher, clock, ear=receiver) as replica, replica.sending():
        await hear(replica, a_progress(1, after=soon), a_progress(2, after=soon))
        await until(lambda: receiver.asked)
        await until(replica.is_idle)
        await hear(replica, late)
        await later(replica, timedelta(hours=1))

    assert receiver.told == [(1, TICKET), (1, TICKET), (2, TICKET), (3, late.ticket)]
    assert [event["subject"] for event in await events_of(office, webhook)] == [TICKET, TICKET, late.ticket]


async def test_given_a_sender_that_died_after_it_put_something_off_when_another_takes_over_then_nothing_overtakes_it(
    database: Database, publisher: FakePublisher, clock: Clock, receiver: Receiver, office: httpx2.AsyncClient
) -> None:
    webhook = (await register(office))["id"]
    async with a_calling_replica(database, publisher, clock, ear=receiver) as replica:
        await hear(replica, a_progress(1), a_progress(2))
        await replica.store.webhooks.number(f"webhook:{webhook}", clock())
        put_off = {"$set": {"next_at": AT + timedelta(minutes=10), "attempts": 1}}
        await database["deliveries"].update_one({"position": 1}, put_off)
        await database["addresses"].update_one({}, {"$set": {"claim": "of-the-dead"}})
        async with replica.sending():
            await later(replica, timedelta(minutes=9))
            before = receiver.positions
            await later(replica, timedelta(minutes=1))

    assert before == []
    assert receiver.positions == [1, 2]


async def test_given_a_system_that_is_away_when_very_much_happens_then_all_of_it_can_be_read_page_by_page(
    database: Database, publisher: FakePublisher, clock: Clock, receiver: Receiver, office: httpx2.AsyncClient
) -> None:
    webhook = (await register(office))["id"]
    receiver.says = FAILS

    async with a_calling_replica(database, publisher, clock, ear=receiver) as replica:
        await hear(replica, *(a_progress(number) for number in range(1, 451)))
        async with replica.sending():
            await until(lambda: receiver.asked)
            await until(replica.is_idle)
    pages = [(await office.get(f"{WEBHOOKS}/{webhook}/events?after=50&limit=200")).json()]
    while pages[-1]["next"]:
        pages.append((await office.get(pages[-1]["next"])).json())

    assert receiver.positions == [1]
    assert [len(page["items"]) for page in pages] == [200, 200, 0]
    assert [event["position"] for page in pages for event in page["items"]] == list(range(51, 451))


async def test_given_a_webhook_whose_events_are_kept_no_longer_when_something_happens_then_positions_go_on(
    database: Database, publisher: FakePublisher, clock: Clock, receiver: Receiver, office: httpx2.AsyncClient
) -> None:
    webhook = (await register(office))["id"]
    async with a_calling_replica(database, publisher, clock, ear=receiver) as replica, replica.sending():
        await hear(replica, a_progress(1), a_progress(2))
        await until(replica.all_done)
        await database["deliveries"].delete_many({})

        await hear(replica, a_progress(3))
        await until(replica.all_done)

    assert receiver.positions == [1, 2, 3]
    assert [event["position"] for event in await events_of(office, webhook, "after=2")] == [3]
