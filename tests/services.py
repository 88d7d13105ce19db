"""The four services as processes of their own, beside real servers, with a mail server that remembers."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncGenerator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import httpx2
from prometheus_client.parser import text_string_to_metric_families

from deploy.local.ports import HOST, free_port
from deploy.local.processes import LocalServer, ServerPlan
from deploy.topics import apply_topics
from shared.mongo import MongoSettings
from shared.oidc import issue_locally
from shared.settings import KafkaSettings
from tests.smtp_sink import Sink, listening

SERVICES = ("routing", "intake", "notification", "reporting")
"""Routing first: it fills the directory."""
DESK_SECRET: Final = "dev-desk-of-the-tests"
AT_ONCE: Final = json.dumps({"quiet_from": None, "digests": [], "most_an_hour": 1_000_000})
"""At whatever hour tests run, every message goes out by itself and at once."""
_RATES: Final = ("clients", "complaints", "contacts", "follow_ups", "support", "photos", "suggestions", "form_at_ease")
UNREACHED: Final = json.dumps({**dict.fromkeys(_RATES, "1000000/second"), "form_least": "PT0S"})
"""Tests send everything from one address, mostly as Sitti, and fill in forms faster than anybody."""
LIMITS: Final = httpx2.Limits(keepalive_expiry=2.0)
"""Uvicorn ends a connection that was not used for 5 s, as httpx2 does; a request of that moment gets no answer."""


@dataclass
class Platform:
    """One process of each service, and whatever was added: by name, which is the service's own for the first."""

    kafka: KafkaSettings
    mongo: MongoSettings
    """Routing's database."""
    mail: Sink
    environment: Mapping[str, str]
    folder: Path
    """Of the logs: `<name>.log`."""
    _stack: AsyncExitStack
    pythons: Mapping[str, Path]
    """The interpreter that runs a service, where that is not this one."""
    own: Mapping[str, Mapping[str, str]] = field(default_factory=dict[str, Mapping[str, str]])
    """Further variables, of one service each."""
    processes: dict[str, LocalServer] = field(default_factory=dict[str, LocalServer])
    http: dict[str, httpx2.AsyncClient] = field(default_factory=dict[str, httpx2.AsyncClient])

    async def add(self, service: str, name: str, **variables: str) -> LocalServer:
        """Start another process of a service and wait until it is ready; it ends with the platform."""
        server = await self._plan(service, name, variables)
        await server.start()
        return server

    async def _plan(self, service: str, name: str, variables: Mapping[str, str]) -> LocalServer:
        # With a name of its own a killed process gets its partitions back at once.
        own = {f"{service.upper()}_KAFKA__INSTANCE": name, **self.own.get(service, {})}
        settings = {**self.environment, **own, **variables}
        server = _process(
            service, self.pythons.get(service, Path(sys.executable)), settings, self.folder / f"{name}.log"
        )
        self._stack.callback(server.kill)
        client = httpx2.AsyncClient(base_url=f"http://{HOST}:{server.port}", timeout=60, limits=LIMITS)
        self.processes[name] = server
        self.http[name] = await self._stack.enter_async_context(client)
        return server

    async def start(self, variables: Mapping[str, str]) -> None:
        first, *others = [await self._plan(service, service, variables) for service in SERVICES]
        await first.start()
        await asyncio.gather(*(server.start() for server in others))

    async def stop(self) -> None:
        await asyncio.gather(*(server.stop() for server in self.processes.values()))

    def database(self, service: str) -> MongoSettings:
        return self.mongo.model_copy(update={"database": f"{self.kafka.namespace}-{service}"})

    async def metric(self, process: str, name: str, **labels: str) -> float:
        """The sum of the samples of `/metrics` that have this name and these labels."""
        text = (await self.http[process].get("/metrics")).text
        samples = [sample for family in text_string_to_metric_families(text) for sample in family.samples]
        return sum(one.value for one in samples if one.name == name and labels.items() <= one.labels.items())

    async def lag(self) -> float:
        """Records that the consumers, as they say themselves, have not consumed yet."""
        lags = [await self.metric(name, "ntbcare_consumer_lag") for name in self.processes if name != "intake"]
        return sum(lags)

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

    def signed_in(self, role: str, agency: str | None = None) -> dict[str, str]:
        """The headers of somebody at the desk, as `ntbcare token` signs them in."""
        token = issue_locally(DESK_SECRET, subject=role, roles=[role], agency=agency, regions=(), lasts_s=3600)
        return {"Authorization": f"Bearer {token}"}


@asynccontextmanager
async def running_platform(
    kafka: KafkaSettings,
    mongo_uri: str,
    folder: Path,
    pythons: Mapping[str, Path] | None = None,
    own: Mapping[str, Mapping[str, str]] | None = None,
    /,
    **variables: str,
) -> AsyncGenerator[Platform]:
    """Start all four and wait until each is ready. The namespace keeps topics and databases apart."""
    sink = Sink()
    await apply_topics(kafka)
    mongo = MongoSettings(uri=mongo_uri, database=f"{kafka.namespace}-routing")
    with listening(sink) as smtp_port:
        async with AsyncExitStack() as stack:
            environment = _environment(kafka, mongo, smtp_port)
            platform = Platform(kafka, mongo, sink, environment, folder, stack, pythons or {}, own or {})
            await platform.start(variables)
            yield platform
            await platform.stop()


def _environment(kafka: KafkaSettings, mongo: MongoSettings, smtp_port: int) -> Mapping[str, str]:
    tracking = json.dumps({"1": "dev-tracking"})
    environment = {
        "INTAKE_TRACKING_SECRETS": tracking,
        "INTAKE_TICKET_SECRET": "dev-ticket",
        "INTAKE_PHOTO_SECRET": "dev-photo",
        "ROUTING_PHOTO_SECRET": "dev-photo",
        "REPORTING_PHOTO_SECRET": "dev-photo",
        "INTAKE_DOOR_SECRET": "dev-door",
        "ROUTING_DOOR_SECRET": "dev-door",
        "INTAKE_LIMITS": UNREACHED,
        "INTAKE_BLOBS__URL": "memory:///",
        "INTAKE_OIDC__DEVELOPMENT_SECRET": DESK_SECRET,
        "NOTIFICATION_TRACKING_SECRETS": tracking,
        "REPORTING_TRACKING_SECRETS": tracking,
        "NOTIFICATION_ADDRESS_SECRET": "dev-address",
        "NOTIFICATION_LINK_SECRET": "dev-link",
        "NOTIFICATION_OIDC__DEVELOPMENT_SECRET": DESK_SECRET,
        "NOTIFICATION_TIMING": AT_ONCE,
        "NOTIFICATION_SMTP__PORT": str(smtp_port),
        "ROUTING_OIDC__DEVELOPMENT_SECRET": DESK_SECRET,
        # Tests send one complaint many times and want as many cases; those of joining switch it on.
        "ROUTING_ALIKE__DAYS": "0",
    }
    for service in SERVICES:
        prefix = service.upper()
        environment |= {
            f"{prefix}_KAFKA__BOOTSTRAP": kafka.bootstrap,
            f"{prefix}_KAFKA__NAMESPACE": kafka.namespace,
            f"{prefix}_MONGO__URI": mongo.uri,
            f"{prefix}_MONGO__DATABASE": f"{kafka.namespace}-{service}",
        }
    return environment


def _process(service: str, python: Path, environment: Mapping[str, str], log: Path) -> LocalServer:
    port = free_port()
    command: list[str | Path] = [python, "-m", "uvicorn", "--factory", f"services.{service}.app:create_app"]
    command += ["--host", HOST, "--port", str(port), "--no-access-log", "--log-level", "warning"]
    variables = [f"{variable}={value}" for variable, value in environment.items()]
    plan = ServerPlan(
        name=log.stem,
        command=["/usr/bin/env", *variables, f"PATH={os.environ['PATH']}", *command],
        port=port,
        port_setting="--port",
        log=log,
        ready=lambda: is_ready(port),
    )
    return LocalServer(plan)


async def is_ready(port: int) -> bool:
    return await why_not_ready(port) is None


async def why_not_ready(port: int) -> str | None:
    """What the service says of itself."""
    async with httpx2.AsyncClient(base_url=f"http://{HOST}:{port}", timeout=5) as client:
        try:
            answer = await client.get("/readyz")
        except httpx2.TransportError as error:
            return type(error).__name__
        return None if answer.status_code == 200 else answer.text
