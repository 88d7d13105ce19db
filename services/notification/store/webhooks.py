"""Agencies' own systems, which are called with every event of their cases."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from itertools import takewhile
from typing import Any, Final

from pymongo import ReturnDocument, UpdateOne
from pymongo.read_concern import ReadConcern

from services.notification.domain.deliveries import Delivery
from services.notification.store.deliveries import MOST_AT_ONCE
from services.notification.store.found import Queue
from services.notification.store.reading import UNREADABLE, readable
from shared.events.envelope import CaseEnvelope
from shared.limits import ANSWERS_WITHIN_S, within
from shared.mongo import Collection, Database, Document

_MOST_NUMBERED: Final = 1_000
"""In one round."""
_HAPPENED: Final = [("occurred_at", 1), ("sequence", 1), ("_id", 1)]
_OPEN: Final = [("to", 1), ("next_at", 1)]
"""The index of what is not done: there may be very much that is."""
_THERE: Final[Document] = {"$exists": True}
_NOT_THERE: Final[Document] = {"$exists": False}


@dataclass(frozen=True, slots=True)
class OldSecret:
    """One that was renewed, and signs too until then."""

    version: int
    until: datetime


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
    old: tuple[OldSecret, ...] = ()
    """The oldest first; some may have ended."""
    failing_since: datetime | None = None
    disabled_at: datetime | None = None

    @property
    def enabled(self) -> bool:
        return self.disabled_at is None

    def wants(self, event: CaseEnvelope) -> bool:
        """Nothing from before it was registered, which comes where topics are read again from the beginning."""
        return event.occurred_at >= self.created_at and (not self.types or event.kind in self.types)

    def old_at(self, at: datetime) -> tuple[OldSecret, ...]:
        """Those that still sign then."""
        return tuple(one for one in self.old if at < one.until)


class Webhooks:
    """Collection `webhooks`; what was sent lies with the deliveries."""

    def __init__(self, database: Database) -> None:
        self._webhooks: Collection = database["webhooks"]
        self._deliveries: Collection = database["deliveries"]
        # Whoever read up to a position must never find another event there, also after a failover.
        self._settled = self._deliveries.with_options(read_concern=ReadConcern("majority"))

    async def create_indexes(self) -> None:
        await self._webhooks.create_index("agency")
        numbered = {"position": _THERE}
        await self._deliveries.create_index([("to", 1), ("position", 1)], unique=True, partialFilterExpression=numbered)

    @within(ANSWERS_WITHIN_S)
    async def add(self, webhook: Webhook, most: int) -> Webhook | None:
        """The one that there is with this id, if any; None where the agency has as many as it may have."""
        this: Document = {"_id": webhook.id}
        added = await self._webhooks.update_one(this, {"$setOnInsert": _document(webhook)}, upsert=True)
        # Counted afterwards: so of two that come at once both may be refused, and never are there too many.
        if added.upserted_id is not None and await self._webhooks.count_documents({"agency": webhook.agency}) > most:
            await self._webhooks.delete_one(this)
            return None
        return await self.read(webhook.id)

    async def read(self, webhook_id: str) -> Webhook | None:
        stored = await self._webhooks.find_one({"_id": webhook_id})
        return _webhook(stored) if stored else None

    @within(ANSWERS_WITHIN_S)
    async def of(self, agency: str) -> list[Webhook]:
        """The oldest first."""
        found = await self._webhooks.find({"agency": agency}).sort("created_at").to_list(None)
        return [_webhook(stored) for stored in found]

    async def all(self) -> list[Webhook]:
        """There are few: an agency has one or two."""
        found = await self._webhooks.find({"agency": {"$gt": ""}}).to_list(None)
        return [_webhook(stored) for stored in found]

    @within(ANSWERS_WITHIN_S)
    async def change(self, webhook_id: str, **fields: Any) -> Webhook | None:
        """Set the fields; None removes one. Returns it as it is now, None where it was taken away."""
        setting = {name: value for name, value in fields.items() if value is not None}
        removing = dict.fromkeys((name for name, value in fields.items() if value is None), "")
        change = {name: value for name, value in (("$set", setting), ("$unset", removing)) if value}
        return await self._changed({"_id": webhook_id}, change)

    @within(ANSWERS_WITHIN_S)
    async def renew(self, webhook: Webhook, at: datetime, until: datetime) -> Webhook | None:
        """Give it the next secret; the one before signs too until then. Two who do so at once get the same one."""
        old = [asdict(one) for one in (*webhook.old_at(at), OldSecret(webhook.version, until))]
        as_seen: Document = {"_id": webhook.id, "version": webhook.version}
        renewed = await self._changed(as_seen, {"$set": {"version": webhook.version + 1, "old": old}})
        return renewed or await self.read(webhook.id)

    async def fails(self, webhook_id: str, at: datetime) -> Webhook | None:
        """Remember since when; returns it as it is now, None where it was taken away."""
        since = {"$ifNull": ["$failing_since", at]}
        return await self._changed({"_id": webhook_id}, [{"$set": {"failing_since": since}}])

    async def disable(self, webhook_id: str, at: datetime) -> None:
        """For the first time."""
        await self._webhooks.update_one({"_id": webhook_id, "disabled_at": _NOT_THERE}, {"$set": {"disabled_at": at}})

    async def succeeds(self, webhook_id: str) -> None:
        failing: Document = {"_id": webhook_id, "failing_since": _THERE}
        await self._webhooks.update_one(failing, {"$unset": {"failing_since": ""}})

    @within(ANSWERS_WITHIN_S)
    async def remove(self, webhook_id: str) -> None:
        await self._webhooks.delete_one({"_id": webhook_id})

    async def number(self, address_id: str, at: datetime) -> Queue:
        """Give what is new its positions, as it happened; returns what is due, in the order of positions.

        Nothing is due behind something that is not, but for what nobody here can read: that is passed over. Raises
        BulkWriteError where another sender numbers it meanwhile.
        """
        more = await self._number_new(address_id) == _MOST_NUMBERED
        open_: Document = {"to": address_id, "next_at": _THERE, "position": _THERE}
        first = self._deliveries.find(open_).hint(_OPEN).sort("position", 1).limit(MOST_AT_ONCE)
        found = await first.to_list(None)
        due = list(takewhile(lambda stored: stored["next_at"] <= at or UNREADABLE in stored, found))
        if len(due) < len(found):
            next_at = found[len(due)]["next_at"]
        else:
            next_at = at if more or len(found) == MOST_AT_ONCE else None
        return Queue(await readable(self._deliveries, (stored for stored in due if stored["next_at"] <= at)), next_at)

    @within(ANSWERS_WITHIN_S)
    async def events_after(self, address_id: str, position: int, limit: int) -> list[Delivery]:
        """In the order of their positions; at most so many."""
        wanted = {"to": address_id, "position": {"$gt": position}}
        found = await self._settled.find(wanted).sort("position", 1).limit(limit).to_list(None)
        return await readable(self._deliveries, found)

    async def _number_new(self, address_id: str) -> int:
        """No position is given twice, and none is left out, even if two do this at once.

        The last is read first: whoever numbers later begins with a position that is refused here, or is seen here.
        """
        last = await self._last_position(address_id)
        new: Document = {"to": address_id, "next_at": _THERE, "position": _NOT_THERE}
        asked = self._deliveries.find(new, {"_id": 1}).hint(_OPEN).sort(_HAPPENED).limit(_MOST_NUMBERED)
        found = await asked.to_list(None)
        writes = [
            UpdateOne({"_id": one["_id"], "position": _NOT_THERE}, {"$set": {"position": position}})
            for position, one in enumerate(found, last + 1)
        ]
        if writes:
            await self._deliveries.bulk_write(writes, ordered=True)
            kept = {"$max": {"last_position": last + len(writes)}}
            await self._webhooks.update_one({"_id": _id_in(address_id)}, kept)
        return len(writes)

    async def _last_position(self, address_id: str) -> int:
        """Of the webhook's own too: what was sent is not kept for ever, and positions must not begin again."""
        numbered = {"to": address_id, "position": _THERE}
        last = await self._deliveries.find_one(numbered, {"position": 1}, sort=[("position", -1)])
        if last is not None:
            return last["position"]
        webhook = await self._webhooks.find_one({"_id": _id_in(address_id)}, {"last_position": 1})
        return (webhook or {}).get("last_position", 0)

    async def _changed(self, this: Document, change: Document | Sequence[Document]) -> Webhook | None:
        stored = await self._webhooks.find_one_and_update(this, change, return_document=ReturnDocument.AFTER)
        return _webhook(stored) if stored else None


def _id_in(address_id: str) -> str:
    return address_id.partition(":")[2]


def _document(webhook: Webhook) -> Document:
    known = asdict(webhook)
    del known["id"]
    return {name: value for name, value in known.items() if value is not None}


def _webhook(stored: Document) -> Webhook:
    known: dict[str, Any] = {name: value for name, value in stored.items() if name not in {"_id", "last_position"}}
    known |= {"id": stored["_id"], "types": tuple(stored["types"])}
    known["old"] = tuple(OldSecret(**one) for one in stored["old"])
    return Webhook(**known)
