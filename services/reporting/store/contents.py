"""What a generation holds, to be laid beside another one or beside what the topics say."""

from collections.abc import AsyncIterator, Collection, Iterable
from datetime import datetime
from typing import Any, Final

import bson
from bson.codec_options import CodecOptions

from services.reporting.domain.case import StoredCase
from services.reporting.domain.figures import CONFIDENTIAL
from services.reporting.domain.generations import Contents
from services.reporting.domain.projection import Projection
from services.reporting.domain.recount import wrong_sums
from services.reporting.domain.rollups import ALL
from services.reporting.store.documents import to_case, to_document
from services.reporting.store.read_model import ReadModel
from shared.mongo import Document, aggregate

PROJECTED: Final = ("submission", "head", "history", "erased", "personal", "words", "follow_ups", "notices", "supports")
"""Fields that the topics alone decide. The others guard writes, or follow from these and from the definitions."""
_CODEC: Final = CodecOptions[Document](tz_aware=True)


async def contents_of(model: ReadModel) -> Contents:
    rows = await aggregate(model.collections["buckets"], _TOTALS)
    totals: dict[str, dict[str, int]] = {}
    for row in rows:
        if row["number"]:
            totals.setdefault(row["_id"]["month"], {})[row["_id"]["figure"]] = row["number"]
    cases = await model.collections["cases"].count_documents({})
    return Contents(cases, totals, wrong_sums(totals, await _sums_of(model)))


async def _sums_of(model: ReadModel) -> dict[str, dict[str, int]]:
    """All figures of public cases together, by month and by table."""
    sums: dict[str, dict[str, int]] = {}
    for row in await aggregate(model.collections["rollups"], _SUMS):
        sums.setdefault(row["_id"].pop("month"), {})["|".join(row["_id"].values())] = row["number"]
    return sums


_TOTALS: Final[list[Document]] = [
    {"$match": {"period": "month"}},
    {"$project": {"start": 1, "counts": {"$objectToArray": "$counts"}}},
    {"$unwind": "$counts"},
    {"$group": {"_id": {"month": "$start", "figure": "$counts.k"}, "number": {"$sum": "$counts.v"}}},
]

_OF_PUBLIC: Final[Document] = {
    "$filter": {
        "input": {"$objectToArray": "$counts"},
        "cond": {"$ne": [{"$indexOfBytes": ["$$this.k", CONFIDENTIAL]}, 0]},
    }
}
_SUMS: Final[list[Document]] = [
    {
        "$project": {
            "month": {"$substrBytes": ["$start", 0, len("2026-03")]},
            "level": 1,
            "agencies": {"$cond": [{"$eq": ["$agency", ALL]}, ALL, "agencies"]},
            "categories": {"$cond": [{"$eq": ["$category", ALL]}, ALL, "categories"]},
            "number": {"$sum": {"$map": {"input": _OF_PUBLIC, "in": "$$this.v"}}},
        }
    },
    {
        "$group": {
            "_id": {name: f"${name}" for name in ("month", "level", "agencies", "categories")},
            "number": {"$sum": "$number"},
        }
    },
]


async def left_to_count(model: ReadModel) -> int:
    """Cases whose figures are behind what they say."""
    return await model.collections["cases"].count_documents({"stale": {"$exists": True}})


async def is_counted(model: ReadModel) -> bool:
    """Whether every number is up to what the cases say."""
    stale = await model.collections["cases"].find_one({"stale": {"$exists": True}}, {"_id": 1})
    return stale is None and await model.rollups.are_current()


async def size_of(model: ReadModel) -> int:
    """Cases, roughly where the database was not shut down in order."""
    return await model.collections["cases"].estimated_document_count()


async def sample_of(model: ReadModel, number: int) -> list[str]:
    """Tickets, drawn at random."""
    pipeline = [{"$sample": {"size": number}}, {"$project": {"_id": 1}}]
    return sorted({row["_id"] for row in await aggregate(model.collections["cases"], pipeline)})


async def documents_of(model: ReadModel, tickets: Collection[str], notices_since: datetime) -> list[Document]:
    """What the topics decided of these cases, as `comparable` has it."""
    found = await model.collections["cases"].find({"_id": {"$in": list(tickets)}}).to_list(None)
    return [comparable(document, notices_since) for document in found]


def expected_of(projections: Iterable[Projection], notices_since: datetime) -> list[Document]:
    """The same of what was never stored."""
    return [comparable(_as_stored(projection), notices_since) for projection in projections]


def comparable(document: Document, notices_since: datetime) -> Document:
    """Without what a topic forgets by itself: marks of what was erased, and notices of long ago."""
    kept = {name: document[name] for name in ("_id", *PROJECTED) if document.get(name)}
    for name in ("personal", "words"):
        kept[name] = {part: text for part, text in kept.get(name, {}).items() if text is not None}
    kept["notices"] = {name: one for name, one in kept.get("notices", {}).items() if one["at"] >= notices_since}
    return {name: value for name, value in kept.items() if value}


def _as_stored(projection: Projection) -> Document:
    head, submission = projection.head, projection.submission
    document: Document = {
        "_id": projection.ticket,
        "submission": [to_document(submission)] if submission else [],
        "head": to_document(head) if head else None,
        "history": {str(sequence): to_document(step) for sequence, step in projection.history.items()},
        "erased": projection.erased,
        "personal": {part: known and to_document(known) for part, known in projection.personal.items()},
        "words": projection.words,
        "follow_ups": {event_id: to_document(done) for event_id, done in projection.follow_ups.items()},
        "notices": {event_id: to_document(notice) for event_id, notice in projection.notices.items()},
        "supports": len(projection.supporters),
    }
    # Times lose their microseconds on the way, as those in the database did.
    return bson.decode(bson.encode(document), _CODEC)


async def months_of(model: ReadModel) -> list[str]:
    """All in which something was received, or is said to have been."""
    days = {"cases": "$head.day", "buckets": "$start"}
    months: set[str] = set()
    for part, day in days.items():
        grouped: list[Document] = [{"$group": {"_id": {"$substrBytes": [{"$ifNull": [day, ""]}, 0, len("2026-03")]}}}]
        months |= {row["_id"] for row in await aggregate(model.collections[part], grouped)}
    return sorted(months - {""})


async def cases_of(model: ReadModel, month: str) -> AsyncIterator[StoredCase]:
    """Those received in the month."""
    query = {"head.public": {"$in": [True, False]}, "head.day": _within(month)}
    cursor: Any = model.collections["cases"].find(query)
    async for document in cursor:
        yield to_case(document)


async def counts_of(model: ReadModel, month: str) -> dict[str, dict[str, int]]:
    """All buckets and sums of the month and of its days, by key."""
    buckets = {"start": _within(month), "period": {"$in": ["day", "month"]}}
    found = await model.collections["buckets"].find(buckets, {"counts": 1}).to_list(None)
    found += await model.collections["rollups"].find({"start": _within(month)}, {"counts": 1}).to_list(None)
    return {document["_id"]: document["counts"] for document in found}


def _within(month: str) -> dict[str, str]:
    """The month itself and its days: no digit is above `-31`."""
    return {"$gte": month, "$lte": f"{month}-31"}
