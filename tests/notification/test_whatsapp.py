from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from deploy.local.ports import HOST, free_port
from deploy.simulators.arrivals import Kind
from services.notification.domain.attempts import Answer, NotTried, Refused, Taken
from services.notification.gateways import WhatsAppCloud
from services.notification.outgoing import Outgoing
from services.notification.outlets import Outlet, TextMessage
from services.notification.settings import WhatsAppSettings
from shared.events.event import Language
from tests.simulators import Running, running_simulators

pytestmark = pytest.mark.integration

SITI, BUDI = "+628111111111", "+628222222222"


@pytest.fixture
async def running(tmp_path: Path) -> AsyncGenerator[Running]:
    async with running_simulators(tmp_path, tokens={Kind.WHATSAPP: "of-whatsapp"}) as running:
        yield running


@asynccontextmanager
async def a_cloud(running: Running, **options: Any) -> AsyncGenerator[Outlet]:
    defaults: dict[str, Any] = {"url": f"{running.url}/whatsapp/", "phone_number_id": "4711"}
    defaults |= {"token": SecretStr("of-whatsapp"), "timeout_s": 0.5, "first_wait_s": 0.02}
    settings = WhatsAppSettings.model_validate(defaults | options)
    cloud = WhatsAppCloud(settings, Outgoing(settings.timeout_s, settings.most_connections, [running.host]))
    try:
        yield cloud
    finally:
        await cloud.close()


def a_message(reference: str = "r1", to: str = SITI, text: str = "Aduan diterima") -> TextMessage:
    return TextMessage(reference, to, text, Language.INDONESIAN)


async def test_given_a_wrong_token_when_sent_then_whatsapp_is_unusable(running: Running) -> None:
    async with a_cloud(running, token="wrong") as cloud:
        answer = await cloud.send(a_message())

    assert answer == NotTried()


async def test_given_a_message_of_many_lines_when_sent_by_whatsapp_then_it_is_one_parameter_of_the_template(
    running: Running,
) -> None:
    async with a_cloud(running) as cloud:
        answer = await cloud.send(a_message(text="Aduan  diterima.\n\n\tLihat:      https://ntb.example.id"))

    arrived = running.arrived(Kind.WHATSAPP)[0]
    assert answer == Taken()
    assert arrived.text == "Aduan diterima. Lihat: https://ntb.example.id"
    assert (arrived.to, arrived.reference) == (SITI, "r1")
    assert arrived.facts == {"from": "4711", "template": "ntbcare_notice", "language": "id"}


@pytest.mark.parametrize(
    ("code", "answer"),
    [
        (131026, Refused("undeliverable", for_good=True)),
        (131050, Refused("opted_out", for_good=True)),
        (132005, Refused("too_long", for_good=True)),
        (131056, Refused("pair_rate", for_good=False, not_before=timedelta(minutes=1))),
        (131049, Refused("held_back", for_good=True)),
        (100, Refused("rejected", for_good=False)),
    ],
)
async def test_given_an_error_about_one_recipient_when_sent_then_whatsapp_goes_on(
    running: Running, code: int, answer: Answer
) -> None:
    running.plan(Kind.WHATSAPP, {"status": 400, "body": {"error": {"code": code, "message": "to Siti"}}}, to=SITI)

    async with a_cloud(running) as cloud:
        refused = await cloud.send(a_message())
        taken = await cloud.send(a_message("r2", BUDI))

    assert refused == answer
    assert taken == Taken()


@pytest.mark.parametrize(
    ("status", "code"),
    [(400, 130429), (400, 80007), (400, 131047), (401, 190), (403, 10), (400, 132001), (500, 131016)],
)
async def test_given_an_error_about_all_messages_when_sent_then_whatsapp_rests(
    running: Running, status: int, code: int
) -> None:
    running.plan(Kind.WHATSAPP, {"status": status, "body": {"error": {"code": code}}}, to=SITI)

    async with a_cloud(running, first_wait_s=30) as cloud:
        answers = [await cloud.send(a_message()), await cloud.send(a_message("r2", BUDI))]

    assert answers == [NotTried(), NotTried()]


@pytest.mark.parametrize("body", [{"error": "down"}, {"error": {"code": "131026"}}, None])
async def test_given_an_error_without_a_code_when_sent_by_whatsapp_then_the_status_counts(
    running: Running, body: dict[str, Any] | None
) -> None:
    running.plan(Kind.WHATSAPP, {"status": 502, "body": body})

    async with a_cloud(running) as cloud:
        answer = await cloud.send(a_message())

    assert answer == Refused("502", for_good=False)


@pytest.mark.parametrize("plan", [{"hang": True}, {"drop": True}])
async def test_given_a_gateway_that_has_a_message_and_says_nothing_when_sent_then_it_may_have_taken_it(
    running: Running, plan: dict[str, bool]
) -> None:
    running.plan(Kind.WHATSAPP, plan)

    async with a_cloud(running) as cloud:
        answer = await cloud.send(a_message())

    assert answer == Refused("unsure", for_good=False)


async def test_given_nobody_who_listens_when_sent_by_whatsapp_then_it_was_not_taken(running: Running) -> None:
    port = free_port()
    settings = WhatsAppSettings(url=f"http://{HOST}:{port}", phone_number_id="4711")
    cloud = WhatsAppCloud(settings, Outgoing(0.5, 4, [f"{HOST}:{port}"]))

    answer = await cloud.send(a_message())

    await cloud.close()
    assert answer == Refused("unreachable", for_good=False)
