"""Options of commands that write to routing's database."""

import re
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Annotated, Final

import typer
from pymongo.errors import ConfigurationError

from deploy.commands.failures import WRONG_USE, CommandFailed
from deploy.commands.options import Address
from services.routing.store.directory import DirectoryStore
from shared.mongo import MongoSettings, connected

DATABASE: Final = "routing"
_URI: Final = Address("--mongo-uri", lambda running: running.mongo_uri, "mongodb://127.0.0.1:27017/?replicaSet=rs0")
_PATIENCE_MS: Final = 3_000

MongoOption = Annotated[
    str | None,
    typer.Option(
        "--mongo-uri",
        envvar="ROUTING_MONGO__URI",
        help=f"Where routing's MongoDB is. Default: the one that runs here, else {_URI.default}.",
    ),
]
DatabaseOption = Annotated[
    str, typer.Option("--database", envvar="ROUTING_MONGO__DATABASE", help="Name of routing's database.")
]


def mongo_of(uri: str | None, *, writes: bool = False) -> str:
    """Raises CommandFailed rather than guess where to write."""
    return _URI.find(uri, writes=writes)


def shown(uri: str) -> str:
    """The address without what may be secret in it."""
    return re.sub(r"//[^/]*@", "//", uri.partition("?")[0])


@asynccontextmanager
async def directory_store(uri: str, database: str) -> AsyncGenerator[DirectoryStore]:
    settings = MongoSettings(uri=uri, database=database, driver="pymongo", timeout_ms=_PATIENCE_MS)
    async with AsyncExitStack() as stack:
        try:
            found = await stack.enter_async_context(connected(settings))
        except (ValueError, ConfigurationError) as error:
            raise CommandFailed(f"The address of MongoDB is not right (--mongo-uri): {error}", code=WRONG_USE) from None
        yield DirectoryStore(found)
