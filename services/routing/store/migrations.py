"""What became of routing's database from version to version. Numbers are never used again."""

from typing import Any, Final

from shared.migrations import Migration
from shared.mongo import Database

_AS_TEXT: Final[dict[str, Any]] = {
    "$cond": [
        {"$eq": [{"$type": "$$one.at"}, "date"]},
        {"$dateToString": {"date": "$$one.at", "format": "%Y-%m-%dT%H:%M:%S.%L+00:00"}},
        "$$one.at",
    ]
}


async def _write_times_as_text(database: Database) -> None:
    """Of what was never published. An older version reads both."""
    # By the first an index finds it.
    dated = {"outbox.queued_at": {"$exists": True}, "outbox.at": {"$type": "date"}}
    each = {"$mergeObjects": ["$$one", {"at": _AS_TEXT}]}
    outbox = {"$map": {"input": "$outbox", "as": "one", "in": each}}
    await database["cases"].update_many(dated, [{"$set": {"outbox": outbox}}])


MIGRATIONS: Final = (Migration(1, "write the times in outboxes as text", _write_times_as_text),)
