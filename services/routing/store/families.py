"""Cases beside others of the same matter: what is compared, who leads whom, what is still to be looked at."""

from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import structlog
from pymongo import IndexModel

from services.routing.domain.alike import Matter, spots_around
from services.routing.domain.families import Lead, Member, Outcome
from services.routing.store.marks import mark_of, unsettled
from shared.events.case import Status
from shared.events.reasons import RejectionReason
from shared.mongo import Collection, Document, aggregate
from shared.wording import Wording

log = structlog.get_logger(__name__)

INDEXES: Final = (
    # In it are those alone that can be compared.
    IndexModel(
        [("case.category", 1), ("open", 1), ("spots", 1), ("received_at", 1)],
        name="near",
        partialFilterExpression={"spots": {"$exists": True}},
    ),
    IndexModel([("unsettled", 1)], name="unsettled", sparse=True),
    IndexModel(
        [("case.linked_to", 1), ("_id", 1)],
        name="linked_to",
        partialFilterExpression={"case.linked_to": {"$exists": True}},
    ),
)
_PAGE: Final = 100
_MOST_NEAR: Final = 20_000
_LONGEST_CHAIN: Final = 20
_SHOWN: Final = dict.fromkeys(
    (
        "submission.part",
        "submission.about",
        "submission.answers",
        "case.status",
        "case.category",
        "case.region",
        "case.confidential",
        "case.historical",
        "case.processing_restricted",
        "case.linked_to",
        "received_at",
        "alike",
        "leads",
        "parted",
        "compared",
        "unsettled",
    ),
    1,
)


@dataclass(frozen=True, slots=True)
class Family:
    """Who else has the trouble of a case."""

    linked: tuple[str, ...]
    """Some of the cases that are linked to it."""
    number: int
    """Of all those."""
    reporters: int
    """With the case's own, those of the linked ones and all who support one of them."""


class FamilyStore:
    """Every MongoDB call on what cases have to do with each other, in the collection of the cases."""

    def __init__(self, cases: Collection) -> None:
        self._cases = cases

    async def create_indexes(self) -> None:
        await self._cases.create_indexes(list(INDEXES))

    async def unsettled(self, before: datetime, most: int) -> list[str]:
        """Tickets that somebody must look at since before then, the longest waiting first."""
        cursor = self._cases.find({"unsettled": {"$lt": mark_of(before)}}, {"_id": 1}).sort("unsettled").limit(most)
        return [found["_id"] for found in await cursor.to_list(None)]

    async def members(self, tickets: Sequence[str]) -> tuple[dict[str, Member], dict[str, str]]:
        """Those that are there, with the marks that were on them."""
        found = await self._cases.find({"_id": {"$in": list(tickets)}}, _SHOWN).to_list(None)
        marks = {one["_id"]: one["unsettled"] for one in found if "unsettled" in one}
        return {one.ticket: one for one in _readable(document for document in found if "case" in document)}, marks

    async def near(self, members: Iterable[Member], since: datetime) -> list[Member]:
        """Open ones that can be near one of them, with those themselves."""
        wanted: dict[tuple[str, str | None], set[str]] = {}
        for member in members:
            matter = member.told
            region = matter.region if matter.point is None else ""
            wanted.setdefault((matter.category, region), set()).update(spots_around(matter.point))
        conditions = [_around(*place, spots) | {"received_at": {"$gte": since}} for place, spots in wanted.items()]
        cursor = self._cases.find({"$or": conditions}, _SHOWN).limit(_MOST_NEAR)
        return list(_readable(await cursor.to_list(None)))

    async def settle(self, marks: Mapping[str, str], compared: Sequence[str]) -> None:
        """Take the marks off that were seen."""
        seen = list(marks.values())
        others = [ticket for ticket in marks if ticket not in set(compared)]
        for tickets, update in ((compared, {"$set": {"compared": True}}), (others, Document())):
            if tickets:
                same = {"_id": {"$in": list(tickets)}, "unsettled": {"$in": seen}}
                await self._cases.update_many(same, {"$unset": {"unsettled": ""}, **update})

    async def mark(self, tickets: Sequence[str]) -> None:
        """Somebody must look at them."""
        await self._cases.update_many({"_id": {"$in": list(tickets)}}, {"$set": {"unsettled": unsettled()}})

    async def lead(self, tickets: Sequence[str]) -> set[str]:
        """Let others be linked to these; returns those that are not linked themselves.

        Whoever read one of them before can't write it any more: else it could end without telling who was linked to it.
        """
        wanted = {"_id": {"$in": list(set(tickets))}, "case.linked_to": {"$exists": False}}
        await self._cases.update_many(
            wanted | {"leads": {"$exists": False}}, {"$set": {"leads": True}, "$inc": {"version": 1}}
        )
        return {found["_id"] for found in await self._cases.find(wanted, {"_id": 1}).to_list(None)}

    async def lead_of(self, ticket: str) -> Lead | None:
        """What those that are linked to the case must know of it; None where it is not there."""
        case = await self._read(ticket)
        if case is None:
            return None
        taken_back = case["case"]["status"] == Status.WITHDRAWN.value
        goes_on_in = await self._heir(ticket, case) if taken_back else case["case"].get("linked_to")
        return Lead(ticket, await self._last(ticket, goes_on_in), _outcome(case))

    async def _last(self, ticket: str, goes_on_in: str | None) -> str | None:
        """The end of a chain of links; None where it comes back to the case itself."""
        asked = {ticket}
        while goes_on_in is not None and len(asked) < _LONGEST_CHAIN:
            asked.add(goes_on_in)
            other = await self._read(goes_on_in)
            further = other["case"].get("linked_to") if other else None
            if further is None or further in asked:
                # An heir is still linked to the one that was taken back.
                break
            goes_on_in = further
        return goes_on_in

    async def linked_to(self, ticket: str) -> AsyncIterator[list[str]]:
        """Tickets of all that are linked to the case, page by page."""
        last = ""
        while True:
            cursor = self._cases.find({"case.linked_to": ticket, "_id": {"$gt": last}}, {"_id": 1}).sort("_id")
            page = [found["_id"] for found in await cursor.limit(_PAGE).to_list(None)]
            if not page:
                return
            yield page
            last = page[-1]

    async def tickets_linked_to(self, ticket: str) -> list[str]:
        return [one async for page in self.linked_to(ticket) for one in page]

    async def linked(self, tickets: Sequence[str]) -> dict[str, int]:
        """How many cases are linked to each of these; those without any are left out."""
        if not tickets:
            return {}
        stages: list[Document] = [
            {"$match": {"case.linked_to": {"$in": list(tickets)}}},
            {"$group": {"_id": "$case.linked_to", "number": {"$sum": 1}}},
        ]
        return {row["_id"]: row["number"] for row in await aggregate(self._cases, stages)}

    async def _read(self, ticket: str) -> Document | None:
        shown = {"case.linked_to": 1, "case.status": 1, "case.confidential": 1, "outcome": 1, "heir": 1, "texts": 1}
        return await self._cases.find_one({"_id": ticket, "case": {"$exists": True}}, shown)

    async def _heir(self, ticket: str, case: Document) -> str | None:
        """The oldest of those that are linked to a case that was taken back: the same whoever asks first."""
        if "heir" in case:
            return case["heir"]
        order = [("received_at", 1), ("_id", 1)]
        oldest = await self._cases.find({"case.linked_to": ticket}, {"_id": 1}).sort(order).limit(1).to_list(None)
        if not oldest:
            return None
        await self._cases.update_one({"_id": ticket, "heir": {"$exists": False}}, {"$set": {"heir": oldest[0]["_id"]}})
        found = await self._cases.find_one({"_id": ticket}, {"heir": 1})
        return found["heir"] if found else None


def _around(category: str, region: str | None, spots: set[str]) -> Document:
    """`region` is empty where a point says it."""
    place: Document = {} if region == "" else {"case.region": region}
    return {"case.category": category, "open": True, "spots": {"$in": sorted(spots)}, **place}


def _readable(documents: Iterable[Document]) -> Iterator[Member]:
    """Without what can't be read: one case must not keep all others from going on."""
    for document in documents:
        try:
            yield _to_member(document)
        except (KeyError, ValueError):
            log.exception("case_unreadable", ticket=document["_id"])


def _to_member(document: Document) -> Member:
    case = document["case"]
    return Member(
        ticket=document["_id"],
        status=Status(case["status"]),
        matter=_to_matter(document),
        confidential=case.get("confidential", False),
        historical=case.get("historical", False),
        restricted=case.get("processing_restricted", False),
        linked_to=case.get("linked_to"),
        leads=document.get("leads", False),
        parted=frozenset(document.get("parted", ())),
        compared=document.get("compared", False),
    )


def _to_matter(document: Document) -> Matter | None:
    submission, case = document["submission"], document["case"]
    told: Mapping[str, Any] | None = document.get("alike", {}).get(submission["part"])
    if told is None:
        return None
    point = told.get("point")
    return Matter(
        category=case["category"],
        region=case.get("region"),
        about=submission.get("about"),
        answers=submission.get("answers", {}),
        received_at=document["received_at"],
        point=(point[0], point[1]) if point else None,
        wording=Wording.of_words(told["words"]),
    )


def _outcome(document: Document) -> Outcome | None:
    told = document.get("outcome")
    if told is None:
        return None
    reason = RejectionReason(told["reason"]) if told["reason"] else None
    text = None if document["case"].get("confidential") else document.get("texts", {}).get(told["event_id"])
    return Outcome(UUID(told["event_id"]), told["ending"], reason, text)
