"""The collection `directory`: what is published on `ntbcare.directory`, a document a record, with its revision."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

import structlog
from bson.codec_options import CodecOptions
from pydantic import ValidationError
from pymongo import UpdateOne
from pymongo.errors import BulkWriteError, DuplicateKeyError

from shared.events.directory import Agency, Client, DirectoryRecorded, Entry
from shared.mongo import Collection, Database, Document, only_duplicates

log = structlog.get_logger(__name__)

_NOW: Final[Document] = {"$currentDate": {"recorded_at": True}}
"""By the database's clock: those of whoever writes differ, and a look for what is new must not miss anything."""


@dataclass(frozen=True, slots=True)
class Edit:
    """A change that somebody made or plans: it holds from its day on."""

    id: str
    record: str
    entry: Mapping[str, Any]
    effective_on: date
    author: str
    reason: str
    made_at: datetime
    revision: int | None
    """Of the record, once the change is in it; None: it is planned."""


class DirectoryStore:
    """Every MongoDB call on the directory. A record changes only together with its revision."""

    def __init__(self, database: Database) -> None:
        self._collection: Collection = database["directory"]
        self._edits: Collection = database["directory_edits"]

    async def create_indexes(self) -> None:
        await self._collection.create_index("recorded_at")
        await self._edits.create_index([("record", 1), ("made_at", 1)])
        await self._edits.create_index([("revision", 1), ("effective_on", 1)])

    async def note(self, edit: Edit) -> bool:
        """Write the change down, before it is made; False where one with this id is there."""
        document = {name: getattr(edit, name) for name in edit.__slots__ if name != "id"}
        document["effective_on"] = edit.effective_on.isoformat()
        try:
            await self._edits.insert_one({"_id": edit.id, **document})
        except DuplicateKeyError:
            return False
        return True

    async def edits_of(self, record: str) -> list[Edit]:
        """The first made first."""
        cursor = self._edits.find({"record": record}).sort("made_at")
        return [_to_edit(found) for found in await cursor.to_list(None)]

    async def planned(self, day: date) -> list[Edit]:
        """What is to hold from the day on or an earlier one and is not in its record yet, in order."""
        cursor = self._edits.find({"revision": None, "effective_on": {"$lte": day.isoformat()}})
        found = await cursor.sort([("effective_on", 1), ("made_at", 1)]).to_list(None)
        return [_to_edit(one) for one in found]

    async def withdraw(self, edit_id: str) -> bool:
        """Take back a planned change; False where it is none, or in its record already."""
        result = await self._edits.delete_one({"_id": edit_id, "revision": None})
        return result.deleted_count == 1

    async def make(self, edit: Edit, expected: int | None = None) -> int | None:
        """Put a noted change into its record; returns its revision. None: the record is not at the expected one.

        Done again, by whichever replica, it is done once: the record remembers the last edit.
        """
        known = await self._collection.find_one({"_id": edit.record}, {"revision": 1, "edit": 1})
        revision = known["revision"] if known else 0
        if known is None or known.get("edit") != edit.id:
            if expected is not None and revision != expected:
                return None
            revision += 1
            written = await self._write(edit, revision)
            if not written:
                return None
        await self._edits.update_one({"_id": edit.id}, {"$set": {"revision": revision}})
        return revision

    async def _write(self, edit: Edit, revision: int) -> bool:
        before = {"$exists": False} if revision == 1 else revision - 1
        change = {"$set": {"revision": revision, "entry": edit.entry, "edit": edit.id}, "$unset": {"seed": ""}, **_NOW}
        try:
            result = await self._collection.update_one(
                {"_id": edit.record, "revision": before}, change, upsert=revision == 1
            )
        except DuplicateKeyError:
            return False
        return bool(result.matched_count or result.upserted_id)

    async def seed(self, entries: Iterable[Entry]) -> int:
        """Take in what the seed files say, where nobody edited the record since; returns how many changed."""
        wanted = {f"{entry.kind}:{entry.id}": entry for entry in entries}
        cursor = self._collection.find({"_id": {"$in": list(wanted)}}, {"seed": 1, "revision": 1})
        known = {found["_id"]: found for found in await cursor.to_list(None)}
        writes = [
            write for key, entry in wanted.items() if (write := _seed_write(key, entry, known.get(key))) is not None
        ]
        if writes:
            try:
                await self._collection.bulk_write(writes, ordered=False)
            except BulkWriteError as error:
                only_duplicates(error)
        return len(writes)

    async def now(self) -> datetime:
        """By the clock that `recorded_at` is by."""
        told = await self._collection.database.command("hello", codec_options=CodecOptions[Document](tz_aware=True))
        return told["localTime"]

    async def revisions_since(self, moment: datetime) -> dict[str, int]:
        """Keys of the records that changed at or after the moment, with their revision."""
        cursor = self._collection.find({"recorded_at": {"$gte": moment}}, {"revision": 1})
        return {found["_id"]: found["revision"] for found in await cursor.to_list(None)}

    async def known(self, keys: Iterable[str]) -> set[str]:
        """Which of them are stored, whether or not this version can read them."""
        return {found["_id"] async for found in self._collection.find({"_id": {"$in": list(keys)}}, {"_id": 1})}

    async def read(self, keys: Iterable[str]) -> list[DirectoryRecorded]:
        """What can't be read, because another version wrote it, is left out and said."""
        cursor = self._collection.find({"_id": {"$in": list(keys)}})
        recorded = list[DirectoryRecorded]()
        for found in await cursor.to_list(None):
            try:
                recorded.append(_to_recorded(found))
            except ValidationError:
                log.exception("directory_record_unreadable", record=found["_id"])
        return recorded

    async def add_client(self, client: Client) -> bool:
        """Store a new client; False when its id is taken."""
        key = f"client:{client.id}"
        try:
            await self._collection.update_one(_new(key), _stored(client, 1), upsert=True)
        except DuplicateKeyError:
            return False
        return True

    async def revoke_client(self, client_id: str, at: datetime) -> bool:
        """Revoke its token; False when there is no such client."""
        change = {"$set": {"entry.revoked_at": at.isoformat()}, "$inc": {"revision": 1}, **_NOW}
        result = await self._collection.update_one({"_id": f"client:{client_id}"}, change)
        return result.matched_count == 1

    async def clients(self) -> Sequence[Client]:
        return [Client.model_validate(entry) for entry in await self._of_kind("client")]

    async def agencies(self) -> Sequence[Agency]:
        return [Agency.model_validate(entry) for entry in await self._of_kind("agency")]

    async def _of_kind(self, kind: str) -> list[Document]:
        cursor = self._collection.find({"_id": {"$gte": f"{kind}:", "$lt": f"{kind};"}}).sort("_id")
        return [found["entry"] for found in await cursor.to_list(None)]


def _to_edit(found: Document) -> Edit:
    effective_on = date.fromisoformat(found.pop("effective_on"))
    return Edit(id=found.pop("_id"), effective_on=effective_on, **found)


def seed_digest(entry: Entry) -> str:
    """By which a delivered entry is known until somebody edits it."""
    return hashlib.sha256(entry.model_dump_json().encode()).hexdigest()


def _seed_write(key: str, entry: Entry, known: Document | None) -> UpdateOne | None:
    digest = seed_digest(entry)
    if known is None:
        return UpdateOne(_new(key), _stored(entry, 1, seed=digest), upsert=True)
    if known.get("seed") in {digest, None}:
        # None: somebody edited it, and what people decided outlives an upgrade.
        return None
    revision = known["revision"]
    return UpdateOne({"_id": key, "revision": revision}, _stored(entry, revision + 1, seed=digest))


def _new(key: str) -> Document:
    return {"_id": key, "revision": {"$exists": False}}


def _stored(entry: Entry, revision: int, **more: str) -> Document:
    value = entry.model_dump(mode="json", exclude_none=True)
    return {"$set": {"revision": revision, "entry": value, **more}, **_NOW}


def _to_recorded(found: Document) -> DirectoryRecorded:
    fields = {name: found[name] for name in ("revision", "recorded_at", "entry")}
    return DirectoryRecorded.model_validate(fields)
