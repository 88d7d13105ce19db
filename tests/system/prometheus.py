"""A real Prometheus with our alerts, which looks every three seconds at a platform of processes.

Not more often: where MongoDB does not answer, `/metrics` asks for it for 1.5 s.
"""

import shutil
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx2
import pytest
import yaml

from deploy.local.ports import HOST, free_port
from deploy.local.processes import LocalServer, ServerPlan
from tests.services import Platform
from tests.waiting import until

_OURS: Final = Path("deploy/prometheus")


@dataclass(frozen=True)
class Prometheus:
    """What it says."""

    http: httpx2.AsyncClient

    async def alerts(self) -> set[tuple[str, str]]:
        """Name and service of each alert whose condition holds, whether or not it has done so for long enough."""
        told = (await self.http.get("/api/v1/alerts")).json()["data"]["alerts"]
        return {(one["labels"]["alertname"], one["labels"].get("service", "")) for one in told}

    async def until(self, *wanted: tuple[str, str], limit_s: float = 30) -> None:
        async def all_there() -> bool:
            return set(wanted) <= await self.alerts()

        await until(all_there, limit_s, every_s=0.3)

    async def until_gone(self, *wanted: tuple[str, str], limit_s: float = 30) -> None:
        async def none_there() -> bool:
            return not set(wanted) & await self.alerts()

        await until(none_there, limit_s, every_s=0.3)


@asynccontextmanager
async def watching(platform: Platform, folder: Path) -> AsyncGenerator[Prometheus]:
    """As `deploy/prometheus` has it, but more often, and at the ports of this platform."""
    program = shutil.which("prometheus")
    if program is None:
        pytest.skip("no Prometheus: make tools installs it")
    port, ours = free_port(), folder / "prometheus"
    ours.mkdir()
    shutil.copy(_OURS / "alerts.yaml", ours)
    (ours / "prometheus.yaml").write_text(yaml.safe_dump(_configured(platform)), encoding="utf-8")
    command: list[str | Path] = [program, f"--config.file={ours / 'prometheus.yaml'}"]
    command += [f"--storage.tsdb.path={ours / 'data'}", f"--web.listen-address={HOST}:{port}"]
    async with httpx2.AsyncClient(base_url=f"http://{HOST}:{port}") as http:

        async def ready() -> bool:
            try:
                return (await http.get("/-/ready")).status_code == 200
            except httpx2.TransportError:
                return False

        async def has_seen_all() -> bool:
            answer = await http.get("/api/v1/query", params={"query": "sum(up)"})
            return [one["value"][1] for one in answer.json()["data"]["result"]] == [str(len(platform.processes))]

        server = LocalServer(ServerPlan("prometheus", command, port, "", folder / "prometheus.log", ready))
        await server.start()
        try:
            # What grew before the first look is not seen to have grown.
            await until(has_seen_all, every_s=0.2)
            yield Prometheus(http)
        finally:
            await server.stop()


def _configured(platform: Platform) -> dict[str, Any]:
    config = yaml.safe_load((_OURS / "prometheus.yaml").read_text(encoding="utf-8"))
    config["global"] = {"scrape_interval": "3s", "evaluation_interval": "1s"}
    [job] = config["scrape_configs"]
    del job["dns_sd_configs"], job["relabel_configs"]
    job["static_configs"] = [
        {"targets": [f"{HOST}:{server.port}"], "labels": {"service": name}}
        for name, server in platform.processes.items()
    ]
    return config
