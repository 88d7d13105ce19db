"""Finding lost tickets again: whose address it is, and what the link that goes there opens. Pure."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from services.notification.domain.addresses import address_id
from services.notification.domain.contacts import Contact
from services.notification.domain.deliveries import Delivery, no_case
from services.notification.domain.following import address_on
from services.notification.domain.kinds import OwnKind
from services.notification.domain.links import Link, Purpose
from services.notification.domain.timing import Pace
from shared.events.notices import Channel, Recipient
from shared.ids import follow_id

REACHES_BACK: Final = timedelta(days=365)
_PREFIX: Final = "NTB"
_ADDRESS_LETTERS: Final = 8
"""Of an address's digest: enough to tell a reporter's few addresses apart, and short, because an SMS is."""


@dataclass(frozen=True, slots=True)
class FoundTicket:
    """A complaint of somebody. Facts that do not change with the case; None where an older release kept none."""

    ticket: str
    category: str | None
    received_at: datetime | None


def parse_address(entered: str) -> str | None:
    """An e-mail address or a telephone number, as the contact book has it; None for anything else."""
    channel = Channel.EMAIL if "@" in entered else Channel.SMS
    address = address_on(channel, entered.strip())
    return None if address is None else spelled(address)


def spelled(address: str) -> str:
    """One spelling for all: nobody remembers in which they gave it."""
    return address.casefold()


def tickets_of(contacts: Mapping[str, Contact], address: str, at: datetime) -> list[FoundTicket]:
    """Those whose reporter is reached there now, of the last year, the newest first. Former addresses find nothing."""
    mine = [
        FoundTicket(ticket, contact.category, contact.received_at)
        for ticket, contact in contacts.items()
        if any(spelled(way) == address for _, way in _ways(contact, frozenset(Channel)))
    ]
    recent = [one for one in mine if one.received_at is None or at - one.received_at <= REACHES_BACK]
    return sorted(
        recent, key=lambda one: (one.received_at is not None, one.received_at or at, one.ticket), reverse=True
    )


def channel_to(contact: Contact, address: str, enabled: Collection[Channel]) -> Channel | None:
    """On which way: the preferred one of those that reach the address."""
    return next((channel for channel, way in _ways(contact, enabled) if spelled(way) == address), None)


def lost_ticket_message(request: UUID, ticket: str, channel: Channel, at: datetime) -> Delivery:
    """To the reporter of the ticket, on this way alone; the same again for the same request."""
    return Delivery(
        id=follow_id(request, OwnKind.LOST_TICKET),
        ticket=ticket,
        kind=OwnKind.LOST_TICKET,
        recipient=Recipient.REPORTER,
        agency=None,
        cause=request,
        occurred_at=at,
        facts=no_case(at),
        words=None,
        created_at=at,
        channel=channel,
        # A telephone rings; and it may be a stranger who asked.
        pace=Pace.NOW if channel is Channel.EMAIL else Pace.SOON,
    )


def link_for(ticket: str, address: str) -> Link:
    """What the message carries; `address` is the id of the one that it goes to when it goes."""
    letters = ticket.removeprefix(_PREFIX).replace("-", "")
    return Link(Purpose.TICKETS, letters, _short(address))


def address_behind(link: Link, contact: Contact, secret: bytes) -> str | None:
    """The address that the link went to; None where the reporter is reached elsewhere by now, or erased."""
    ways = _ways(contact, frozenset(Channel))
    return next((spelled(way) for channel, way in ways if _short(address_id(secret, channel, way)) == link.extra), None)


def _short(address: str) -> str:
    return address.partition(":")[2][:_ADDRESS_LETTERS]


def _ways(contact: Contact, enabled: Collection[Channel]) -> list[tuple[Channel, str]]:
    return contact.reporter.ways(enabled) if contact.reporter else []
