"""What leaves the house, and what every way out of it can do."""

from dataclasses import dataclass
from typing import Any, Protocol

from services.notification.domain.attempts import Answer
from shared.events.event import Language


@dataclass(frozen=True, slots=True)
class Mail:
    """A finished message and the one address that it goes to."""

    recipient: str
    content: bytes


@dataclass(frozen=True, slots=True)
class TextMessage:
    """What goes to a telephone."""

    reference: str
    """The same whenever it is sent again: the gateway's idempotency key, and what its receipts name."""
    to: str
    """E.164."""
    text: str
    language: Language


@dataclass(frozen=True, slots=True)
class Call:
    """What goes to an agency's own system."""

    webhook: str
    reference: str
    """The same whenever it is sent again: `webhook-id`."""
    url: str
    secrets: tuple[bytes, ...]
    """The newest first; after a rotation the one before it signs too."""
    body: bytes


class Outlet(Protocol):
    """One way out: a mail server, a gateway, agencies' own systems."""

    async def usable(self) -> None:
        """Return once it can be used again after it could not be."""
        ...

    async def send(self, message: Any) -> Answer:
        """Hand one message over, within the time limit. Never raises for what the other side does."""
        ...

    async def close(self) -> None: ...
