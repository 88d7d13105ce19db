"""Intake with a directory that tests change and a clock that they move."""

import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import httpx2

from services.intake.api import Intake, Options, create_router
from services.intake.follow_ups import FollowUps, create_follow_up_router
from services.intake.gate import Gate
from services.intake.places import Places, load_places
from services.intake.settings import Settings
from services.routing.seeds import seed_entries
from shared.access import make_token
from shared.directory import Directory
from shared.doors import contact_digest
from shared.events.directory import Client, ClientRole, Door
from shared.problems import ProblemApp
from shared.tracking import CodeCheck
from tests.intake.residents import uploads_of
from tests.shared.fakes import FakePublisher

DOOR_SECRET = "dev-door"
SETTINGS: dict[str, Any] = {
    "tracking_secrets": {"1": "dev-tracking"},
    "ticket_secret": "dev-ticket",
    "photo_secret": "dev-photo",
    "door_secret": DOOR_SECRET,
}
URGENT = {"category": "disaster.flood", "answers": {}}


def a_client(client_id: str, role: ClientRole) -> tuple[Client, dict[str, str]]:
    token, digest = make_token(client_id)
    client = Client(id=client_id, name=client_id, role=role, token_digest=digest, issued_at=datetime.now(UTC))
    return client, {"Authorization": f"Bearer {token}"}


POST, AS_POST = a_client("lombok-post", ClientRole.INTEGRATOR)
CLERK, AS_CLERK = a_client("setda", ClientRole.OPERATOR)


@cache
def the_places() -> Places:
    return load_places()


@dataclass
class Clock:
    moment: float = 0
    ticking: bool = False

    def __call__(self) -> float:
        return time.time() if self.ticking else self.moment


@dataclass
class Replica:
    """One replica of intake: all of them see the same directory."""

    http: httpx2.AsyncClient
    gate: Gate
    directory: Directory
    clock: Clock

    async def post(self, headers: Any = None, **fields: Any) -> httpx2.Response:
        return await self.http.post("/v1/complaints", json=a_body(**fields), headers=headers or {})

    def disaster(self, hours: float) -> None:
        until = datetime.fromtimestamp(self.clock(), UTC) + timedelta(hours=hours)
        self.directory.doors["province"] = self.directory.door.model_copy(update={"disaster_until": until})

    def block(self, *addresses: str) -> None:
        digests = tuple(contact_digest(DOOR_SECRET.encode(), address) for address in addresses)
        self.directory.doors["province"] = Door(blocked=digests)


def a_directory() -> Directory:
    return Directory.of(*seed_entries(range(2026, 2028)), POST, CLERK)


def a_body(**fields: Any) -> dict[str, Any]:
    body = {
        "category": "road.damage",
        "text": "Jalan rusak parah di depan pasar",
        "location": {"region": "52.03"},
        "reporter": {"name": "Sitti", "email": "sitti@mail.example"},
    }
    return {name: value for name, value in (body | fields).items() if value is not None}


@asynccontextmanager
async def a_door(
    publisher: FakePublisher, directory: Directory | None = None, **limits: Any
) -> AsyncGenerator[Replica]:
    settings = Settings.model_validate(SETTINGS | {"limits": limits})
    directory, clock = directory or a_directory(), Clock(datetime.now(UTC).timestamp())
    intake = Intake(settings, directory, the_places(), publisher, uploads_of(settings, directory))  # type: ignore[arg-type]
    intake.judge.gate = Gate(settings, directory, clock)
    codes = CodeCheck(settings.tracking_keys())
    follow_ups = FollowUps(settings, publisher, codes, intake.gate)  # type: ignore[arg-type]
    app = ProblemApp(max_body_size=settings.max_body_size)
    app.router.routes.extend(create_router(intake, Options(directory)).routes)
    app.router.routes.extend(create_follow_up_router(follow_ups).routes)
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://intake") as http:
        yield Replica(http, intake.gate, directory, clock)
