"""What happened lately to cases that are not confidential, for feeds."""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from pymongo import UpdateMany, UpdateOne

from services.notification.domain.following import PublicEvent, PublicEventType
from shared.events.case import Status
from shared.limits import ANSWERS_WITHIN_S, within
from shared.mongo import Collection, Database, Document

_KEPT_S: Final = 60 * 86_400


class PublicEvents:
    """Collection `public_events`: an event a document, and a mark for every case that became confidential.

    A mark lives as long as any event from before it could.
    """

    def __init__(self, database: Database) -> None:
        self.collection: Collection = database["public_events"]

    async def create_indexes(self) -> None:
        await self.collection.create_index([("targets", 1), ("at", -1), ("sequence", -1)])
        await self.collection.create_index("ticket")
        await self.collection.create_index("at", expireAfterSeconds=_KEPT_S)

    async def add(self, events: Sequence[PublicEvent]) -> None:
        """Keep them; adding twice is adding once, and of a case that is hidden nothing stays."""
        if not events:
            return
        writes = [UpdateOne({"_id": str(one.id)}, {"$setOnInsert": _to_document(one)}, upsert=True) for one in events]
        await self.collection.bulk_write(writes, ordered=False)
        # Looked for afterwards: whoever hides at the same time marks first and removes then, so one of the two sees it.
        await self._remove(await self.hidden({one.ticket for one in events}))

    async def hide(self, hidden_at: Mapping[str, datetime]) -> None:
        """Remove all of these cases, by ticket with the moment since when they are confidential, and keep it so."""
        writes = [
            UpdateOne({"_id": _mark(ticket)}, {"$set": {"hides": ticket}, "$max": {"at": at}}, upsert=True)
            for ticket, at in hidden_at.items()
        ]
        if writes:
            await self.collection.bulk_write(writes, ordered=False)
            await self._remove(list(hidden_at))

    async def hidden(self, tickets: Iterable[str]) -> set[str]:
        """Those of these cases that became confidential: nobody is told of them any more."""
        marks = [_mark(ticket) for ticket in tickets]
        found = await self.collection.find({"_id": {"$in": marks}}, {"hides": 1}).to_list(None) if marks else []
        return {stored["hides"] for stored in found}

    @within(ANSWERS_WITHIN_S)
    async def newest(self, target: str, limit: int) -> list[PublicEvent]:
        """Of what is followed as `target`, the newest first."""
        newest_first = [("at", -1), ("sequence", -1)]
        found = await self.collection.find({"targets": target}).sort(newest_first).limit(limit).to_list(None)
        return [_to_event(stored) for stored in found]

    async def shelter(self, regions: Mapping[str, str]) -> None:
        """By ticket, tell no smaller region any more, also of what happened while it was of another category."""
        writes = [
            UpdateMany(
                {"ticket": ticket},
                {"$set": {"region": region}, "$pull": {"targets": {"$regex": f"^region:{re.escape(region)}\\."}}},
            )
            for ticket, region in regions.items()
        ]
        if writes:
            await self.collection.bulk_write(writes, ordered=False)

    async def _remove(self, tickets: Iterable[str]) -> None:
        if wanted := list(tickets):
            await self.collection.delete_many({"ticket": {"$in": wanted}})


def _mark(ticket: str) -> str:
    return f"hidden:{ticket}"


def _to_document(event: PublicEvent) -> Document:
    return {
        "ticket": event.ticket,
        "at": event.at,
        "type": event.type.value,
        "status": event.status.value,
        "category": event.category,
        "region": event.region,
        "agency": event.agency,
        "sequence": event.sequence,
        "targets": sorted(event.targets),
    }


def _to_event(stored: Document) -> PublicEvent:
    return PublicEvent(
        id=UUID(stored["_id"]),
        ticket=stored["ticket"],
        at=stored["at"],
        type=PublicEventType(stored["type"]),
        status=Status(stored["status"]),
        category=stored["category"],
        region=stored["region"],
        agency=stored["agency"],
        sequence=stored["sequence"],
        targets=frozenset(stored["targets"]),
    )
