"""Agencies' own systems: each is called by itself, and one that is away holds up no other."""

from collections.abc import Callable
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Final

from services.notification.domain.attempts import Answer, Refused, Taken
from services.notification.domain.signatures import sign
from services.notification.outgoing import Outgoing, Reply, Unanswered
from services.notification.outlets import Call

_CONTENT_TYPE: Final = "application/cloudevents+json"


def _now() -> datetime:
    return datetime.now(UTC)


class HookCaller:
    """Standard Webhooks: signed, so that the system called knows who calls."""

    def __init__(self, outgoing: Outgoing, now: Callable[[], datetime] = _now) -> None:
        self._outgoing = outgoing
        self._now = now

    async def usable(self) -> None:
        """At once: there is nothing that all calls share."""

    async def send(self, message: Call) -> Answer:
        """Call once, within the time limit."""
        at = self._now()
        headers = {
            "Content-Type": _CONTENT_TYPE,
            "webhook-id": message.reference,
            "webhook-timestamp": str(int(at.timestamp())),
            "webhook-signature": sign(message.secrets, message.reference, at, message.body),
        }
        try:
            reply = await self._outgoing.post(message.url, message.body, headers)
        except Unanswered as unanswered:
            return Refused(unanswered.why, for_good=False)
        return _read(reply)

    async def close(self) -> None:
        await self._outgoing.close()


def _read(reply: Reply) -> Answer:
    match reply.status:
        case status if HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
            return Taken(arrived=True)
        case HTTPStatus.GONE:
            return Refused("gone", for_good=True)
        case HTTPStatus.TOO_MANY_REQUESTS | HTTPStatus.SERVICE_UNAVAILABLE:
            return Refused(str(reply.status), for_good=False, not_before=reply.retry_after)
        case status:
            return Refused(str(status), for_good=False)
