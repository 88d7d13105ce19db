from datetime import timedelta
from typing import Any

import pytest
from pymongo.errors import AutoReconnect

from services.notification.domain.attempts import Again
from services.notification.store import Finished, Share
from shared.events.notices import Channel
from shared.metrics import REGISTRY
from shared.mongo import Database
from tests.notification.examples import (
    AT,
    a_person,
    a_submission,
    a_ticket,
    an_opening,
)
from tests.notification.replica import Clock, Replica, a_replica, finished
from tests.shared.fakes import FakePublisher
from tests.smtp_sink import HANG, Sink, listening
from tests.waiting import until

pytestmark = pytest.mark.integration


def taken_over() -> float:
    return REGISTRY.get_sample_value("ntbcare_deliveries_taken_over_total", {"service": "notification"}) or 0


def unsure() -> float:
    labels = {"service": "notification", "channel": "email"}
    return REGISTRY.get_sample_value("ntbcare_deliveries_unsure_total", labels) or 0


async def test_given_a_replica_that_died_in_the_middle_when_its_lease_runs_out_then_another_sends(
    replica: Replica, database: Database, publisher: FakePublisher, clock: Clock, port: int, sink: Sink
) -> None:
    addresses = [await replica.hear_of(number) for number in range(5)]
    dead = await replica.store.addresses.claim(Share(Channel.EMAIL, again=False, limit=3), AT, timedelta(minutes=2))
    counted = taken_over()

    async with a_replica(database, publisher, clock, port=port) as other, other.sending():
        await until(lambda: len(other.sent()) == 2)
        clock.forward(timedelta(minutes=2))
        other.wake()
        await finished(other)

    assert len(dead) == 3
    assert sink.recipients() == sorted(addresses)
    assert taken_over() - counted == 3
    assert len(other.sent()) == 5


@pytest.mark.parametrize("sending", [{"smtp": {"timeout_s": 0.5}}], indirect=True)
async def test_given_a_send_that_ends_after_its_lease_when_it_was_delivered_then_nobody_sends_it_again(
    sending: Replica, replica: Replica, clock: Clock, sink: Sink
) -> None:
    """The slow replica's mail went out, though another one has the claim by now."""
    await replica.hear(a_submission(), a_person(), an_opening())
    sink.slow_s = 0.2
    sending.wake()
    await until(lambda: sink.asked == 1)

    clock.forward(timedelta(minutes=3))
    share = Share(Channel.EMAIL, again=False, limit=9)
    (claimed,) = await replica.store.addresses.claim(share, clock(), timedelta(minutes=2))
    (due,) = (await replica.store.deliveries.queues([claimed.address.id], clock()))[claimed.address.id].due
    await until(lambda: replica.has(state="sent"))
    late = Finished(due, Again(clock(), 1))
    still_ours = await replica.store.deliveries.finish([late], clock())

    assert not still_ours
    assert await replica.states() == {"received": "sent"}
    assert len(sink.taken) == 1


@pytest.mark.parametrize("sending", [{"smtp": {"answer_s": 0.2}}], indirect=True)
async def test_given_a_server_that_took_a_mail_and_did_not_say_so_when_it_is_sent_again_then_that_is_counted(
    sending: Replica, sink: Sink
) -> None:
    counted = unsure()
    sink.to_data.append(HANG)
    await sending.hear(a_submission(), a_person(), an_opening())
    await until(lambda: sending.has(attempts=1))

    sending.clock.forward(timedelta(minutes=1))
    sending.wake()
    await finished(sending)

    assert unsure() - counted == 1
    assert len(sink.taken) == 1


async def test_given_mails_under_way_when_the_service_stops_then_they_are_finished_and_the_rest_is_given_back(
    replica: Replica, database: Database, publisher: FakePublisher, clock: Clock, port: int, sink: Sink
) -> None:
    for number in range(20):
        await replica.hear_of(number)
    sink.slow_s = 0.1
    async with a_replica(database, publisher, clock, port=port) as one, one.sending():
        await until(lambda: len(sink.taken) >= 4)
    states = [stored["state"] for stored in await one.deliveries()]
    counted = taken_over()

    sink.slow_s = 0
    async with a_replica(database, publisher, clock, port=port) as other, other.sending():
        await finished(other)

    assert set(states) == {"sent", "queued"}
    assert len(set(sink.recipients())) == len(sink.taken) == 20
    assert taken_over() == counted
    assert {stored["attempts"] for stored in await other.deliveries()} == {1}


async def test_given_no_mail_server_when_mail_is_due_then_no_attempt_is_lost_and_all_goes_out_when_it_is_back(
    replica: Replica, database: Database, publisher: FakePublisher, clock: Clock, sink: Sink
) -> None:
    addresses = [await replica.hear_of(number) for number in range(10)]

    with listening(sink) as port:
        pass
    async with a_replica(database, publisher, clock, port=port) as other, other.sending():
        with pytest.raises(TimeoutError):
            await until(lambda: sink.asked > 0, limit_s=0.1)
        untouched = await other.addresses(claim={"$exists": False})
        with listening(sink, port):
            await finished(other)

    assert len(untouched) == 10
    assert sink.recipients() == sorted(addresses)
    assert {notice.attempts for notice in other.sent()} == {1}


async def test_given_a_mail_server_that_goes_away_in_the_middle_when_it_is_back_then_the_rest_goes_out(
    replica: Replica, database: Database, publisher: FakePublisher, clock: Clock, port: int, sink: Sink
) -> None:
    for number in range(30):
        await replica.hear_of(number)
    # Our sender address is refused from the third mail on: as when the server is being stopped.
    sink.to_sender.extend(["250 OK"] * 3 + ["421 shutting down"] * 12)

    async with a_replica(database, publisher, clock, port=port) as other, other.sending():
        await finished(other)

    assert len(set(sink.recipients())) == len(sink.taken) == 30
    assert {notice.attempts for notice in other.sent()} == {1}


async def test_given_a_relay_that_denies_everybody_when_it_is_put_right_then_every_mail_goes_out(
    sending: Replica, sink: Sink, clock: Clock
) -> None:
    addresses = [f"r{number}@example.id" for number in range(10)]
    for address in addresses:
        sink.answer(address, *["554 5.7.1 Relay access denied"] * 3)
    for number in range(10):
        await sending.hear_of(number)
    await until(lambda: sink.asked >= 6)
    denied = await sending.deliveries()

    sink.to_recipient.clear()
    clock.forward(timedelta(days=1))
    sending.wake()
    await finished(sending)

    assert {one["state"] for one in denied} == {"queued"}
    assert sink.recipients() == sorted(addresses)
    assert [notice.type for notice in sending.notices()] == ["notice.sent.v1"] * 10


async def test_given_two_replicas_when_mail_is_due_then_each_mail_goes_out_once(
    replica: Replica, database: Database, publisher: FakePublisher, clock: Clock, port: int, sink: Sink
) -> None:
    tickets = [a_ticket(number) for number in range(150)]
    people = [a_person(ticket, email=f"r{number}@example.id") for number, ticket in enumerate(tickets)]
    await replica.hear(*people, *map(a_submission, tickets), *map(an_opening, tickets))

    async with (
        a_replica(database, publisher, clock, port=port) as one,
        a_replica(database, publisher, clock, port=port) as other,
        one.sending(),
        other.sending(),
    ):
        await finished(one, other)

    assert len(set(sink.recipients())) == len(sink.taken) == 150
    assert len(one.sent()) == 150


def away_twice(sending: Replica, what: str) -> list[AutoReconnect]:
    """The database, whenever this is asked of deliveries: what is left of that."""
    deliveries: Any = sending.store.deliveries
    ask, refusals = getattr(deliveries, what), [AutoReconnect("away"), AutoReconnect("away")]

    async def asked(*told: Any) -> Any:
        if refusals:
            raise refusals.pop()
        return await ask(*told)

    setattr(deliveries, what, asked)
    return refusals


async def test_given_a_database_that_is_away_when_mail_was_sent_then_it_is_written_down_later(
    sending: Replica, sink: Sink
) -> None:
    refusals = away_twice(sending, "finish")
    await sending.hear_of(1)
    await finished(sending)

    assert not refusals
    assert len(sink.taken) == len(sending.sent()) == 1


async def test_given_a_database_that_goes_away_after_a_claim_when_it_is_back_then_what_is_claimed_goes_out_at_once(
    sending: Replica, sink: Sink
) -> None:
    refusals = away_twice(sending, "queues")
    await sending.hear_of(1)
    await finished(sending)

    # The clock stood still: no lease ran out.
    assert not refusals
    assert len(sink.taken) == len(sending.sent()) == 1


async def test_given_a_database_that_is_away_for_longer_than_a_lease_when_it_is_back_then_nothing_goes_twice(
    sending: Replica, sink: Sink, clock: Clock
) -> None:
    deliveries: Any = sending.store.deliveries
    write, refusals = deliveries.finish, [AutoReconnect("away"), AutoReconnect("away")]

    async def finish(results: Any, at: Any) -> bool:
        if refusals:
            # What is claimed and not yet sent when its time runs out is given back, and so claimed twice.
            await until(lambda: len(sink.taken) == 3)
            clock.forward(timedelta(minutes=5))
            sending.wake()
            raise refusals.pop()
        return await write(results, at)

    deliveries.finish = finish
    for number in range(3):
        await sending.hear_of(number)
    await finished(sending)

    assert len(set(sink.recipients())) == len(sink.taken) == 3


async def test_given_a_sender_that_broke_when_it_is_started_again_then_mail_goes_out(
    replica: Replica, database: Database, publisher: FakePublisher, clock: Clock, port: int, sink: Sink
) -> None:
    await replica.hear_of(1)
    async with a_replica(database, publisher, clock, port=port) as one:
        deliveries: Any = one.store.deliveries
        write = deliveries.finish

        async def finish(results: Any, at: Any) -> bool:
            deliveries.finish = write
            raise ValueError(results, at)

        deliveries.finish = finish
        with pytest.raises(ValueError, match="Finished"):
            await one.senders[0].run()
        clock.forward(timedelta(minutes=2))
        async with one.sending():
            await finished(one)

    # At least once, as promised: what could not be written down is sent again, with the same Message-ID.
    assert len(sink.taken) == 2
    assert len({str(message["Message-ID"]) for message in sink.taken}) == 1
    assert len(one.sent()) == 1
