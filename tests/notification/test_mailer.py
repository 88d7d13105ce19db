import asyncio
import ssl
from email.policy import SMTP as SMTP_POLICY
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import AuthResult, LoginPassword

from deploy.local.ports import free_port
from services.notification.domain.attempts import NotTried, Refused, Taken
from tests.notification.mail_servers import a_mail, a_server
from tests.smtp_sink import DROP, HANG, Sink, a_certificate, listening
from tests.waiting import until

pytestmark = pytest.mark.integration


async def test_given_many_mails_when_sent_at_once_then_a_few_connections_carry_them_all(sink: Sink, port: int) -> None:
    async with a_server(port, connections=4, most_connections=4) as server:
        answers = await asyncio.gather(*(server.send(a_mail(f"r{number}@example.id")) for number in range(100)))

    assert set(answers) == {Taken()}
    assert len(sink.taken) == 100
    assert len(sink.connections) == 4


async def test_given_mails_when_sent_one_by_one_then_one_connection_is_enough(sink: Sink, port: int) -> None:
    async with a_server(port) as server:
        await server.usable()
        for number in range(10):
            await server.send(a_mail(f"r{number}@example.id"))

    assert len(sink.connections) == 1
    assert sink.taken[0].as_bytes(policy=SMTP_POLICY).endswith(b"\r\n\r\n.\r\nHello\r\n")


@pytest.mark.parametrize(
    ("reply", "answer"),
    [
        ("451 try later siti@example.id", Refused("451", for_good=False)),
        ("421 too busy", Refused("421", for_good=False)),
        ("550 no such user siti@example.id", Refused("550", for_good=True)),
        (HANG, Refused("timeout", for_good=False)),
        (DROP, Refused("disconnected", for_good=False)),
    ],
)
async def test_given_a_recipient_who_is_refused_when_sent_to_then_the_next_mail_goes_out(
    sink: Sink, port: int, reply: str, answer: Refused
) -> None:
    sink.answer("siti@example.id", reply)

    async with a_server(port, connections=1, timeout_s=0.3) as server:
        answers = [await server.send(a_mail(to)) for to in ("siti@example.id", "budi@example.id", "siti@example.id")]

    assert answers == [answer, Taken(), Taken()]
    assert sink.recipients() == ["budi@example.id", "siti@example.id"]


@pytest.mark.parametrize("reply", ["554 looks like spam", "452 full"])
async def test_given_a_message_that_is_refused_when_sent_then_the_connection_is_kept(
    sink: Sink, port: int, reply: str
) -> None:
    sink.to_data.append(reply)

    async with a_server(port, connections=1) as server:
        first = await server.send(a_mail("siti@example.id"))
        second = await server.send(a_mail("siti@example.id"))

    assert first == Refused(reply[:3], for_good=reply.startswith("5"))
    assert second == Taken()
    assert len(sink.connections) == 1


async def test_given_a_kept_connection_that_the_server_dropped_when_sent_then_a_new_one_is_opened_at_once(
    sink: Sink,
) -> None:
    with listening(sink) as port:
        async with a_server(port) as server:
            await server.send(a_mail("siti@example.id"))
            # As a server does that was restarted, or that limits the messages of a connection.
            sink.to_sender.append("421 enough for now")

            answer = await server.send(a_mail("budi@example.id"))

    assert answer == Taken()
    assert len(sink.connections) == 2


async def test_given_no_server_when_sent_then_it_is_nobodys_attempt_and_everything_rests(sink: Sink) -> None:
    port = free_port()
    async with a_server(port, first_wait_s=30) as server:
        first = await server.send(a_mail("siti@example.id"))
        with listening(sink, port):
            second = await server.send(a_mail("siti@example.id"))

    assert (first, second) == (NotTried(), NotTried())
    assert sink.asked == 0


async def test_given_a_server_that_comes_back_when_waited_for_then_mail_goes_out(sink: Sink) -> None:
    port = free_port()
    async with a_server(port) as server:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.3):
                await server.usable()

        with listening(sink, port):
            async with asyncio.timeout(10):
                await server.usable()
            answer = await server.send(a_mail("siti@example.id"))

    assert answer == Taken()


@pytest.mark.parametrize("steps", range(1, 13))
async def test_given_a_refused_connection_when_the_waiting_is_stopped_at_any_moment_then_it_ends(steps: int) -> None:
    async with a_server(free_port()) as server:
        waiting = asyncio.create_task(server.usable())
        for _ in range(steps):
            await asyncio.sleep(0)
        waiting.cancel()

        ended, _ = await asyncio.wait([waiting], timeout=1)

    assert ended


async def test_given_a_server_that_refuses_our_sender_address_when_sent_then_no_mail_is_to_blame(
    sink: Sink, port: int
) -> None:
    # One for the first mail; two for the second, which tries a kept connection and then a new one.
    sink.to_sender.extend(["550 who are you?"] * 3)

    async with a_server(port) as server:
        refused = [await server.send(a_mail("siti@example.id"))]
        while sink.to_sender:
            await server.usable()
            refused.append(await server.send(a_mail("siti@example.id")))
        await server.usable()
        taken = await server.send(a_mail("siti@example.id"))

    assert refused == [NotTried(), NotTried()]
    assert taken == Taken()


async def test_given_a_connection_that_nobody_needs_when_time_goes_by_then_it_is_closed(sink: Sink, port: int) -> None:
    async with a_server(port, idle_s=0.05) as server:
        await server.send(a_mail("siti@example.id"))

        await until(lambda: sink.ended == 1)
        answer = await server.send(a_mail("siti@example.id"))

    assert answer == Taken()
    assert len(sink.connections) == 2


async def test_given_a_send_that_is_stopped_in_the_middle_when_the_next_begins_then_it_has_a_connection_of_its_own(
    sink: Sink, port: int
) -> None:
    sink.answer("siti@example.id", HANG)
    async with a_server(port, connections=1) as server:
        sending = asyncio.create_task(server.send(a_mail("siti@example.id")))
        await until(lambda: sink.asked == 1)

        sending.cancel()
        answer = await server.send(a_mail("budi@example.id"))

    assert answer == Taken()
    assert sink.recipients() == ["budi@example.id"]


def a_login(sink: Sink) -> Any:
    def authenticate(server: Any, session: Any, envelope: Any, mechanism: str, login: LoginPassword) -> AuthResult:
        good = (login.login, login.password) == (b"ntbcare", b"secret")
        sink.logins.append(mechanism)
        return AuthResult(success=good)

    return authenticate


async def test_given_starttls_and_a_login_when_sent_then_both_are_used(sink: Sink, tmp_path: Path) -> None:
    served, authority = a_certificate(tmp_path)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(served)
    secured = {"starttls": "always", "ca_file": str(authority), "username": "ntbcare"}

    with listening(
        sink, tls_context=context, require_starttls=True, auth_required=True, authenticator=a_login(sink)
    ) as port:
        async with a_server(port, **secured, password="secret") as server:
            good = await server.send(a_mail("siti@example.id"))
        async with a_server(port, **secured, password="wrong") as server:
            bad = await server.send(a_mail("siti@example.id"))
        async with a_server(port, **secured | {"ca_file": None}, password="secret") as server:
            untrusted = await server.send(a_mail("siti@example.id"))

    assert (good, bad, untrusted) == (Taken(), NotTried(), NotTried())
    assert len(sink.taken) == 1


async def test_given_a_server_without_starttls_when_it_is_always_wanted_then_nothing_is_sent(
    sink: Sink, port: int
) -> None:
    async with a_server(port, starttls="always") as server:
        answer = await server.send(a_mail("siti@example.id"))

    assert answer == NotTried()
    assert sink.asked == 0


async def test_given_refusals_when_logged_then_without_what_the_server_wrote(
    sink: Sink, port: int, logged: StringIO
) -> None:
    sink.to_sender.append("550 we know siti@example.id")

    async with a_server(port) as server:
        await server.send(a_mail("siti@example.id"))

    assert "channel_unusable" in logged.getvalue()
    assert "siti" not in logged.getvalue()
