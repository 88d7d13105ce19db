"""What was put off is tried again at its own time, whoever runs then."""

from datetime import datetime, timedelta

import pytest

from shared.events.event import Urgency
from shared.mongo import Database
from shared.wita import WITA
from tests.notification.examples import AT, a_person, a_submission, a_ticket, an_opening
from tests.notification.replica import Clock, Replica, a_replica, finished
from tests.shared.fakes import FakePublisher
from tests.smtp_sink import Sink
from tests.waiting import until

pytestmark = pytest.mark.integration


async def test_given_mails_that_are_put_off_when_the_service_starts_anew_then_each_goes_on_where_it_was(
    database: Database, publisher: FakePublisher, clock: Clock, port: int, sink: Sink
) -> None:
    async with a_replica(database, publisher, clock, port=port) as before, before.sending():
        for number in range(8):
            sink.answer(f"r{number}@example.id", "451 not now", "451 not now")
            await before.hear_of(number)
        await until(lambda: sink.asked == 8)
        await until(before.is_idle)
        put_off = {one["_id"]: one["next_at"] for one in await before.deliveries()}

    clock.forward(timedelta(seconds=29))
    async with a_replica(database, publisher, clock, port=port) as early, early.sending():
        await until(early.is_idle)
        asked_early = sink.asked
    clock.forward(timedelta(seconds=31))
    async with a_replica(database, publisher, clock, port=port) as other, other.sending():
        await until(lambda: sink.asked == 16)
        await until(other.is_idle)
        clock.forward(timedelta(minutes=2))
        other.wake()
        await finished(other)

    assert asked_early == 8
    assert {timedelta(seconds=30) <= at - AT <= timedelta(seconds=60) for at in put_off.values()} == {True}
    assert len(set(put_off.values())) > 1, "all at one moment again"
    assert [notice.attempts for notice in other.sent()] == [3] * 8
    assert len(sink.taken) == 8


@pytest.mark.parametrize("sending", [{"timing": {"most_an_hour": 1_000}}], indirect=True)
async def test_given_mails_that_are_put_off_into_the_night_when_their_time_comes_then_only_the_urgent_one_goes_out(
    sending: Replica, sink: Sink
) -> None:
    evening = sending.clock.at = datetime(2026, 11, 24, 20, 59, 30, tzinfo=WITA)
    for number, urgency in enumerate((Urgency.URGENT, Urgency.IMPORTANT)):
        ticket, address = a_ticket(number), f"{urgency}@example.id"
        sink.answer(address, "451 not now")
        opening = an_opening(ticket, evening, urgency=urgency)
        await sending.hear(a_submission(ticket), a_person(ticket, email=address), opening)
    await until(lambda: sink.asked == 2)
    await until(sending.is_idle)

    sending.clock.forward(timedelta(minutes=2))
    sending.wake()
    await until(lambda: sink.recipients() == ["urgent@example.id"])
    await until(sending.is_idle)
    by_night = sink.recipients()
    sending.clock.at = datetime(2026, 11, 25, 7, 0, tzinfo=WITA)
    sending.wake()
    await finished(sending)

    assert by_night == ["urgent@example.id"]
    assert sink.recipients() == ["important@example.id", "urgent@example.id"]
    assert [one.attempts for one in sending.sent()] == [2, 2]
