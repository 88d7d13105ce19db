"""What clients of Open311 ask for."""

from collections.abc import Collection as Many
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from pymongo import ASCENDING, DESCENDING

from services.reporting.domain.case import StoredCase
from services.reporting.domain.georeport import UPDATES, Span
from services.reporting.store.documents import to_case
from services.reporting.store.searches import between
from shared.limits import ANSWERS_WITHIN_S, within
from shared.mongo import Collection, Document, aggregate
from shared.wita import day_of

_PARTS: Final = {"head": 1, "history": 1, "words": 1}
"""Nothing that residents wrote."""
_NEWEST: Final = [("head.day", DESCENDING), ("_id", DESCENDING)]
_UPDATED: Final = [("head.at", ASCENDING), ("_id", ASCENDING)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Which part of all that is found."""

    skip: int
    limit: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Requests:
    """Which public cases; all conditions hold together. Without codes or statuses: of all."""

    codes: Sequence[str] = ()
    statuses: Sequence[str] = ()
    requested: Span | None = None
    """Both ends included."""
    updated: Span | None = None
    """When their newest event was, ends not included. Given: the oldest event first."""


class GeoReportStore:
    """Public cases of one generation."""

    def __init__(self, cases: Collection) -> None:
        self._cases = cases

    @within(ANSWERS_WITHIN_S)
    async def find(self, wanted: Requests, page: Page) -> list[StoredCase]:
        """By day of receipt, the newest first, or by the newest event."""
        cursor = self._cases.find(_to_filter(wanted), _PARTS).sort(_UPDATED if wanted.updated else _NEWEST)
        return [to_case(document) for document in await cursor.skip(page.skip).limit(page.limit).to_list(None)]

    @within(ANSWERS_WITHIN_S)
    async def read(self, tickets: Many[str]) -> dict[str, StoredCase]:
        """Those that are there and public, by ticket."""
        wanted = {"_id": {"$in": list(tickets)}, "head.public": True}
        documents = await self._cases.find(wanted, _PARTS).to_list(None)
        return {document["_id"]: to_case(document) for document in documents}

    @within(ANSWERS_WITHIN_S)
    async def updates(self, span: Span, tickets: Many[str], page: Page) -> list[tuple[str, int]]:
        """Steps of public cases as ticket and sequence, the first first; of these tickets, else of all.

        Looks at every case that had an event since the span began.
        """
        wanted: Document = {"head.public": True}
        wanted |= {"_id": {"$in": list(tickets)}} if tickets else {}
        wanted |= {"head.at": {"$gte": span.start}} if span.start else {}
        found = await aggregate(self._cases, [{"$match": wanted}, *_steps(span, page)])
        return [(document["_id"], document["steps"]["sequence"]) for document in found]


def _to_filter(wanted: Requests) -> Document:
    found: Document = {"head.public": True}
    if wanted.codes:
        found["head.case.category"] = {"$in": list(wanted.codes)}
    if wanted.statuses:
        found["head.case.status"] = {"$in": list(wanted.statuses)}
    if wanted.updated:
        found["head.at"] = _bounds(wanted.updated, "$gt", "$lt")
    if wanted.requested:
        start, end = wanted.requested.start, wanted.requested.end
        # The days lead to the cases by an index, and the moments, which are texts, tell which of them.
        found["head.day"] = between(*(day_of(each).isoformat() if each else None for each in (start, end)))
        moment = {"$toDate": "$head.case.received_at"}
        bounds = _bounds(wanted.requested, "$gte", "$lte").items()
        found["$expr"] = {"$and": [{operator: [moment, bound]} for operator, bound in bounds]}
    return found


def _bounds(span: Span, after: str, before: str) -> Document:
    bounds = {after: span.start, before: span.end}
    return {operator: bound for operator, bound in bounds.items() if bound is not None}


def _steps(span: Span, page: Page) -> list[Document]:
    """From cases to their steps."""
    step = {"sequence": {"$toInt": "$$this.k"}, "at": "$$this.v.at", "type": "$$this.v.type"}
    is_told: list[Any] = [{"$in": ["$$this.type", list(UPDATES)]}]
    is_told += [{operator: ["$$this.at", bound]} for operator, bound in _bounds(span, "$gte", "$lte").items()]
    all_steps = {"$map": {"input": {"$objectToArray": "$history"}, "in": step}}
    return [
        {"$project": {"steps": {"$filter": {"input": all_steps, "cond": {"$and": is_told}}}}},
        {"$unwind": "$steps"},
        {"$sort": {"steps.at": ASCENDING, "_id": ASCENDING, "steps.sequence": ASCENDING}},
        {"$skip": page.skip},
        {"$limit": page.limit},
    ]
