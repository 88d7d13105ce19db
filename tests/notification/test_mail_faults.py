"""A mail server that says nothing when it has everything, or the same to everybody."""

import pytest

from services.notification.domain.attempts import Answer, NotTried, Refused, Taken
from tests.notification.mail_servers import a_mail, a_server
from tests.smtp_sink import DROP, HANG, Sink

pytestmark = pytest.mark.integration


@pytest.mark.parametrize("reply", [HANG, DROP])
async def test_given_a_server_that_has_all_of_a_mail_and_says_nothing_when_sent_then_it_may_have_taken_it(
    sink: Sink, port: int, reply: str
) -> None:
    sink.to_data.append(reply)

    async with a_server(port, timeout_s=0.3, answer_s=0.2) as server:
        answers = [await server.send(a_mail("siti@example.id")) for _ in range(2)]

    assert answers == [Refused("unsure", for_good=False), Taken()]


async def test_given_a_server_that_thinks_longer_about_a_mail_than_about_a_command_when_sent_then_it_comes_once(
    sink: Sink, port: int
) -> None:
    sink.slow_s = 0.3

    async with a_server(port, timeout_s=0.15, answer_s=5) as server:
        answer = await server.send(a_mail("siti@example.id"))

    assert (answer, len(sink.taken)) == (Taken(), 1)


@pytest.mark.parametrize(
    ("reply", "answers"),
    [
        ("452 4.3.1 no room", [Refused("452", for_good=False)] * 3),
        (HANG, [Refused("timeout", for_good=False)] * 3),
        (DROP, [Refused("disconnected", for_good=False)] * 3),
        ("554 5.7.1 relay access denied", [Refused("554", for_good=False)] * 3),
        ("530 5.7.0 must issue STARTTLS first", [Refused("530", for_good=False)] * 3),
    ],
)
async def test_given_a_server_that_has_the_same_for_everybody_when_sent_then_it_rests(
    sink: Sink, port: int, reply: str, answers: list[Answer]
) -> None:
    everybody = [f"r{number}@example.id" for number in range(4)]
    for one in everybody:
        sink.answer(one, reply)

    async with a_server(port, connections=1, timeout_s=0.2, first_wait_s=30) as server:
        found = [await server.send(a_mail(one)) for one in everybody]

    assert found == [*answers, NotTried()]
    assert sink.asked == 3


async def test_given_recipients_that_are_not_there_when_sent_to_then_the_server_works(sink: Sink, port: int) -> None:
    nobody = [f"r{number}@example.id" for number in range(9)]
    said = ("550 5.1.1 no such user", "450 4.2.0 greylisted", "550 5.7.133 not for you")
    for number, one in enumerate(nobody):
        sink.answer(one, said[number % 3])

    async with a_server(port, first_wait_s=30) as server:
        found = [await server.send(a_mail(one)) for one in nobody]

    assert NotTried() not in found


async def test_given_a_server_that_has_no_room_for_any_message_when_sent_then_it_rests(sink: Sink, port: int) -> None:
    sink.to_data.extend(["452 4.3.1 no room"] * 3)

    async with a_server(port, first_wait_s=30) as server:
        found = [await server.send(a_mail(f"r{number}@example.id")) for number in range(4)]

    assert found == [Refused("452", for_good=False)] * 3 + [NotTried()]
