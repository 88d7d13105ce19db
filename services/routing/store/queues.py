"""Lists of cases for the desk: every one by an index, in the order in which they are due."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from pymongo import IndexModel

from services.routing.domain.standing import NEVER
from services.routing.store.families import FamilyStore
from shared.cursors import Place
from shared.events.case import CaseSnapshot, Status
from shared.limits import ANSWERS_WITHIN_S, within
from shared.mongo import Collection, Document, aggregate

COUNTED: Final = 1_000
"""A queue with more is said to have more: counting on would cost as much as there are."""
_ORDER: Final = (("due_at", 1), ("_id", 1))
_SHOWN: Final = {"case": 1, "revision": 1, "due_at": 1, "personal": 1, "submission.part": 1, "leads": 1}


class Queue(StrEnum):
    """Which cases."""

    ALL = "all"
    OPEN = "open"
    MINE = "mine"
    AGENCY = "agency"
    TRIAGE = "triage"
    LATE = "late"
    DUE_SOON = "due_soon"
    DISPUTED = "disputed"
    AWAITING = "awaiting"


_DUE: Final = [*_ORDER]
INDEXES: Final = tuple(
    IndexModel([*((name, 1) for name in names), *_DUE], name="_".join(names) + "_due")
    for names in (
        ("open",),
        ("late",),
        ("holders", "open"),
        ("holders", "late"),
        ("holders", "case.status"),
        ("case.officer", "open"),
        ("case.status",),
        ("case.disputed", "open"),
        ("case.category", "open"),
        ("case.category", "regions", "open"),
        ("regions", "open"),
        ("words",),
    )
)
BOARD_INDEX: Final = IndexModel(
    [("open", 1), ("holder", 1), ("late", 1), ("due_at", 1), ("held_since", 1)], name="board"
)


@dataclass(frozen=True)
class Scope:
    """What somebody may see at all."""

    agency: str | None = None
    """Cases that it has or has a part of; None: everybody's."""
    regions: tuple[str, ...] = ()
    not_about: frozenset[str] = frozenset()
    """Complaints about these bodies are hidden."""


@dataclass(frozen=True)
class Wanted:
    """Which cases; all conditions hold together."""

    queue: Queue = Queue.OPEN
    officer: str | None = None
    """Of `mine`."""
    due_before: datetime | None = None
    """Of `due_soon`."""
    status: Status | None = None
    category: str | None = None
    region: str | None = None
    agency: str | None = None
    urgency: str | None = None
    words: Sequence[str] = ()
    after: Place | None = None
    limit: int = 50


@dataclass(frozen=True)
class Listed:
    """A case in a list."""

    ticket: str
    revision: int
    case: CaseSnapshot
    due_at: datetime | None
    text: str | None
    reporters: int = 1
    """With those of the cases that are linked to it."""


@dataclass(frozen=True)
class Load:
    """What lies with one body."""

    holder: str | None
    open: int
    late: int
    due_today: int
    oldest_since: datetime | None


@dataclass(frozen=True)
class QueueStore:
    """Reads lists; it writes nothing."""

    collection: Collection

    async def create_indexes(self) -> None:
        await self.collection.create_indexes([*INDEXES, BOARD_INDEX])

    @within(ANSWERS_WITHIN_S)
    async def page(self, wanted: Wanted, scope: Scope, ticket: str | None = None) -> list[Listed]:
        """The longest due first; one more than the limit where there are more. With a ticket: that case, if it is."""
        conditions = [*_conditions(wanted), *_scoped(scope)]
        if ticket is not None:
            conditions.append({"_id": ticket})
        if wanted.after is not None:
            at, ticket = wanted.after.at, wanted.after.ticket
            conditions += [{"due_at": {"$gte": at}}, {"$or": [{"due_at": {"$gt": at}}, {"_id": {"$gt": ticket}}]}]
        cursor = self.collection.find(_all(conditions), _SHOWN).sort(_ORDER).limit(wanted.limit + 1)
        found = await cursor.to_list(None)
        linked = await FamilyStore(self.collection).linked([one["_id"] for one in found if one.get("leads")])
        return [_to_listed(document, 1 + linked.get(document["_id"], 0)) for document in found]

    @within(ANSWERS_WITHIN_S)
    async def count(self, wanted: Wanted, scope: Scope) -> int:
        """At most `COUNTED` and one."""
        conditions = [*_conditions(wanted), *_scoped(scope)]
        return await self.collection.count_documents(_all(conditions), limit=COUNTED + 1)

    @within(ANSWERS_WITHIN_S)
    async def board(self, scope: Scope, day_ends: datetime) -> list[Load]:
        """Where open cases lie, the most late first."""
        today = {"$and": [{"$not": "$late"}, {"$lt": ["$due_at", day_ends]}]}
        stages: list[Document] = [
            {"$match": _all([{"open": True}, *_scoped(scope)])},
            {
                "$group": {
                    "_id": "$holder",
                    "open": {"$sum": 1},
                    "late": {"$sum": {"$cond": ["$late", 1, 0]}},
                    "due_today": {"$sum": {"$cond": [today, 1, 0]}},
                    "oldest_since": {"$min": "$held_since"},
                }
            },
            {"$sort": {"late": -1, "open": -1, "_id": 1}},
        ]
        return [Load(found.pop("_id"), **found) for found in await aggregate(self.collection, stages)]


def _conditions(wanted: Wanted) -> Iterable[Document]:
    match wanted.queue:
        case Queue.ALL:
            # A case that is there: not just what came before its submission.
            yield {"open": {"$in": [True, False]}}
        case Queue.OPEN | Queue.AGENCY:
            yield {"open": True}
        case Queue.MINE:
            yield {"open": True, "case.officer": wanted.officer}
        case Queue.TRIAGE:
            yield {"case.status": Status.IN_TRIAGE.value}
        case Queue.AWAITING:
            yield {"case.status": Status.AWAITING_REPORTER.value}
        case Queue.LATE:
            yield {"late": True}
        case Queue.DISPUTED:
            yield {"open": True, "case.disputed": True}
        case Queue.DUE_SOON:
            yield {"open": True, "late": False, "due_at": {"$lt": wanted.due_before}}
    same = {
        "case.status": wanted.status.value if wanted.status else None,
        "case.category": wanted.category,
        "regions": wanted.region,
        "holders": wanted.agency,
        "case.urgency": wanted.urgency,
    }
    yield from ({name: value} for name, value in same.items() if value is not None)
    if wanted.words:
        # The longest is the rarest, as a rule: MongoDB looks by the first.
        yield {"words": {"$all": sorted(wanted.words, key=len, reverse=True)}}
        yield {"case.processing_restricted": {"$ne": True}}


def _scoped(scope: Scope) -> Iterable[Document]:
    if scope.agency is not None:
        yield {"holders": scope.agency}
    if scope.regions:
        yield {"regions": {"$in": list(scope.regions)}}
    if scope.not_about:
        yield {"submission.about": {"$nin": sorted(scope.not_about)}}


def _all(conditions: Iterable[Document]) -> Document:
    together = list(conditions)
    return {"$and": together} if together else {}


def _to_listed(document: Document, reporters: int) -> Listed:
    case = CaseSnapshot.model_validate(document["case"])
    part = document.get("personal", {}).get(document["submission"]["part"])
    return Listed(
        ticket=document["_id"],
        revision=document["revision"],
        case=case,
        due_at=None if document["due_at"] >= NEVER else document["due_at"],
        text=part["text"] if part and not case.processing_restricted else None,
        reporters=reporters,
    )
