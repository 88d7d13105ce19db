import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest

from deploy.simulators.arrivals import Kind
from services.notification.domain.attempts import Answer, Refused, Taken
from services.notification.domain.signatures import key_of, printable, secret_of, sign, verify
from services.notification.hooks import HookCaller
from services.notification.outgoing import Outgoing
from services.notification.outlets import Call
from tests.simulators import Running, body_of, running_simulators

SPECIMEN = {
    "secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
    "id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
    "at": datetime(2021, 2, 25, 14, 55, 30, tzinfo=UTC),
    "body": b'{"test": 2432232314}',
    "signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
}
"""Of the libraries of Standard Webhooks."""
NOW = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
MASTER = b"of the service"


def headers_of(signature: str, at: datetime = NOW, message_id: str = "m1") -> tuple[str, str, str]:
    return message_id, str(int(at.timestamp())), signature


def test_given_the_specimen_of_the_standard_when_signed_then_the_signature_is_its_own() -> None:
    key = key_of(str(SPECIMEN["secret"]))

    signature = sign(
        [key], "msg_p5jXN8AQM9LWM0D4loKWxJek", datetime.fromtimestamp(1614265330, UTC), b'{"test": 2432232314}'
    )

    assert signature == SPECIMEN["signature"]


def test_given_two_secrets_when_signed_then_whoever_has_one_of_them_can_tell() -> None:
    signature = sign([b"new", b"old"], "m1", NOW, b"{}")

    assert len(signature.split(" ")) == 2
    assert verify([b"old"], headers_of(signature), b"{}", NOW)
    assert verify([b"new"], headers_of(signature), b"{}", NOW)
    assert not verify([b"other"], headers_of(signature), b"{}", NOW)


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        (headers_of(sign([b"new"], "m1", NOW, b"{}")), b"{ }"),
        (headers_of(sign([b"new"], "m1", NOW, b"{}"), message_id="m2"), b"{}"),
        (headers_of(sign([b"new"], "m1", NOW, b"{}"), NOW + timedelta(seconds=1)), b"{}"),
        (headers_of(sign([b"new"], "m1", NOW, b"{}").removeprefix("v1,")), b"{}"),
        (headers_of(""), b"{}"),
        (("", "", ""), b"{}"),
        (("m1", "now", "v1,abc"), b"{}"),
        (("m1", "9" * 5_000, "v1,abc"), b"{}"),
        (("m1", "١٧٩٥", "v1,\udcff"), b"{}"),
    ],
)
def test_given_what_was_not_signed_when_verified_then_it_is_refused(headers: tuple[str, str, str], body: bytes) -> None:
    assert not verify([b"new"], headers, body, NOW)


@pytest.mark.parametrize(("late", "good"), [(-301, False), (-300, True), (300, True), (301, False)])
def test_given_a_signature_of_another_time_when_verified_then_five_minutes_are_forgiven(late: int, good: bool) -> None:  # noqa: FBT001
    signature = sign([b"new"], "m1", NOW, b"{}")

    assert verify([b"new"], headers_of(signature), b"{}", NOW + timedelta(seconds=late)) is good


def test_given_webhooks_when_secrets_are_derived_then_each_version_of_each_has_its_own() -> None:
    secrets = {secret_of(MASTER, webhook, version) for webhook in ("a", "b") for version in (1, 2)}

    assert len(secrets) == 4
    assert {len(secret) for secret in secrets} == {32}
    assert secret_of(MASTER, "a", 1) in secrets


def test_given_a_secret_when_printed_and_read_then_it_is_the_same() -> None:
    secret = secret_of(MASTER, "a", 1)

    assert printable(secret).startswith("whsec_")
    assert key_of(printable(secret)) == secret
    assert key_of("dev-anything") == b"dev-anything"


@pytest.fixture
async def running(tmp_path: Path) -> AsyncGenerator[Running]:
    async with running_simulators(tmp_path) as running:
        yield running


@asynccontextmanager
async def a_caller(*allowed: str) -> AsyncGenerator[HookCaller]:
    caller = HookCaller(Outgoing(0.5, 4, allowed))
    try:
        yield caller
    finally:
        await caller.close()


def a_call(url: str, *secrets: bytes, **body: Any) -> Call:
    return Call("w1", "m1", url, secrets or (b"secret",), json.dumps(body).encode())


@pytest.mark.integration
async def test_given_a_system_that_knows_its_secret_when_called_then_the_signature_fits(running: Running) -> None:
    url = f"{running.url}/webhooks/pupr"
    async with httpx2.AsyncClient() as client:
        await client.put(f"{url}/secret", json={"secret": printable(b"the one before")})

    async with a_caller(running.host) as caller:
        await caller.usable()
        answer = await caller.send(a_call(url, b"the new one", b"the one before", type="case.closed.v1", name="Kué"))

    call = running.arrived(Kind.WEBHOOK)[0]
    assert answer == Taken(arrived=True)
    assert (call.to, call.reference) == ("pupr", "m1")
    assert call.facts == {"signature": "fits", "type": "case.closed.v1"}
    assert body_of(call) == {"type": "case.closed.v1", "name": "Kué"}


@pytest.mark.integration
async def test_given_a_system_with_another_secret_when_called_then_it_sees_that_nothing_fits(running: Running) -> None:
    running.simulators.secrets["pupr"] = b"another"

    async with a_caller(running.host) as caller:
        await caller.send(a_call(f"{running.url}/webhooks/pupr", b"secret"))

    assert running.arrived(Kind.WEBHOOK)[0].facts["signature"] == "does not fit"


@pytest.mark.integration
@pytest.mark.parametrize(
    ("plan", "answer"),
    [
        ({"status": 200}, Taken(arrived=True)),
        ({"status": 202}, Taken(arrived=True)),
        ({"status": 410}, Refused("gone", for_good=True)),
        ({"status": 429, "retry_after": 90}, Refused("429", for_good=False, not_before=timedelta(seconds=90))),
        ({"status": 503, "retry_after": 90}, Refused("503", for_good=False, not_before=timedelta(seconds=90))),
        ({"status": 503}, Refused("503", for_good=False)),
        ({"status": 400}, Refused("400", for_good=False)),
        ({"status": 302}, Refused("302", for_good=False)),
        ({"status": 500}, Refused("500", for_good=False)),
        ({"hang": True}, Refused("timeout", for_good=False)),
        ({"drop": True}, Refused("disconnected", for_good=False)),
    ],
)
async def test_given_an_answer_of_a_system_when_called_then_it_is_understood(
    running: Running, plan: dict[str, Any], answer: Answer
) -> None:
    running.plan(Kind.WEBHOOK, plan)

    async with a_caller(running.host) as caller:
        understood = await caller.send(a_call(f"{running.url}/webhooks/pupr"))

    assert understood == answer


@pytest.mark.integration
async def test_given_a_system_that_fails_again_and_again_when_others_are_called_then_nothing_rests(
    running: Running,
) -> None:
    running.plan(Kind.WEBHOOK, *[{"status": 500}] * 10, to="pupr")

    async with a_caller(running.host) as caller:
        failing = [await caller.send(a_call(f"{running.url}/webhooks/pupr")) for _ in range(10)]
        other = await caller.send(a_call(f"{running.url}/webhooks/dishub"))

    assert failing == [Refused("500", for_good=False)] * 10
    assert other == Taken(arrived=True)


@pytest.mark.parametrize(
    ("url", "why"), [("http://hooks.example.id/", "not_https"), ("https://10.0.0.1/", "forbidden_address")]
)
async def test_given_a_url_that_may_not_be_called_when_called_then_it_is_refused(url: str, why: str) -> None:
    async with a_caller() as caller:
        answer = await caller.send(a_call(url))

    assert answer == Refused(why, for_good=False)
