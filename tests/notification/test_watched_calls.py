"""Who does not answer for days is disabled; whatever the database does meanwhile, nobody is called twice for it."""

from collections.abc import AsyncGenerator
from datetime import datetime, timedelta
from typing import Any

import httpx2
import pytest
from pymongo.errors import AutoReconnect

from services.notification.domain.attempts import Answer, NotTried, Refused, Taken
from services.notification.outlets import Call
from services.notification.store.webhooks import Webhook, Webhooks
from services.notification.systems import WatchedCalls, notice_of_end
from shared.mongo import Database
from tests.notification.examples import AGENCY, AT
from tests.notification.replica import Clock
from tests.notification.systems import URL, WEBHOOKS, Receiver, an_office, register

pytestmark = pytest.mark.integration

DAYS = timedelta(days=3)
FAILS = Refused("500", for_good=False)
TAKEN = Taken(arrived=True)
GONE = Refused("gone", for_good=True)


class Shaky(Webhooks):
    """Loses its connection whenever it is about to write what came of a call; the first time."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self.lost = 0

    async def succeeds(self, webhook_id: str) -> None:
        self._lose()
        await super().succeeds(webhook_id)

    async def disable(self, webhook_id: str, at: datetime) -> None:
        self._lose()
        await super().disable(webhook_id, at)

    def _lose(self) -> None:
        self.lost += 1
        if self.lost == 1:
            msg = "lost"
            raise AutoReconnect(msg)


class Deadly(Webhooks):
    """Whoever is about to write this dies."""

    async def disable(self, webhook_id: str, at: datetime) -> None:
        msg = f"{webhook_id} would be disabled at {at}"
        raise RuntimeError(msg)


class Told:
    """The notices that were asked for."""

    def __init__(self) -> None:
        self.webhooks: list[Webhook] = []

    async def __call__(self, webhook: Webhook) -> None:
        self.webhooks.append(webhook)

    @property
    def notices(self) -> set[Any]:
        return {notice_of_end(webhook, AT).id for webhook in self.webhooks}


async def asked(calls: WatchedCalls, office: httpx2.AsyncClient, says: Answer) -> str:
    """The state of the one webhook after it was called."""
    (known,) = (await office.get(WEBHOOKS, params={"agency": AGENCY})).json()
    assert isinstance(calls.outlet, Receiver)
    calls.outlet.says = says
    assert await calls.send(Call(known["id"], "m1", URL, (b"secret",), b"{}")) == says
    return (await office.get(f"{WEBHOOKS}/{known['id']}")).json()["state"]


@pytest.fixture
async def office(database: Database, clock: Clock) -> AsyncGenerator[httpx2.AsyncClient]:
    """Of an agency that has one webhook."""
    async with an_office(database, clock) as office:
        await register(office)
        yield office


@pytest.mark.parametrize(
    ("steps", "states", "notices"),
    [
        ([(FAILS, 2), (TAKEN, 2), (FAILS, 2), (FAILS, 0)], ["failing", "enabled", "failing", "failing"], 0),
        ([(FAILS, 2), (FAILS, 1), (FAILS, 1), (FAILS, 0)], ["failing", "failing", "disabled", "disabled"], 1),
        ([(FAILS, 3), (NotTried(), 0), (TAKEN, 0)], ["failing", "failing", "enabled"], 0),
        ([(GONE, 0), (GONE, 0)], ["disabled", "disabled"], 1),
    ],
)
async def test_given_answers_over_days_when_a_system_is_called_then_it_is_disabled_and_told_of_when_none_was_good(
    database: Database,
    clock: Clock,
    office: httpx2.AsyncClient,
    steps: list[tuple[Answer, int]],
    states: list[str],
    notices: int,
) -> None:
    told, seen = Told(), list[str]()
    calls = WatchedCalls(Receiver(), Webhooks(database), DAYS, clock, told)

    for says, days in steps:
        seen.append(await asked(calls, office, says))
        clock.forward(timedelta(days=days))

    assert seen == states
    assert len(told.webhooks) == len(told.notices) == notices


@pytest.mark.parametrize(("says", "state", "notices"), [(TAKEN, "enabled", 0), (GONE, "disabled", 1)])
async def test_given_a_database_that_goes_away_after_a_call_when_it_is_back_then_nobody_was_called_twice(
    database: Database, clock: Clock, office: httpx2.AsyncClient, says: Answer, state: str, notices: int
) -> None:
    webhooks, receiver, told = Shaky(database), Receiver(), Told()

    after = await asked(WatchedCalls(receiver, webhooks, DAYS, clock, told), office, says)

    assert after == state
    assert (webhooks.lost, len(receiver.asked), len(told.notices)) == (2, 1, notices)


async def test_given_somebody_who_died_before_it_was_disabled_when_it_fails_again_then_the_same_notice_is_asked_for(
    database: Database, clock: Clock, office: httpx2.AsyncClient
) -> None:
    told = Told()
    dies = WatchedCalls(Receiver(), Deadly(database), DAYS, clock, told)
    with pytest.raises(RuntimeError):
        await asked(dies, office, GONE)

    clock.forward(timedelta(minutes=1))
    after = await asked(WatchedCalls(Receiver(), Webhooks(database), DAYS, clock, told), office, GONE)

    assert after == "disabled"
    assert (len(told.webhooks), len(told.notices)) == (2, 1)
