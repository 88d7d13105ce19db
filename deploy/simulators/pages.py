"""`/-/messages`: everything that would have arrived, on every channel."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Query
from fastapi.responses import HTMLResponse, JSONResponse

from deploy.mail.mailbox import Mail, Mailbox
from deploy.pages.rendering import page
from deploy.simulators.arrivals import Arrival, Arrivals

_PAGE: Final = 50
_MOST: Final = 1_000
_EMAIL: Final = "email"
CHANNELS: Final = (_EMAIL, "sms", "whatsapp", "webhook")

Channel = Literal["email", "sms", "whatsapp", "webhook"]


@dataclass(frozen=True)
class Message:
    """One message of any channel. `subject` and `href` are those of a mail."""

    id: str
    channel: str
    received_at: datetime
    to: str
    text: str
    subject: str | None = None
    href: str | None = None
    reference: str | None = None
    facts: dict[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True)
class Messages:
    """Mail and all else together. The ids of both begin with the time."""

    mailbox: Mailbox
    arrivals: Arrivals

    def newest(
        self, limit: int, *, before: str | None = None, channel: Channel | None = None, to: str | None = None
    ) -> list[Message]:
        """The newest first."""
        found: list[Message] = []
        if channel in {None, _EMAIL}:
            found += map(_of_mail, self.mailbox.newest(limit, before=before, to=to))
        if channel != _EMAIL:
            found += map(_of_arrival, self.arrivals.newest(limit, before=before, channel=channel, to=to))
        return sorted(found, key=lambda message: message.id, reverse=True)[:limit]


def create_messages_router(messages: Messages) -> APIRouter:
    """Reading them in the browser, and as JSON for tests."""
    router = APIRouter()

    @router.get("/-/messages")
    def list_messages(
        before: Annotated[str | None, Query(max_length=40)] = None, channel: Channel | None = None
    ) -> HTMLResponse:
        shown = messages.newest(_PAGE + 1, before=before, channel=channel)
        older = shown[_PAGE - 1].id if len(shown) > _PAGE else None
        return page(
            "messages.html",
            messages=shown[:_PAGE],
            older=older,
            first=before is None,
            channel=channel,
            channels=CHANNELS,
        )

    @router.get("/-/messages.json")
    def list_messages_as_json(
        channel: Channel | None = None,
        to: Annotated[str | None, Query(max_length=320)] = None,
        limit: Annotated[int, Query(ge=1, le=_MOST)] = _PAGE,
    ) -> JSONResponse:
        """The newest first: of one channel or all, to one recipient or all."""
        return JSONResponse({"items": _as_json(messages.newest(limit, channel=channel, to=to))})

    return router


def _of_mail(mail: Mail) -> Message:
    return Message(
        id=mail.id,
        channel=_EMAIL,
        received_at=mail.received_at,
        to=mail.recipients,
        text=(mail.text or "").strip(),
        subject=mail.subject,
        href=f"/-/mail/{mail.id}",
    )


def _of_arrival(arrival: Arrival) -> Message:
    return Message(
        id=arrival.id,
        channel=arrival.channel,
        received_at=arrival.received_at,
        to=arrival.to,
        text=arrival.text,
        reference=arrival.reference,
        facts=dict(arrival.facts),
    )


def _as_json(messages: Sequence[Message]) -> list[dict[str, Any]]:
    return [
        {
            "id": message.id,
            "channel": message.channel,
            "received_at": message.received_at.isoformat(),
            "to": message.to,
            "subject": message.subject,
            "text": message.text,
            "reference": message.reference,
            "facts": message.facts,
        }
        for message in messages
    ]
