"""`/v1/notices/receipts`: gateways tell whether messages arrived. What counts is the signature over the raw bytes."""

import hmac
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from typing import Annotated, Final, TypeVar

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import PlainTextResponse
from pydantic import SecretStr

from services.notification.domain.receipts import (
    Receipt,
    Reply,
    read_cloud_receipts,
    read_cloud_replies,
    read_gateway_receipts,
    read_gateway_replies,
)
from services.notification.domain.signatures import key_of, verify, verify_of_hub
from services.notification.settings import Settings
from shared.bodies import describe_refusals
from shared.events.notices import Channel
from shared.problems import Problem

Found = TypeVar("Found")

Take = Callable[[Sequence[Receipt]], Awaitable[bool]]
"""False: a message is not marked as sent yet, and the receipt must be told again."""
Heed = Callable[[Channel, Sequence[Reply]], Awaitable[None]]
"""What people who answered want."""

_PREFIX: Final = "/v1/notices/receipts"
_TAKEN: Final = {"description": "Taken"}
_REFUSED: Final = describe_refusals(401, 404, 422, 503)


def create_receipts_router(settings: Settings, take: Take, heed: Heed) -> APIRouter:
    """Receipts and replies of both gateways, as one request has them; none is lost when `take` refuses."""
    router = APIRouter(prefix=_PREFIX, tags=["receipts"], responses=_REFUSED)
    sms, whatsapp = _key(settings.sms.receipt_secret), _key(settings.whatsapp.receipt_secret)
    confirming = _key(settings.whatsapp.verify_token)

    @router.post("/sms", status_code=204, responses={204: _TAKEN})
    async def take_sms(request: Request) -> Response:
        key = _known(sms)
        body = await request.body()
        signed = (_header(request, "id"), _header(request, "timestamp"), _header(request, "signature"))
        if not verify([key], signed, body, datetime.now(UTC)):
            raise _unsigned()
        await heed(Channel.SMS, _read(read_gateway_replies, body))
        await _take(take, _read(read_gateway_receipts, body))
        return Response(status_code=204)

    @router.post("/whatsapp", responses={200: _TAKEN})
    async def take_whatsapp(request: Request) -> Response:
        key = _known(whatsapp)
        body = await request.body()
        if not verify_of_hub(key, request.headers.get("x-hub-signature-256", ""), body):
            raise _unsigned()
        await heed(Channel.WHATSAPP, _read(read_cloud_replies, body))
        await _take(take, _read(read_cloud_receipts, body))
        # Meta counts nothing but 200.
        return Response()

    @router.get("/whatsapp", response_class=PlainTextResponse)
    async def confirm_whatsapp(
        mode: Annotated[str, Query(alias="hub.mode")] = "",
        token: Annotated[str, Query(alias="hub.verify_token")] = "",
        challenge: Annotated[str, Query(alias="hub.challenge", max_length=200)] = "",
    ) -> PlainTextResponse:
        """What Meta asks once, when the address is registered."""
        if not hmac.compare_digest(_known(confirming), token.encode()) or mode != "subscribe":
            raise Problem(401, "The token does not fit")
        return PlainTextResponse(challenge, headers={"X-Content-Type-Options": "nosniff"})

    return router


def _read(read: Callable[[bytes], list[Found]], body: bytes) -> list[Found]:
    try:
        return read(body)
    except ValueError as error:
        raise Problem(422, "These are no receipts", str(error)) from None


async def _take(take: Take, receipts: Sequence[Receipt]) -> None:
    if receipts and not await take(receipts):
        raise Problem(503, "Not yet", "Send the same again.", headers={"Retry-After": "1"})


def _key(secret: SecretStr | None) -> bytes | None:
    return None if secret is None else key_of(secret.get_secret_value())


def _known(key: bytes | None) -> bytes:
    if not key:
        raise Problem(404, "Not Found")
    return key


def _header(request: Request, name: str) -> str:
    return request.headers.get(f"webhook-{name}", "")


def _unsigned() -> Problem:
    return Problem(401, "The signature does not fit")
