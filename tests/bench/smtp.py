"""A mail server that takes everything and keeps nothing: `python -m tests.bench.smtp PORT [FILE]`.

With a file it writes down when each message came: seconds of the system's monotonic clock, and the message's id.

It must not be what is measured, and aiosmtpd takes longer for a mail than all of notification does.
"""

import asyncio
import re
import sys
import time
from pathlib import Path
from typing import BinaryIO, Final, cast

import uvloop

from deploy.local.ports import HOST

_END: Final = b"\r\n.\r\n"
_ANSWERS: Final = {
    b"EHLO": b"250 sink\r\n",
    b"HELO": b"250 sink\r\n",
    b"DATA": b"354 go on\r\n",
    b"QUIT": b"221 bye\r\n",
}


_ID: Final = re.compile(rb"^Message-ID: <([^@]+)@", re.MULTILINE)


class Session(asyncio.Protocol):
    def __init__(self, told: BinaryIO | None) -> None:
        self._told = told
        self._received = b""
        self._in_data = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._transport.write(b"220 sink\r\n")

    def data_received(self, data: bytes) -> None:
        self._received += data
        while True:
            end = _END if self._in_data else b"\r\n"
            line, found, rest = self._received.partition(end)
            if not found:
                return
            self._received = rest
            self._answer(line)

    def _answer(self, line: bytes) -> None:
        if self._in_data:
            self._take(line)
        command = b"" if self._in_data else line[:4].upper()
        self._in_data = command == b"DATA"
        self._transport.write(_ANSWERS.get(command, b"250 ok\r\n"))
        if command == b"QUIT":
            self._transport.close()

    def _take(self, message: bytes) -> None:
        found = _ID.search(message)
        if self._told is not None and found is not None:
            self._told.write(b"%.6f %s\n" % (time.monotonic(), found[1]))


async def serve(port: int, told: BinaryIO | None) -> None:
    server = await asyncio.get_running_loop().create_server(lambda: Session(told), HOST, port)
    await server.serve_forever()


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        written = Path(sys.argv[2]).open("ab", buffering=0) if sys.argv[2:] else None  # noqa: SIM115 - to the end
        runner.run(serve(int(sys.argv[1]), written))
