"""The four services as processes of their own, beside real servers, with a mail server that remembers."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncGenerator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx2

from deploy.local.ports import HOST, free_port
from deploy.local.processes import LocalServer, ServerPlan
from deploy.topics import apply_topics
from services.routing.store.directory import DirectoryStore
from shared.access import make_token
from shared.events.directory import Client, ClientRole
from shared.mongo import MongoSettings, connected
from shared.settings import KafkaSettings
from tests.servers import Kafka, Mongod
from tests.smtp_sink import Sink, listening

SERVICES = ("routing", "intake", "notification", "reporting")
"""Routing first: it fills the directory."""


@dataclass
class Platform:
    """Four processes."""

    kafka: KafkaSettings
    mongo: MongoSettings
    """Routing's database."""
    mail: Sink
    processes: dict[str, LocalServer] = field(default_factory=dict[str, LocalServer])
    http: dict[str, httpx2.AsyncClient] = field(default_factory=dict[str, httpx2.AsyncClient])

    async def submit(self, **fields: Any) -> httpx2.Response:
        body = {
            "category": "road.damage",
            "text": "Jalan rusak parah di depan pasar",
            "location": {"region": "52.03"},
            "answers": {"road_class": "regency"},
            "reporter": {"name": "Sitti", "email": "sitti@mail.example"},
        }
        headers = fields.pop("headers", {})
        return await self.http["intake"].post("/v1/complaints", json=body | fields, headers=headers)

    async def read(self, ticket: str, *, wait: int = 30, after: int = 0, code: str | None = None) -> dict[str, Any]:
        headers = {"X-Tracking-Code": code} if code else {}
        path = f"/v1/cases/{ticket}?wait={wait}&after={after}"
        answer = await self.http["reporting"].get(path, headers=headers)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def issue(self, role: ClientRole, agency: str | None = None) -> dict[str, str]:
        """Issue a token as `ntbcare clients issue` does; routing publishes it a moment later."""
        client_id = f"{role}-{free_port()}"
        token, digest = make_token(client_id)
        client = Client(
            id=client_id, name=client_id, role=role, agency=agency, token_digest=digest, issued_at=datetime.now(UTC)
        )
        async with connected(self.mongo) as database:
            assert await DirectoryStore(database).add_client(client)
        return {"Authorization": f"Bearer {token}"}


@asynccontextmanager
async def running_platform(kafka: Kafka, mongod: Mongod, name: str, folder: Path) -> AsyncGenerator[Platform]:
    """Start all four and wait until each is ready. `name` keeps topics and databases apart."""
    sink = Sink()
    topics = KafkaSettings(bootstrap=kafka.bootstrap, namespace=name, partitions=3)
    await apply_topics(topics)
    with listening(sink) as smtp_port:
        mongo = MongoSettings(uri=mongod.uri, database=f"{name}-routing")
        platform = Platform(topics, mongo, sink)
        environment = _environment(platform, smtp_port)
        async with AsyncExitStack() as stack:
            for service in SERVICES:
                server = _service(service, environment, folder)
                platform.processes[service] = server
                stack.callback(server.kill)
                client = httpx2.AsyncClient(base_url=f"http://{HOST}:{server.port}", timeout=60)
                platform.http[service] = await stack.enter_async_context(client)
            await platform.processes["routing"].start()
            await asyncio.gather(*(platform.processes[service].start() for service in SERVICES[1:]))
            yield platform
            await asyncio.gather(*(server.stop() for server in platform.processes.values()))


def _environment(platform: Platform, smtp_port: int) -> Mapping[str, str]:
    tracking = json.dumps({"1": "dev-tracking"})
    environment = {
        "INTAKE_TRACKING_SECRETS": tracking,
        "INTAKE_TICKET_SECRET": "dev-ticket",
        "REPORTING_TRACKING_SECRETS": tracking,
        "NOTIFICATION_ADDRESS_SECRET": "dev-address",
        "NOTIFICATION_SMTP__PORT": str(smtp_port),
    }
    for service in SERVICES:
        prefix = service.upper()
        environment |= {
            f"{prefix}_KAFKA__BOOTSTRAP": platform.kafka.bootstrap,
            f"{prefix}_KAFKA__NAMESPACE": platform.kafka.namespace,
            f"{prefix}_MONGO__URI": platform.mongo.uri,
            f"{prefix}_MONGO__DATABASE": f"{platform.kafka.namespace}-{service}",
        }
    return environment


def _service(name: str, environment: Mapping[str, str], folder: Path) -> LocalServer:
    port = free_port()
    command = [sys.executable, "-m", "uvicorn", "--factory", f"services.{name}.app:create_app"]
    command += ["--host", HOST, "--port", str(port), "--no-access-log", "--log-level", "warning"]
    variables = [f"{variable}={value}" for variable, value in environment.items()]
    plan = ServerPlan(
        name=name,
        command=["/usr/bin/env", *variables, f"PATH={os.environ['PATH']}", *command],
        port=port,
        port_setting="--port",
        log=folder / f"{name}.log",
        ready=lambda: is_ready(port),
    )
    return LocalServer(plan)


async def is_ready(port: int) -> bool:
    async with httpx2.AsyncClient(base_url=f"http://{HOST}:{port}", timeout=5) as client:
        try:
            return (await client.get("/readyz")).status_code == 200
        except httpx2.TransportError:
            return False
