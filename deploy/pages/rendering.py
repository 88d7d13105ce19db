"""The platform's own pages: rendered here, styled by one file, nothing fetched from elsewhere."""

from collections.abc import Mapping
from datetime import datetime
from functools import cache
from importlib.resources import files
from typing import Any, Final

from fastapi import Response
from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, StrictUndefined

from shared.wita import WITA

PAGE_POLICY: Final = (
    "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_ASSETS: Final[Mapping[str, str]] = {
    "platform.css": "text/css",
    "icon.svg": "image/svg+xml",
}


def page(template: str, *, policy: str = PAGE_POLICY, **values: Any) -> HTMLResponse:
    """Render a template of this folder, under a content security policy."""
    headers = {
        "Content-Security-Policy": policy,
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "same-origin",
        "Cache-Control": "no-store",
    }
    return HTMLResponse(_templates().get_template(template).render(values), headers=headers)


def asset(name: str) -> Response | None:
    """A file that the pages load; None where there is none of this name."""
    if name not in _ASSETS:
        return None
    content = files(__package__ or "").joinpath(name).read_bytes()
    return Response(content, media_type=_ASSETS[name], headers={"Cache-Control": "no-cache"})


@cache
def _templates() -> Environment:
    loader = PackageLoader("deploy", "pages")
    templates = Environment(
        loader=loader, autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=StrictUndefined
    )
    templates.filters["wita"] = _in_wita
    return templates


def _in_wita(moment: datetime) -> str:
    return f"{moment.astimezone(WITA):%Y-%m-%d %H:%M:%S %Z}"
