"""Bringing a fault about, and putting it right."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Final

from deploy.local.processes import LocalServer
from tests.system.fire.proxy import Proxy
from tests.system.fire.schedule import BROKER, BROKERS, SERVICES, Fault, Kind
from tests.system.fire.town import LAST, Town
from tests.waiting import until

_DELAY_S: Final = 0.15
_RESETS: Final = 4
_WRONG_S: Final = (-600, -90, -5, 5, 90, 600)
"""How far a clock goes wrong."""
BeforeKill = Callable[[str], Awaitable[None]]
"""Called with the name of a service that is about to be killed."""


def cannot(town: Town, fault: Fault) -> str | None:
    """Why this machine can't have the fault."""
    if fault.kind is Kind.FILL and fault.target not in town.disks:
        return "a small disk needs root and mount"
    return None


@asynccontextmanager
async def burning(town: Town, fault: Fault, before_kill: BeforeKill) -> AsyncGenerator[None]:
    """The fault is there inside, and lasts as long as the block; afterwards whatever fell was started again."""
    match fault.kind:
        case Kind.KILL | Kind.STOP | Kind.FILL:
            server = await _server(town, fault)
            async with _hurt(town, fault, server, before_kill):
                yield
            await _revive(server)
        case Kind.DROP | Kind.DELAY | Kind.RESET | Kind.LOSE:
            async with _bad_network(fault, town.broker_proxies if fault.target == BROKERS else town.members.proxies):
                yield
        case Kind.IN_TURN:
            await _restart_in_turn(town)
            yield
        case Kind.SKEW:
            town.clocks.set(fault.target, _WRONG_S[fault.number])
            yield
            town.clocks.set(fault.target, 0)


async def _server(town: Town, fault: Fault) -> LocalServer:
    """Whom it hits. The small disks are the last ones'."""
    if fault.target in SERVICES:
        return town.platform.processes[fault.target]
    if fault.target == BROKER:
        return town.brokers[LAST if fault.kind is Kind.FILL else fault.number % len(town.brokers)]
    return town.members.servers[LAST if fault.kind is Kind.FILL else await town.members.primary()]


@asynccontextmanager
async def _hurt(town: Town, fault: Fault, server: LocalServer, before_kill: BeforeKill) -> AsyncGenerator[None]:
    if fault.kind is Kind.KILL:
        if fault.target in SERVICES:
            await before_kill(fault.target)
        server.kill()
        yield
    elif fault.kind is Kind.STOP:
        server.suspend()
        try:
            yield
        finally:
            server.resume()
    else:
        disk = town.disks[fault.target]
        await asyncio.to_thread(disk.fill)
        try:
            yield
        finally:
            disk.free()


async def _revive(server: LocalServer) -> None:
    """Without space a server ends by itself, or at the first thing that it writes afterwards."""
    if not server.running:
        await server.start()


@asynccontextmanager
async def _bad_network(fault: Fault, proxies: list[Proxy]) -> AsyncGenerator[None]:
    resetting: asyncio.Task[None] | None = None
    for proxy in proxies:
        if fault.kind is Kind.DROP:
            proxy.cut()
        proxy.delay_s = _DELAY_S if fault.kind is Kind.DELAY else 0
        proxy.loses_answers = fault.kind is Kind.LOSE
    if fault.kind is Kind.RESET:
        resetting = asyncio.create_task(_reset_often(proxies, fault.lasts_s / _RESETS))
    try:
        yield
    finally:
        if resetting:
            await resetting
        for proxy in proxies:
            if fault.kind is Kind.LOSE:
                # What was not answered never will be, so nobody may go on as if it could.
                proxy.reset()
            proxy.heal()


async def _reset_often(proxies: list[Proxy], every_s: float) -> None:
    for _ in range(_RESETS):
        for proxy in proxies:
            proxy.reset()
        await asyncio.sleep(every_s)


async def _restart_in_turn(town: Town) -> None:
    """As an upgrade does it: the next one when the last one is back."""
    for broker in town.brokers:
        await broker.restart()
        await until(lambda broker=broker: broker.running, limit_s=30)
