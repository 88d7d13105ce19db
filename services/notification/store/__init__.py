"""Notification's MongoDB: the contact book, the deliveries, the addresses and the receipts that were given."""

from collections.abc import Collection
from datetime import datetime
from typing import Final

from services.notification.store.addresses import Addresses, Claimed, Released, Share
from services.notification.store.changes import Finished, Settled
from services.notification.store.contacts import Contacts
from services.notification.store.deliveries import Deliveries
from services.notification.store.found import Open, Queue
from services.notification.store.public import PublicEvents
from services.notification.store.receipts import Receipts
from services.notification.store.subscriptions import Subscriptions
from services.notification.store.webhooks import Webhooks
from shared.mongo import Database

__all__ = [
    "Addresses",
    "Claimed",
    "Contacts",
    "Deliveries",
    "Finished",
    "Open",
    "Queue",
    "Receipts",
    "Released",
    "Settled",
    "Share",
    "Store",
]


LOST_TICKETS_A_DAY: Final = 3
"""That go to one address: anybody can ask for one."""


class Store:
    """All of it."""

    def __init__(self, database: Database, receipts_a_day: int) -> None:
        self.contacts = Contacts(database)
        self.deliveries = Deliveries(database)
        self.addresses = Addresses(database)
        self.receipts = Receipts(database, receipts_a_day)
        self.subscriptions = Subscriptions(database)
        self.public = PublicEvents(database)
        self.webhooks = Webhooks(database)
        self.lost_tickets = Receipts(database, LOST_TICKETS_A_DAY, "lost_ticket_requests")
        """Messages that help somebody find their tickets again, by address and day."""

    async def used(self, addresses: Collection[str]) -> set[str]:
        """Those of them that something went to or is to go to, or that follow something."""
        return await self.deliveries.used(addresses) | await self.subscriptions.used(addresses)

    async def confirm(self, address: str, at: datetime) -> bool:
        """Its owner says that it is theirs; False where they were erased meanwhile, of whom nothing is to be kept."""
        await self.addresses.confirm(address, at)
        # Looked for afterwards: whoever erases at the same time forgets the address last, so one of the two does.
        if await self.used([address]):
            return True
        await self.addresses.forget([address])
        return False

    async def create_indexes(self) -> None:
        await self.contacts.create_indexes()
        await self.deliveries.create_indexes()
        await self.addresses.create_indexes()
        await self.receipts.create_indexes()
        await self.subscriptions.create_indexes()
        await self.public.create_indexes()
        await self.webhooks.create_indexes()
        await self.lost_tickets.create_indexes()
