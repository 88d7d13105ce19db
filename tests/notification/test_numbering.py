"""Positions are given by whoever has the address; whoever lost it meanwhile does no harm."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any, cast

import httpx2
import pytest
from pymongo.errors import BulkWriteError

from services.notification.store import Queue
from services.notification.store.webhooks import Webhooks
from shared.mongo import Collection, Database
from tests.notification.examples import a_ticket
from tests.notification.replica import Clock
from tests.notification.systems import (
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

Meanwhile = Callable[[], Awaitable[None]]
LATE = a_progress(1, a_ticket(1), after=timedelta(seconds=-5))


@pytest.fixture
async def office(database: Database, clock: Clock) -> AsyncGenerator[httpx2.AsyncClient]:
    async with an_office(database, clock) as office:
        yield office


class Interrupted:
    """A collection in which something happens just before it is written to."""

    def __init__(self, collection: Collection, meanwhile: Meanwhile) -> None:
        self._collection = collection
        self._meanwhile = meanwhile

    def __getattr__(self, name: str) -> Any:
        return getattr(self._collection, name)

    async def bulk_write(self, *said: Any, **named: Any) -> Any:
        await self._meanwhile()
        return await self._collection.bulk_write(*said, **named)


class Halting(Webhooks):
    """Numbers, and at one moment stands still while something happens."""

    def __init__(self, database: Database, moment: str, meanwhile: Meanwhile) -> None:
        super().__init__(database)
        self._moment, self._meanwhile = moment, meanwhile
        if moment == "before it writes":
            self._deliveries = cast("Any", Interrupted(self._deliveries, meanwhile))

    async def _last_position(self, address_id: str) -> int:
        if self._moment == "before it reads the last":
            await self._meanwhile()
        last = await super()._last_position(address_id)
        if self._moment == "after it read the last":
            await self._meanwhile()
        return last


@pytest.mark.parametrize("numbered", ["what it sees too", "what comes late"])
@pytest.mark.parametrize("moment", ["before it reads the last", "after it read the last", "before it writes"])
async def test_given_two_who_number_when_one_stands_still_meanwhile_then_nothing_is_left_out_and_nothing_changes(
    database: Database, publisher: FakePublisher, clock: Clock, office: httpx2.AsyncClient, moment: str, numbered: str
) -> None:
    webhook = (await register(office))["id"]
    address = f"webhook:{webhook}"

    async with a_calling_replica(database, publisher, clock) as replica:
        await hear(replica, a_progress(1), a_progress(2), a_progress(3))

        async def somebody_numbers() -> None:
            wanted = a_progress(1)
            if numbered == "what comes late":
                wanted = LATE
                await hear(replica, LATE)
            this = {"cause": str(wanted.event_id)}
            await database["deliveries"].update_one(this, {"$set": {"position": 1}})

        lost = await asyncio.gather(
            Halting(database, moment, somebody_numbers).number(address, clock()), return_exceptions=True
        )
        between = {one["_id"]: one["position"] for one in await replica.deliveries(position={"$exists": True})}
        await Webhooks(database).number(address, clock())
        after = {one["_id"]: one["position"] for one in await replica.deliveries()}

    assert [type(one) for one in lost] in ([Queue], [BulkWriteError])
    assert sorted(between.values()) == list(range(1, len(between) + 1))
    assert sorted(after.values()) == list(range(1, len(after) + 1))
    assert after.items() >= between.items()


async def test_given_holders_who_lost_their_lease_when_all_number_at_once_then_each_position_is_given_once(
    database: Database, publisher: FakePublisher, clock: Clock, office: httpx2.AsyncClient
) -> None:
    webhook = (await register(office))["id"]
    stores, failed, seen = [Webhooks(database) for _ in range(4)], list[BaseException](), dict[str, int]()

    async with a_calling_replica(database, publisher, clock) as replica:
        for number in range(1, 21):
            late = [a_progress(number, a_ticket(number + 100 * place), after=timedelta()) for place in range(3)]
            outcomes = await asyncio.gather(
                *(store.number(f"webhook:{webhook}", clock()) for store in stores),
                hear(replica, *late),
                *(store.number(f"webhook:{webhook}", clock()) for store in stores),
                return_exceptions=True,
            )
            failed += [outcome for outcome in outcomes if isinstance(outcome, BaseException)]
            given = {one["_id"]: one["position"] for one in await replica.deliveries(position={"$exists": True})}
            assert given.items() >= seen.items()
            assert sorted(given.values()) == list(range(1, len(given) + 1))
            seen = given
        await stores[0].number(f"webhook:{webhook}", clock())

    assert {type(error) for error in failed} <= {BulkWriteError}
    assert [event["position"] for event in await events_of(office, webhook)] == list(range(1, 61))


class Overtaken(Webhooks):
    """Once, somebody else gave the positions just before."""

    overtaken = False

    async def number(self, address_id: str, at: datetime) -> Queue:
        if not self.overtaken:
            self.overtaken = True
            raise BulkWriteError({"writeErrors": [{"index": 0, "code": 11000}]})
        return await super().number(address_id, at)


async def test_given_a_sender_that_is_overtaken_when_it_numbers_then_it_gives_the_address_back_and_nothing_is_lost(
    database: Database, publisher: FakePublisher, clock: Clock, office: httpx2.AsyncClient
) -> None:
    receiver = Receiver()
    await register(office)

    async with a_calling_replica(database, publisher, clock, ear=receiver) as replica:
        replica.store.webhooks = Overtaken(database)
        async with replica.sending():
            await hear(replica, a_progress(1), a_progress(2))
            await until(replica.is_idle)
            before = receiver.positions
            await later(replica, timedelta(seconds=30))

    assert before == []
    assert receiver.positions == [1, 2]
