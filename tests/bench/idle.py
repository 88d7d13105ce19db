"""Memory of the services when nothing happens: each a process, and all in the one process of `make up`. PSS.

Each service runs in an environment of its own, as in an image: here, with all tools installed, structlog alone would
load 4 MB for coloured tracebacks.
"""

import asyncio
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, Final

from deploy.local.cache import ROOT
from deploy.local.ports import free_port
from tests.bench.stage import running_stage, until_idle
from tests.services import SERVICES
from tests.waiting import until

SETTLE_S: Final = 30.0


async def run() -> dict[str, Any]:
    pythons = {service: _environment_of(service) for service in SERVICES}
    async with running_stage(pythons) as stage:
        await stage.submit(100)
        await until_idle(stage.platform)
        await asyncio.sleep(SETTLE_S)
        each = {service: megabytes(stage.platform.processes[service].pid) for service in SERVICES}
    return {"megabytes": round(sum(each.values())), "each": each, "one_process_megabytes": await _one_process()}


def _environment_of(service: str) -> Path:
    """The interpreter of an environment that holds what an image of the service holds, and nothing else."""
    folder = ROOT / ".cache" / "environments" / service
    command = [ROOT / ".cache/uv-venv/bin/uv", "sync", "--quiet", "--locked", "--no-dev", "--extra", service]
    subprocess.run(command, env=os.environ | {"UV_PROJECT_ENVIRONMENT": str(folder)}, cwd=ROOT, check=True)
    return folder / "bin" / "python"


def megabytes(pid: int) -> int:
    """Proportional set size: what is shared with other processes counts in parts."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return round(int(next(line for line in lines if line.startswith("Pss:")).split()[1]) / 1024)


async def _one_process() -> int:
    with tempfile.TemporaryDirectory(prefix="ntbcare-bench-") as folder:
        names = ("PORT", "KAFKA_PORT", "MONGO_PORT", "SMTP_PORT")
        environment = os.environ | {name: str(free_port()) for name in names}
        command = [Path(sys.executable).with_name("ntbcare"), "up", "--data", folder]
        process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
        running = Path(folder) / "running.json"
        try:
            await until(lambda: running.exists() and process.poll() is None, 120)
            await asyncio.sleep(SETTLE_S)
            return megabytes(json.loads(running.read_text())["pid"])
        finally:
            process.terminate()
            process.wait(60)
