"""All services behind one address in one process, for a machine of one's own: `create_platform`."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import Final

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.routing import Match
from starlette.types import Receive, Scope, Send

from deploy.conjunction import Reasons, ask_all
from deploy.dispatch import service_of
from deploy.lifespans import running_services
from deploy.mail.mailbox import Mailbox
from deploy.mail.pages import create_mail_router
from deploy.pages.rendering import asset, page
from deploy.simulators.app import create_simulators_router
from deploy.simulators.pages import Messages, create_messages_router
from deploy.simulators.playing import Simulators
from shared.metrics import REGISTRY
from shared.problems import Problem, ProblemApp
from shared.service import OWN_PATHS

HOME: Final = "/-/"
"""Of whoever runs it; the residents' pages begin at `/`."""
PAGES_OF_SERVICES: Final = {
    "/": "reporting",
    "/lapor": "intake",
    "/lacak": "reporting",
    "/desk": "routing",
    "/lapor/loket": "intake",
}
"""Linked from the start page where the service has them."""


@dataclass(frozen=True)
class Sinks:
    """Where everything ends that is sent on this machine."""

    mailbox: Mailbox
    simulators: Simulators


class Platform:
    """An ASGI app that gives each request to the service whose path it is."""

    def __init__(self, apps: Mapping[str, FastAPI], sinks: Sinks | None) -> None:
        self._apps = apps
        self._own = _create_own_app(self, apps, sinks)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._own(scope, receive, send)
            return
        name, path = self._place(scope)
        app = self._apps.get(name or "", self._own)
        await app(scope if path is None else {**scope, "path": path, "raw_path": path.encode()}, receive, send)

    def running(self) -> AbstractAsyncContextManager[None]:
        """Every service between its start and its end. Raises `ServiceNotStarted`."""
        return running_services(self._apps)

    async def why_not_ready(self) -> Reasons:
        return await ask_all(self._apps, "/readyz")

    async def why_not_alive(self) -> Reasons:
        return await ask_all(self._apps, "/livez")

    def _place(self, scope: Scope) -> tuple[str | None, str | None]:
        """The service, and the path that it knows itself by where that is another than the one asked for."""
        match scope["path"].split("/"):
            case ["", "-", name, part, *rest] if name in self._apps and f"/{part}" in OWN_PATHS:
                return name, "/".join(["", part, *rest])
            case _:
                return service_of(scope["method"], scope["path"]), None


def create_platform(apps: Mapping[str, FastAPI], sinks: Sinks | None = None) -> Platform:
    """The services by name, what they sent at `/-/messages` and `/-/mail`, and what concerns them all."""
    return Platform(apps, sinks)


def _create_own_app(platform: Platform, apps: Mapping[str, FastAPI], sinks: Sinks | None) -> FastAPI:
    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncGenerator[None]:
        async with platform.running():
            yield

    app = ProblemApp(title="NTB Care", lifespan=lifespan, openapi_url=None)
    app.include_router(_create_health_router(platform))
    app.include_router(_create_start_router(platform, apps, has_mail=sinks is not None))
    if sinks is not None:
        app.include_router(create_mail_router(sinks.mailbox))
        app.include_router(create_messages_router(Messages(sinks.mailbox, sinks.simulators.arrivals)))
        app.include_router(create_simulators_router(sinks.simulators))
    return app


def _create_health_router(platform: Platform) -> APIRouter:
    router = APIRouter()

    @router.get("/livez")
    async def livez() -> JSONResponse:
        return _health_answer(await platform.why_not_alive())

    @router.get("/readyz")
    async def readyz() -> JSONResponse:
        return _health_answer(await platform.why_not_ready())

    @router.get("/metrics")
    async def metrics() -> Response:
        return Response(generate_latest(REGISTRY), media_type=CONTENT_TYPE_LATEST)

    return router


def _create_start_router(platform: Platform, apps: Mapping[str, FastAPI], *, has_mail: bool) -> APIRouter:
    router = APIRouter()

    @router.api_route(HOME, methods=["GET", "HEAD"])
    async def start(_: Request) -> HTMLResponse:
        reasons = await platform.why_not_ready()
        states = {name: reasons.get(name, {}) for name in apps}
        pages = [path for path, name in PAGES_OF_SERVICES.items() if name in apps and _answers(apps[name], path)]
        return page("start.html", states=states, has_mail=has_mail, pages=pages)

    @router.get("/docs")
    async def read_docs() -> HTMLResponse:
        return page("docs.html", operations={name: _operations(app) for name, app in apps.items()})

    @router.get("/-/assets/{name}")
    async def read_asset(name: str) -> Response:
        found = asset(name)
        if found is None:
            raise Problem(404, "Not Found")
        return found

    return router


def _operations(app: FastAPI) -> int:
    return sum(len(operations) for operations in app.openapi().get("paths", {}).values())


def _answers(app: FastAPI, path: str) -> bool:
    """Whether the app has a page at the path."""
    asked = {"type": "http", "method": "GET", "path": path, "root_path": "", "headers": []}
    return any(route.matches(asked)[0] is Match.FULL for route in app.routes)


def _health_answer(reasons: Reasons) -> JSONResponse:
    if reasons:
        return JSONResponse({"status": "not well", "reasons": reasons}, 503)
    return JSONResponse({"status": "ok"})
