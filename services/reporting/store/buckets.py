"""Counted cases, by day and by month. Every number is counted anew from the cases; none is ever incremented."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from collections.abc import Collection as Many
from typing import Any, Final, Literal

from pymongo import ASCENDING, IndexModel, UpdateOne
from pymongo.errors import BulkWriteError

from services.reporting.domain.figures import Bucket, levels_of
from services.reporting.domain.statistics import Question
from services.reporting.store.searches import between, days_of
from shared.limits import ANSWERS_WITHIN_S, within
from shared.mongo import Collection, Document, aggregate, only_duplicates

Counted = dict[str, dict[str, int]]
"""Figures by bucket key."""

MOST_BUCKETS: Final = 2_000

_PERIOD: Final = [("period", ASCENDING), ("start", ASCENDING)]
INDEXES: Final = (
    IndexModel([*_PERIOD, ("_id", ASCENDING)], name="in_order"),
    IndexModel([("regions", ASCENDING), *_PERIOD], name="regions"),
    IndexModel([("agency", ASCENDING), *_PERIOD], name="agency"),
    IndexModel([("month", ASCENDING)], name="month", sparse=True),
)


class BucketStore:
    """The buckets of one generation, counted from its cases."""

    def __init__(self, buckets: Collection, cases: Collection) -> None:
        self._buckets = buckets
        self._cases = cases

    async def prepare(self) -> None:
        await self._buckets.create_indexes(list(INDEXES))

    async def recount(self, days: Many[str]) -> None:
        """Count these buckets of days, and then those of their months, from what is there now."""
        await self._recount(sorted(days), self._count_cases)
        await self._recount(sorted({Bucket.parse(day).month.key for day in days}), self._add_up_days)

    async def count_everything(self) -> list[str]:
        """Make all buckets anew, month by month; returns the months that there are. Not while anybody else counts."""
        await self._buckets.drop()
        await self.prepare()
        months = [month async for month in self._months()]
        for month in months:
            await aggregate(self._cases, [*_cases_of(month), *_as_buckets("day", self._buckets.name)])
            days = {"$match": {"period": "day", "start": days_of(month)}}
            await aggregate(self._buckets, [days, *_figures_of_days(), *_as_buckets("month", self._buckets.name)])
        return months

    async def _months(self) -> AsyncGenerator[str]:
        """In which cases were received, in order."""
        last = ""
        while True:
            firsts = [
                await self._cases.find_one(
                    {"head.public": public, "head.day": {"$gt": last}}, {"head.day": 1}, sort=[("head.day", ASCENDING)]
                )
                for public in (True, False)
            ]
            days = [found["head"]["day"] for found in firsts if found]
            if not days:
                return
            month = min(days)[: len("2026-03")]
            yield month
            last = f"{month}-99"

    @within(ANSWERS_WITHIN_S)
    async def having(self, figure: str, question: Question, agencies: Many[str] = ()) -> list[str]:
        """Keys of the buckets of days in which public cases have the figure, `agencies`: for one of these.

        One more than `MOST_BUCKETS` where there are too many.
        """
        agency = {"$in": list(agencies)} if agencies else None
        wanted: Document = {"regions": question.region, "agency": agency, "category": question.category}
        query = {name: value for name, value in wanted.items() if value is not None} | {"period": "day"}
        bounds = between(
            question.first.isoformat() if question.first else None, question.last.isoformat() if question.last else None
        )
        query |= {"start": bounds} if bounds else {}
        query[f"counts.{figure}"] = {"$gt": 0}
        found = await self._buckets.find(query, {"_id": 1}).sort("start", -1).limit(MOST_BUCKETS + 1).to_list(None)
        return [document["_id"] for document in found]

    async def _recount(self, keys: list[str], count: Callable[[list[str]], Awaitable[Counted]]) -> None:
        """A write counts only if nobody wrote since before the counting, so an older count never covers a newer."""
        while keys:
            revisions = await self._read_revisions(keys)
            counted = await count(keys)
            keys = await self._write([(key, revisions.get(key)) for key in keys], counted)

    async def _read_revisions(self, keys: list[str]) -> dict[str, int]:
        found = await self._buckets.find({"_id": {"$in": keys}}, {"revision": 1}).to_list(None)
        return {document["_id"]: document["revision"] for document in found}

    async def _count_cases(self, keys: list[str]) -> Counted:
        return _by_bucket(await aggregate(self._cases, cases_pipeline(keys)))

    async def _add_up_days(self, keys: list[str]) -> Counted:
        return _by_bucket(await aggregate(self._buckets, days_pipeline(keys)))

    async def _write(self, guards: list[tuple[str, int | None]], counted: Counted) -> list[str]:
        """Returns the keys whose revision moved: there the upsert meets the bucket that its filter does not match."""
        updates = [
            UpdateOne(
                {"_id": key, "revision": revision},
                {"$set": to_document(key, counted.get(key, {})) | {"revision": (revision or 0) + 1}},
                upsert=True,
            )
            for key, revision in guards
        ]
        try:
            await self._buckets.bulk_write(updates, ordered=False)
        except BulkWriteError as error:
            return [guards[index][0] for index in only_duplicates(error)]
        return []


def to_document(key: str, counts: Mapping[str, int]) -> Document:
    bucket = Bucket.parse(key)
    levels = levels_of(bucket.region)
    document: Document = {
        "period": bucket.period,
        "start": bucket.start,
        "regions": list(levels),
        "regency": levels[:2][-1],
        "district": levels[-1],
        "agency": bucket.agency,
        "category": bucket.category,
        "counts": dict(sorted(counts.items())),
    }
    return document | ({"month": bucket.month.key} if bucket.period == "day" else {})


def cases_pipeline(keys: list[str]) -> list[Document]:
    theirs: Document = {"$match": {"tallies.bucket": {"$in": keys}}}
    return [theirs, *_figures_of_cases(theirs)]


def days_pipeline(months: list[str]) -> list[Document]:
    return [{"$match": {"month": {"$in": months}}}, *_figures_of_days()]


def _cases_of(month: str) -> list[Document]:
    """All figures of a case count for the day on which it was received."""
    received = {"head.public": {"$in": [True, False]}, "head.day": days_of(month)}
    return [{"$match": received}, *_figures_of_cases()]


def _figures_of_cases(*only: Document) -> list[Document]:
    """`only`: which of their tallies."""
    return [
        {"$project": {"tallies": 1}},
        {"$unwind": "$tallies"},
        *only,
        {"$unwind": "$tallies.figures"},
        {"$group": {"_id": {"bucket": "$tallies.bucket", "figure": "$tallies.figures"}, "number": {"$sum": 1}}},
    ]


def _figures_of_days() -> list[Document]:
    return [
        {"$project": {"month": 1, "counts": {"$objectToArray": "$counts"}}},
        {"$unwind": "$counts"},
        {"$group": {"_id": {"bucket": "$month", "figure": "$counts.k"}, "number": {"$sum": "$counts.v"}}},
    ]


def _as_buckets(period: Literal["day", "month"], into: str) -> list[Document]:
    """Numbers of figures as `to_document` would make them of a bucket, written by MongoDB itself."""
    start, region, agency, category = ({"$arrayElemAt": ["$parts", number]} for number in range(4))
    levels = [{"$substrBytes": [region, 0, length]} for length in _LEVELS]
    regions = {"$slice": [levels, {"$floor": {"$divide": [{"$add": [{"$strLenBytes": region}, 1]}, 3]}}]}
    fields: Document = {
        "period": {"$literal": period},
        "start": start,
        "regions": regions,
        "regency": {"$substrBytes": [region, 0, _LEVELS[1]]},
        "district": region,
        "agency": agency,
        "category": category,
        "counts": {"$arrayToObject": {"$sortArray": {"input": "$counts", "sortBy": {"k": 1}}}},
        "revision": {"$literal": 1},
    }
    if period == "day":
        rest = [{"$arrayElemAt": ["$parts", number]} for number in (1, 2, 3)]
        month = [{"$substrBytes": [start, 0, len("2026-03")]}, *rest]
        fields["month"] = {"$concat": [part for name in month for part in (name, "|")][:-1]}
    return [
        {"$group": {"_id": "$_id.bucket", "counts": {"$push": {"k": "$_id.figure", "v": "$number"}}}},
        {"$set": {"parts": {"$split": ["$_id", "|"]}}},
        {"$project": fields},
        {"$merge": {"into": into, "whenMatched": "replace"}},
    ]


_LEVELS: Final = (len("52"), len("52.03"), len("52.03.01"))


def _by_bucket(rows: list[dict[str, Any]]) -> Counted:
    counted: Counted = {}
    for row in rows:
        counted.setdefault(row["_id"]["bucket"], {})[row["_id"]["figure"]] = row["number"]
    return counted
