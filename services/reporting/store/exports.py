"""All rows of a dataset, batch by batch: each is found anew from where the one before it ended, so no cursor is held.

Cases are read by the day of receipt, which never changes: whatever happens to them meanwhile, each comes once.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from pymongo import ASCENDING

from services.reporting.domain.case import Head
from services.reporting.domain.figures import Bucket
from services.reporting.store.searches import Search, between, to_filter
from shared.limits import within
from shared.mongo import Collection, Document

BATCH: Final = 200
"""Rows that are made at one go: so long other requests wait."""
BATCH_WITHIN_S: Final = 20.0
"""Where few cases fit the filters many are looked at."""


Order = tuple[str, str]
"""Two fields, the second of which is the id."""
Place = tuple[Any, str]
"""Where a batch ended."""


class GenerationDropped(Exception):
    """The rows that were to come are not there any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Months:
    """Which buckets of months; both ends are included, and None is open. `agency` is `-` where nobody has the cases."""

    region: str | None = None
    agency: str | None = None
    category: str | None = None
    never: Sequence[str] = ()
    """Categories that are passed over."""
    first: str | None = None
    last: str | None = None


class ExportStore:
    """Cases and buckets of one generation."""

    def __init__(self, cases: Collection, buckets: Collection) -> None:
        self._cases = cases
        self._buckets = buckets
        self.batches = 0
        """That were read."""

    async def cases(self, search: Search, size: int = BATCH) -> AsyncIterator[list[tuple[str, Head]]]:
        """By day of receipt, then by ticket."""
        order = ("head.day", "_id")
        async for found in self._pages(self._cases, to_filter(search), order, size):
            yield [(document["_id"], Head(**document["head"])) for document in found]

    async def months(self, months: Months, size: int = BATCH) -> AsyncIterator[list[tuple[Bucket, Mapping[str, int]]]]:
        """By month, then by the key of the bucket."""
        async for found in self._pages(self._buckets, _of_months(months), ("start", "_id"), size):
            yield [(Bucket.parse(document["_id"]), document["counts"]) for document in found]

    @within(BATCH_WITHIN_S)
    async def sizes(self) -> tuple[int, int]:
        """Public cases, and buckets of months."""
        cases = await self._cases.count_documents({"head.public": True})
        return cases, await self._buckets.count_documents({"period": "month"})

    async def _pages(
        self, collection: Collection, wanted: Document, order: Order, size: int
    ) -> AsyncIterator[list[Document]]:
        place: Place | None = None
        while found := await self._read(collection, beyond(wanted, order, place), order, size):
            self.batches += 1
            yield found
            place = _value(found[-1], order[0]), found[-1]["_id"]
        if place and not await self._is_there(collection):
            raise GenerationDropped

    @within(BATCH_WITHIN_S)
    async def _read(self, collection: Collection, runs: Sequence[Document], order: Order, size: int) -> list[Document]:
        found: list[Document] = []
        for run in runs:
            cursor = collection.find(run, {"head": 1, "start": 1, "counts": 1})
            cursor = cursor.sort([(name, ASCENDING) for name in order]).limit(size - len(found))
            found += await cursor.to_list(None)
            if len(found) == size:
                break
        return found

    @within(BATCH_WITHIN_S)
    async def _is_there(self, collection: Collection) -> bool:
        return await collection.find_one({"_id": {"$gt": ""}}, {"_id": 1}) is not None


def beyond(wanted: Document, order: Order, place: Place | None) -> list[Document]:
    """What is left where the last batch ended, and what comes after that: each a run of the index."""
    if place is None:
        return [wanted]
    first, ticket = place
    bounds: Document = wanted.get(order[0], {}) | {"$gt": first}
    return [wanted | {order[0]: first, "_id": {"$gt": ticket}}, wanted | {order[0]: bounds}]


def _of_months(months: Months) -> Document:
    wanted = {"regions": months.region, "agency": months.agency, "category": months.category}
    query: Document = {"period": "month"} | {name: value for name, value in wanted.items() if value is not None}
    bounds = between(months.first, months.last)
    query |= {"start": bounds} if bounds else {}
    return query | ({"$nor": [{"category": {"$in": list(months.never)}}]} if months.never else {})


def _value(document: Document, path: str) -> Any:
    for name in path.split("."):
        document = document[name]
    return document
