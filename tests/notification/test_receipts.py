import json
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import httpx2
import pytest

from services.notification.api.receipts import create_receipts_router
from services.notification.domain.receipts import Receipt, Reply, Wish, read_cloud_receipts, read_gateway_receipts
from services.notification.domain.signatures import sign, sign_for_hub
from services.notification.settings import Settings
from shared.events.notices import Channel
from shared.problems import ProblemApp

SECRETS: dict[str, Any] = {
    "sms": {"receipt_secret": "of-the-sms"},
    "whatsapp": {"receipt_secret": "of-whatsapp", "verify_token": "shown-once"},
}
SMS, WHATSAPP = "/v1/notices/receipts/sms", "/v1/notices/receipts/whatsapp"
DELIVERED = b'{"receipts": [{"reference": "r1", "status": "delivered"}]}'


class Taking:
    """Remembers receipts, or refuses them."""

    def __init__(self, *, ready: bool = True) -> None:
        self.ready = ready
        self.taken: list[Receipt] = []
        self.heeded: list[tuple[Channel, Reply]] = []

    async def heed(self, channel: Channel, replies: Sequence[Reply]) -> None:
        self.heeded += [(channel, reply) for reply in replies]

    async def take(self, receipts: Sequence[Receipt]) -> bool:
        self.taken += receipts if self.ready else []
        return self.ready


@asynccontextmanager
async def an_api(taking: Taking, secrets: dict[str, Any] = SECRETS) -> AsyncGenerator[httpx2.AsyncClient]:
    settings = Settings.model_validate(
        {"link_secret": "links", "address_secret": "addresses", "tracking_secrets": {"1": "t"}, **secrets}
    )
    app = ProblemApp()
    app.include_router(create_receipts_router(settings, taking.take, taking.heed))
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://notification") as client:
        yield client


def signed(body: bytes, secret: bytes = b"of-the-sms") -> dict[str, str]:
    at = datetime.now(UTC)
    return {
        "webhook-id": "m1",
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": sign([secret], "m1", at, body),
    }


def a_status(status: str, reference: str | None = "r1", **more: Any) -> dict[str, Any]:
    known = {} if reference is None else {"biz_opaque_callback_data": reference}
    return {"id": "wamid.1", "status": status, "recipient_id": "628111111111", **known, **more}


def from_cloud(*statuses: dict[str, Any], **more: Any) -> bytes:
    value = {"messaging_product": "whatsapp", "statuses": list(statuses), **more}
    return json.dumps({"entry": [{"changes": [{"field": "messages", "value": value}]}]}).encode()


def test_given_receipts_of_a_gateway_when_read_then_only_what_is_final_counts() -> None:
    told = [
        {"reference": "r1", "status": "delivered"},
        {"reference": "r2", "status": "sent"},
        {"reference": "r3", "status": "failed", "reason": "unknown_recipient"},
        {"reference": "r4", "status": "failed", "reason": "Siti changed her number"},
        {"reference": "r5", "status": "failed", "reason": ["blocked"]},
    ]

    read = read_gateway_receipts(json.dumps({"receipts": told}).encode())

    assert read == [
        Receipt("r1", arrived=True),
        Receipt("r3", arrived=False, reason="unknown_recipient"),
        Receipt("r4", arrived=False, reason="undeliverable"),
        Receipt("r5", arrived=False, reason="undeliverable"),
    ]


def test_given_statuses_of_whatsapp_when_read_then_only_what_is_final_and_ours_counts() -> None:
    body = from_cloud(
        a_status("sent"),
        a_status("delivered"),
        a_status("read", "r2"),
        a_status("failed", "r3", errors=[{"code": 131026, "title": "Siti is not on WhatsApp"}]),
        a_status("failed", "r4", errors=[{"code": 7}]),
        a_status("failed", "r5"),
        a_status("delivered", None),
        a_status("played", "r6"),
    )

    read = read_cloud_receipts(body)

    assert read == [
        Receipt("r1", arrived=True),
        Receipt("r2", arrived=True),
        Receipt("r3", arrived=False, reason="undeliverable"),
        Receipt("r4", arrived=False, reason="other"),
        Receipt("r5", arrived=False, reason="other"),
    ]


def test_given_what_somebody_wrote_to_us_when_read_then_it_is_passed_over() -> None:
    value = {"messaging_product": "whatsapp", "messages": [{"from": "628111111111", "text": {"body": "halo"}}]}

    read = read_cloud_receipts(json.dumps({"entry": [{"changes": [{"value": value}]}]}).encode())

    assert read == []


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"receipts", "The body is not JSON."),
        (b"\xff", "The body is not JSON."),
        (b"[" * 100_000, "The body is not JSON."),
        (b"[]", "The body must be an object."),
        (b"{}", "`receipts` must be a list."),
        (b'{"receipts": [1]}', "A receipt must be an object."),
        (b'{"receipts": [{"status": "sent"}]}', "A reference must be a text of 1 to 200 characters."),
        (b'{"receipts": [{"reference": "r1", "status": "lost"}]}', "The status of a receipt must be"),
    ],
)
def test_given_a_malformed_body_of_a_gateway_when_read_then_it_is_told_why(body: bytes, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        read_gateway_receipts(body)


@pytest.mark.parametrize(
    ("told", "why"),
    [
        ({}, "`entry` must be a list."),
        ({"entry": [{"changes": {}}]}, "`changes` must be a list."),
        ({"entry": [{"changes": [{"value": {"statuses": 1}}]}]}, "`statuses` must be a list."),
        ({"entry": [{"changes": [{"value": {"statuses": ["x"]}}]}]}, "A status must be an object."),
    ],
)
def test_given_a_malformed_body_of_whatsapp_when_read_then_it_is_told_why(told: dict[str, Any], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        read_cloud_receipts(json.dumps(told).encode())


async def test_given_signed_receipts_when_posted_then_they_are_taken() -> None:
    taking, body = Taking(), from_cloud(a_status("read", "r2"))

    async with an_api(taking) as api:
        sms = await api.post(SMS, content=DELIVERED, headers=signed(DELIVERED))
        headers = {"X-Hub-Signature-256": sign_for_hub(b"of-whatsapp", body)}
        whatsapp = await api.post(WHATSAPP, content=body, headers=headers)

    assert (sms.status_code, whatsapp.status_code) == (204, 200)
    assert taking.taken == [Receipt("r1", arrived=True), Receipt("r2", arrived=True)]


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        (SMS, {}),
        (SMS, signed(DELIVERED, b"another")),
        (SMS, signed(b"another")),
        (SMS, {"webhook-id": "m1", "webhook-timestamp": "yesterday", "webhook-signature": "v1,"}),
        (WHATSAPP, {}),
        (WHATSAPP, {"X-Hub-Signature-256": "sha256=00"}),
        (WHATSAPP, {"X-Hub-Signature-256": sign_for_hub(b"another", DELIVERED)}),
    ],
)
async def test_given_a_signature_that_does_not_fit_when_posted_then_nothing_is_taken(
    path: str, headers: dict[str, str]
) -> None:
    taking = Taking()

    async with an_api(taking) as api:
        answer = await api.post(path, content=DELIVERED, headers=headers)

    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"
    assert taking.taken == []


async def test_given_a_malformed_body_when_signed_and_posted_then_it_is_a_problem() -> None:
    async with an_api(Taking()) as api:
        answer = await api.post(SMS, content=b"{}", headers=signed(b"{}"))

    assert answer.status_code == 422
    assert answer.json()["detail"] == "`receipts` must be a list."


async def test_given_a_message_that_is_not_marked_as_sent_yet_when_told_of_then_it_is_to_be_told_again() -> None:
    async with an_api(Taking(ready=False)) as api:
        answer = await api.post(SMS, content=DELIVERED, headers=signed(DELIVERED))

    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "1"


async def test_given_receipts_of_nothing_final_when_posted_then_nobody_is_asked() -> None:
    body = b'{"receipts": [{"reference": "r1", "status": "sent"}]}'

    async with an_api(Taking(ready=False)) as api:
        answer = await api.post(SMS, content=body, headers=signed(body))

    assert answer.status_code == 204


async def test_given_a_channel_without_a_secret_when_posted_to_then_it_is_not_there() -> None:
    async with an_api(Taking(), {}) as api:
        answers = [
            await api.post(SMS, content=DELIVERED, headers=signed(DELIVERED, b"")),
            await api.post(WHATSAPP, content=DELIVERED, headers={"X-Hub-Signature-256": sign_for_hub(b"", DELIVERED)}),
            await api.get(WHATSAPP, params={"hub.mode": "subscribe", "hub.verify_token": ""}),
        ]

    assert [answer.status_code for answer in answers] == [404, 404, 404]


async def test_given_the_token_of_the_settings_when_meta_asks_then_its_challenge_is_given_back() -> None:
    asked = {"hub.mode": "subscribe", "hub.challenge": "1158201444"}

    async with an_api(Taking()) as api:
        good = await api.get(WHATSAPP, params=asked | {"hub.verify_token": "shown-once"})
        wrong = await api.get(WHATSAPP, params=asked | {"hub.verify_token": "guessed"})

    assert (good.status_code, good.text) == (200, "1158201444")
    assert good.headers["content-type"].startswith("text/plain")
    assert wrong.status_code == 401


@pytest.mark.parametrize(
    ("text", "wish"),
    [
        ("STOP", Wish.STOP),
        (" berhenti. ", Wish.STOP),
        ("Mulai", Wish.START),
        ("YA.", Wish.CONFIRM),
        ("Stop kirim sampah ke sungai", None),
    ],
)
async def test_given_somebody_who_answers_when_it_is_a_wish_then_it_is_heeded_and_nothing_else_is(
    text: str, wish: Wish | None
) -> None:
    taking = Taking()
    by_sms = json.dumps({"replies": [{"from": "+62900001", "text": text}]}).encode()
    message = {"from": "62900002", "type": "text", "text": {"body": text}}
    by_whatsapp = from_cloud(messages=[message, {"from": "62900003", "type": "image"}])
    hub = {"X-Hub-Signature-256": sign_for_hub(b"of-whatsapp", by_whatsapp)}

    async with an_api(taking) as http:
        answers = [
            await http.post(SMS, content=by_sms, headers=signed(by_sms)),
            await http.post(WHATSAPP, content=by_whatsapp, headers=hub),
            await http.post(SMS, content=by_sms, headers=signed(by_sms, b"another")),
        ]

    assert [answer.status_code for answer in answers] == [204, 200, 401]
    heard = [(Channel.SMS, Reply("+62900001", wish)), (Channel.WHATSAPP, Reply("+62900002", wish))] if wish else []
    assert taking.heeded == heard
