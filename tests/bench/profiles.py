"""Where services spend their time, with py-spy: `make bench BENCH=lifecycle PROFILE="routing reporting"`."""

import asyncio
import os
import signal
import sys
from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from tests.services import Platform

_SHOWN: Final = 60


@asynccontextmanager
async def profiled(platform: Platform) -> AsyncGenerator[None]:
    """Sample the services that PROFILE names while the block runs, then print their most expensive functions."""
    services = os.environ.get("PROFILE", "").split()
    recorders = {service: await _record(platform, service) for service in services}
    try:
        yield
    finally:
        for service, recorder in recorders.items():
            recorder.send_signal(signal.SIGINT)
            await recorder.wait()
            print(f"\n{service}: {summary(_stacks(platform, service).read_text())}")


async def _record(platform: Platform, service: str) -> asyncio.subprocess.Process:
    """Only threads that hold the interpreter lock count: the others wait."""
    options = ("--rate", "100", "--gil", "--format", "raw", "--output", _stacks(platform, service))
    return await asyncio.create_subprocess_exec(
        Path(sys.executable).with_name("py-spy"),
        *("record", "--pid", str(platform.processes[service].pid), *options),
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )


def _stacks(platform: Platform, service: str) -> Path:
    return platform.folder / f"{service}.stacks"


def summary(stacks: str) -> str:
    """Of each function the share of all samples in it and below it, and in it alone."""
    below, alone, total = Counter[str](), Counter[str](), 0
    for line in stacks.splitlines():
        stack, _, number = line.rpartition(" ")
        frames = [_without_line(frame) for frame in stack.split(";")]
        total += int(number)
        alone[frames[-1]] += int(number)
        for frame in set(frames):
            below[frame] += int(number)
    rows = [f"{number / total:6.1%} {alone[name] / total:6.1%}  {name}" for name, number in below.most_common(_SHOWN)]
    own = [f"{below[name] / total:6.1%} {number / total:6.1%}  {name}" for name, number in alone.most_common(_SHOWN)]
    return "\n".join([f"{total} samples in and below, and alone", *rows, "", "by alone", *own])


def _without_line(frame: str) -> str:
    return frame.rpartition(":")[0] + ")" if ":" in frame else frame
