"""Agencies' own systems, which are called with every event of their cases."""

from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

from pymongo import UpdateOne

from services.notification.domain.deliveries import Delivery
from services.notification.store.documents import to_delivery
from shared.mongo import Collection, Database, Document


@dataclass(frozen=True, slots=True)
class Webhook:
    """One address that an agency wants to be called at. Its secret is derived from its id and version."""

    id: str
    agency: str
    url: str
    types: tuple[str, ...]
    """Of events; empty: all."""
    created_at: datetime
    created_by: str
    version: int = 1
    """Of its secret."""
    old_until: datetime | None = None
    """So long the version before signs too."""
    failing_since: datetime | None = None
    disabled_at: datetime | None = None

    @property
    def enabled(self) -> bool:
        return self.disabled_at is None

    def wants(self, kind: str) -> bool:
        return not self.types or kind in self.types


class Webhooks:
    """Collection `webhooks`; what was sent lies with the deliveries."""

    def __init__(self, database: Database) -> None:
        self._webhooks: Collection = database["webhooks"]
        self._deliveries: Collection = database["deliveries"]

    async def create_indexes(self) -> None:
        await self._webhooks.create_index("agency")
        there = {"position": {"$exists": True}}
        await self._deliveries.create_index([("to", 1), ("position", 1)], unique=True, partialFilterExpression=there)

    async def add(self, webhook: Webhook) -> None:
        await self._webhooks.update_one({"_id": webhook.id}, {"$setOnInsert": _document(webhook)}, upsert=True)

    async def read(self, webhook_id: str) -> Webhook | None:
        stored = await self._webhooks.find_one({"_id": webhook_id})
        return _webhook(stored) if stored else None

    async def of(self, agency: str) -> list[Webhook]:
        """The oldest first."""
        found = await self._webhooks.find({"agency": agency}).sort("created_at").to_list(None)
        return [_webhook(stored) for stored in found]

    async def all(self) -> list[Webhook]:
        """There are few: an agency has one or two."""
        found = await self._webhooks.find({"agency": {"$gt": ""}}).to_list(None)
        return [_webhook(stored) for stored in found]

    async def change(self, webhook: Webhook, **fields: Any) -> Webhook:
        """Set the fields; None removes one."""
        setting = {name: value for name, value in fields.items() if value is not None}
        removing = dict.fromkeys((name for name, value in fields.items() if value is None), "")
        change = {name: value for name, value in (("$set", setting), ("$unset", removing)) if value}
        await self._webhooks.update_one({"_id": webhook.id}, change)
        return replace(webhook, **fields)

    async def fails(self, webhook_id: str, at: datetime) -> Webhook | None:
        """Remember since when; returns it as it is now, None where it was taken away."""
        fresh: Document = {"_id": webhook_id, "failing_since": {"$exists": False}}
        await self._webhooks.update_one(fresh, {"$set": {"failing_since": at}})
        return await self.read(webhook_id)

    async def disable(self, webhook_id: str, at: datetime) -> bool:
        """Whether it was not disabled before."""
        enabled = {"_id": webhook_id, "disabled_at": {"$exists": False}}
        result = await self._webhooks.update_one(enabled, {"$set": {"disabled_at": at}})
        return result.modified_count == 1

    async def succeeds(self, webhook_id: str) -> None:
        await self._webhooks.update_one({"_id": webhook_id}, {"$unset": {"failing_since": ""}})

    async def remove(self, webhook_id: str) -> None:
        await self._webhooks.delete_one({"_id": webhook_id})

    async def number(self, address_id: str, due: list[Delivery]) -> list[Delivery]:
        """Give each its position, in order; raises where another sender has the address meanwhile."""
        last, numbered = await self._last_position(address_id), list[Delivery]()
        for delivery in due:
            if delivery.position is None:
                last += 1
            numbered.append(delivery if delivery.position is not None else replace(delivery, position=last))
        writes = [
            UpdateOne({"_id": str(now.id)}, {"$set": {"position": now.position}})
            for now, before in zip(numbered, due, strict=True)
            if before.position is None
        ]
        if writes:
            await self._deliveries.bulk_write(writes, ordered=True)
        return numbered

    async def _last_position(self, address_id: str) -> int:
        numbered = {"to": address_id, "position": {"$exists": True}}
        last = await self._deliveries.find_one(numbered, {"position": 1}, sort=[("position", -1)])
        return last["position"] if last else 0

    async def events_after(self, address_id: str, position: int, limit: int) -> list[Delivery]:
        """In the order of their positions; at most so many."""
        wanted = {"to": address_id, "position": {"$gt": position}}
        found = await self._deliveries.find(wanted).sort("position", 1).limit(limit).to_list(None)
        return [to_delivery(stored) for stored in found]


def _document(webhook: Webhook) -> Document:
    known = asdict(webhook)
    del known["id"]
    return {name: value for name, value in known.items() if value is not None}


def _webhook(stored: Document) -> Webhook:
    known: dict[str, Any] = {name: value for name, value in stored.items() if name != "_id"}
    known |= {"id": stored["_id"], "types": tuple(stored["types"])}
    return Webhook(**known)
