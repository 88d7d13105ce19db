"""From what is to be told to what goes out, by channel; with links that are good for one thing and for a time."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Protocol
from uuid import UUID

from services.notification.domain.deliveries import Delivery
from services.notification.domain.judging import Ready
from services.notification.domain.kinds import OwnKind
from services.notification.domain.known import Known
from services.notification.domain.links import Link, Links, Purpose, code_of
from services.notification.domain.lost_tickets import link_for
from services.notification.domain.rounds import ALL, Address
from services.notification.domain.rules import NEVER_STOPPED
from services.notification.outlets import Call, Mail, TextMessage
from services.notification.patience import patiently
from services.notification.sources import Sources
from services.notification.systems import write_call
from shared.events.notices import Channel, NoticeKind, Recipient

_DESK: Final = "/desk"


@dataclass(frozen=True, slots=True)
class Draft:
    """What is to be written: several deliveries to one address are written as one message."""

    deliveries: Sequence[Delivery]
    known: Known
    """Of the first of them."""
    ready: Ready
    address: Address
    at: datetime


Words = Callable[[Draft, Mapping[str, str]], Mail | TextMessage]
"""With links by what a template calls them."""


class Writing(Protocol):
    """Finishes messages of one channel."""

    async def write(self, draft: Draft) -> Any:
        """Raises UnusableAddress, or whatever is wrong with a template."""
        ...


@dataclass(frozen=True, slots=True)
class WordWriting:
    """For people."""

    words: Words
    links: Links

    async def write(self, draft: Draft) -> Mail | TextMessage:
        wanted = links_for(draft.deliveries, draft.address)
        links = {name: self.links.to(link, draft.at) for name, link in wanted.items()}
        first = draft.deliveries[0]
        if len(draft.deliveries) > 1 and first.recipient not in {Recipient.REPORTER, Recipient.FOLLOWER}:
            links["open"] = self.links.public_url.rstrip("/") + _DESK
        if first.kind is NoticeKind.CONFIRMATION and draft.ready.channel is not Channel.EMAIL:
            links["code"] = code_of(self.links.secret, UUID(first.told))
        return self.words(draft, links)


def links_for(deliveries: Sequence[Delivery], address: Address) -> dict[str, Link]:
    """By what a template calls them."""
    first, kinds = deliveries[0], {delivery.kind for delivery in deliveries}
    if first.kind is NoticeKind.CONFIRMATION:
        return {"confirm": Link(Purpose.FOLLOW, first.told or "")}
    if first.kind is OwnKind.LOST_TICKET:
        return {"confirm": link_for(first.ticket, address.id)}
    links: dict[str, Link] = {}
    if NoticeKind.RECEIVED in kinds and not address.confirmed:
        links["confirm"] = Link(Purpose.CONFIRM, address.id)
    if first.recipient is Recipient.FOLLOWER and len({delivery.told for delivery in deliveries}) == 1:
        links["stop"] = Link(Purpose.LEAVE, first.told or "")
    elif not kinds <= NEVER_STOPPED:
        links["stop"] = Link(Purpose.STOP, address.id, first.kind if len(kinds) == 1 else ALL)
    return links


class WebhookGone(Exception):
    """It was taken away or disabled meanwhile."""


@dataclass(frozen=True, slots=True)
class CallWriting:
    """For agencies' own systems."""

    sources: Sources
    secret: bytes

    async def write(self, draft: Draft) -> Call:
        [delivery] = draft.deliveries
        # Not as it was two seconds ago: whoever has a new secret or was disabled would be called as before.
        webhook = await patiently(lambda: self.sources.store.webhooks.read(delivery.told or ""))
        if webhook is None or not webhook.enabled:
            raise WebhookGone
        return write_call(delivery, webhook, self.secret, draft.at)
