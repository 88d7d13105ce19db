"""What is to be sent, is being sent and was sent."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import uuid4

from pymongo import UpdateMany, UpdateOne
from pymongo.errors import BulkWriteError

from services.notification.domain.attempts import Again, Delivered, Failed, Outcome, Step
from services.notification.domain.deliveries import Delivery, Ready, State, Suppressed, Verdict, Waits
from services.notification.metrics import SERVICE, TAKEN_OVER
from services.notification.store.documents import to_delivery, to_document
from shared.mongo import Collection, Database, Document, only_duplicates
from shared.outbox import to_stored
from shared.records import Outgoing

_OPEN: Final = {"$in": [State.WAITING.value, State.PENDING.value]}
_UNDER_WAY: Final = {"$in": [State.SENDING.value, State.PENDING.value]}


@dataclass(frozen=True, slots=True)
class Open:
    """A delivery that no sender has."""

    delivery: Delivery
    state: State


@dataclass(frozen=True, slots=True)
class Settled:
    """What was decided of an open delivery; the record tells of it where it is final."""

    delivery: Delivery
    verdict: Verdict
    record: Outgoing | None = None


@dataclass(frozen=True, slots=True)
class Share:
    """Which deliveries to take: those that were tried before, or the others."""

    again: bool
    limit: int
    besides: tuple[str, ...] = ()
    """Ids that this replica holds: even if its own lease ran out, it must not take them over from itself."""


@dataclass(frozen=True, slots=True)
class Claimed:
    """A delivery that is ours until the lease runs out."""

    delivery: Delivery
    token: str
    until: datetime


@dataclass(frozen=True, slots=True)
class Finished:
    """What became of a claim; the record tells of it where it is final."""

    claimed: Claimed
    step: Step
    record: Outgoing | None = None


class Deliveries:
    """Collection `deliveries`. `next_at` is there while something is to be done, and says when."""

    def __init__(self, database: Database) -> None:
        self.collection: Collection = database["deliveries"]

    async def create_indexes(self) -> None:
        await self.collection.create_index([("ticket", 1), ("state", 1)])
        due = {"next_at": {"$exists": True}}
        await self.collection.create_index([("again", 1), ("next_at", 1)], partialFilterExpression=due)

    async def add(self, deliveries: Sequence[Delivery]) -> list[Delivery]:
        """Store new ones as waiting; returns those that were there before."""
        if not deliveries:
            return []
        try:
            await self.collection.insert_many([to_document(delivery) for delivery in deliveries], ordered=False)
        except BulkWriteError as error:
            return [deliveries[index] for index in only_duplicates(error)]
        return []

    async def open_of(self, tickets: Iterable[str]) -> list[Open]:
        """The waiting and pending ones of these tickets."""
        wanted = list(tickets)
        if not wanted:
            return []
        found = await self.collection.find({"ticket": {"$in": wanted}, "state": _OPEN}).to_list(None)
        return [Open(to_delivery(stored), State(stored["state"])) for stored in found]

    async def settle(self, settled: Sequence[Settled], at: datetime) -> bool:
        """Write what was decided; returns whether every delivery was still open."""
        ready = [str(one.delivery.id) for one in settled if isinstance(one.verdict, Ready)]
        writes: list[UpdateOne | UpdateMany] = [
            UpdateOne(*write) for write in (_settling(one, at) for one in settled) if write
        ]
        expected = len(writes) + len(ready)
        if ready:
            pending = {"state": State.PENDING.value, "next_at": at, "ready_at": at}
            writes.append(UpdateMany({"_id": {"$in": ready}, "state": State.WAITING.value}, {"$set": pending}))
        if not writes:
            return True
        result = await self.collection.bulk_write(writes, ordered=False)
        return result.matched_count == expected

    async def claim(self, share: Share, at: datetime, lease: timedelta) -> list[Claimed]:
        """Take due deliveries, the longest due first, and those whose lease ran out."""
        due = _of(share) | {"next_at": {"$lte": at}}
        found: list[Document] = await self.collection.find(due).sort("next_at", 1).limit(share.limit).to_list(None)
        if not found:
            return []
        token, until = uuid4().hex, at + lease
        ours: Document = {"_id": {"$in": [stored["_id"] for stored in found]}}
        claim = {"state": State.SENDING.value, "claim": token, "next_at": until}
        result = await self.collection.update_many(due | ours, {"$set": claim, "$inc": {"claims": 1}})
        if result.modified_count != len(found):
            # Another replica was faster with some of them.
            got = await self.collection.find(ours | {"claim": token}, {"_id": 1}).to_list(None)
            ids = {stored["_id"] for stored in got}
            found = [stored for stored in found if stored["_id"] in ids]
        taken_over = sum(stored["state"] == State.SENDING.value for stored in found)
        TAKEN_OVER.labels(SERVICE).inc(taken_over)
        return [Claimed(to_delivery(stored), token, until) for stored in found]

    async def finish(self, finished: Sequence[Finished], at: datetime) -> bool:
        """Write what became of claims, each with its event; returns whether all of them were still ours to write."""
        if not finished:
            return True
        writes = [UpdateOne(_still_ours(one), _step(one, at)) for one in finished]
        result = await self.collection.bulk_write(writes, ordered=False)
        return result.matched_count == len(writes)

    async def next_due(self, share: Share) -> datetime | None:
        """When something is due next; in the past where it already is."""
        wanted = _of(share) | {"next_at": {"$exists": True}}
        first = await self.collection.find_one(wanted, {"next_at": 1}, sort=[("next_at", 1)])
        return None if first is None else first["next_at"]


def _of(share: Share) -> Document:
    return {"again": share.again} | ({"_id": {"$nin": list(share.besides)}} if share.besides else {})


def _settling(one: Settled, at: datetime) -> tuple[Document, Document] | None:
    """Which document and what of it; None for what is written for many at once."""
    this: Document = {"_id": str(one.delivery.id)}
    match one.verdict:
        case Suppressed() as suppressed:
            return this | {"state": _OPEN}, _final(suppressed, one.record, at)
        case Waits(until=until):
            return this | {"state": State.WAITING.value}, {"$set": {"next_at": until}}
        case Ready():
            return None


def _still_ours(one: Finished) -> Document:
    filters: Document = {"_id": str(one.claimed.delivery.id)}
    if isinstance(one.step, Delivered):
        # Whoever took it over meanwhile must learn that it was sent, so that nobody sends it a third time.
        return filters | {"state": _UNDER_WAY}
    return filters | {"state": State.SENDING.value, "claim": one.claimed.token}


def _step(one: Finished, at: datetime) -> Document:
    match one.step:
        case Again(at=next_at, attempts=attempts):
            pending = {"state": State.PENDING.value, "next_at": next_at, "attempts": attempts, "again": attempts > 0}
            return {"$set": pending, "$unset": {"claim": ""}}
        case Waits(until=until):
            return {"$set": {"state": State.WAITING.value, "next_at": until}, "$unset": {"claim": ""}}
        case outcome:
            return _final(outcome, one.record, at)


def _final(outcome: Outcome, record: Outgoing | None, at: datetime) -> Document:
    done: Document = {"done_at": at}
    match outcome:
        case Delivered(attempts=attempts):
            done |= {"state": State.DELIVERED.value, "attempts": attempts}
        case Failed(attempts=attempts, reason=reason):
            done |= {"state": State.FAILED.value, "attempts": attempts, "reason": reason}
        case Suppressed(reason=reason):
            done |= {"state": State.SUPPRESSED.value, "reason": reason}
    announced: Document = {"$push": {"outbox": to_stored(record)}} if record is not None else {}
    return {"$set": done, "$unset": {"next_at": "", "claim": ""}} | announced
