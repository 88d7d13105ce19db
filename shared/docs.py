"""`/docs`: Swagger UI, from files of this machine. No page of NTB Care fetches anything from elsewhere."""

from importlib.resources import files
from typing import Final

from fastapi import APIRouter, Response
from fastapi.responses import HTMLResponse

from shared.problems import Problem

PATH: Final = "/docs"
_PACKAGE: Final = "fastapi_swagger.resources"
_START: Final = """\
"use strict";
SwaggerUIBundle({
  url: "openapi.json",
  domNode: document.getElementById("swagger-ui"),
  presets: [SwaggerUIBundle.presets.apis],
  layout: "BaseLayout",
  deepLinking: true,
  // Its validator would be asked on the internet.
  validatorUrl: null,
});
"""
_PAGE: Final = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>NTB Care {service}: API</title>
<link rel="stylesheet" href="docs/swagger-ui.css">
<link rel="icon" href="data:,">
</head>
<body>
<div id="swagger-ui"><p>Drawn by JavaScript. Without it: <a href="openapi.json">openapi.json</a>.</p></div>
<script src="docs/swagger-ui-bundle.js"></script>
<script src="docs/start.js"></script>
</body>
</html>
"""
"""All addresses are relative, so that it also works below `/-/<service>/`."""
_POLICY: Final = (
    # Swagger UI sets style attributes and shows its icons from data addresses.
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_FILES: Final = {"swagger-ui-bundle.js": "text/javascript", "swagger-ui.css": "text/css"}


def create_docs_router(service: str) -> APIRouter:
    """The page, and what it loads below its own path."""
    router = APIRouter(include_in_schema=False)

    @router.get(PATH)
    async def read_page() -> HTMLResponse:
        return HTMLResponse(_PAGE.format(service=service), headers={"Content-Security-Policy": _POLICY})

    @router.get(f"{PATH}/start.js")
    async def read_start() -> Response:
        return Response(_START, media_type="text/javascript")

    @router.get(f"{PATH}/{{name}}")
    async def read_file(name: str) -> Response:
        if name not in _FILES:
            raise Problem(404, "Not Found")
        content = files(_PACKAGE).joinpath(name).read_bytes()
        return Response(content, media_type=_FILES[name], headers={"Cache-Control": "max-age=86400"})

    return router
