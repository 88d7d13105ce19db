"""A server as a child process: started until it answers, stopped in peace or by force, and hurt on purpose.

What is started here ends with this process, however this process ends (`die_with_parent`), and does not hear the Ctrl-C
typed at it: who started a server stops it, in the order that suits.
"""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from deploy.local import die_with_parent
from deploy.local.disk import last_lines, why_full
from deploy.local.ports import refuse_if_taken

LOG_BYTES = 5_000_000


class ServerFailed(Exception):
    """A server ended, or did not answer in time, while it was started."""


@dataclass(frozen=True)
class ServerPlan:
    name: str
    command: Sequence[str | Path]
    port: int
    port_setting: str
    """What a person changes to get another port; named where the port is taken."""
    log: Path
    ready: Callable[[], Awaitable[bool]]
    """Whether the server can be worked with; asked again and again, and never before the process runs."""
    start_limit: timedelta = timedelta(seconds=60)
    stop_limit: timedelta = timedelta(seconds=20)


class LocalServer:
    """One server process. Its data outlives it: after `kill` or `stop`, `start` goes on where it was."""

    def __init__(self, plan: ServerPlan) -> None:
        self._plan = plan
        self._process: subprocess.Popen[bytes] | None = None
        self._was_full = ""

    @property
    def name(self) -> str:
        return self._plan.name

    @property
    def port(self) -> int:
        return self._plan.port

    @property
    def log(self) -> Path:
        return self._plan.log

    @property
    def why_full(self) -> str:
        """That the disk is full, as far as its log and the space beside it tell; empty where it is not."""
        return why_full(self.log)

    @property
    def running(self) -> bool:
        """Whether the process exists, be it suspended."""
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int:
        """Raises `ProcessLookupError` when the server was not started or has ended."""
        if self._process is None or self._process.poll() is not None:
            raise ProcessLookupError(f"{self.name} is not running")
        return self._process.pid

    async def start(self) -> None:
        """Returns when the server can be worked with. Raises `PortTaken` or `ServerFailed`; then nothing runs."""
        if self.running:
            return
        refuse_if_taken(self.port, self.name, self._plan.port_setting)
        self._process = spawn(self._plan.command, self.log)
        self._was_full = self.why_full
        try:
            await self._answer()
        except BaseException:
            self.kill()
            raise

    async def stop(self) -> None:
        """Asks the server to end and waits; past the limit it is killed. No error if it has ended already."""
        if self._process is None:
            return
        with suppress(ProcessLookupError):
            self._signal(signal.SIGTERM)
            self.resume()  # a suspended process hears nothing else
        with suppress(subprocess.TimeoutExpired):
            await asyncio.to_thread(self._process.wait, self._plan.stop_limit.total_seconds())
        self.kill()

    async def restart(self) -> None:
        await self.stop()
        await self.start()

    def kill(self) -> None:
        """Ends the process at once, as a crash of the machine would (SIGKILL). No error if it has ended already."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def suspend(self) -> None:
        """The process stays, with its open connections, and does nothing (SIGSTOP) until `resume`."""
        self._signal(signal.SIGSTOP)
        os.waitpid(self.pid, os.WUNTRACED)  # the signal takes effect some time after it was sent

    def resume(self) -> None:
        self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> None:
        os.kill(self.pid, number)

    async def _answer(self) -> None:
        deadline = time.monotonic() + self._plan.start_limit.total_seconds()
        while not await self._plan.ready():
            if not self.running:
                raise self._failed("ended while it was started")
            if time.monotonic() > deadline:
                limit = self._plan.start_limit.total_seconds()
                raise self._failed(f"did not answer within {limit:.0f} seconds")
            await asyncio.sleep(0.05)

    def _failed(self, how: str) -> ServerFailed:
        # A mongod that fails for want of space gives back its spare files, so asked now the disk may seem to have room.
        full = self.why_full or self._was_full
        words = " ".join(filter(None, [f"{self.name} {how}.", full, f"The end of {self.log}:"]))
        return ServerFailed("\n".join([words, *last_lines(self.log)]))


def spawn(command: Sequence[str | Path], log: Path) -> subprocess.Popen[bytes]:
    """Starts a command that ends with this process; what it says goes to the end of `log`.

    Call it from a thread that lives as long as the command may (the main one): see `die_with_parent`.
    """
    _keep_short(log)
    wrapper = [sys.executable, "-I", "-S", die_with_parent.__file__, str(os.getpid())]
    with log.open("ab") as output:
        return subprocess.Popen(
            [*wrapper, *map(str, command)],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def _keep_short(log: Path) -> None:
    """Sets a long log aside, in the place of the one that was set aside before it."""
    log.parent.mkdir(parents=True, exist_ok=True)
    if log.exists() and log.stat().st_size > LOG_BYTES:
        log.replace(log.with_suffix(".log.1"))
