"""Agencies' own systems: which events each is called with, what is said, and when it is called no more."""

import json
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

from services.notification.domain.attempts import Answer, Refused, Taken
from services.notification.domain.deliveries import Delivery, about, no_case
from services.notification.domain.offices import concerned
from services.notification.domain.signatures import secret_of
from services.notification.domain.timing import Pace
from services.notification.outlets import Call, Outlet
from services.notification.patience import patiently
from services.notification.store.webhooks import Webhook, Webhooks
from shared.events.envelope import CaseEnvelope
from shared.events.notices import Channel, NoticeKind, Recipient
from shared.ids import follow_id, named_id

_SOURCE: Final = "/ntbcare/routing/cases"
_GONE: Final = "gone"


def calls_for(events: Sequence[tuple[CaseEnvelope, str]], webhooks: Iterable[Webhook], at: datetime) -> list[Delivery]:
    """One for each event and each webhook of a body that it concerns."""
    known = list(webhooks)
    return [
        _call(event, webhook, at, trace)
        for event, trace in events
        for webhook in known
        if not event.case.historical and webhook.agency in concerned(event) and webhook.wants(event)
    ]


def to_cloud_event(delivery: Delivery) -> dict[str, Any]:
    """CloudEvents 1.0, structured: facts only, as `ntbcare.cases` has them. `position` counts from 1 by webhook."""
    event = json.loads(delivery.body or "{}")
    return {
        "specversion": "1.0",
        "id": str(delivery.cause),
        "source": _SOURCE,
        "type": event["type"],
        "subject": event["case_id"],
        "time": event["occurred_at"],
        "datacontenttype": "application/json",
        "sequence": str(delivery.sequence),
        "position": delivery.position,
        "data": event,
    }


def to_cloud_events(deliveries: Iterable[Delivery]) -> list[dict[str, Any]]:
    """Without those that cannot be written, which are parked: their positions are missing."""
    found: list[dict[str, Any]] = []
    for delivery in deliveries:
        with suppress(KeyError, TypeError, ValueError):
            found.append(to_cloud_event(delivery))
    return found


def write_call(delivery: Delivery, webhook: Webhook, master: bytes, at: datetime) -> Call:
    """Signed with the webhook's secret, and with each that was renewed so lately that it still counts."""
    versions = [webhook.version, *(old.version for old in reversed(webhook.old_at(at)))]
    return Call(
        webhook=webhook.id,
        reference=str(delivery.id),
        url=webhook.url,
        secrets=tuple(secret_of(master, webhook.id, version) for version in versions),
        body=json.dumps(to_cloud_event(delivery), separators=(",", ":")).encode(),
    )


@dataclass(slots=True)
class WatchedCalls:
    """An outlet that remembers who does not answer, and disables whoever did not for days."""

    outlet: Outlet
    webhooks: Webhooks
    disable_after: timedelta
    now: Callable[[], datetime]
    tell: Callable[[Webhook], Awaitable[None]]
    """Queue a notice that it is called no more; to do so twice is to do it once."""

    async def usable(self) -> None:
        await self.outlet.usable()

    async def send(self, message: Call) -> Answer:
        """What came of the call is the answer, whatever the database does: an error would have it made again."""
        answer = await self.outlet.send(message)
        match answer:
            case Taken():
                await patiently(lambda: self.webhooks.succeeds(message.webhook))
            case Refused(reason=reason):
                await patiently(lambda: self._fails(message.webhook, gone=reason == _GONE))
            case _:
                pass
        return answer

    async def close(self) -> None:
        await self.outlet.close()

    async def _fails(self, webhook_id: str, *, gone: bool) -> None:
        at = self.now()
        webhook = await self.webhooks.fails(webhook_id, at)
        if webhook is None or webhook.failing_since is None or not webhook.enabled:
            return
        if gone or at - webhook.failing_since >= self.disable_after:
            # In this order: whoever dies in between leaves it to the next failure, which tells the same again.
            await self.tell(webhook)
            await self.webhooks.disable(webhook_id, at)


def notice_of_end(webhook: Webhook, at: datetime) -> Delivery:
    """To the agency, by day, whichever way it is reached: its system is called no more."""
    identity = named_id(webhook.id, "off", webhook.failing_since)
    return Delivery(
        id=identity,
        ticket="",
        kind=NoticeKind.WEBHOOK_OFF,
        recipient=Recipient.AGENCY,
        agency=webhook.agency,
        cause=identity,
        occurred_at=at,
        facts=no_case(at),
        words=None,
        created_at=at,
        told=webhook.agency,
        pace=Pace.SOON,
        # What comes after the path may be somebody's key.
        detail={"url": webhook.url.partition("?")[0]},
    )


def _call(event: CaseEnvelope, webhook: Webhook, at: datetime, trace: str) -> Delivery:
    return replace(
        about(event, NoticeKind.EVENT, Recipient.SYSTEM, (at, trace)),
        id=follow_id(event.event_id, f"{Recipient.SYSTEM}/{webhook.id}"),
        told=webhook.id,
        channel=Channel.WEBHOOK,
        pace=Pace.NOW,
        body=event.model_dump_json(exclude_none=True),
    )
