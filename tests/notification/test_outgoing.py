import asyncio
import ssl
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpcore2
import pytest
import trustme
from starlette.responses import RedirectResponse, Response, StreamingResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from deploy.local.ports import HOST
from deploy.simulators.arrivals import Kind
from services.notification.outgoing import Network, Outgoing, Reply, Unanswered
from tests.simulators import running_simulators, serving

NAME = "hooks.example.id"


class Recording(httpcore2.AsyncNetworkBackend):
    """Remembers whom it was asked to connect to, and connects to nobody."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, int]] = []

    async def connect_tcp(self, host: str, port: int, *_: Any, **__: Any) -> httpcore2.AsyncNetworkStream:
        self.asked.append((host, port))
        raise httpcore2.ConnectError("nobody is there")


@asynccontextmanager
async def a_client(*allowed: str, timeout_s: float = 5.0, **options: Any) -> AsyncGenerator[Outgoing]:
    client = Outgoing(timeout_s, 4, allowed, **options)
    try:
        yield client
    finally:
        await client.close()


async def ask(client: Outgoing, url: str) -> Reply | str:
    """The reply, or the word for why there is none."""
    try:
        return await client.post(url, b"{}", {"Content-Type": "application/json"})
    except Unanswered as unanswered:
        return unanswered.why


def resolving(*answers: Sequence[str]) -> Any:
    """One answer a look-up, the last for all that follow."""
    left = list(answers)

    async def resolve(_host: str, _port: int) -> Sequence[str]:
        return left.pop(0) if len(left) > 1 else left[0]

    return resolve


async def test_given_a_name_of_a_private_address_when_called_then_nobody_is_connected_to() -> None:
    below = Recording()
    network = Network(resolve=resolving(["10.0.0.7"]), below=below)

    async with a_client(network=network) as client:
        why, registered = await ask(client, f"https://{NAME}/"), await client.why_not(f"https://{NAME}/")

    assert (why, registered) == ("forbidden_address", "forbidden_address")
    assert below.asked == []


async def test_given_one_private_address_among_others_when_called_then_it_is_refused() -> None:
    below = Recording()
    network = Network(resolve=resolving(["103.10.60.1", "127.0.0.1"]), below=below)

    async with a_client(network=network) as client:
        why = await ask(client, f"https://{NAME}/")

    assert why == "forbidden_address"
    assert below.asked == []


async def test_given_a_name_that_changes_its_address_when_called_then_what_was_checked_is_connected_to() -> None:
    below = Recording()
    network = Network(resolve=resolving(["103.10.60.1"], ["103.10.60.2"], ["127.0.0.1"]), below=below)

    async with a_client(network=network) as client:
        registered = await client.why_not(f"https://{NAME}/")
        first, second = await ask(client, f"https://{NAME}/"), await ask(client, f"https://{NAME}/")

    assert (registered, first, second) == (None, "unreachable", "forbidden_address")
    assert below.asked == [("103.10.60.2", 443)]


async def test_given_several_addresses_when_the_first_does_not_answer_then_the_next_is_tried() -> None:
    below = Recording()
    network = Network(resolve=resolving(["103.10.60.1", "103.10.60.2", "103.10.60.3", "103.10.60.4"]), below=below)

    async with a_client(network=network) as client:
        why = await ask(client, f"https://{NAME}/")

    assert why == "unreachable"
    assert [host for host, _ in below.asked] == ["103.10.60.1", "103.10.60.2", "103.10.60.3"]


@pytest.mark.parametrize(
    ("resolve", "why"),
    [(resolving([]), "unresolved"), (resolving(["not an address"]), "forbidden_address")],
)
async def test_given_a_name_service_that_tells_nothing_good_when_called_then_the_word_says_so(
    resolve: Any, why: str
) -> None:
    async with a_client(network=Network(resolve=resolve, below=Recording())) as client:
        found = await ask(client, f"https://{NAME}/")

    assert found == why


@pytest.fixture
def authority() -> trustme.CA:
    return trustme.CA()


@asynccontextmanager
async def a_tls_server(authority: trustme.CA, name: str) -> AsyncGenerator[int]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name).configure_cert(context)
    async with serving(Response("taken"), context) as port:
        yield port


def trusting(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


@pytest.mark.integration
async def test_given_a_server_with_the_names_certificate_when_called_at_its_address_then_it_answers(
    authority: trustme.CA,
) -> None:
    async with a_tls_server(authority, NAME) as port:
        network = Network([f"{NAME}:{port}"], resolve=resolving([HOST]))
        async with a_client(network=network, trust=trusting(authority)) as client:
            reply = await ask(client, f"https://{NAME}:{port}/")

    assert reply == Reply(200, b"taken", None)


@pytest.mark.integration
@pytest.mark.parametrize(("served", "trusted"), [("other.example.id", True), (NAME, False)])
async def test_given_a_certificate_that_proves_nothing_when_called_then_nothing_is_sent(
    authority: trustme.CA,
    served: str,
    trusted: bool,  # noqa: FBT001
) -> None:
    trust = trusting(authority if trusted else trustme.CA())
    async with a_tls_server(authority, served) as port:
        network = Network([f"{NAME}:{port}"], resolve=resolving([HOST]))
        async with a_client(network=network, trust=trust) as client:
            why = await ask(client, f"https://{NAME}:{port}/")

    assert why == "tls"


@pytest.mark.integration
async def test_given_a_server_that_sends_elsewhere_when_called_then_nobody_follows() -> None:
    async with serving(RedirectResponse("http://127.0.0.1:1/")) as port, a_client(f"{HOST}:{port}") as client:
        reply = await ask(client, f"http://{HOST}:{port}/")

    assert isinstance(reply, Reply)
    assert reply.status == 307


@pytest.mark.integration
async def test_given_an_answer_without_end_when_read_then_a_part_of_it_is_enough() -> None:
    async def endless() -> AsyncGenerator[bytes]:
        while True:
            yield b"x" * 10_000
            await asyncio.sleep(0)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await StreamingResponse(endless())(scope, receive, send)

    async with serving(app) as port, a_client(f"{HOST}:{port}") as client:
        reply = await ask(client, f"http://{HOST}:{port}/")

    assert isinstance(reply, Reply)
    assert len(reply.body) == 65_536


@pytest.mark.integration
@pytest.mark.parametrize(("plan", "why"), [({"hang": True}, "timeout"), ({"drop": True}, "disconnected")])
async def test_given_a_server_that_does_not_answer_when_called_then_the_word_says_how(
    tmp_path: Path, plan: dict[str, bool], why: str
) -> None:
    async with running_simulators(tmp_path) as running, a_client(running.host, timeout_s=0.3) as client:
        running.plan(Kind.WEBHOOK, plan)
        found = await ask(client, f"{running.url}/webhooks/pupr")
        again = await ask(client, f"{running.url}/webhooks/pupr")

    assert found == why
    assert isinstance(again, Reply)


@pytest.mark.integration
async def test_given_an_answer_that_trickles_when_called_then_the_limit_is_of_the_whole_exchange() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        while (await receive())["type"] != "http.disconnect":
            await send({"type": "http.response.body", "body": b"x", "more_body": True})

    async with serving(app) as port, a_client(f"{HOST}:{port}", timeout_s=0.3) as client:
        why = await ask(client, f"http://{HOST}:{port}/")

    assert why == "timeout"


@pytest.mark.integration
@pytest.mark.parametrize(
    ("said", "read"),
    [
        ("7", timedelta(seconds=7)),
        ("999999999999", timedelta(hours=1)),
        ("Wed, 21 Oct 2015 07:28:00 GMT", timedelta(0)),
        ("Fri, 31 Dec 2100 23:59:59 GMT", timedelta(hours=1)),
        ("soon", None),
        ("Wed, 21 Oct 2015 07:28:00 +99999999999999999", None),
        ("-5", None),
    ],
)
async def test_given_retry_after_when_read_then_it_is_a_time_within_reason(said: str, read: timedelta | None) -> None:
    app: ASGIApp = Response(None, 503, {"Retry-After": said})

    async with serving(app) as port, a_client(f"{HOST}:{port}") as client:
        reply = await ask(client, f"http://{HOST}:{port}/")

    assert isinstance(reply, Reply)
    assert reply.retry_after == read


@pytest.mark.parametrize(("body", "read"), [(b"{", {}), (b"[1]", {}), (b"[" * 100_000, {}), (b'{"a": 1}', {"a": 1})])
def test_given_any_body_when_read_as_an_object_then_nothing_is_raised(body: bytes, read: dict[str, int]) -> None:
    assert Reply(400, body, None).read() == read
