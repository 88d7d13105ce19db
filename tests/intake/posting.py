"""How tests post photos: as an officer, to intake's routes alone."""

from collections.abc import AsyncIterator
from typing import Any

import httpx2
from fastapi import FastAPI

from services.intake.photos import Photos, create_photo_router
from services.intake.settings import Settings
from shared.oidc import SignIn, issue_locally
from shared.problems import ProblemApp

DESK_SECRET = "dev-a-secret-of-tests-that-is-long-enough"
PHOTO_SECRET = "dev-photo"


def signed_in(*roles: str, subject: str = "ani") -> dict[str, str]:
    token = issue_locally(DESK_SECRET, subject=subject, roles=roles, agency="PUPR-52.03", regions=(), lasts_s=600)
    return {"Authorization": f"Bearer {token}"}


OFFICER = signed_in("officer")


def the_settings(url: str, **others: Any) -> Settings:
    secrets = {"ticket_secret": "dev-ticket", "photo_secret": PHOTO_SECRET, "tracking_secrets": {"1": "dev-tracking"}}
    return Settings.model_validate(
        {
            **secrets,
            "oidc": {"development_secret": DESK_SECRET},
            "blobs": {"url": url},
            "limits": {"enabled": False},
            **others,
        }
    )


def an_app(url: str) -> FastAPI:
    settings, app = the_settings(url), ProblemApp(max_body_size=64 * 1024)
    app.router.routes.extend(create_photo_router(settings, Photos(settings), SignIn(settings.oidc)).routes)
    return app


def client_of(app: FastAPI) -> httpx2.AsyncClient:
    return httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://intake")


async def post(intake: httpx2.AsyncClient, content: bytes, headers: dict[str, str] = OFFICER) -> httpx2.Response:
    return await intake.post("/v1/photos", files={"photo": ("rumah-sitti.jpg", content)}, headers=headers)


def is_problem(answer: httpx2.Response, status: int) -> bool:
    return (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")


FORM = {"Content-Type": "multipart/form-data; boundary=b"}


class Sent:
    """A form whose photo has so many chunks of 64 KB; it counts those that were taken."""

    def __init__(self, chunks: int) -> None:
        self._chunks = chunks
        self.chunks_taken = 0

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield b'--b\r\nContent-Disposition: form-data; name="photo"; filename="x"\r\n\r\n'
        for _ in range(self._chunks):
            self.chunks_taken += 1
            yield bytes(64 * 1024)
        yield b"\r\n--b--\r\n"
