"""Options of commands that write to routing's database."""

from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Annotated, Final

import typer
from pymongo.errors import ConfigurationError

from deploy.commands.failures import WRONG_USE, CommandFailed
from deploy.commands.options import running_here
from services.routing.store.directory import DirectoryStore
from shared.mongo import MongoSettings, connected

DATABASE: Final = "routing"
_URI: Final = "mongodb://127.0.0.1:27017/?replicaSet=rs0"
_PATIENCE_MS: Final = 3_000

MongoOption = Annotated[
    str | None,
    typer.Option(
        "--mongo-uri",
        envvar="ROUTING_MONGO__URI",
        help=f"Where routing's MongoDB is. Default: the one that runs here, else {_URI}.",
    ),
]
DatabaseOption = Annotated[
    str, typer.Option("--database", envvar="ROUTING_MONGO__DATABASE", help="Name of routing's database.")
]


@asynccontextmanager
async def directory_store(uri: str | None, database: str) -> AsyncGenerator[DirectoryStore]:
    running = None if uri else running_here()
    address = uri or (running.mongo_uri if running else _URI)
    settings = MongoSettings(uri=address, database=database, driver="pymongo", timeout_ms=_PATIENCE_MS)
    async with AsyncExitStack() as stack:
        try:
            found = await stack.enter_async_context(connected(settings))
        except (ValueError, ConfigurationError) as error:
            raise CommandFailed(f"The address of MongoDB is not right (--mongo-uri): {error}", code=WRONG_USE) from None
        yield DirectoryStore(found)
