"""The seam between the stores and the MongoDB driver: motor by default, PyMongo's own asyncio API by setting.

Stores are typed against PyMongo's `AsyncDatabase`; what differs between the two drivers stands here and nowhere else.
"""

import asyncio
import inspect
import sys
from collections.abc import AsyncGenerator, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final, Literal, TypeVar, cast

from bson.codec_options import CodecOptions
from motor.motor_asyncio import AsyncIOMotorClient
from pydantic import BaseModel, Field
from pymongo import AsyncMongoClient, lock
from pymongo.asynchronous.collection import AsyncCollection
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import (
    BulkWriteError,
    ConnectionFailure,
    InvalidOperation,
    OperationFailure,
    PyMongoError,
    WaitQueueTimeoutError,
    WriteConcernError,
)

from shared.limits import within

Document = dict[str, Any]
Collection = AsyncCollection[Document]
Database = AsyncDatabase[Document]

_PING_S: Final = 1.5
DUPLICATE_KEY: Final = 11000
_PASSING_CODES: Final = frozenset(
    {
        6,  # HostUnreachable
        7,  # HostNotFound
        13,  # Unauthorized: a role or a password is being changed
        18,  # AuthenticationFailed
        50,  # MaxTimeMSExpired
        64,  # WriteConcernFailed
        89,  # NetworkTimeout
        91,  # ShutdownInProgress
        112,  # WriteConflict
        133,  # FailedToSatisfyReadPreference
        134,  # ReadConcernMajorityNotAvailableYet
        189,  # PrimarySteppedDown
        262,  # ExceededTimeLimit
        9001,  # SocketException
        10107,  # NotWritablePrimary
        11600,  # InterruptedAtShutdown
        11601,  # Interrupted
        11602,  # InterruptedDueToReplStateChange
        13388,  # StaleConfig
        13435,  # NotPrimaryNoSecondaryOk
        14031,  # OutOfDiskSpace
    }
)


Value = TypeVar("Value")


async def _wait_for(coming: Coroutine[Any, Any, Value], timeout_s: float | None) -> Value:
    async with asyncio.timeout(timeout_s):
        return await coming


if sys.version_info < (3, 12):
    # The pool waits with `asyncio.wait_for`, which on Python 3.11 lets go too soon of what it waits for, when a cancel
    # comes while it gives up. What is left behind then takes the pool's lock for ever. Newer Pythons do it as here.
    lock.wait_for = _wait_for  # pyright: ignore[reportPrivateImportUsage]


class MongoSettings(BaseModel):
    """Where a service's database is."""

    uri: str = Field(default="mongodb://127.0.0.1:27017/?replicaSet=rs0", repr=False)
    """With user, password, `tls=true` and `tlsCAFile=…` where the server wants them."""
    database: str = ""
    """Empty: the service's name."""
    driver: Literal["motor", "pymongo"] = "motor"
    timeout_ms: int = 5_000
    """How long one operation may take, finding the primary included."""


def open_database(settings: MongoSettings) -> Database:
    """Give a database whose writes are acknowledged by the majority and whose times are aware UTC.

    Nothing is connected before the first call; give it back with `close_database`.
    """
    make = cast("Any", AsyncIOMotorClient if settings.driver == "motor" else AsyncMongoClient)
    client = make(
        settings.uri,
        tz_aware=True,
        w="majority",
        serverSelectionTimeoutMS=settings.timeout_ms,
        connectTimeoutMS=settings.timeout_ms,
        socketTimeoutMS=settings.timeout_ms * 6,
        appname="ntbcare",
    )
    return client.get_database(settings.database, codec_options=CodecOptions(tz_aware=True))


async def close_database(database: Database) -> None:
    closing: Any = database.client.close()
    if inspect.isawaitable(closing):
        await closing


@asynccontextmanager
async def connected(settings: MongoSettings) -> AsyncGenerator[Database]:
    database = open_database(settings)
    try:
        yield database
    finally:
        await close_database(database)


async def why_not_ready(database: Database) -> str | None:
    """Whether the database answers now."""
    try:
        async with within(_PING_S):
            await database.command("ping")
    except PyMongoError as error:
        return f"MongoDB does not answer: {type(error).__name__}"
    return None


async def aggregate(collection: Collection, pipeline: Sequence[Mapping[str, Any]]) -> list[Document]:
    """Run a pipeline and return all that it gives. What is too large for memory the database does on its disk."""
    cursor: Any = collection.aggregate(pipeline, allowDiskUse=True)
    if inspect.isawaitable(cursor):
        cursor = await cursor
    return await cursor.to_list(None)


def is_passing(error: BaseException) -> bool:
    """Whether trying again can help: the database is away, busy or full, and nothing is wrong with the data."""
    if isinstance(error, BulkWriteError):
        details: Document = dict(error.details or {})
        codes = [fault["code"] for fault in (*details.get("writeErrors", ()), *details.get("writeConcernErrors", ()))]
        return bool(codes) and all(code in _PASSING_CODES for code in codes)
    if isinstance(error, ConnectionFailure | WaitQueueTimeoutError | WriteConcernError | InvalidOperation):
        # InvalidOperation: the client was closed, because the service stops.
        return True
    if isinstance(error, OperationFailure):
        return error.code in _PASSING_CODES
    return isinstance(error, PyMongoError) and error.timeout


def only_duplicates(error: BulkWriteError) -> list[int]:
    """Indexes of the operations of an unordered bulk write that met a document already there.

    Raises the error again where anything else went wrong.
    """
    details: Document = dict(error.details or {})
    faults: list[Document] = details.get("writeErrors", [])
    if details.get("writeConcernErrors") or any(fault["code"] != DUPLICATE_KEY for fault in faults):
        raise error
    return [fault["index"] for fault in faults]
