"""A TCP proxy that cuts, delays, resets, and loses answers."""

import asyncio
import socket
import struct
from collections.abc import AsyncGenerator, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Final

from deploy.local.ports import HOST, free_port

_BYTES: Final = 256 * 1024
_RESET_AT_ONCE: Final = struct.pack("ii", 1, 0)
"""Of SO_LINGER: closing sends RST."""


@dataclass
class Proxy:
    """Stands before one server. What it does wrong it does to all of its connections, new ones as well."""

    port: int
    target: int
    delay_s: float = 0
    loses_answers: bool = False
    _passes: asyncio.Event = field(default_factory=asyncio.Event)
    _open: set[asyncio.StreamWriter] = field(default_factory=set[asyncio.StreamWriter])
    _serving: set[asyncio.Task[None]] = field(default_factory=set[asyncio.Task[None]])

    def cut(self) -> None:
        """Nothing arrives any more, and nobody is told; it arrives late where the connection lives until then."""
        self._passes.clear()

    def heal(self) -> None:
        self.delay_s, self.loses_answers = 0, False
        self._passes.set()

    def reset(self) -> None:
        """End every connection in the middle of whatever it says."""
        for writer in list(self._open):
            with suppress(OSError):  # It was closed a moment ago.
                writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_AT_ONCE)
            writer.transport.abort()

    def take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """A connection came."""
        serving = asyncio.create_task(self._serve(reader, writer))
        self._serving.add(serving)
        serving.add_done_callback(self._serving.discard)

    async def end(self) -> None:
        for serving in (left := list(self._serving)):
            serving.cancel()
        await asyncio.gather(*left, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.add(writer)
        try:
            with suppress(OSError):
                server_reader, server_writer = await asyncio.open_connection(HOST, self.target)
                self._open.add(server_writer)
                asks = self._pump(reader, server_writer, answers=False)
                await self._join(server_writer, asks, self._pump(server_reader, writer, answers=True))
        finally:
            self._open.discard(writer)
            writer.transport.abort()

    async def _join(self, server: asyncio.StreamWriter, *ways: Coroutine[None, None, None]) -> None:
        """Whichever side ends, both end."""
        pumps = [asyncio.create_task(way) for way in ways]
        try:
            await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for pump in pumps:
                pump.cancel()
            await asyncio.gather(*pumps, return_exceptions=True)
            self._open.discard(server)
            server.transport.abort()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, answers: bool) -> None:
        with suppress(OSError):
            while told := await reader.read(_BYTES):
                if self.delay_s:
                    await asyncio.sleep(self.delay_s)
                await self._passes.wait()
                if answers and self.loses_answers:
                    continue
                writer.write(told)
                await writer.drain()


@asynccontextmanager
async def proxying(*targets: int) -> AsyncGenerator[list[Proxy]]:
    """A proxy for each of these ports of this machine."""
    proxies = [Proxy(free_port(), target) for target in targets]
    async with AsyncExitStack() as stack:
        for proxy in proxies:
            server = await asyncio.start_server(proxy.take, HOST, proxy.port)
            stack.push_async_callback(proxy.end)
            stack.callback(server.close)
            proxy.heal()
        yield proxies
