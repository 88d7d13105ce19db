"""What became of reporting's database from version to version. Numbers are never used again."""

from typing import Final

from shared.migrations import Migration, drop_index
from shared.mongo import Database


async def _drop_replaced_indexes(database: Database) -> None:
    """One of them has the name of another now, which MongoDB refuses to create beside it."""
    for name in await database.list_collection_names():
        part, _, generation = name.partition("_")
        if generation and part == "cases":
            await drop_index(database[name], "head.bucket")
            await drop_index(database[name], "head.public", "head.day")
        if generation and part == "marks":
            await drop_index(database[name], "made_at")


MIGRATIONS: Final = (Migration(1, "drop indexes of cases and marks that others replaced", _drop_replaced_indexes),)
