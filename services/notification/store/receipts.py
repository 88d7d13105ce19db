"""How many receipts an address got: one document per address and day, which MongoDB removes by itself."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from pymongo import UpdateOne

from shared.mongo import Collection, Database, Document
from shared.wita import day_of

_KEPT_S = 2 * 86_400


class Receipts:
    """Collection `receipts` or another one, `_id` is the day and the digest of the address."""

    def __init__(self, database: Database, a_day: int, collection: str = "receipts") -> None:
        self._receipts: Collection = database[collection]
        self._a_day = a_day

    async def create_indexes(self) -> None:
        await self._receipts.create_index("at", expireAfterSeconds=_KEPT_S)

    async def grant(self, asked: Mapping[UUID, str], at: datetime) -> set[UUID]:
        """Give deliveries (to the digest of their address) a place on the day; returns which have one.

        Asking twice gives the same place, and any number of replicas give no more than the day has.
        """
        places: dict[str, list[str]] = {}
        for delivery_id, digest in asked.items():
            places.setdefault(f"{day_of(at)} {digest}", []).append(str(delivery_id))
        if not places:
            return set()
        writes = [UpdateOne({"_id": _id}, [self._add(ids, at)], upsert=True) for _id, ids in places.items()]
        await self._receipts.bulk_write(writes, ordered=False)
        found = await self._receipts.find({"_id": {"$in": list(places)}}).to_list(None)
        granted = {delivery_id for stored in found for delivery_id in stored["deliveries"]}
        return {delivery_id for delivery_id in asked if str(delivery_id) in granted}

    async def give_back(self, delivery_id: UUID, digest: str, granted_at: datetime) -> None:
        """Let something else have its place."""
        change: Document = {"$pull": {"deliveries": str(delivery_id)}}
        await self._receipts.update_one({"_id": f"{day_of(granted_at)} {digest}"}, change)

    def _add(self, ids: list[str], at: datetime) -> Document:
        had: Document = {"$ifNull": ["$deliveries", []]}
        new = {"$filter": {"input": {"$literal": ids}, "cond": {"$not": {"$in": ["$$this", had]}}}}
        return {"$set": {"deliveries": {"$slice": [{"$concatArrays": [had, new]}, self._a_day]}, "at": at}}
