"""Recipients who keep the mail server waiting, among others who do not."""

from datetime import timedelta

import pytest

from tests.notification.examples import a_person, a_submission, a_ticket, an_opening
from tests.notification.replica import Replica
from tests.smtp_sink import HANG, Sink
from tests.waiting import until

pytestmark = pytest.mark.integration


async def hear_of_many(replica: Replica, *numbers: int) -> None:
    """In one batch; each with an address of their own."""
    tickets = {a_ticket(number): f"r{number}@example.id" for number in numbers}
    people = [a_person(ticket, email=address) for ticket, address in tickets.items()]
    await replica.hear(*people, *map(a_submission, tickets), *map(an_opening, tickets))


async def are_put_off(replica: Replica, wanted: int) -> bool:
    return len(await replica.addresses(again=True, claim={"$exists": False})) == wanted


@pytest.mark.parametrize("sending", [{"smtp": {"timeout_s": 6.0, "patience_s": 6.0}}], indirect=True)
async def test_given_recipients_whose_server_hangs_again_when_others_are_due_then_these_do_not_wait(
    sending: Replica, sink: Sink
) -> None:
    for number in range(6):
        address = await sending.hear_of(number)
        sink.answer(address, "451 not now", HANG)
    await until(lambda: sink.asked == 6)
    await until(lambda: are_put_off(sending, 6))
    sending.clock.forward(timedelta(minutes=1))
    sending.wake()
    await until(lambda: sink.asked == 8)

    await hear_of_many(sending, *range(10, 60))
    await until(lambda: len(sink.taken) == 50, limit_s=5)

    assert sink.asked == 58
    assert len(await sending.addresses(again=True, claim={"$exists": True})) == 6


@pytest.mark.parametrize(
    "sending", [{"smtp": {"timeout_s": 6.0, "patience_s": 0.1}, "sending": {"in_hand": 8}}], indirect=True
)
async def test_given_many_recipients_whose_server_hangs_when_others_come_after_them_then_these_do_not_wait(
    sending: Replica, sink: Sink
) -> None:
    for number in range(6):
        sink.answer(f"r{number}@example.id", HANG)
    sink.to_data.extend([HANG] * 6)
    await hear_of_many(sending, *range(12))
    await until(lambda: sink.asked == 12 and not sink.to_data, limit_s=5)

    await hear_of_many(sending, *range(20, 70))
    await until(lambda: len(sink.taken) == 50, limit_s=5)

    assert sink.asked == 62


@pytest.mark.parametrize(
    "sending", [{"smtp": {"timeout_s": 5.0, "patience_s": 0.05, "most_connections": 6}}], indirect=True
)
async def test_given_more_recipients_whose_server_hangs_than_connections_when_sent_then_the_rest_waits(
    sending: Replica, sink: Sink
) -> None:
    for number in range(8):
        sink.answer(f"r{number}@example.id", HANG)

    await hear_of_many(sending, *range(8))
    await until(lambda: sink.asked == 6)

    with pytest.raises(TimeoutError):
        await until(lambda: sink.asked > 6, limit_s=0.3)
    assert len(sink.connections) == 6
