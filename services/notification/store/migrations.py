"""What became of notification's database from version to version. Numbers are never used again."""

from typing import Final

from shared.migrations import Migration, drop_index
from shared.mongo import Database


async def _drop_tries_index(database: Database) -> None:
    await drop_index(database["deliveries"], "again", "next_at")


MIGRATIONS: Final = (
    Migration(1, "drop the index of what is tried again, which addresses are queued by since", _drop_tries_index),
)
