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
        self, collection: Collection, wanted: Document, order: tuple[str, str], size: int
    ) -> AsyncIterator[list[Document]]:
        place: tuple[Any, str] | None = None
        while found := await self._page(collection, beyond(wanted, order, place), order, size):
            yield found
            if len(found) < size:
                return
            place = _value(found[-1], order[0]), found[-1]["_id"]

    @within(BATCH_WITHIN_S)
    async def _page(
        self, collection: Collection, wanted: Document, order: tuple[str, str], size: int
    ) -> list[Document]:
        self.batches += 1
        cursor = collection.find(wanted, {"head": 1, "start": 1, "counts": 1})
        return await cursor.sort([(name, ASCENDING) for name in order]).limit(size).to_list(None)


def beyond(wanted: Document, order: tuple[str, str], place: tuple[Any, str] | None) -> Document:
    """The bound lets the index begin at the place; the alternative then drops what the last batch had."""
    if place is None:
        return wanted
    first, ticket = place
    bounds: Document = wanted.get(order[0], {}) | {"$gte": first}
    return wanted | {order[0]: bounds, "$or": [{order[0]: {"$gt": first}}, {"_id": {"$gt": ticket}}]}


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
