"""Gateways of text messages, each with its own way to say things."""

import json
from datetime import timedelta
from typing import Any, Final

from services.notification.domain.attempts import Answer, Refused
from services.notification.domain.cloud_errors import ERRORS, Concern
from services.notification.lines import Line, Unusable, Verdict, by_status
from services.notification.outgoing import Outgoing, Reply, Request
from services.notification.outlets import TextMessage
from services.notification.settings import GatewaySettings, WhatsAppSettings

_REJECTED: Final = "rejected"
_BUSY: Final = "recipient_busy"
_REASONS: Final = frozenset({"blocked", "opted_out", "too_long", "undeliverable", "unknown_recipient"})
_PAIR_RATE: Final = timedelta(minutes=1)


class JsonGateway(Line):
    """Any gateway that takes `{"to", "from", "text", "reference", "language"}`, or an adapter before another.

    A 4xx is about the message, and its body may say why: `{"reason": "unknown_recipient"}`.
    """

    def __init__(self, settings: GatewaySettings, outgoing: Outgoing, channel: str = "sms") -> None:
        super().__init__(channel, settings, outgoing)
        self._settings = settings

    async def send(self, message: TextMessage) -> Answer:
        """Hand one message over."""
        said = {
            "to": message.to,
            "from": self._settings.sender,
            "text": message.text,
            "reference": message.reference,
            "language": message.language,
        }
        headers = _headers(self._settings) | {"Idempotency-Key": message.reference}
        return await self.hand_over(Request(self._settings.url or "", _encoded(said), headers), _read_json)


class WhatsAppCloud(Line):
    """Meta's Cloud API. Every message is the one parameter of an approved template."""

    takes_twice = True

    def __init__(self, settings: WhatsAppSettings, outgoing: Outgoing) -> None:
        super().__init__("whatsapp", settings, outgoing)
        self._settings = settings
        self._url = f"{(settings.url or '').rstrip('/')}/{settings.phone_number_id}/messages"

    async def send(self, message: TextMessage) -> Answer:
        """Hand one message over."""
        # A parameter with a line break, a tab or more than four blanks in a row is refused.
        parameter = {"type": "text", "text": " ".join(message.text.split())}
        said = {
            "messaging_product": "whatsapp",
            "recipient_type": "individual",
            "to": message.to,
            "type": "template",
            "template": {
                "name": self._settings.template,
                "language": {"code": message.language},
                "components": [{"type": "body", "parameters": [parameter]}],
            },
            "biz_opaque_callback_data": message.reference,
        }
        return await self.hand_over(Request(self._url, _encoded(said), _headers(self._settings)), _read_cloud)


def _headers(settings: GatewaySettings) -> dict[str, str]:
    token = settings.token.get_secret_value() if settings.token else None
    return {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})


def _encoded(said: Any) -> bytes:
    return json.dumps(said, ensure_ascii=False, separators=(",", ":")).encode()


def _read_json(reply: Reply) -> Verdict:
    reason = str(reply.read().get("reason"))
    if reason == _BUSY:
        return Refused(_BUSY, for_good=False, not_before=reply.retry_after)
    verdict = by_status(reply)
    if verdict is not None:
        return verdict
    return Refused(reason if reason in _REASONS else _REJECTED, for_good=True)


def _read_cloud(reply: Reply) -> Verdict:
    code = _error_code(reply)
    if code not in ERRORS:
        # What it does not understand may be a fault of the settings, so nothing is given up at once.
        return by_status(reply) or Refused(_REJECTED, for_good=False)
    concern, word = ERRORS[code]
    match concern:
        case Concern.RECIPIENT:
            return Refused(word, for_good=True)
        case Concern.MESSAGE:
            return Refused(word, for_good=False, not_before=reply.retry_after or _PAIR_RATE)
        case Concern.LOAD | Concern.GATEWAY:
            return Unusable(word, reply.retry_after)


def _error_code(reply: Reply) -> int:
    error = reply.read().get("error")
    code = error.get("code") if isinstance(error, dict) else None
    return code if isinstance(code, int) else -1
