"""The collection `directory`: what is published on `ntbcare.directory`, a document a record, with its revision."""

import hashlib
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from pymongo import InsertOne, UpdateOne
from pymongo.errors import BulkWriteError, DuplicateKeyError

from shared.events.directory import Client, DirectoryRecorded, Entry
from shared.mongo import Collection, Database, Document, only_duplicates


class DirectoryStore:
    """Every MongoDB call on the directory. A record changes only together with its revision."""

    def __init__(self, database: Database) -> None:
        self._collection: Collection = database["directory"]

    async def create_indexes(self) -> None:
        await self._collection.create_index("recorded_at")

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

    async def since(self, moment: datetime) -> list[DirectoryRecorded]:
        """Records that changed at or after the moment."""
        cursor = self._collection.find({"recorded_at": {"$gte": moment}})
        return [_to_recorded(found) for found in await cursor.to_list(None)]

    async def add_client(self, client: Client) -> bool:
        """Store a new client; False when its id is taken."""
        try:
            await self._collection.insert_one(_document(f"client:{client.id}", client, 1))
        except DuplicateKeyError:
            return False
        return True

    async def revoke_client(self, client_id: str, at: datetime) -> bool:
        """Revoke its token; False when there is no such client."""
        stored = {"entry.revoked_at": at.isoformat(), "recorded_at": datetime.now(UTC)}
        result = await self._collection.update_one(
            {"_id": f"client:{client_id}"}, {"$set": stored, "$inc": {"revision": 1}}
        )
        return result.matched_count == 1

    async def clients(self) -> Sequence[Client]:
        cursor = self._collection.find({"_id": {"$gte": "client:", "$lt": "client;"}}).sort("_id")
        return [Client.model_validate(found["entry"]) for found in await cursor.to_list(None)]


def _seed_write(key: str, entry: Entry, known: Document | None) -> "InsertOne[Document] | UpdateOne | None":
    digest = hashlib.sha256(entry.model_dump_json().encode()).hexdigest()
    if known is None:
        return InsertOne(_document(key, entry, 1) | {"seed": digest})
    if known.get("seed") in {digest, None}:
        # None: somebody edited it, and what people decided outlives an upgrade.
        return None
    revision = known["revision"]
    changed = _document(key, entry, revision + 1) | {"seed": digest}
    del changed["_id"]
    return UpdateOne({"_id": key, "revision": revision}, {"$set": changed})


def _document(key: str, entry: Entry, revision: int) -> Document:
    value = entry.model_dump(mode="json", exclude_none=True)
    return {"_id": key, "revision": revision, "recorded_at": datetime.now(UTC), "entry": value}


def _to_recorded(found: Document) -> DirectoryRecorded:
    fields = {name: found[name] for name in ("revision", "recorded_at", "entry")}
    return DirectoryRecorded.model_validate(fields)
