"""An HTTP client that costs little, because it shares two cores with what it measures: HTTP/1.1, kept connections."""

import asyncio
import json
import re
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from deploy.local.ports import HOST

_LENGTH = re.compile(rb"content-length: (\d+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


class Connection:
    """One request at a time."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None) -> Answer:
        """Send `body` as JSON. Raises ConnectionError or IncompleteReadError."""
        content = b"" if body is None else json.dumps(body).encode()
        lines = [f"{method} {path} HTTP/1.1", f"Host: {HOST}", f"Content-Length: {len(content)}"]
        lines += ["Content-Type: application/json", *(f"{name}: {value}" for name, value in (headers or {}).items())]
        reader, writer = await self._open()
        writer.write("\r\n".join([*lines, "", ""]).encode() + content)
        head = await reader.readuntil(b"\r\n\r\n")
        length = _LENGTH.search(head)
        return Answer(int(head[9:12]), await reader.readexactly(int(length[1]) if length else 0))

    async def _open(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """The server ends connections that were not used for some seconds."""
        if self._streams is None or self._streams[0].at_eof():
            self.close()
            self._streams = await asyncio.open_connection(HOST, self._port)
        return self._streams

    def close(self) -> None:
        if self._streams is not None:
            self._streams[1].close()


@asynccontextmanager
async def connected_to(port: int) -> AsyncGenerator[Connection]:
    connection = Connection(port)
    try:
        yield connection
    finally:
        connection.close()


async def repeat(
    port: int, clients: int, seconds: float, act: Callable[[Connection], Awaitable[bool]]
) -> tuple[float, int]:
    """Let so many clients act again and again for so long; returns how many acts succeeded a second, and failures."""
    done, failed = 0, 0
    began = time.perf_counter()
    ends = began + seconds

    async def one() -> None:
        nonlocal done, failed
        async with connected_to(port) as connection:
            while time.perf_counter() < ends:
                if await act(connection):
                    done += 1
                else:
                    failed += 1

    await asyncio.gather(*(one() for _ in range(clients)))
    return done / (time.perf_counter() - began), failed
