"""Intake's public routes with what they need, in memory, and how residents use them."""

from dataclasses import dataclass
from functools import cache
from typing import Any

import httpx2
from fastapi import FastAPI

from services.intake.api import Intake, Options, create_router
from services.intake.follow_ups import FollowUps
from services.intake.operator_sessions import OperatorSessions
from services.intake.pages.answering import ASSETS, HOME, Counter
from services.intake.pages.operators import OperatorPages, create_operator_router
from services.intake.pages.routes import create_form_router
from services.intake.photos import Photos, create_photo_router
from services.intake.places import Places, load_places
from services.intake.settings import Settings
from services.intake.suggestions import Suggestions, create_suggestion_router
from services.intake.uploads import Uploads, create_upload_router
from services.routing.seeds import seed_entries
from shared.directory import Directory
from shared.events.complaints import ComplaintSubmitted
from shared.events.personal import PersonalRecorded
from shared.oidc import SignIn
from shared.pages.rendering import Pages
from shared.problems import ProblemApp
from shared.tracking import CodeCheck
from tests.intake.posting import client_of, the_settings
from tests.shared.fakes import FakePublisher

MATARAM = {"latitude": -8.583, "longitude": 116.116}


@cache
def the_places() -> Places:
    return load_places()


def uploads_of(settings: Settings, directory: Directory) -> Uploads:
    return Uploads(settings, Photos(settings), the_places().region_at, directory.regions)


@dataclass
class Door:
    """Intake as residents have it."""

    app: FastAPI
    http: httpx2.AsyncClient
    publisher: FakePublisher
    directory: Directory
    uploads: Uploads
    suggestions: Suggestions

    async def upload(self, content: bytes, **headers: str) -> httpx2.Response:
        files = {"photo": ("rumah-sitti.jpg", content)}
        return await self.http.post("/v1/complaints/photos", files=files, headers=headers)

    async def submit(self, *photos: str, **fields: Any) -> httpx2.Response:
        headers = {"Idempotency-Key": key} if (key := fields.pop("key", None)) else {}
        body = a_body(photos=list(photos), **fields)
        return await self.http.post("/v1/complaints", json=body, headers=headers)

    def published(self) -> tuple[PersonalRecorded, ComplaintSubmitted]:
        """The last complaint."""
        personal, facts = self.publisher.published[-2:]
        return (
            PersonalRecorded.model_validate_json(personal.value or b""),
            ComplaintSubmitted.model_validate_json(facts.value or b""),
        )


def a_body(**fields: Any) -> dict[str, Any]:
    return {
        "category": "road.damage",
        "text": "Jalan rusak parah di depan pasar",
        "location": MATARAM,
        "reporter": {"name": "Sitti", "email": "sitti@mail.example"},
        **fields,
    }


def a_door(url: str, **settings: Any) -> Door:
    told = the_settings(url, **settings)
    directory, publisher = Directory.of(*seed_entries(range(2026, 2028))), FakePublisher()
    app, photos = ProblemApp(max_body_size=64 * 1024), Photos(told)
    uploads = Uploads(told, photos, the_places().region_at, directory.regions)
    suggestions = Suggestions(directory)
    intake = Intake(told, directory, the_places(), publisher, uploads)  # type: ignore[arg-type]
    pages = Pages("services.intake.pages", HOME, ASSETS)
    follow_ups = FollowUps(told, publisher, CodeCheck(told.tracking_keys()), intake.gate)  # type: ignore[arg-type]
    counter = Counter(pages, directory, intake, uploads, suggestions, follow_ups)
    for router in (
        pages.assets_router(),
        create_form_router(counter),
        create_operator_router(OperatorPages(counter, OperatorSessions.of(told, directory))),
        create_router(intake, Options(directory)),
        create_suggestion_router(suggestions, intake.gate),
        create_upload_router(uploads, intake.gate),
        create_photo_router(told, photos, SignIn(told.oidc)),
    ):
        app.router.routes.extend(router.routes)
    return Door(app, client_of(app), publisher, directory, uploads, suggestions)
