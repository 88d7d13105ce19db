"""What is to be sent and was sent."""

from collections.abc import Collection as Several
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from pymongo import UpdateOne
from pymongo.errors import BulkWriteError

from services.notification.domain.attempts import Delivered, Sent
from services.notification.domain.deliveries import Delivery, State
from services.notification.domain.timing import Pace
from services.notification.store.changes import Finished, Settled, settling, step_of
from services.notification.store.documents import to_delivery, to_document
from services.notification.store.found import Open, Queue, Told
from services.notification.store.reading import readable
from shared.events.notices import NoticeKind, Recipient
from shared.limits import ANSWERS_WITHIN_S, within
from shared.mongo import Collection, Database, Document, aggregate, only_duplicates

_OPEN: Final = {"$in": [State.WAITING.value, State.QUEUED.value]}
_BECAME: Final = ("reason", "next_at", "done_at")
_ORDER: Final = {"occurred_at": 1, "sequence": 1, "_id": 1}
_HAD_NO_ADDRESS: Final = {"state": State.SUPPRESSED.value, "reason": "no_address"}
_IS_FRESH: Final = {"$eq": [{"$type": "$message"}, "missing"]}
_HOLDS: Final = {"$eq": ["$holds", True]}
_URGENT_HOLDS: Final = {"$and": [_HOLDS, {"$eq": ["$pace", Pace.NOW.value]}]}
_FIRST: Final[Document] = {
    "$group": {
        "_id": "$to",
        "next_at": {"$min": "$next_at"},
        "held_until": {"$max": {"$cond": [_HOLDS, "$next_at", None]}},
        "urgent_held_until": {"$max": {"$cond": [_URGENT_HOLDS, "$next_at", None]}},
    }
}
_KEPT_S: Final = 400 * 86_400
"""As long as `ntbcare.notices` is. What happened longer ago than a week is never sent again."""
_REMINDED: Final = 500
MOST_AT_ONCE: Final = 200
"""Deliveries of one address that are looked at in one round."""


class Deliveries:
    """Collection `deliveries`. `next_at` is there while something is to be done, and says when."""

    def __init__(self, database: Database) -> None:
        self.collection: Collection = database["deliveries"]

    async def create_indexes(self) -> None:
        open_ = {"next_at": {"$exists": True}}
        await self.collection.create_index([("ticket", 1), ("state", 1)])
        await self.collection.create_index([("to", 1), ("next_at", 1)], partialFilterExpression=open_)
        await self.collection.create_index([("state", 1), ("next_at", 1)], partialFilterExpression=open_)
        await self.collection.create_index("message", sparse=True)
        done = {"done_at": {"$exists": True}}
        await self.collection.create_index("to", name="went_to", partialFilterExpression=done)
        await self.collection.create_index("done_at", expireAfterSeconds=_KEPT_S, sparse=True)

    async def add(self, deliveries: Sequence[Delivery]) -> list[Delivery]:
        """Store new ones as waiting; returns those that were there before."""
        if not deliveries:
            return []
        try:
            await self.collection.insert_many([to_document(delivery) for delivery in deliveries], ordered=False)
        except BulkWriteError as error:
            return [deliveries[index] for index in only_duplicates(error)]
        return []

    async def open_of(self, tickets: Iterable[str], ids: Iterable[str] = ()) -> list[Open]:
        """The waiting and queued ones of these tickets, and of these ids."""
        wanted, named = list(tickets), list(ids)
        found: list[Document] = []
        if wanted:
            found += await self.collection.find({"ticket": {"$in": wanted}, "state": _OPEN}).to_list(None)
        if named:
            found += await self.collection.find({"_id": {"$in": named}, "state": _OPEN}).to_list(None)
        return await self._opened(found)

    async def waiting(self, at: datetime, limit: int) -> list[Open]:
        """Those whose waiting is over."""
        over = {"state": State.WAITING.value, "next_at": {"$lte": at}}
        return await self._opened(await self.collection.find(over).limit(limit).to_list(None))

    async def settle(self, settled: Sequence[Settled], at: datetime) -> bool:
        """Write what was decided; returns whether every delivery was still open."""
        if not settled:
            return True
        writes = [UpdateOne(*settling(one, at)) for one in settled]
        result = await self.collection.bulk_write(writes, ordered=False)
        return result.matched_count == len(writes)

    async def queues(self, addresses: Several[str], at: datetime) -> dict[str, Queue]:
        """By address: what is due, in the order in which it happened, and when the next is."""
        queues = {address: Queue() for address in addresses}
        ours: Document = {"to": {"$in": list(addresses)}}
        due = await aggregate(
            self.collection,
            [
                {"$match": ours | {"next_at": {"$lte": at}}},
                # However much waits behind what was put off, the urgent ones are among those that are looked at.
                {"$set": {"can_wait": {"$ne": ["$pace", Pace.NOW.value]}, "fresh": _IS_FRESH}},
                # What was tried together is not looked at in parts: nothing else is tried before it.
                {"$sort": {"can_wait": 1, "fresh": 1, **_ORDER}},
                {"$group": {"_id": "$to", "due": {"$firstN": {"n": MOST_AT_ONCE, "input": "$$ROOT"}}}},
            ],
        )
        for found in due:
            queues[found["_id"]].due = await readable(self.collection, found["due"])
            queues[found["_id"]].next_at = at if len(found["due"]) == MOST_AT_ONCE else None
        later = {"$match": ours | {"next_at": {"$gt": at}}}
        for found in await aggregate(self.collection, [later, _FIRST]):
            queue = queues[found["_id"]]
            queue.next_at = queue.next_at or found["next_at"]
            queue.held_until, queue.urgent_held_until = found["held_until"], found["urgent_held_until"]
        return queues

    async def _opened(self, documents: Sequence[Document]) -> list[Open]:
        known = {str(delivery.id): delivery for delivery in await readable(self.collection, documents)}
        return [
            Open(known[stored["_id"]], State(stored["state"]), stored.get("next_at"))
            for stored in documents
            if stored["_id"] in known
        ]

    async def overdue(self, before: datetime) -> dict[str, datetime]:
        """Addresses that wait for nothing, although something queued for them is overdue; with its moment."""
        queued = {"state": State.QUEUED.value, "next_at": {"$lt": before}}
        found = await aggregate(
            self.collection,
            [
                {"$match": queued},
                {"$group": {"_id": "$to", "next_at": {"$min": "$next_at"}}},
                {"$lookup": {"from": "addresses", "localField": "_id", "foreignField": "_id", "as": "address"}},
                {"$match": {"address.next_at": {"$exists": False}}},
                {"$limit": _REMINDED},
            ],
        )
        return {one["_id"]: one["next_at"] for one in found}

    async def hold(self, deliveries: Sequence[Delivery], until: datetime) -> None:
        """Gather them until the moment."""
        ids = [str(delivery.id) for delivery in deliveries]
        held = {"$set": {"gathered": True, "next_at": until}}
        await self.collection.update_many({"_id": {"$in": ids}, "state": State.QUEUED.value}, held)

    async def finish(self, finished: Sequence[Finished], at: datetime) -> bool:
        """Write what became of deliveries, each with its event; returns whether all of them were still open."""
        if not finished:
            return True
        writes = [UpdateOne(_this(one, *_finishable(one)), step_of(one, at)) for one in finished]
        result = await self.collection.bulk_write(writes, ordered=False)
        return result.matched_count == len(writes)

    async def sent_as(self, messages: Several[str]) -> dict[str, list[Open]]:
        """By message: the deliveries that went out with it, whether or not it is known that they arrived."""
        found = await self.collection.find({"message": {"$in": list(messages)}}).to_list(None) if messages else []
        known: dict[str, list[Open]] = {}
        for stored in found:
            known.setdefault(stored["message"], []).append(_open(stored))
        return known

    async def forget_addresses(self, tickets: Sequence[str], besides: Several[str]) -> dict[str, set[str]]:
        """Of what their reporters were sent, or were not, but for those `besides`; returns them by ticket."""
        done: Document = {"ticket": {"$in": list(tickets)}, "recipient": Recipient.REPORTER.value}
        done |= {"done_at": {"$exists": True}, "to": {"$exists": True, "$nin": list(besides)}}
        addresses: dict[str, set[str]] = {}
        for found in await self.collection.find(done, {"ticket": 1, "to": 1}).to_list(None):
            addresses.setdefault(found["ticket"], set()).add(found["to"])
        await self.collection.update_many(done, {"$unset": {"to": ""}})
        return addresses

    async def used(self, addresses: Iterable[str]) -> set[str]:
        """Those of them that something was sent to, or is to be."""
        wanted: Document = {"to": {"$in": list(addresses)}}
        if not wanted["to"]["$in"]:
            return set()
        fields = ("done_at", "next_at")
        found = [await self.collection.distinct("to", wanted | {field: {"$exists": True}}) for field in fields]
        return {address for addresses in found for address in addresses}

    async def refused_receipts(self, tickets: Iterable[str]) -> set[str]:
        """Those of these tickets whose receipt was one too many for its address."""
        if not (wanted := list(tickets)):
            return set()
        receipts = {"ticket": {"$in": wanted}, "kind": NoticeKind.RECEIVED.value}
        refused = receipts | {"state": State.SUPPRESSED.value, "reason": "receipt_limit"}
        return set(await self.collection.distinct("ticket", refused))

    @within(ANSWERS_WITHIN_S)
    async def of_ticket(self, ticket: str) -> list[Told]:
        """In the order in which things happened."""
        found = await self.collection.find({"ticket": ticket}).to_list(None)
        known = [
            Told(to_delivery(stored), State(stored["state"]), *(stored.get(name) for name in _BECAME))
            for stored in found
        ]
        return sorted(known, key=lambda told: (told.delivery.sequence, told.delivery.kind, str(told.delivery.id)))

    @within(ANSWERS_WITHIN_S)
    async def revive(self, delivery: UUID, at: datetime) -> Open | None:
        """Let what failed, or had no address, wait again as if it were new; None where it did neither.

        Under an id of its own: a gateway that took it once would else answer as it did then, and send nothing.
        """
        this: Document = {"_id": str(delivery)}
        failed, unreached = this | {"state": State.FAILED.value}, this | _HAD_NO_ADDRESS
        gone = dict.fromkeys(("to", "ready_at", "done_at", "reason", "message"), "")
        besides: Document = {"$unset": gone, "$inc": {"again": 1}}
        again: Document = {"state": State.WAITING.value, "next_at": at, "attempts": 0, "created_at": at}
        result = await self.collection.update_one(failed, {"$set": again} | besides)
        if not result.modified_count:
            # Whichever way there is by now.
            result = await self.collection.update_one(unreached, {"$set": again | {"channel": None}} | besides)
        revived = await self.open_of((), [str(delivery)]) if result.modified_count else []
        return revived[0] if revived else None

    async def go_out_as(self, deliveries: Sequence[Delivery], message: str) -> None:
        """They are about to go out as one: receipts that come before they are marked find them, and so do retries."""
        ids = [str(delivery.id) for delivery in deliveries]
        this = {"_id": {"$in": ids}, "state": State.QUEUED.value}
        await self.collection.update_many(this, {"$set": {"message": message}})

    async def arrive(self, deliveries: Sequence[Finished], at: datetime) -> bool:
        """Write what a gateway said later of what it had taken; returns whether nothing else was said of any before."""
        if not deliveries:
            return True
        writes = [UpdateOne(_this(one, State.SENT), step_of(one, at)) for one in deliveries]
        result = await self.collection.bulk_write(writes, ordered=False)
        return result.matched_count == len(writes)


def _this(one: Finished, *states: State) -> Document:
    return {"_id": str(one.delivery.id), "state": {"$in": [state.value for state in states]}}


def _finishable(one: Finished) -> tuple[State, ...]:
    """What went out went out, whatever was decided of it meanwhile: nobody must send it a second time."""
    went_out = isinstance(one.step, Sent | Delivered)
    return (State.QUEUED, State.WAITING, State.SUPPRESSED) if went_out else (State.QUEUED,)


def _open(stored: Document) -> Open:
    return Open(to_delivery(stored), State(stored["state"]), stored.get("next_at"))
