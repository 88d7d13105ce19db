import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import timedelta
from io import StringIO
from pathlib import Path
from time import perf_counter
from typing import Any

import pytest
from fastapi import FastAPI, Request, Response
from pydantic import SecretStr

from deploy.local.ports import HOST, free_port
from deploy.simulators.arrivals import Arrival, Kind
from services.notification.domain.attempts import Answer, NotTried, Refused, Taken
from services.notification.gateways import JsonGateway
from services.notification.outgoing import Outgoing
from services.notification.outlets import Outlet, TextMessage
from services.notification.settings import GatewaySettings
from shared.events.event import Language
from tests.simulators import Running, running_simulators, serving

pytestmark = pytest.mark.integration

SITI, BUDI = "+628111111111", "+628222222222"


@pytest.fixture
async def running(tmp_path: Path) -> AsyncGenerator[Running]:
    async with running_simulators(tmp_path, tokens={Kind.SMS: "of-the-sms"}) as running:
        yield running


@asynccontextmanager
async def a_gateway(running: Running, **options: Any) -> AsyncGenerator[Outlet]:
    defaults: dict[str, Any] = {"url": f"{running.url}/sms/messages", "token": SecretStr("of-the-sms")}
    settings = GatewaySettings.model_validate(defaults | {"timeout_s": 0.5, "first_wait_s": 0.02} | options)
    gateway = JsonGateway(settings, Outgoing(settings.timeout_s, settings.most_connections, [running.host]))
    try:
        yield gateway
    finally:
        await gateway.close()


def a_message(reference: str = "r1", to: str = SITI, text: str = "Aduan diterima") -> TextMessage:
    return TextMessage(reference, to, text, Language.INDONESIAN)


async def test_given_a_message_when_sent_then_the_gateway_has_all_of_it(running: Running) -> None:
    async with a_gateway(running, sender="NTB") as gateway:
        answer = await gateway.send(a_message())

    assert answer == Taken()
    arrived = running.arrived(Kind.SMS)[0]
    expected = Arrival(Kind.SMS, SITI, "Aduan diterima", "r1", {"from": "NTB", "language": "id"}, arrived.id)
    assert arrived == expected


async def test_given_a_message_when_sent_twice_then_it_arrives_once(running: Running) -> None:
    async with a_gateway(running) as gateway:
        answers = [await gateway.send(a_message()) for _ in range(2)]

    assert answers == [Taken(), Taken()]
    assert [arrival.text for arrival in running.arrived(Kind.SMS)] == ["Aduan diterima"]


async def test_given_a_message_when_it_is_sent_again_then_with_the_idempotency_key_that_it_had() -> None:
    asked = list[tuple[str | None, str | None]]()
    app = FastAPI()

    @app.post("/")
    async def take(request: Request) -> Response:
        asked.append((request.headers.get("idempotency-key"), request.headers.get("authorization")))
        return Response(status_code=503 if len(asked) == 1 else 202)

    async with serving(app) as port:
        settings = GatewaySettings(url=f"http://{HOST}:{port}/", token=SecretStr("of-the-sms"))
        gateway = JsonGateway(settings, Outgoing(1.0, 4, [f"{HOST}:{port}"]))
        answers = [await gateway.send(a_message(reference)) for reference in ("r1", "r1", "r2")]
        await gateway.close()

    assert answers == [Refused("503", for_good=False), Taken(), Taken()]
    assert asked == [(reference, "Bearer of-the-sms") for reference in ("r1", "r1", "r2")]


@pytest.mark.parametrize(
    ("plan", "answer"),
    [
        ({"status": 422, "body": {"reason": "unknown_recipient"}}, Refused("unknown_recipient", for_good=True)),
        ({"status": 400, "body": {"reason": "Siti does not exist"}}, Refused("rejected", for_good=True)),
        ({"status": 400, "body": {"reason": ["blocked"]}}, Refused("rejected", for_good=True)),
        ({"status": 400}, Refused("rejected", for_good=True)),
        (
            {"status": 429, "body": {"reason": "recipient_busy"}, "retry_after": 60},
            Refused("recipient_busy", for_good=False, not_before=timedelta(seconds=60)),
        ),
        ({"status": 409}, Refused("409", for_good=False)),
        ({"status": 500}, Refused("500", for_good=False)),
        ({"status": 503}, Refused("503", for_good=False)),
        ({"hang": True}, Refused("timeout", for_good=False)),
        ({"drop": True}, Refused("disconnected", for_good=False)),
    ],
)
async def test_given_a_message_that_is_refused_when_sent_then_the_next_goes_out(
    running: Running, plan: dict[str, Any], answer: Answer
) -> None:
    running.plan(Kind.SMS, plan, to=SITI)

    async with a_gateway(running) as gateway:
        refused = await gateway.send(a_message())
        taken = await gateway.send(a_message("r2", BUDI))

    assert refused == answer
    assert taken == Taken()


@pytest.mark.parametrize("status", [401, 402, 403, 404, 405, 301, 429])
async def test_given_a_gateway_that_takes_nothing_from_us_when_sent_then_it_is_nobodys_attempt(
    running: Running, status: int
) -> None:
    running.plan(Kind.SMS, {"status": status})

    async with a_gateway(running, first_wait_s=30) as gateway:
        answers = [await gateway.send(a_message()) for _ in range(3)]

    assert answers == [NotTried()] * 3
    assert running.arrived(Kind.SMS) == []


@pytest.mark.parametrize("status", [429, 503])
async def test_given_a_gateway_that_asks_for_a_rest_when_it_is_over_then_messages_go_out(
    running: Running, status: int
) -> None:
    running.plan(Kind.SMS, {"status": status, "retry_after": 1})

    async with a_gateway(running) as gateway:
        first, second, began = await gateway.send(a_message()), await gateway.send(a_message()), perf_counter()
        async with asyncio.timeout(5):
            await gateway.usable()
        rested_s, third = perf_counter() - began, await gateway.send(a_message())

    assert (first, second, third) == (NotTried(), NotTried(), Taken())
    # A second was asked for; a little of it was over when the clock was read.
    assert rested_s > 0.5


async def test_given_a_gateway_that_rests_when_another_is_sent_to_then_that_one_goes_on(running: Running) -> None:
    running.plan(Kind.SMS, {"status": 401}, to=SITI)

    async with a_gateway(running, first_wait_s=30) as resting, a_gateway(running) as other:
        answers = [await gateway.send(a_message(to=to)) for gateway, to in ((resting, SITI), (resting, BUDI))]
        elsewhere = await other.send(a_message(to=BUDI))

    assert answers == [NotTried(), NotTried()]
    assert elsewhere == Taken()


async def test_given_a_gateway_that_is_broken_when_a_few_have_failed_then_the_others_are_kept(running: Running) -> None:
    running.plan(Kind.SMS, *[{"status": 500}] * 10)

    async with a_gateway(running, first_wait_s=30) as gateway:
        answers = [await gateway.send(a_message(f"r{number}")) for number in range(5)]

    assert answers == [Refused("500", for_good=False)] * 3 + [NotTried()] * 2


async def test_given_a_gateway_that_comes_back_when_many_are_sent_then_one_goes_ahead(running: Running) -> None:
    running.plan(Kind.SMS, {"status": 401}, {"status": 401})

    async with a_gateway(running) as gateway:
        await gateway.send(a_message())
        await gateway.usable()
        again = await asyncio.gather(*(gateway.send(a_message(f"r{number}")) for number in range(10)))
        await gateway.usable()
        at_last = await asyncio.gather(*(gateway.send(a_message(f"r{number}")) for number in range(10)))

    assert again == [NotTried()] * 10
    assert at_last == [Taken()] * 10


async def test_given_a_wrong_token_when_sent_then_the_gateway_is_unusable(running: Running) -> None:
    async with a_gateway(running, token="wrong") as gateway:
        answer = await gateway.send(a_message())

    assert answer == NotTried()


@pytest.mark.parametrize("url", ["http://10.0.0.1/sms", "https://localhost/sms", "not a url"])
async def test_given_a_url_that_may_not_be_called_when_sent_then_the_gateway_is_unusable(
    running: Running, url: str
) -> None:
    async with a_gateway(running, url=url) as gateway:
        answer = await gateway.send(a_message())

    assert answer == NotTried()


async def test_given_no_gateway_when_sent_then_the_message_is_tried_again(running: Running) -> None:
    port = free_port()
    settings = GatewaySettings(url=f"http://{HOST}:{port}/")
    gateway = JsonGateway(settings, Outgoing(1.0, 4, [f"{HOST}:{port}"]))

    answer = await gateway.send(a_message())

    await gateway.close()
    assert answer == Refused("unreachable", for_good=False)


async def test_given_failures_when_logged_then_without_numbers_texts_and_tokens(
    running: Running, logged: StringIO
) -> None:
    running.plan(Kind.SMS, {"status": 401, "body": {"reason": f"{SITI} of-the-sms"}})

    async with a_gateway(running) as gateway:
        await gateway.send(a_message())

    written = logged.getvalue()
    assert "'why': '401'" in written
    assert not [word for word in (SITI, "Aduan", "of-the-sms") if word in written]
