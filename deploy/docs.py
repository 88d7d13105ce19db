"""The interfaces' documentation: an index, and each service's Swagger UI, from files of this machine."""

from collections.abc import Mapping
from importlib.resources import files
from importlib.resources.abc import Traversable
from importlib.util import find_spec
from typing import Final

from fastapi import APIRouter, FastAPI, Response
from fastapi.responses import HTMLResponse, JSONResponse

from deploy.pages.rendering import page
from shared.problems import Problem

_PACKAGE: Final = "fastapi_swagger"
"""Carries the files of Swagger UI; nothing of its code is used."""
_SWAGGER_FILES: Final = {"swagger-ui-bundle.js": "text/javascript", "swagger-ui.css": "text/css"}
_DOCS_POLICY: Final = (
    # Swagger UI sets style attributes and shows its icons from data addresses.
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


def swagger_ui_files() -> Traversable | None:
    """The folder with Swagger UI's own files; None where the package is not installed."""
    return files(_PACKAGE).joinpath("resources") if find_spec(_PACKAGE) else None


def create_docs_router(apps: Mapping[str, FastAPI], swagger: Traversable | None) -> APIRouter:
    """`swagger`: the folder of Swagger UI's files; without it the pages offer the plain description."""
    router = APIRouter()

    @router.get("/docs")
    async def read_index() -> HTMLResponse:
        counts = {name: _operations(app) for name, app in apps.items()}
        return page("docs.html", operations=counts)

    @router.get("/-/{service}/docs")
    async def read_docs(service: str) -> HTMLResponse:
        _find(apps, service)
        return page("service_docs.html", policy=_DOCS_POLICY, service=service, has_swagger=swagger is not None)

    @router.get("/-/{service}/openapi.json")
    async def read_openapi(service: str) -> JSONResponse:
        return JSONResponse(_find(apps, service).openapi())

    router.include_router(_create_swagger_router(swagger))
    return router


def _create_swagger_router(swagger: Traversable | None) -> APIRouter:
    router = APIRouter()

    @router.get("/-/swagger/{name}")
    async def read_swagger_file(name: str) -> Response:
        if swagger is None or name not in _SWAGGER_FILES:
            raise Problem(404, "Not Found")
        content = swagger.joinpath(name).read_bytes()
        return Response(content, media_type=_SWAGGER_FILES[name], headers={"Cache-Control": "max-age=86400"})

    return router


def _find(apps: Mapping[str, FastAPI], service: str) -> FastAPI:
    if service not in apps:
        raise Problem(404, "Not Found", f"There is no service {service}.")
    return apps[service]


def _operations(app: FastAPI) -> int:
    return sum(len(operations) for operations in app.openapi().get("paths", {}).values())
