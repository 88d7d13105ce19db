"""What is to be sent and was sent."""

from collections.abc import Collection as Several
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from pymongo import UpdateOne
from pymongo.errors import BulkWriteError

from services.notification.domain.attempts import Again, Delivered, Failed, Outcome, Sent, Step
from services.notification.domain.deliveries import Delivery, State
from services.notification.domain.judging import Ready, Suppressed, Verdict, Waits
from services.notification.store.documents import to_delivery, to_document
from shared.mongo import Collection, Database, Document, aggregate, only_duplicates
from shared.outbox import to_stored
from shared.records import Outgoing

_OPEN: Final = {"$in": [State.WAITING.value, State.QUEUED.value]}
_ORDER: Final = {"occurred_at": 1, "sequence": 1, "_id": 1}
_KEPT_S: Final = 400 * 86_400
"""As long as `ntbcare.notices` is. What happened longer ago than a week is never sent again."""
MOST_AT_ONCE: Final = 200
"""Deliveries of one address that are looked at in one round."""


@dataclass(frozen=True, slots=True)
class Open:
    """A delivery that is not done."""

    delivery: Delivery
    state: State
    next_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Settled:
    """What was decided of an open delivery; the record tells of it where it is final."""

    delivery: Delivery
    """As it is from now on: with channel and address where it is queued."""
    verdict: Verdict
    record: Outgoing | None = None


@dataclass(frozen=True, slots=True)
class Finished:
    """What became of a delivery; the record tells of it where it is final."""

    delivery: Delivery
    step: Step
    message: str = ""
    """Id of what went out: that of the first of those that went together."""
    record: Outgoing | None = None


@dataclass(slots=True)
class Queue:
    """What is for one address."""

    due: list[Delivery] = field(default_factory=list[Delivery])
    next_at: datetime | None = None
    """When more is due, after what is due already."""


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
        return [_open(stored) for stored in found]

    async def waiting(self, at: datetime, limit: int) -> list[Open]:
        """Those whose waiting is over."""
        over = {"state": State.WAITING.value, "next_at": {"$lte": at}}
        return [_open(stored) for stored in await self.collection.find(over).limit(limit).to_list(None)]

    async def settle(self, settled: Sequence[Settled], at: datetime) -> bool:
        """Write what was decided; returns whether every delivery was still open."""
        if not settled:
            return True
        writes = [UpdateOne(*_settling(one, at)) for one in settled]
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
                {"$sort": _ORDER},
                {"$group": {"_id": "$to", "due": {"$firstN": {"n": MOST_AT_ONCE, "input": "$$ROOT"}}}},
            ],
        )
        for found in due:
            queues[found["_id"]].due = [to_delivery(stored) for stored in found["due"]]
            queues[found["_id"]].next_at = at if len(found["due"]) == MOST_AT_ONCE else None
        later = {"$match": ours | {"next_at": {"$gt": at}}}
        first = {"$group": {"_id": "$to", "next_at": {"$min": "$next_at"}}}
        for found in await aggregate(self.collection, [later, first]):
            queue = queues[found["_id"]]
            queue.next_at = queue.next_at or found["next_at"]
        return queues

    async def hold(self, deliveries: Sequence[Delivery], until: datetime) -> None:
        """Gather them until the moment."""
        ids = [str(delivery.id) for delivery in deliveries]
        held = {"$set": {"gathered": True, "next_at": until}}
        await self.collection.update_many({"_id": {"$in": ids}, "state": State.QUEUED.value}, held)

    async def finish(self, finished: Sequence[Finished], at: datetime) -> bool:
        """Write what became of deliveries, each with its event; returns whether all of them were still open."""
        if not finished:
            return True
        writes = [
            UpdateOne({"_id": str(one.delivery.id), "state": State.QUEUED.value}, _step(one, at)) for one in finished
        ]
        result = await self.collection.bulk_write(writes, ordered=False)
        return result.matched_count == len(writes)

    async def sent_as(self, messages: Several[str]) -> dict[str, list[Open]]:
        """By message: the deliveries that went out with it, whether or not it is known that they arrived."""
        found = await self.collection.find({"message": {"$in": list(messages)}}).to_list(None)
        known: dict[str, list[Open]] = {}
        for stored in found:
            known.setdefault(stored["message"], []).append(_open(stored))
        return known

    async def arrive(self, deliveries: Sequence[Finished], at: datetime) -> None:
        """Write what a gateway said later of what it had taken."""
        if deliveries:
            writes = [
                UpdateOne({"_id": str(one.delivery.id), "state": State.SENT.value}, _step(one, at))
                for one in deliveries
            ]
            await self.collection.bulk_write(writes, ordered=False)


def _this(one: Finished, state: State) -> Document:
    return {"_id": str(one.delivery.id), "state": state.value}


def _open(stored: Document) -> Open:
    return Open(to_delivery(stored), State(stored["state"]), stored.get("next_at"))


def _settling(one: Settled, at: datetime) -> tuple[Document, Document]:
    this: Document = {"_id": str(one.delivery.id), "state": _OPEN}
    match one.verdict:
        case Suppressed() as suppressed:
            return this, _final(suppressed, one.record, at)
        case Waits(until=until):
            return this, {"$set": {"state": State.WAITING.value, "next_at": until}, "$unset": {"to": ""}}
        case Ready(at=goes_at, gathered=gathered):
            delivery = one.delivery
            queued: Document = {
                "state": State.QUEUED.value,
                "next_at": goes_at,
                "ready_at": delivery.ready_at,
                "to": delivery.to,
                "channel": delivery.channel.value if delivery.channel else None,
                "gathered": gathered,
            }
            return this, {"$set": queued}


def _step(one: Finished, at: datetime) -> Document:
    match one.step:
        case Again(at=next_at, attempts=attempts):
            return {"$set": {"next_at": next_at, "attempts": attempts}}
        case Waits(until=until):
            return {"$set": {"state": State.WAITING.value, "next_at": until}, "$unset": {"to": ""}}
        case outcome:
            return _final(outcome, one.record, at, one.message)


def _final(outcome: Outcome, record: Outgoing | None, at: datetime, message: str = "") -> Document:
    done: Document = {"done_at": at}
    match outcome:
        case Sent(attempts=attempts):
            done |= {"state": State.SENT.value, "attempts": attempts}
        case Delivered(attempts=attempts):
            done |= {"state": State.DELIVERED.value, "attempts": attempts}
        case Failed(attempts=attempts, reason=reason):
            done |= {"state": State.FAILED.value, "attempts": attempts, "reason": reason}
        case Suppressed(reason=reason):
            done |= {"state": State.SUPPRESSED.value, "reason": reason}
    if message:
        done["message"] = message
    announced: Document = {"$push": {"outbox": to_stored(record)}} if record is not None else {}
    return {"$set": done, "$unset": {"next_at": ""}} | announced
