"""Notification's MongoDB: the contact book, the deliveries and the receipts that were given."""

from services.notification.store.contacts import Contacts
from services.notification.store.deliveries import Claimed, Deliveries, Finished, Open, Settled, Share
from services.notification.store.receipts import Receipts
from shared.mongo import Database

__all__ = ["Claimed", "Contacts", "Deliveries", "Finished", "Open", "Receipts", "Settled", "Share", "Store"]


class Store:
    """All of it."""

    def __init__(self, database: Database, receipts_a_day: int) -> None:
        self.contacts = Contacts(database)
        self.deliveries = Deliveries(database)
        self.receipts = Receipts(database, receipts_a_day)

    async def create_indexes(self) -> None:
        await self.deliveries.create_indexes()
        await self.receipts.create_indexes()
