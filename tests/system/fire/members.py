"""A MongoDB replica set of three whose members are known by their proxies, to clients and to each other."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pymongo import AsyncMongoClient
from pymongo.errors import PyMongoError

from deploy.local.mongod import REPLICA_SET, find_mongod
from deploy.local.ports import HOST, answers, free_port
from deploy.local.processes import LocalServer, ServerPlan
from shared.mongo import Document
from tests.system.fire.proxy import Proxy, proxying
from tests.waiting import until

_SETTINGS: Final = {"heartbeatIntervalMillis": 500, "heartbeatTimeoutSecs": 2, "electionTimeoutMillis": 2_000}
_FLAGS: Final = (
    "--wiredTigerCacheSizeGB=0.25",
    "--oplogSize=128",
    "--syncdelay=3",  # seconds between checkpoints: soon it notices that its disk is full
    "--setParameter=diagnosticDataCollectionEnabled=false",
)


@dataclass(frozen=True)
class Members:
    servers: list[LocalServer]
    proxies: list[Proxy]
    _clients: list[AsyncMongoClient[Document]]
    """One for each, past its proxy."""

    @property
    def uri(self) -> str:
        hosts = ",".join(f"{HOST}:{proxy.port}" for proxy in self.proxies)
        return f"mongodb://{hosts}/?replicaSet={REPLICA_SET}"

    async def primary(self) -> int:
        """Its place among the servers. Waits until there is one."""
        return await until(self._primary, limit_s=30, every_s=0.1) - 1

    async def are_complete(self) -> bool:
        """Whether one takes writes and the others follow it."""
        states = [await self._hello(number) for number in range(len(self.servers))]
        primaries = [hello for hello in states if hello.get("isWritablePrimary")]
        return len(primaries) == 1 and sum(bool(hello.get("secondary")) for hello in states) == len(self.servers) - 1

    async def _primary(self) -> int | None:
        """From 1, because 0 is nothing."""
        for number in range(len(self.servers)):
            if (await self._hello(number)).get("isWritablePrimary"):
                return number + 1
        return None

    async def join(self) -> None:
        """Become a replica set."""
        hosts = [{"_id": number, "host": f"{HOST}:{proxy.port}"} for number, proxy in enumerate(self.proxies)]
        wanted = {"_id": REPLICA_SET, "members": hosts, "settings": _SETTINGS}
        await self._clients[0].admin.command("replSetInitiate", wanted)

    async def _hello(self, number: int) -> Document:
        """Empty where it does not answer."""
        if not self.servers[number].running:
            return {}
        try:
            return await self._clients[number].admin.command("hello")
        except PyMongoError:
            return {}


@asynccontextmanager
async def three_members(folders: Sequence[Path]) -> AsyncGenerator[Members]:
    """Their data in these folders."""
    mongod = await asyncio.to_thread(find_mongod)
    ports = [free_port() for _ in folders]
    async with AsyncExitStack() as stack:
        proxies = await stack.enter_async_context(proxying(*ports))
        clients = [await stack.enter_async_context(_direct(port)) for port in ports]
        servers = [_server(mongod, *place) for place in zip(folders, ports, strict=True)]
        members = Members(servers, proxies, clients)
        for server in members.servers:
            stack.callback(server.kill)
        await asyncio.gather(*(server.start() for server in members.servers))
        await members.join()
        await until(members.are_complete, limit_s=30, every_s=0.1)
        yield members


def _server(mongod: Path, folder: Path, port: int) -> LocalServer:
    folder.mkdir(parents=True, exist_ok=True)
    place = ("--dbpath", str(folder), "--bind_ip", HOST, "--port", str(port), "--nounixsocket")

    async def ready() -> bool:
        return answers(port)

    command = (mongod, "--quiet", "--replSet", REPLICA_SET, *place, *_FLAGS)
    return LocalServer(ServerPlan(folder.name, command, port, "", folder.parent / f"{folder.name}.log", ready))


def _direct(port: int) -> AsyncMongoClient[Document]:
    where = f"mongodb://{HOST}:{port}/?directConnection=true"
    return AsyncMongoClient(where, serverSelectionTimeoutMS=1_500, socketTimeoutMS=1_500, connectTimeoutMS=1_500)
