"""Lost tickets are found again by whoever reads what is sent to the address that was given."""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from services.notification.budget import Budget
from services.notification.domain.addresses import address_id
from services.notification.domain.deliveries import Delivery
from services.notification.domain.links import Link, LinkExpired, LinkInvalid, Links, Purpose
from services.notification.domain.lost_tickets import (
    FoundTicket,
    address_behind,
    channel_to,
    lost_ticket_message,
    tickets_of,
)
from services.notification.store import Contacts, Receipts
from shared.events.notices import Channel
from shared.ids import named_id, parse_ticket, subject_code, tracking_code


@dataclass(frozen=True, kw_only=True)
class LostTickets:
    """Sends the link, and opens it. Who asks learns nothing of whether an address is known."""

    contacts: Contacts
    asked: Receipts
    links: Links
    address_secret: bytes
    tracking_keys: Mapping[str, bytes]
    enabled: Collection[Channel]
    add: Callable[[Sequence[Delivery]], Awaitable[None]]
    """Queue a message; the same again for a request that is sent again."""
    budget: Budget
    """Of text messages that anybody can have sent, by replica."""
    now: Callable[[], datetime] = lambda: datetime.now(UTC)

    def takes(self, address: str) -> bool:
        """Whether a message to it could be sent now; the same for known and unknown addresses."""
        return "@" in address or self.budget.is_left(self.now())

    async def send(self, address: str, request: UUID) -> None:
        """One message to the address, if a reporter of the last year is reached there; at most a few a day."""
        at = self.now()
        contacts = await self.contacts.reached_at(address)
        found = tickets_of(contacts, address, at)
        channel = channel_to(contacts[found[0].ticket], address, self.enabled) if found else None
        if channel is None:
            return
        to = address_id(self.address_secret, channel, address)
        request = named_id("lost tickets", to, request)
        if request not in await self.asked.grant({request: to.partition(":")[2]}, at):
            return
        if channel is not Channel.EMAIL:
            self.budget.spend(at)
        await self.add([lost_ticket_message(request, found[0].ticket, channel, at)])

    def check(self, token: str) -> Link:
        """Raises LinkInvalid and LinkExpired."""
        link = self.links.read(token, self.now())
        if link.purpose is not Purpose.TICKETS:
            raise LinkInvalid
        return link

    async def open(self, token: str) -> list[tuple[FoundTicket, str]]:
        """Every ticket of the address with the code that opens it there. Raises LinkInvalid and LinkExpired."""
        link = self.check(token)
        ticket = parse_ticket(link.subject)
        address = address_behind(link, (await self.contacts.read([ticket]))[ticket], self.address_secret)
        if address is None:
            raise LinkExpired
        key_id = next(iter(self.tracking_keys))
        contacts = await self.contacts.reached_at(address)
        codes = {one: subject_code if contacts[one].taken_over else tracking_code for one in contacts}
        found = tickets_of(contacts, address, self.now())
        return [(one, codes[one.ticket](self.tracking_keys, key_id, one.ticket)) for one in found]
