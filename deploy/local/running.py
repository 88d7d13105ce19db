"""What runs from a data folder: one platform at a time, where to reach it, and what a killed one left behind."""

import fcntl
import json
import os
import signal
import subprocess
import time
from collections.abc import Generator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from deploy.local.cache import ROOT

DATA_FOLDER: Final = ROOT / ".local"
_LOCK, _RECORD = "lock", "running.json"
_PATIENCE: Final = timedelta(seconds=10)


class AlreadyRunning(Exception):
    """Another `ntbcare up` works with the same data folder."""


@dataclass(frozen=True)
class Running:
    """A platform of this machine, as it wrote itself down."""

    pid: int
    url: str
    bootstrap: str
    mongo_uri: str
    smtp_port: int
    servers: tuple[int, ...]
    """Process ids of Kafka and mongod."""


@contextmanager
def hold(folder: Path) -> Generator[None]:
    """Keep the folder for this process. Raises `AlreadyRunning`; what a killed platform left is ended first."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / _LOCK).open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise AlreadyRunning(_words(folder)) from None
        try:
            _end_orphans(folder)
            yield
        finally:
            (folder / _RECORD).unlink(missing_ok=True)


def write_down(folder: Path, running: Running) -> None:
    """Tell other commands of this machine where the platform is."""
    draft = folder / f"{_RECORD}.new"
    draft.write_text(json.dumps(asdict(running), indent=2))
    draft.replace(folder / _RECORD)


def find_running(folder: Path) -> Running | None:
    """The platform that works with the folder now and has told where it is."""
    try:
        with (folder / _LOCK).open("r") as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _recorded(folder)
    except OSError:
        return None
    return None


def _recorded(folder: Path) -> Running | None:
    try:
        told: dict[str, Any] = json.loads((folder / _RECORD).read_text())
        told["servers"] = tuple(told["servers"])
        return Running(**told)
    except (OSError, ValueError, TypeError, KeyError):
        return None


def _words(folder: Path) -> str:
    running = _recorded(folder)
    where = f" at {running.url} (process {running.pid})" if running else ", and is just starting or stopping"
    return f"NTB Care already runs from {folder}{where}. Stop it with Ctrl-C there, or choose another folder: --data."


def _end_orphans(folder: Path) -> None:
    """End servers that outlived a killed platform: where the kernel cannot end them with it (not on Linux)."""
    left = _recorded(folder)
    orphans = [pid for pid in left.servers if _is_ours(pid, folder)] if left else []
    for number in (signal.SIGTERM, signal.SIGKILL):
        for pid in orphans:
            with suppress(ProcessLookupError):
                os.kill(pid, number)
        deadline = time.monotonic() + _PATIENCE.total_seconds()
        while (orphans := [pid for pid in orphans if _is_ours(pid, folder)]) and time.monotonic() < deadline:
            time.sleep(0.05)


def _is_ours(pid: int, folder: Path) -> bool:
    """Whether the process was started with a path inside the folder: its number may be another's by now."""
    told = subprocess.run(["ps", "-ww", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return str(folder.resolve()) in told.stdout
