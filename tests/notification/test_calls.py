"""Agencies' own systems are called: with what, until when, and when no more."""

from collections.abc import AsyncGenerator
from datetime import timedelta

import httpx2
import pytest

from services.notification.domain.attempts import Refused, Taken
from shared.mongo import Database
from tests.notification.examples import (
    AGENCY_ADDRESS,
    AT,
    TICKET,
    a_ticket,
    an_assignment,
)
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
    secrets_of,
)
from tests.shared.fakes import FakePublisher
from tests.smtp_sink import Sink
from tests.waiting import until

pytestmark = pytest.mark.integration

FAILS = Refused("500", for_good=False)
GONE = Refused("gone", for_good=True)


@pytest.fixture
def receiver() -> Receiver:
    return Receiver()


@pytest.fixture
async def replica(
    database: Database, publisher: FakePublisher, clock: Clock, port: int, receiver: Receiver
) -> AsyncGenerator[Replica]:
    """Calls the receiver."""
    async with a_calling_replica(database, publisher, clock, ear=receiver, port=port) as replica, replica.sending():
        yield replica


@pytest.fixture
async def office(database: Database, clock: Clock) -> AsyncGenerator[httpx2.AsyncClient]:
    async with an_office(database, clock) as office:
        yield office


async def knows(replica: Replica, webhook: str, *types: str) -> bool:
    """Whether what happens now goes by these types; within two seconds it does."""
    return (await replica.queueing.sources.webhooks())[webhook].types == types


async def is_in_state(state: str, office: httpx2.AsyncClient, webhook: str) -> bool:
    return await state_of(office, webhook) == state


async def state_of(office: httpx2.AsyncClient, webhook: str) -> str:
    return (await office.get(f"{WEBHOOKS}/{webhook}")).json()["state"]


async def test_given_a_secret_that_is_renewed_twice_when_called_then_each_signs_as_long_as_it_was_promised(
    replica: Replica, office: httpx2.AsyncClient, receiver: Receiver
) -> None:
    first = await register(office)
    await hear(replica, a_progress(1))
    await until(lambda: receiver.asked)
    renewal = f"{WEBHOOKS}/{first['id']}/secret"

    second = (await office.post(renewal)).json()
    replica.clock.forward(timedelta(hours=12))
    third = (await office.post(renewal)).json()
    await hear(replica, a_progress(2))
    await until(lambda: len(receiver.asked) == 2)
    replica.clock.forward(timedelta(hours=12))
    await hear(replica, a_progress(3))
    await until(lambda: len(receiver.asked) == 3)
    replica.clock.forward(timedelta(hours=12))
    await hear(replica, a_progress(4))
    await until(lambda: len(receiver.asked) == 4)

    assert [call.secrets for call in receiver.asked] == [
        secrets_of(first),
        secrets_of(third, second, first),
        secrets_of(third, second),
        secrets_of(third),
    ]


async def test_given_three_old_secrets_when_renewed_once_more_then_that_is_refused_until_one_has_ended(
    office: httpx2.AsyncClient, clock: Clock
) -> None:
    renewal = f"{WEBHOOKS}/{(await register(office))['id']}/secret"
    statuses = [(await office.post(renewal)).status_code for _ in range(4)]

    clock.forward(timedelta(hours=24))
    after = await office.post(renewal)

    assert statuses == [200, 200, 200, 409]
    assert after.status_code == 200


async def test_given_what_was_before_a_webhook_when_topics_are_read_again_then_it_is_called_with_what_came_after(
    replica: Replica, office: httpx2.AsyncClient, receiver: Receiver
) -> None:
    webhook = (await register(office))["id"]
    before = a_progress(1).model_copy(update={"occurred_at": AT - timedelta(seconds=1)})

    await hear(replica, before, a_progress(2))
    await until(lambda: receiver.asked)
    await until(replica.is_idle)

    assert receiver.positions == [1]
    assert [event["id"] for event in await events_of(office, webhook)] == [str(a_progress(2).event_id)]


async def test_given_a_system_that_fails_for_days_when_it_is_disabled_then_one_notice_says_so_and_positions_go_on(
    replica: Replica, office: httpx2.AsyncClient, receiver: Receiver, sink: Sink
) -> None:
    webhook = (await register(office, url=f"{URL}?kunci=rahasia"))["id"]
    receiver.says = FAILS
    await hear(replica, *map(a_progress, (1, 2, 3)))
    await until(lambda: receiver.asked)
    await until(lambda: is_in_state("failing", office, webhook))
    while await state_of(office, webhook) != "disabled":
        await later(replica, timedelta(hours=6))
    asked = len(receiver.asked)

    await hear(replica, a_progress(4))
    await until(lambda: sink.taken)
    await later(replica, timedelta(hours=6))
    missed = await events_of(office, webhook)
    receiver.says = Taken(arrived=True)
    enabled = await office.post(f"{WEBHOOKS}/{webhook}/enable")
    await hear(replica, a_progress(5))
    await until(lambda: len(receiver.asked) > asked)

    assert set(receiver.positions[:asked]) == {1}
    assert sink.recipients() == [AGENCY_ADDRESS]
    assert URL in sink.taken[0].as_string().replace("=\n", "")
    assert "rahasia" not in sink.taken[0].as_string()
    assert [event["position"] for event in missed] == [1, 2, 3, 4]
    assert enabled.json()["state"] == "enabled"
    assert receiver.positions[asked:] == [5]
    assert replica.notices() == []


async def test_given_a_system_that_is_gone_when_called_then_it_is_disabled_at_once_and_told_of_once(
    replica: Replica, office: httpx2.AsyncClient, receiver: Receiver, sink: Sink
) -> None:
    webhook = (await register(office))["id"]
    receiver.says = GONE

    await hear(replica, *map(a_progress, (1, 2, 3)))
    await until(lambda: sink.taken)
    await until(replica.is_idle)

    assert await state_of(office, webhook) == "disabled"
    assert receiver.positions == [1]
    assert len(sink.taken) == 1
    assert [event["position"] for event in await events_of(office, webhook)] == [1, 2, 3]


async def test_given_a_system_that_asks_for_time_when_it_has_passed_then_it_is_called_and_not_before(
    replica: Replica, office: httpx2.AsyncClient, receiver: Receiver
) -> None:
    webhook = (await register(office))["id"]
    receiver.answers.append(Refused("503", for_good=False, not_before=timedelta(minutes=50)))
    await hear(replica, a_progress(1), a_progress(2))
    await until(lambda: receiver.asked)
    await until(replica.is_idle)

    await later(replica, timedelta(minutes=49))
    before = receiver.positions
    await later(replica, timedelta(minutes=2))

    assert before == [1]
    assert receiver.positions == [1, 1, 2]
    assert await state_of(office, webhook) == "enabled"


async def test_given_a_queue_when_the_webhook_is_taken_away_then_nobody_is_called_any_more(
    replica: Replica, office: httpx2.AsyncClient, receiver: Receiver, sink: Sink
) -> None:
    webhook = (await register(office))["id"]
    receiver.says = FAILS
    await hear(replica, a_progress(1), a_progress(2))
    await until(lambda: receiver.asked)

    await office.delete(f"{WEBHOOKS}/{webhook}")
    await later(replica, timedelta(hours=6))
    events = await office.get(f"{WEBHOOKS}/{webhook}/events")

    assert receiver.positions == [1]
    assert {one["state"] for one in await replica.deliveries()} == {"suppressed"}
    assert not await replica.addresses(next_at={"$exists": True})
    assert (events.status_code, sink.taken) == (404, [])


async def test_given_a_system_that_moves_when_it_says_where_and_what_it_wants_then_later_events_are_as_it_says(
    replica: Replica, office: httpx2.AsyncClient, receiver: Receiver
) -> None:
    webhook = (await register(office, types=["case.assigned.v1"]))["id"]
    receiver.answers.append(FAILS)
    await hear(replica, an_assignment(has_contact=False), a_progress(3))
    await until(lambda: receiver.asked)

    changed = await office.patch(f"{WEBHOOKS}/{webhook}", json={"url": f"{URL}/baru", "types": ["case.progressed.v1"]})
    await until(lambda: knows(replica, webhook, "case.progressed.v1"))
    await hear(replica, an_assignment(a_ticket(1), AT + timedelta(seconds=4), has_contact=False), a_progress(5))
    await later(replica, timedelta(hours=1))

    assert (changed.json()["state"], changed.json()["types"]) == ("enabled", ["case.progressed.v1"])
    assert [call.url for call in receiver.asked] == [URL, f"{URL}/baru", f"{URL}/baru"]
    assert receiver.told == [(1, TICKET), (1, TICKET), (2, TICKET)]
