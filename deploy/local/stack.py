"""`ntbcare up`: Kafka, MongoDB, a mail sink and the four services, started together and stopped in order."""

import asyncio
import os
from collections.abc import AsyncGenerator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Final

from deploy.local.kafka.server import KafkaServer, running_kafka
from deploy.local.mongod import MongodServer, running_mongod
from deploy.local.plan import Addresses, Plan, Step
from deploy.local.processes import LocalServer
from deploy.local.running import Running, hold, write_down
from deploy.tasks import together

_SERVER_STOPS_S: Final = 6.0
_LOOK_EVERY_S: Final = 0.5

Done = Callable[[Step], None]
Tell = Callable[[Exception], None]


@dataclass(frozen=True)
class Stack:
    """What runs. `platform` is a `deploy.platform.Platform`."""

    plan: Plan
    kafka: KafkaServer
    mongod: MongodServer
    platform: Any

    def write_down(self) -> None:
        """Tell other commands where everything is, and the next start what may be left of this one."""
        servers = tuple(server.pid for server in (self.kafka, self.mongod) if server.running)
        plan, addresses = self.plan, _addresses(self.kafka, self.mongod)
        write_down(
            plan.folder,
            Running(os.getpid(), plan.url, addresses.bootstrap, addresses.mongo_uri, plan.smtp_port, servers),
        )

    async def watch(self, say: Callable[[str], None]) -> None:
        """Start Kafka or mongod again when it ends by itself. Raises what a start raises when that fails."""
        while True:
            for server in (self.kafka, self.mongod):
                if not server.running:
                    say(f"{server.name} ended by itself; starting it again. Its log: {server.log}")
                    if why := server.why_full:
                        say(why)
                    await server.start()
                    self.write_down()
                    say(f"{server.name} runs again.")
            await asyncio.sleep(_LOOK_EVERY_S)


@asynccontextmanager
async def running_stack(plan: Plan, done: Done, tell: Tell) -> AsyncGenerator[Stack]:
    """Start everything, calling `done` after each step; stop everything at the end, the services before the servers.

    What fails is given to `tell` before everything is stopped, which may take 20 seconds, and raised after that.
    Raises AlreadyRunning, PortTaken, KafkaNotPrepared, MongodNotFound, ServerFailed, and what
    `deploy.local.assembly.running_platform` raises.
    """
    with hold(plan.folder):
        plan.refuse_taken_ports()
        async with AsyncExitStack() as stack:
            try:
                started = await _start(plan, stack, done)
                started.write_down()
                yield started
            except Exception as error:
                tell(error)
                raise


async def _start(plan: Plan, stack: AsyncExitStack, done: Done) -> Stack:
    kafka, mongod, assembly = await _start_parts(plan, stack, done)
    stack.push_async_callback(_stop_together, kafka, mongod)
    context = assembly.running_platform(plan, _addresses(kafka, mongod), done)
    return Stack(plan, kafka, mongod, await stack.enter_async_context(context))


def _addresses(kafka: KafkaServer, mongod: MongodServer) -> Addresses:
    return Addresses(kafka.bootstrap, mongod.uri)


async def _start_parts(plan: Plan, stack: AsyncExitStack, done: Done) -> tuple[KafkaServer, MongodServer, Any]:
    """Kafka and mongod at once, and meanwhile the services' code is imported, which takes as long."""

    async def kafka() -> KafkaServer:
        context = running_kafka(plan.folder / "kafka", plan.kafka_port, port_setting="KAFKA_PORT")
        server = await stack.enter_async_context(context)
        done(Step.KAFKA)
        return server

    async def mongod() -> MongodServer:
        context = running_mongod(plan.folder / "mongodb", plan.mongo_port, port_setting="MONGO_PORT")
        server = await stack.enter_async_context(context)
        done(Step.MONGODB)
        return server

    async def code() -> Any:
        assembly = await asyncio.to_thread(import_module, "deploy.local.assembly")
        done(Step.CODE)
        return assembly

    parts = await together(kafka(), mongod(), code())
    return parts[0], parts[1], parts[2]


async def _stop_together(*servers: LocalServer) -> None:
    """The one that takes too long is killed: both can be, and are whole at the next start."""

    async def stop(server: LocalServer) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(_SERVER_STOPS_S):
                await server.stop()
        server.kill()

    await asyncio.gather(*(stop(server) for server in servers))
