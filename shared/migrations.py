"""Changes of what a database holds, when a newer version starts: numbered, in order, forward only, each done once.

Every version runs beside the one before it for a while, so a step only adds what the older one does not mind, or takes
away what no running version uses. A step may be killed and is begun again, so it must come to the same when done twice.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from uuid import uuid4

import structlog
from pymongo.errors import DuplicateKeyError, PyMongoError

from shared.mongo import Collection, Database, Document
from shared.tasks import end_tasks

log = structlog.get_logger(__name__)

COLLECTION: Final = "migrations"
_LEASE: Final = "lease"
_LONG_AGO: Final = datetime(1970, 1, 1, tzinfo=UTC)
_LASTS_MS: Final = 10_000
_BEAT_S: Final = 2.0
_LOOK_S: Final = 0.2


@dataclass(frozen=True)
class Migration:
    """One step."""

    number: int
    """From 1, without gaps; never given to another step, whatever becomes of this one."""
    what: str
    run: Callable[[Database], Awaitable[None]]
    shuts_out: bool = False
    """Versions that do not know of the step must not start any more."""


class DatabaseTooNew(Exception):
    """A newer version made a change that this one must not work with."""


class MigrationLost(Exception):
    """Another replica took the work over, because this one was silent for too long."""


async def migrate(database: Database, steps: Sequence[Migration]) -> list[int]:
    """Do what was not done yet, in one replica at a time; returns the numbers of what this one did.

    Raises DatabaseTooNew, MigrationLost, PyMongoError, and whatever a step raises: then the service must not start.
    """
    if [step.number for step in steps] != list(range(1, len(steps) + 1)):
        msg = "migrations are numbered from 1, without gaps"
        raise ValueError(msg)
    collection: Collection = database[COLLECTION]
    done = list[int]()
    for step in steps:
        while not await _is_done(collection, step, len(steps)):
            async with _leased(collection) as is_mine:
                if not is_mine:
                    await asyncio.sleep(_LOOK_S)
                elif not await _is_done(collection, step, len(steps)):
                    log.info("migration_begins", database=database.name, number=step.number, what=step.what)
                    await step.run(database)
                    await _note(collection, step)
                    done.append(step.number)
    await _check(await _written(collection), len(steps))
    return done


async def drop_index(collection: Collection, *keys: str) -> None:
    """That on just these fields, whatever its name and directions; none where it is not there."""
    for name, index in (await collection.index_information()).items():
        if [field for field, _ in index["key"]] == list(keys):
            await collection.drop_index(name)


async def _written(collection: Collection) -> list[Document]:
    return await collection.find({"_id": {"$type": "number"}}).to_list(None)


async def _is_done(collection: Collection, step: Migration, known: int) -> bool:
    written = await _written(collection)
    await _check(written, known)
    return any(one["_id"] == step.number for one in written)


async def _check(written: Sequence[Document], known: int) -> None:
    newer = [one for one in written if one["_id"] > known]
    if not newer:
        return
    shut_out = [one for one in newer if one["shuts_out"]]
    if shut_out:
        raise DatabaseTooNew(
            f"The database was changed by a newer version ({shut_out[0]['_id']}: {shut_out[0]['what']}), and this one "
            "must not work with it. Start the newer version."
        )
    log.warning("database_newer", known=known, newest=max(one["_id"] for one in newer))


async def _note(collection: Collection, step: Migration) -> None:
    said = {"what": step.what, "shuts_out": step.shuts_out, "done_at": datetime.now(UTC)}
    await collection.update_one({"_id": step.number}, {"$setOnInsert": said}, upsert=True)


@asynccontextmanager
async def _leased(collection: Collection) -> AsyncGenerator[bool]:
    """Whether this replica has it. All times are the database's."""
    holder, owner = uuid4().hex, asyncio.current_task()
    mine = {"holder": holder, "until": {"$add": ["$$NOW", _LASTS_MS]}}
    free: dict[str, Any] = {"_id": _LEASE, "$expr": {"$lt": ["$until", "$$NOW"]}}
    with suppress(DuplicateKeyError):
        await collection.update_one({"_id": _LEASE}, {"$setOnInsert": {"until": _LONG_AGO}}, upsert=True)
    if not (await collection.update_one(free, [{"$set": mine}])).matched_count:
        yield False
        return
    lost = asyncio.Event()

    async def beat() -> None:
        while not lost.is_set():
            await asyncio.sleep(_BEAT_S)
            try:
                kept = await collection.update_one({"_id": _LEASE, "holder": holder}, [{"$set": mine}])
            except PyMongoError as error:
                log.warning("lease_not_renewed", error=type(error).__name__)
                continue
            if not kept.matched_count:
                lost.set()
        if owner is not None:
            owner.cancel()

    beating = asyncio.create_task(beat(), name="migration")
    try:
        yield True
    except asyncio.CancelledError:
        if lost.is_set():
            raise MigrationLost("another replica goes on with the migration") from None
        raise
    finally:
        await end_tasks([beating], again_s=_BEAT_S)
        await collection.update_one({"_id": _LEASE, "holder": holder}, {"$set": {"until": _LONG_AGO}})
