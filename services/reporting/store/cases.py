"""One document a ticket."""

import asyncio
from collections.abc import Collection as Many
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import islice
from typing import Final

from pymongo import ASCENDING, DESCENDING, UpdateOne
from pymongo.errors import BulkWriteError

from services.reporting.domain.case import Head, StoredCase
from services.reporting.domain.near import Place as Where
from services.reporting.domain.projection import Projection
from services.reporting.domain.tallies import Tallied
from services.reporting.store.case_indexes import INDEXES, NEWEST, OLDEST
from services.reporting.store.documents import ERASED, WITHOUT_PARTS, to_case, to_update
from services.reporting.store.searches import Search, to_filter
from services.reporting.store.supports import SupportStore
from shared.cursors import Place
from shared.limits import ANSWERS_WITHIN_S, within
from shared.mongo import Collection, Document, aggregate, only_duplicates

_PART: Final = 100
_SEVERAL: Final = 2
_COMMON: Final = 1_000
"""No word is rarer than another that so many cases have."""
_MOST_NEAR: Final = 300
_LONG_AGO: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Stale:
    """A case from which something else may follow by now. Good only while its version is still this."""

    case: StoredCase
    version: int
    touched: frozenset[str]
    """Keys of the buckets of days that count it, or may still count it."""


@dataclass(frozen=True, slots=True)
class Followed:
    """What follows from a case."""

    stale: Stale
    tallied: Tallied
    found_by: Sequence[str]
    withdrawn_at: datetime | None = None
    """Since when it is not public any more."""

    @property
    def touched(self) -> frozenset[str]:
        """Buckets that it leaves, stays in and enters."""
        return self.stale.touched | {tally.bucket for tally in self.tallied.tallies}


class CaseStore:
    """The cases of one generation."""

    def __init__(self, collection: Collection, supports: Collection) -> None:
        self._cases = collection
        self._supports = SupportStore(supports)

    async def prepare(self) -> None:
        await self._cases.create_indexes(list(INDEXES))
        await self._supports.prepare()

    async def apply(self, projections: Many[Projection], at: datetime) -> None:
        """Write all, each once, in whatever order; idempotent. MongoDB works on one part while the next is made."""
        wanted = [projection for projection in projections if not projection.is_silent]
        await self._apply(wanted, at)
        # Whoever read it is told again where this fails, so nothing stays that came after its erasure.
        await self._refuse([one.ticket for one in wanted if one.personal or one.erased])

    async def _refuse(self, tickets: Many[str]) -> None:
        if tickets:
            await self._cases.update_many({"_id": {"$in": list(tickets)}} | ERASED, WITHOUT_PARTS)

    async def _apply(self, projections: Many[Projection], at: datetime) -> None:
        supports = await self._supports.add(projections)
        left, writing = iter(projections), list[asyncio.Task[None]]()
        try:
            while part := [to_update(one, at, supports.get(one.ticket, 0)) for one in islice(left, _PART)]:
                writing.append(asyncio.create_task(self._write_all(part)))
                await asyncio.sleep(0)
        finally:
            outcomes = await asyncio.gather(*writing, return_exceptions=True)
        for outcome in outcomes:
            if outcome is not None:
                raise outcome

    async def _write_all(self, updates: list[UpdateOne]) -> None:
        while updates:
            updates = await self._write(updates)

    @within(ANSWERS_WITHIN_S)
    async def read(self, tickets: Many[str]) -> dict[str, StoredCase]:
        """Those that are there, by ticket."""
        alone, joined = await self.read_alone(tickets), await self.joined(tickets)
        return {ticket: replace(stored, joined=joined.get(ticket, 0)) for ticket, stored in alone.items()}

    @within(ANSWERS_WITHIN_S)
    async def read_alone(self, tickets: Many[str]) -> dict[str, StoredCase]:
        """As `read`, without who joined them."""
        documents = await self._cases.find({"_id": {"$in": list(tickets)}}).to_list(None)
        return {document["_id"]: to_case(document) for document in documents}

    @within(ANSWERS_WITHIN_S)
    async def joined(self, tickets: Many[str]) -> dict[str, int]:
        """How many reported, or support, the cases that are linked to these; those without any are left out."""
        stages: list[Document] = [
            {"$match": {"head.case.linked_to": {"$in": list(tickets)}}},
            {
                "$group": {
                    "_id": "$head.case.linked_to",
                    "number": {"$sum": {"$add": [1, {"$ifNull": ["$supports", 0]}]}},
                }
            },
        ]
        return {row["_id"]: row["number"] for row in await aggregate(self._cases, stages)}

    @within(ANSWERS_WITHIN_S)
    async def search(self, search: Search) -> list[tuple[str, Head]]:
        """At most `limit` public cases, newest event first, or oldest first with `updated_after`."""
        if search.ticket:
            found = await self._find_public(replace(search, words=()))
            if found or not search.words:
                return found
        words = await self._rarest_first(search.words)
        return await self._find_public(replace(search, ticket=None, words=words))

    async def _find_public(self, search: Search) -> list[tuple[str, Head]]:
        order = OLDEST if search.updated_after else NEWEST
        cursor = self._cases.find(to_filter(search), {"head": 1}).sort(order).limit(search.limit)
        return [(document["_id"], Head(**document["head"])) for document in await cursor.to_list(None)]

    @within(ANSWERS_WITHIN_S)
    async def near(self, category: str, place: Where, since: str) -> list[tuple[str, Head]]:
        """The newest public cases of the category around a point, or of a region, received since the day."""
        where: Document = {"head.case.cell": {"$in": place.cells}} if place.cells else {"head.regions": place.region}
        wanted = {"head.public": True, "head.case.category": category, "head.day": {"$gte": since}, **where}
        # By name: by day alone it would walk through half a year of all that was reported.
        index = "near_cell" if place.cells else "near_region"
        cursor = self._cases.find(wanted, {"head": 1}).hint(index).sort("head.day", DESCENDING).limit(_MOST_NEAR)
        return [(document["_id"], Head(**document["head"])) for document in await cursor.to_list(None)]

    @within(ANSWERS_WITHIN_S)
    async def overdue(
        self, limit: int, since: datetime = _LONG_AGO, before: datetime | None = None
    ) -> list[tuple[str, Head]]:
        """At most so many public cases of which a promise is overdue now, and was due in the time; the first first."""
        moments = {"$gte": since} | ({"$lt": before} if before else {})
        wanted = {"head.public": True, "late_since": moments}
        order = [("late_since", ASCENDING), ("_id", ASCENDING)]
        cursor = self._cases.find(wanted, {"head": 1}).sort(order).limit(limit)
        return [(document["_id"], Head(**document["head"])) for document in await cursor.to_list(None)]

    async def _rarest_first(self, words: Sequence[str]) -> Sequence[str]:
        """An index of many words a case is walked along one of them: along `sepit`, not along `lombok`."""
        if len(words) < _SEVERAL:
            return words
        asked = ({"head.public": True, "found_by": word} for word in words)
        numbers = await asyncio.gather(*(self._cases.count_documents(each, limit=_COMMON) for each in asked))
        return [word for _, word in sorted(zip(numbers, words, strict=True))]

    @within(ANSWERS_WITHIN_S)
    async def withdrawn(self, since: datetime, after: Place | None, limit: int) -> list[Place]:
        """Cases that were public and became confidential after the moment, the first first."""
        moments: Document = {"$gt": since}
        wanted: Document = {"head.public": False, "withdrawn_at": moments}
        if after:
            moments["$gte"] = after.at
            wanted["$or"] = [{"withdrawn_at": {"$gt": after.at}}, {"_id": {"$gt": after.ticket}}]
        order = [("withdrawn_at", ASCENDING), ("_id", ASCENDING)]
        found = await self._cases.find(wanted, {"withdrawn_at": 1}).sort(order).limit(limit).to_list(None)
        return [Place(document["withdrawn_at"], document["_id"]) for document in found]

    async def stale_among(self, tickets: Many[str]) -> list[Stale]:
        return await self._find_stale({"_id": {"$in": list(tickets)}, "stale": {"$exists": True}})

    async def stale_since(self, before: datetime, limit: int) -> list[Stale]:
        """What was marked before then and left, by whichever process."""
        return await self._find_stale({"stale": {"$lt": before}}, limit)

    async def stale_after(self, ticket: str, limit: int) -> list[Stale]:
        """In the order of their tickets."""
        return await self._find_stale({"_id": {"$gt": ticket}, "stale": {"$exists": True}}, limit, sort="_id")

    async def follow(self, followed: Iterable[Followed], *, is_counted: bool = False) -> None:
        """Write what follows, and which buckets must be counted for it, where the case did not change meanwhile.

        `is_counted`: whoever writes it counts all buckets afterwards.
        """
        if updates := [UpdateOne(_same(each.stale), to_followed(each, is_counted=is_counted)) for each in followed]:
            await self._cases.bulk_write(updates, ordered=False)

    async def clear(self, stale: Iterable[Stale]) -> None:
        """Take the marks off the cases that did not change meanwhile: their buckets are counted."""
        gone = {"$unset": {"stale": "", "touched": ""}}
        if updates := [UpdateOne(_same(each), gone) for each in stale]:
            await self._cases.bulk_write(updates, ordered=False)

    async def _find_stale(self, query: Document, limit: int = 0, sort: str | None = None) -> list[Stale]:
        cursor = self._cases.find(query).limit(limit)
        documents = await (cursor.sort(sort, ASCENDING) if sort else cursor).to_list(None)
        return [
            Stale(
                case=to_case(document),
                version=document["version"],
                touched=frozenset(document.get("touched", ()))
                | {tally["bucket"] for tally in document.get("tallies", ())},
            )
            for document in documents
        ]

    async def _write(self, updates: list[UpdateOne]) -> list[UpdateOne]:
        """Returns what must be written again: two replicas made one document at the same moment."""
        try:
            await self._cases.bulk_write(updates, ordered=False)
        except BulkWriteError as error:
            return [updates[index] for index in only_duplicates(error)]
        return []


def _same(stale: Stale) -> Document:
    return {"_id": stale.case.ticket, "version": stale.version}


def to_followed(followed: Followed, *, is_counted: bool) -> Document:
    tallied = followed.tallied
    tallies = [{"bucket": one.bucket, "agency": one.agency, "figures": list(one.figures)} for one in tallied.tallies]
    update: Document = {"tallies": tallies, "found_by": list(followed.found_by)}
    # Not there, rather than empty: so the indexes hold nothing of most cases.
    rare: Document = {
        "listed": list(tallied.listed) or None,
        "late_since": tallied.late_since,
        "withdrawn_at": followed.withdrawn_at,
        "touched": None if is_counted else sorted(followed.touched),
    }
    update |= {name: value for name, value in rare.items() if value is not None}
    gone = [name for name, value in rare.items() if value is None] + (["stale"] if is_counted else [])
    return {"$set": update} | ({"$unset": dict.fromkeys(gone, "")} if gone else {})
