"""The stored directory brought up to its topic: what a restored database does not know yet."""

from collections.abc import Iterable
from typing import Final

from pymongo import UpdateMany, UpdateOne

from services.routing.store.directory import seed_digest
from shared.events.directory import DirectoryRecorded, Entry
from shared.mongo import Collection, Database, Document
from shared.wita import day_of

_NOW: Final[Document] = {"$currentDate": {"recorded_at": True}}


class RecoveredDirectory:
    """Every MongoDB call on it."""

    def __init__(self, database: Database) -> None:
        self._collection: Collection = database["directory"]
        self._edits: Collection = database["directory_edits"]

    async def lift(self, told: Iterable[DirectoryRecorded], seeds: Iterable[Entry]) -> int:
        """Take over every record that the topic has at a higher revision; returns how many.

        `seeds`: as this version delivers them. What differs from its seed counts as edited by somebody, for good.
        """
        cursor = self._collection.find({}, {"revision": 1})
        known = {found["_id"]: found["revision"] for found in await cursor.to_list(None)}
        newer = [one for one in told if one.revision > known.get(one.key, 0)]
        delivered = {f"{entry.kind}:{entry.id}": entry for entry in seeds}
        if newer:
            await self._collection.bulk_write([_write(one, delivered.get(one.key)) for one in newer], ordered=False)
            # What was planned until then is in it: to make it again would undo what came after.
            await self._edits.bulk_write([_made(one) for one in newer], ordered=False)
        return len(newer)


def _write(recorded: DirectoryRecorded, delivered: Entry | None) -> UpdateOne:
    fields: Document = {
        "revision": recorded.revision,
        "entry": recorded.entry.model_dump(mode="json", exclude_none=True),
    }
    if delivered == recorded.entry:
        fields["seed"] = seed_digest(recorded.entry)
    unset = {"edit": ""} if "seed" in fields else {"edit": "", "seed": ""}
    return UpdateOne({"_id": recorded.key}, {"$set": fields, "$unset": unset, **_NOW}, upsert=True)


def _made(recorded: DirectoryRecorded) -> UpdateMany:
    planned = {
        "record": recorded.key,
        "revision": None,
        "effective_on": {"$lte": day_of(recorded.recorded_at).isoformat()},
    }
    return UpdateMany(planned, {"$set": {"revision": recorded.revision}})
