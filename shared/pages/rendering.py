"""Pages of all services: one layout, one stylesheet, two languages, nothing from elsewhere."""

import hashlib
import json
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any, Final

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse
from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined

from shared.events.event import Language
from shared.problems import Problem

POLICY: Final = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
LANGUAGE_COOKIE: Final = "ntbcare_language"
_ASSETS: Final = {
    "pico.classless.min.css": ("vendor", "text/css"),
    "htmx.min.js": ("vendor", "text/javascript"),
    "style.css": ("", "text/css"),
}


class Pages:
    """Renders the templates of a service's package, which holds `words/id.json` and `words/en.json` too."""

    def __init__(self, package: str, prefix: str) -> None:
        self._prefix = prefix
        self._words = {language: _read_words(package, language) for language in Language}
        loader = ChoiceLoader([PackageLoader(package, "templates"), PackageLoader("shared.pages", "templates")])
        self._templates = Environment(
            loader=loader, autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=StrictUndefined
        )
        self._assets = {name: f"{prefix}/assets/{name}?v={_version(name)}" for name in _ASSETS}

    def words(self, language: Language) -> Mapping[str, Any]:
        return self._words[language]

    def render(self, template: str, language: Language, status: int = 200, **values: Any) -> HTMLResponse:
        """The page in a language; `t` in a template is its words."""
        headers = {
            "Content-Security-Policy": POLICY,
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "same-origin",
            "Cache-Control": "no-store",
            "Vary": "Cookie, Accept-Language",
        }
        told = {"t": self._words[language], "language": language, "prefix": self._prefix, "assets": self._assets}
        content = self._templates.get_template(template).render(told | values)
        return HTMLResponse(content, status, headers)

    def assets_router(self) -> APIRouter:
        """What the pages load: named by their content, so kept for good."""
        router = APIRouter(prefix=f"{self._prefix}/assets", include_in_schema=False)

        @router.get("/{name}")
        async def asset(name: str) -> Response:
            if name not in _ASSETS:
                raise Problem(404, "No such file")
            headers = {"Cache-Control": "public, max-age=31536000, immutable", "X-Content-Type-Options": "nosniff"}
            return Response(_content(name), media_type=_ASSETS[name][1], headers=headers)

        return router


def language_of(request: Request) -> Language:
    """What was chosen, else what the browser prefers, else Indonesian."""
    chosen = request.cookies.get(LANGUAGE_COOKIE)
    if chosen in set(Language):
        return Language(chosen)
    preferred = request.headers.get("accept-language", "").strip()[:2].lower()
    return Language.ENGLISH if preferred == Language.ENGLISH else Language.INDONESIAN


def _read_words(package: str, language: Language) -> Mapping[str, Any]:
    shared = files("shared.pages").joinpath("words", f"{language}.json").read_text(encoding="utf-8")
    own = files(package).joinpath("words", f"{language}.json").read_text(encoding="utf-8")
    return json.loads(shared) | json.loads(own)


@cache
def _content(name: str) -> bytes:
    return files("shared.pages").joinpath(_ASSETS[name][0], name).read_bytes()


@cache
def _version(name: str) -> str:
    return hashlib.sha256(_content(name)).hexdigest()[:12]
