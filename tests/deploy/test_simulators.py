import json
from collections.abc import AsyncGenerator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI, Request, Response
from pydantic import SecretStr

from deploy.local.assembly import environment_of
from deploy.local.development import development_secrets
from deploy.local.plan import Addresses, Plan
from deploy.simulators.arrivals import Arrival, Arrivals, Kind
from deploy.simulators.receipts import Target
from services.notification.domain.receipts import Receipt, read_cloud_receipts, read_gateway_receipts
from services.notification.domain.signatures import sign, verify, verify_of_hub
from services.notification.settings import Settings
from tests.simulators import Running, running_simulators, serving
from tests.waiting import until

SITI = "+628111111111"
SMS = {"to": SITI, "from": "NTBCARE", "text": "Aduan diterima", "reference": "r1", "language": "id"}
CLOUD = {
    "messaging_product": "whatsapp",
    "to": SITI,
    "type": "template",
    "template": {
        "name": "ntbcare_notice",
        "language": {"code": "id"},
        "components": [{"type": "body", "parameters": [{"type": "text", "text": "Aduan diterima"}]}],
    },
    "biz_opaque_callback_data": "r2",
}


@pytest.fixture
async def running(tmp_path: Path) -> AsyncGenerator[Running]:
    async with running_simulators(tmp_path) as running:
        yield running


@pytest.fixture
async def http(running: Running) -> AsyncGenerator[httpx2.AsyncClient]:
    async with httpx2.AsyncClient(base_url=running.url) as client:
        yield client


def an_arrival(text: str, channel: Kind = Kind.SMS, to: str = SITI) -> Arrival:
    return Arrival(channel, to, text, f"of {text}")


def test_given_kept_messages_when_the_folder_is_opened_again_then_they_are_there(tmp_path: Path) -> None:
    kept = Arrivals(tmp_path).add(an_arrival("Halo"))

    again = Arrivals(tmp_path)

    assert again.newest(10) == [kept]
    assert again.find(Kind.SMS, SITI, "of Halo") == kept


def test_given_a_full_folder_when_one_more_comes_then_the_oldest_goes(tmp_path: Path) -> None:
    arrivals = Arrivals(tmp_path, kept=3)

    for number in range(5):
        arrivals.add(an_arrival(f"Pesan {number}"))

    assert [one.text for one in arrivals.newest(10)] == ["Pesan 4", "Pesan 3", "Pesan 2"]
    assert len(list(tmp_path.iterdir())) == 3


@pytest.mark.integration
async def test_given_an_idempotency_key_when_it_comes_twice_then_one_is_kept_and_the_answer_is_the_same(
    running: Running, http: httpx2.AsyncClient
) -> None:
    answers = [await http.post("/sms/messages", json=SMS, headers={"Idempotency-Key": "k1"}) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [202, 202]
    assert answers[0].json() == answers[1].json()
    assert [one.reference for one in running.arrived(Kind.SMS)] == ["k1"]


@pytest.mark.integration
async def test_given_plans_when_calls_come_then_those_for_a_recipient_go_first_and_each_is_used_once(
    http: httpx2.AsyncClient,
) -> None:
    await http.post("/plans", json={"channel": "sms", "answers": [{"status": 503, "retry_after": 7}]})
    await http.post("/plans", json={"channel": "sms", "to": SITI, "answers": [{"status": 400}]})

    answers = [await http.post("/sms/messages", json=SMS) for _ in range(3)]

    assert [answer.status_code for answer in answers] == [400, 503, 202]
    assert answers[1].headers["retry-after"] == "7"


@pytest.mark.integration
async def test_given_plans_when_they_are_forgotten_then_everything_is_taken(http: httpx2.AsyncClient) -> None:
    await http.post("/plans", json={"channel": "whatsapp", "answers": [{"status": 500}]})

    await http.delete("/plans")
    answer = await http.post("/whatsapp/4711/messages", json=CLOUD)

    assert answer.status_code == 200
    assert answer.json()["messages"][0]["id"].startswith("wamid.")


@pytest.mark.integration
async def test_given_a_parameter_with_a_line_break_when_posted_then_whatsapp_refuses_it(
    http: httpx2.AsyncClient,
) -> None:
    body = json.loads(json.dumps(CLOUD).replace("Aduan diterima", "Aduan\\nditerima"))

    answer = await http.post("/whatsapp/4711/messages", json=body)

    assert (answer.status_code, answer.json()["error"]["code"]) == (400, 132018)


@pytest.mark.integration
async def test_given_a_receiver_without_a_secret_when_called_then_it_says_what_it_cannot_tell(
    running: Running, http: httpx2.AsyncClient
) -> None:
    at = datetime.now(UTC)
    signed = {"webhook-id": "m1", "webhook-timestamp": str(int(at.timestamp()))}
    signed["webhook-signature"] = sign([b"secret"], "m1", at, b"{}")

    await http.post("/webhooks/pupr", content=b"{}", headers=signed)
    await http.post("/webhooks/dishub", content=b"{}")

    assert [one.facts["signature"] for one in running.arrived(Kind.WEBHOOK)] == ["secret unknown", "missing"]


@pytest.mark.integration
@pytest.mark.parametrize(
    ("plan", "receipt"),
    [
        ({}, Receipt("r1", arrived=True)),
        ({"receipt": "failed", "reason": "blocked"}, Receipt("r1", arrived=False, reason="blocked")),
    ],
)
async def test_given_a_taken_sms_when_its_receipt_is_refused_at_first_then_it_is_told_again_and_signed(
    tmp_path: Path, plan: dict[str, Any], receipt: Receipt
) -> None:
    told: list[list[Receipt]] = []
    app = FastAPI()

    @app.post("/receipts")
    async def take(request: Request) -> Response:
        body, headers = await request.body(), request.headers
        signed = (headers["webhook-id"], headers["webhook-timestamp"], headers["webhook-signature"])
        assert verify([b"of-the-sms"], signed, body, datetime.now(UTC))
        told.append(read_gateway_receipts(body))
        return Response(status_code=204 if len(told) > 1 else 503)

    async with serving(app) as port:
        targets = {Kind.SMS: Target(f"http://127.0.0.1:{port}/receipts", "of-the-sms")}
        async with running_simulators(tmp_path, targets) as running, httpx2.AsyncClient() as client:
            running.plan(Kind.SMS, plan)
            await client.post(f"{running.url}/sms/messages", json=SMS)
            await until(lambda: len(told) == 2)

    assert told == [[receipt], [receipt]]


@pytest.mark.integration
@pytest.mark.parametrize(
    ("plan", "receipt"),
    [
        ({}, Receipt("r2", arrived=True)),
        ({"receipt": "failed", "reason": "131050"}, Receipt("r2", arrived=False, reason="opted_out")),
    ],
)
async def test_given_a_taken_whatsapp_message_when_its_receipt_is_told_then_it_is_as_meta_tells_it(
    tmp_path: Path, plan: dict[str, Any], receipt: Receipt
) -> None:
    told: list[Receipt] = []
    app = FastAPI()

    @app.post("/receipts")
    async def take(request: Request) -> Response:
        body = await request.body()
        assert verify_of_hub(b"of-whatsapp", request.headers["x-hub-signature-256"], body)
        told.extend(read_cloud_receipts(body))
        return Response()

    async with serving(app) as port:
        targets = {Kind.WHATSAPP: Target(f"http://127.0.0.1:{port}/receipts", "of-whatsapp")}
        async with running_simulators(tmp_path, targets) as running, httpx2.AsyncClient() as client:
            running.plan(Kind.WHATSAPP, plan)
            await client.post(f"{running.url}/whatsapp/4711/messages", json=CLOUD)
            await until(lambda: told)

    assert told == [receipt]


def test_given_a_platform_of_one_machine_when_notification_is_told_then_the_simulators_take_its_messages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = Plan(tmp_path, http_port=8123)
    told = environment_of(plan, Addresses("127.0.0.1:9092", "mongodb://127.0.0.1/"), development_secrets(tmp_path))
    for name, value in told.items():
        monkeypatch.setenv(name, value)

    settings = Settings.model_validate({})

    assert settings.sms.url == "http://127.0.0.1:8123/-/simulators/sms/messages"
    assert settings.whatsapp.url == "http://127.0.0.1:8123/-/simulators/whatsapp"
    assert settings.allowed_hosts == ("127.0.0.1:8123",)
    assert settings.timing.quiet_from is None
    assert settings.oidc.development_secret == SecretStr(told["ROUTING_OIDC__DEVELOPMENT_SECRET"])
