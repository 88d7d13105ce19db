"""The simulators of `deploy/` behind a real HTTP server, in the test's own loop."""

import asyncio
import json
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from ssl import SSLContext
from typing import Any

import uvicorn
from starlette.types import ASGIApp

from deploy.local.ports import HOST, free_port
from deploy.simulators.app import create_simulators_app
from deploy.simulators.arrivals import Arrival, Arrivals, Kind
from deploy.simulators.plans import Planned
from deploy.simulators.playing import PREFIX, Simulators
from deploy.simulators.receipts import Receipts, Target
from tests.waiting import until


@dataclass(frozen=True)
class Running:
    """Simulators that can be called."""

    simulators: Simulators
    port: int

    @property
    def host(self) -> str:
        """As in `allowed_hosts`."""
        return f"{HOST}:{self.port}"

    @property
    def url(self) -> str:
        return f"http://{self.host}{PREFIX}"

    def plan(self, channel: Kind, *answers: Mapping[str, Any], to: str | None = None) -> None:
        self.simulators.plans.add(channel, *map(Planned.model_validate, answers), to=to)

    def arrived(self, channel: Kind) -> list[Arrival]:
        """The oldest first."""
        return self.simulators.arrivals.newest(1_000, channel=channel)[::-1]


@asynccontextmanager
async def running_simulators(
    folder: Path, targets: Mapping[Kind, Target] | None = None, *, tokens: Mapping[Kind, str] | None = None
) -> AsyncGenerator[Running]:
    receipts = Receipts(targets or {}, delay_s=0)
    simulators = Simulators(Arrivals(folder), receipts, tokens or {})
    async with receipts.running(), serving(create_simulators_app(simulators)) as port:
        yield Running(simulators, port)


@asynccontextmanager
async def serving(app: ASGIApp, tls: SSLContext | None = None) -> AsyncGenerator[int]:
    """Give the port."""
    port = free_port()
    config = uvicorn.Config(app, host=HOST, port=port, log_config=None, lifespan="off", timeout_graceful_shutdown=1)
    config.load()
    config.ssl = tls
    server = uvicorn.Server(config)
    task = asyncio.create_task(server.serve())
    await until(lambda: server.started)
    try:
        yield port
    finally:
        server.should_exit = True
        await task


def body_of(arrival: Arrival) -> Any:
    """What a webhook was called with."""
    return json.loads(arrival.text)
