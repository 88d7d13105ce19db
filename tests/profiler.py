"""MongoDB's own profiler: how each command found what it asked for."""

from typing import Final

from shared.mongo import Database, Document

_BYTES: Final = 64 * 1024 * 1024
"""The profile forgets what is oldest, by itself at 1 MiB: some five hundred commands."""
_ASKED: Final[Document] = {"planSummary": {"$exists": True}, "ns": {"$not": {"$regex": r"\.system\.profile$"}}}


async def watch(database: Database) -> None:
    """Write down every command from now on."""
    await database.create_collection("system.profile", capped=True, size=_BYTES)
    await database.command("profile", 2)


async def watched(database: Database, **asked: object) -> list[Document]:
    """Stop, and return the commands that needed a plan."""
    await database.command("profile", 0)
    size = (await database.command("collStats", "system.profile"))["size"]
    assert size < _BYTES / 2, "what was asked first may be forgotten"
    return await database["system.profile"].find(_ASKED | asked).to_list(None)
