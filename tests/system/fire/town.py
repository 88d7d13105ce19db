"""What burns: three brokers, three members of a replica set, the four services, and what can be done to each."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from uuid import uuid4

from deploy.local.kafka.server import KafkaServer
from shared.settings import KafkaSettings
from tests.services import SERVICES, Platform, running_platform, why_not_ready
from tests.system.fire.brokers import bootstrap_of, three_brokers
from tests.system.fire.clocks import Clocks
from tests.system.fire.disks import Disk, small_disk
from tests.system.fire.members import Members, three_members
from tests.system.fire.proxy import Proxy
from tests.system.leases import SHORT_LEASE
from tests.waiting import until

_BROKER_MIB: Final = 512
_MEMBER_MIB: Final = 1_024
"""MongoDB's log files alone have 100 MiB each."""
LAST: Final = 2
"""The third broker and the third member have the small disks."""


@dataclass(frozen=True)
class Town:
    platform: Platform
    brokers: list[KafkaServer]
    broker_proxies: list[Proxy]
    members: Members
    disks: Mapping[str, Disk]
    """By what has it: `broker` and `primary`. Empty where none may be mounted."""
    clocks: Clocks

    async def ails(self) -> list[str]:
        """What does not run, or says that it is not ready."""
        servers = (*self.brokers, *self.members.servers, *self.platform.processes.values())
        if fallen := [server.name for server in servers if not server.running]:
            return [f"{name} does not run" for name in fallen]
        names = self.platform.processes
        whys = await asyncio.gather(*(why_not_ready(process.port) for process in names.values()))
        unready = [f"{name} is not ready: {why}" for name, why in zip(names, whys, strict=True) if why is not None]
        return unready or ([] if await self.members.are_complete() else ["the replica set is not complete"])

    async def is_well_again(self) -> None:
        """Wait for it; raises AssertionError with what ails."""
        try:
            await until(self._is_well, limit_s=60, every_s=0.1)
        except TimeoutError:
            raise AssertionError(", ".join(await self.ails())) from None

    async def _is_well(self) -> bool:
        """A broker or member that ended by itself is started again, as whatever supervises it does."""
        for server in (*self.brokers, *self.members.servers):
            if not server.running:
                await server.start()
        return not await self.ails()


@asynccontextmanager
async def a_town(folder: Path) -> AsyncGenerator[Town]:
    async with AsyncExitStack() as stack:
        disks = {
            "broker": stack.enter_context(small_disk(folder / "small" / "broker-3", _BROKER_MIB)),
            "primary": stack.enter_context(small_disk(folder / "small" / "member-3", _MEMBER_MIB)),
        }
        logs = [folder / "broker-1", folder / "broker-2", folder / "small" / "broker-3"]
        data = [folder / "member-1", folder / "member-2", folder / "small" / "member-3"]
        brokers, proxies = await stack.enter_async_context(three_brokers(logs))
        members = await stack.enter_async_context(three_members(data))
        kafka = KafkaSettings(bootstrap=bootstrap_of(proxies), namespace=f"fire-{uuid4().hex[:8]}", partitions=3)
        clocks = Clocks(folder)
        own = {service: clocks.variables(service) for service in SERVICES}
        platform = await stack.enter_async_context(
            running_platform(kafka, members.uri, folder, None, own, **SHORT_LEASE)
        )
        found = {what: disk for what, disk in disks.items() if disk}
        yield Town(platform, brokers, proxies, members, found, clocks)
