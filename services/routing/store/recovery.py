"""What a recovery reads and writes beside the cases' own store; and whether one was begun and did not end."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final

from pymongo import ReturnDocument, UpdateOne

from services.routing.domain.told import Told
from shared.events.case import Role, Status
from shared.events.cases import CaseLinked, CaseUnlinked
from shared.mongo import Collection, Database, Document

_STATE: Final = {"_id": "recovery"}
_AFTER: Final = ReturnDocument.AFTER
_STAMP: Final = {"_id": "stamp"}


class RecoveryStore:
    """Every MongoDB call on what is recovered, but for what the cases' store does."""

    def __init__(self, database: Database) -> None:
        self._cases: Collection = database["cases"]
        self._upkeep: Collection = database["upkeep"]

    async def begin(self, at: datetime) -> None:
        await self._upkeep.update_one(_STATE, {"$set": {"begun_at": at}, "$unset": {"ended_at": ""}}, upsert=True)

    async def end(self, at: datetime) -> None:
        await self._upkeep.update_one(_STATE, {"$set": {"ended_at": at}})

    async def unfinished(self) -> str | None:
        """What was begun and killed, or runs: a recovery, or the restoring of a backup."""
        found = await self._upkeep.find_one({"_id": {"$in": ["recovery", "restore"]}, "ended_at": {"$exists": False}})
        return found["_id"] if found else None

    async def stamp(self) -> int:
        """How often the database was stamped for the consumers' commits."""
        found = await self._upkeep.find_one(_STAMP)
        return found["number"] if found else 0

    async def put_stamp(self) -> int:
        """Stamp it; returns the new number."""
        put = {"$inc": {"number": 1}}
        found = await self._upkeep.find_one_and_update(_STAMP, put, upsert=True, return_document=_AFTER)
        return found["number"] if found else 0

    async def raise_stamp(self, number: int) -> None:
        """To at least this."""
        await self._upkeep.update_one(_STAMP, {"$max": {"number": number}}, upsert=True)

    async def documents(self, tickets: Sequence[str]) -> dict[str, Document]:
        """With those that hold only what residents wrote."""
        found = await self._cases.find({"_id": {"$in": list(tickets)}}).to_list(None)
        return {document["_id"]: document for document in found}

    async def sequences(self, tickets: Sequence[str]) -> dict[str, int]:
        """Of the cases that are there."""
        wanted = {"_id": {"$in": list(tickets)}, "case": {"$exists": True}}
        return {
            found["_id"]: found["sequence"] for found in await self._cases.find(wanted, {"sequence": 1}).to_list(None)
        }

    async def write(self, updates: Sequence[UpdateOne]) -> int:
        """Returns how many cases were changed."""
        if not updates:
            return 0
        result = await self._cases.bulk_write(list(updates), ordered=False)
        return result.modified_count + result.upserted_count

    async def untold_parts(self, after: str, until: str | None, told: Iterable[str]) -> list[str]:
        """Keys of what residents wrote, of tickets between two, of which the topics tell nothing: it was erased."""
        between: Document = {"$gt": after, "$nin": list(told)} | ({"$lte": until} if until else {})
        cursor = self._cases.find({"_id": between, "personal": {"$exists": True}}, {"personal": 1})
        return [f"{found['_id']}:{part}" for found in await cursor.to_list(None) for part in found["personal"]]

    async def mark_leads(self, told: Iterable[Told]) -> None:
        """Others are or were linked to these."""
        linked = {event.linked_to for one in told for event in one.events if isinstance(event, CaseLinked)}
        there = await self._cases.find({"_id": {"$in": list(linked)}, "leads": True}, {"_id": 1}).to_list(None)
        missing = linked - {found["_id"] for found in there}
        await self.write([UpdateOne({"_id": ticket}, {"$set": {"leads": True}}, upsert=True) for ticket in missing])

    async def mark_heirs(self, heirs: Mapping[str, str]) -> None:
        """Who goes on in the place of a case that was taken back."""
        withdrawn = {"heir": {"$exists": False}, "case.status": Status.WITHDRAWN.value}
        await self.write([UpdateOne({"_id": lead} | withdrawn, {"$set": {"heir": to}}) for lead, to in heirs.items()])


class Heirs:
    """Of those that a rule unlinked from a case, the first is its heir, if the case was taken back."""

    def __init__(self) -> None:
        self._first: dict[str, tuple[datetime, str]] = {}

    def note(self, told: Told) -> None:
        for event in told.events:
            if isinstance(event, CaseUnlinked) and event.actor is Role.RULE:
                mine = (event.occurred_at, event.ticket)
                self._first[event.linked_to] = min(self._first.get(event.linked_to, mine), mine)

    def by_lead(self) -> dict[str, str]:
        return {lead: ticket for lead, (_, ticket) in self._first.items()}
