"""The desk's pages at one origin with intake's photos."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from io import BytesIO
from typing import Any, Final

import httpx2
from PIL import Image
from pydantic import SecretStr

from services.intake.photos import Photos, create_photo_router
from services.intake.settings import Settings
from services.routing.api.cases import create_cases_router
from services.routing.api.queues import Queues
from services.routing.api.signing_in import create_person_getter
from services.routing.app import install_refusals
from services.routing.desk import Desk
from services.routing.pages.routes import create_pages_router
from services.routing.pages.sessions import Sessions
from services.routing.pages.showing import ASSETS, DeskPages
from services.routing.store.cases import CaseStore
from services.routing.store.queues import QueueStore
from shared.desk_session import HOME
from shared.oidc import OidcSettings, SignIn, issue_locally
from shared.outbox import OutboxRelay
from shared.pages.rendering import Pages
from shared.photos import PhotoKey, marked_name
from shared.problems import ProblemApp
from shared.waiters import Waiters
from tests.routing.desks import SECRET, on_the_day
from tests.routing.examples import TICKET, the_directory, the_rulebook

CASE: Final = f"{HOME}/cases/{TICKET}"
KEY: Final = PhotoKey(b"dev-3")
_OIDC: Final = OidcSettings(development_secret=SecretStr(SECRET))


@asynccontextmanager
async def a_photo_desk(store: CaseStore, relay: OutboxRelay) -> AsyncGenerator[httpx2.AsyncClient]:
    """A browser there; nobody is signed in."""
    fields: dict[str, Any] = {"tracking_secrets": {"1": "dev-1"}, "ticket_secret": "dev-2", "photo_secret": "dev-3"}
    intake = Settings.model_validate(fields | {"blobs": {"url": "memory:///"}})
    sign_in, queues = SignIn(_OIDC), Queues(QueueStore(store.collection), the_rulebook)
    desk = Desk(store, relay, Waiters(), the_rulebook, now=on_the_day)
    desk.photo_key = KEY
    pages = Pages("services.routing.pages", HOME, ASSETS)
    sessions = Sessions(_OIDC, sign_in, secure=False)
    app = ProblemApp(max_body_size=64 * 1024)
    install_refusals(app)
    app.router.routes.extend(create_photo_router(intake, Photos(intake), sign_in).routes)
    app.include_router(create_cases_router(desk, create_person_getter(sign_in)))
    app.include_router(create_pages_router(DeskPages(pages, sessions, desk, queues, the_directory(), the_rulebook)))
    transport = httpx2.ASGITransport(app=app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://desk", follow_redirects=True) as client:
        client.headers["Accept-Language"] = "id"
        yield client


async def sign_in(browser: httpx2.AsyncClient, role: str, agency: str | None = None) -> None:
    token = issue_locally(SECRET, subject=role, roles=[role], agency=agency, regions=[], lasts_s=600)
    await browser.post(f"{HOME}/login", data={"token": token})


def a_copy(original: str, own: str = "d" * 16) -> str:
    """Its name, of a redacted one."""
    return marked_name(KEY.secret, original, own)


def a_photo(colour: str = "teal") -> bytes:
    drawn = BytesIO()
    Image.new("RGB", (400, 300), colour).save(drawn, "JPEG")
    return drawn.getvalue()
