"""Notification's MongoDB: the contact book, the deliveries, the addresses and the receipts that were given."""

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

    async def create_indexes(self) -> None:
        await self.contacts.create_indexes()
        await self.deliveries.create_indexes()
        await self.addresses.create_indexes()
        await self.receipts.create_indexes()
        await self.subscriptions.create_indexes()
        await self.public.create_indexes()
        await self.webhooks.create_indexes()
        await self.lost_tickets.create_indexes()
