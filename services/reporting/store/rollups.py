"""The sums of months and their days, made anew from the month's buckets by MongoDB itself; none is ever incremented.

A month is marked before what changed in it is taken for counted, and its mark goes only if nothing marked it again
meanwhile. One replica at a time makes the sums of a month.
"""

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import uuid4

from pymongo import ASCENDING, IndexModel, ReturnDocument, UpdateOne

from services.reporting.domain.figures import CONFIDENTIAL, OF_A_REGENCY, PROVINCE
from services.reporting.domain.rollups import ALL, KEPT_BY_DAY, Rollup
from services.reporting.domain.statistics import ENOUGH
from services.reporting.domain.tallies import DUE_ON, LATE, SITS, URGENT
from services.reporting.store.searches import days_of
from shared.mongo import Collection, Document, aggregate

_EVERY: Final[Document] = {"_id": {"$gt": ""}}
"""Of the marks, which are as many as months, by their ids."""
LEASE: Final = timedelta(seconds=20)
"""Longer than the sums of a month take. Whoever is slower marks it again: its sums may be older than the next one's."""

INDEXES: Final = (
    IndexModel(
        [
            ("level", ASCENDING),
            ("agency", ASCENDING),
            ("category", ASCENDING),
            ("start", ASCENDING),
            ("region", ASCENDING),
        ],
        name="cell",
    ),
    IndexModel([("level", ASCENDING), ("category", ASCENDING), ("start", ASCENDING)], name="agencies"),
    IndexModel([("level", ASCENDING), ("agency", ASCENDING), ("start", ASCENDING)], name="categories"),
    IndexModel([("start", ASCENDING), ("level", ASCENDING)], name="month"),
    IndexModel(
        [("level", ASCENDING), ("category", ASCENDING), ("agency", ASCENDING)],
        name="open",
        partialFilterExpression={"open": {"$exists": True}},
    ),
)


_OPEN: Final = f"^({CONFIDENTIAL})?({SITS}|{DUE_ON}|{LATE}$|{URGENT}$)"


@dataclass(frozen=True, slots=True)
class Step:
    """Makes one table, from the buckets or from a table made before: of a sheltered one only what is sheltered too."""

    makes: Rollup
    of: Rollup | None = None


STEPS: Final = (
    Step(Rollup("province", agencies=True, categories=True)),
    Step(Rollup("province", agencies=False, categories=True)),
    Step(Rollup("regency", agencies=False, categories=False)),
    Step(Rollup("regency", agencies=False, categories=True)),
    Step(Rollup("regency", agencies=True, categories=False)),
    Step(Rollup("district", agencies=False, categories=True)),
    Step(Rollup("province", agencies=True, categories=False), Rollup("province", agencies=True, categories=True)),
    Step(Rollup("district", agencies=False, categories=False), Rollup("district", agencies=False, categories=True)),
    Step(Rollup("province", agencies=False, categories=False), Rollup("province", agencies=False, categories=True)),
    Step(Rollup("whole", agencies=False, categories=False, period="day")),
    Step(Rollup("regency", agencies=False, categories=False, period="day")),
    Step(Rollup("province", agencies=False, categories=True, period="day")),
    Step(
        Rollup("province", agencies=False, categories=False, period="day"),
        Rollup("province", agencies=False, categories=True, period="day"),
    ),
)
_MADE: Final = 2
"""Counts what `STEPS` were: a month whose sums were made by an older version is made again."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A month whose sums are ours to make."""

    month: str
    version: int
    token: str


class RollupStore:
    """The sums of one generation."""

    def __init__(self, rollups: Collection, marks: Collection, buckets: Collection) -> None:
        self.collection = rollups
        self._marks = marks
        self._buckets = buckets

    async def prepare(self) -> None:
        await self.collection.create_indexes(list(INDEXES))
        await self._marks.create_index("marked", sparse=True)
        again = {"$set": {"marked": True}, "$inc": {"version": 1}}
        await self._marks.update_many(_EVERY | {"made_at": {"$exists": True}, "made": {"$ne": _MADE}}, again)

    async def clear(self) -> None:
        """Of a generation that nobody else counts: what was added up before, and what was to be."""
        for collection in (self.collection, self._marks):
            await collection.drop()
        await self.prepare()

    async def mark(self, months: Iterable[str]) -> None:
        """Something in these months was counted anew."""
        change = {"$set": {"marked": True}, "$inc": {"version": 1}}
        if writes := [UpdateOne({"_id": month}, change, upsert=True) for month in months]:
            await self._marks.bulk_write(writes, ordered=False)

    async def claim(self, at: datetime, made_before: datetime) -> Claim | None:
        """A marked month that nobody has, and whose sums were last made before the moment; the oldest first."""
        nobodys = {"$or": [{"claimed_until": {"$exists": False}}, {"claimed_until": {"$lte": at}}]}
        due = {"$or": [{"made_at": {"$exists": False}}, {"made_at": {"$lt": made_before}}]}
        free = {"marked": True, "$and": [nobodys, due]}
        token = uuid4().hex
        found = await self._marks.find_one_and_update(
            free,
            {"$set": {"claim": token, "claimed_until": at + LEASE}},
            sort=[("made_at", ASCENDING)],
            return_document=ReturnDocument.AFTER,
        )
        return Claim(found["_id"], found["version"], token) if found else None

    async def make(self, claim: Claim, at: datetime) -> None:
        """Make the sums, and take the mark away if it is still the one that was claimed."""
        for step in STEPS:
            source = self._buckets if step.of is None else self.collection
            await aggregate(source, pipeline(step, claim.month, self.collection.name))
        ours = {"_id": claim.month, "claim": claim.token}
        free: Document = {"claim": "", "claimed_until": ""}
        await self._marks.update_one(ours | {"version": claim.version}, {"$unset": {"marked": ""}})
        given_back = await self._marks.update_one(ours, {"$unset": free, "$set": {"made_at": at, "made": _MADE}})
        if not given_back.matched_count:
            await self.mark([claim.month])

    async def state(self) -> Hashable:
        """Another one after any sums were made."""
        made = await self._marks.find(_EVERY, {"made_at": 1}).to_list(None)
        return self.collection.name, frozenset((month["_id"], month.get("made_at")) for month in made)

    async def are_current(self) -> bool:
        return await self._marks.find_one({"marked": True}) is None


def pipeline(step: Step, month: str, into: str) -> list[Document]:
    """Adds up all counts, whatever they are called, and writes the table."""
    is_of_days, names = step.makes.period == "day", ("start", "region", "regency", "agency", "category")
    start: Any = days_of(month) if is_of_days else month
    match = {"period": step.makes.period, "start": start} if step.of is None else _cells_of(step.of, start)
    counts: Document = {"$objectToArray": "$counts"}
    if is_of_days:
        counts = {"$filter": {"input": counts, "cond": {"$in": ["$$this.k", sorted(KEPT_BY_DAY)]}}}
    return [
        {"$match": match},
        {"$project": _place(step) | {"counts": _told(step, counts)}},
        {"$unwind": {"path": "$counts", "preserveNullAndEmptyArrays": True}},
        {
            "$group": {
                "_id": {name: f"${name}" for name in names} | {"figure": "$counts.k"},
                "number": {"$sum": "$counts.v"},
            }
        },
        {
            "$group": {
                "_id": {name: f"$_id.{name}" for name in names},
                "counts": {"$push": {"k": "$_id.figure", "v": "$number"}},
            }
        },
        {"$project": _cell(step.makes)},
        {"$merge": {"into": into, "whenMatched": "replace"}},
    ]


def _cells_of(rollup: Rollup, start: Any) -> Document:
    kept = {"agency": rollup.agencies, "category": rollup.categories}
    return {"start": start, "level": rollup.name} | {
        name: {"$ne": ALL} if is_kept else ALL for name, is_kept in kept.items()
    }


def _place(step: Step) -> Document:
    makes, of = step.makes, step.of
    regions: Document = {"regency": "$regency", "district": "$district"}
    is_of_a_place = makes.level in regions
    region: Any = regions[makes.level] if of is None and is_of_a_place else "$region"
    return {
        "start": "$start",
        "region": region if is_of_a_place else {"$literal": PROVINCE},
        "regency": "$regency" if is_of_a_place else {"$literal": None},
        "agency": "$agency" if makes.agencies else {"$literal": ALL},
        "category": "$category" if makes.categories else {"$literal": ALL},
    }


def _told(step: Step, counts: Document) -> Document:
    match "none" if step.of else step.makes.shelters:
        case "all":
            return _sheltered(counts)
        case "bodies of regencies":
            of_one = {"$regexMatch": {"input": "$agency", "regex": OF_A_REGENCY}}
            return {"$cond": [of_one, _sheltered(counts), counts]}
        case _:
            return counts


def _sheltered(counts: Document) -> Document:
    """Without those of confidential cases where the bucket has too few of them."""
    enough = {"$gte": [{"$ifNull": [f"$counts.{CONFIDENTIAL}received", 0]}, ENOUGH]}
    is_told = {"$ne": [{"$indexOfBytes": ["$$this.k", CONFIDENTIAL]}, 0]}
    return {"$cond": [enough, counts, {"$filter": {"input": counts, "cond": is_told}}]}


def _cell(rollup: Rollup) -> Document:
    named: Sequence[Any] = ["$_id.start", rollup.name, "$_id.region", "$_id.agency", "$_id.category"]
    key: list[Any] = [part for name in named for part in (name, "|")][:-1]
    some = {"$filter": {"input": "$counts", "cond": {"$ne": [{"$ifNull": ["$$this.k", None]}, None]}}}
    cell: Document = {
        "_id": {"$concat": key},
        "start": "$_id.start",
        "level": {"$literal": rollup.name},
        "region": "$_id.region",
        "regency": "$_id.regency",
        "agency": "$_id.agency",
        "category": "$_id.category",
        "counts": {"$arrayToObject": some},
    }
    return cell if rollup.period == "day" else cell | {"open": _open(some)}


def _open(counts: Document) -> Document:
    """What is still open, once more by itself: so that reading it passes over all months in which nothing is."""
    is_open = {"$regexMatch": {"input": "$$this.k", "regex": _OPEN}}
    found = {"$filter": {"input": counts, "cond": is_open}}
    return {"$cond": [{"$eq": [found, []]}, "$$REMOVE", {"$arrayToObject": found}]}
