"""Pages of all services: one layout, one stylesheet, two languages, nothing from elsewhere."""

import gzip
import hashlib
import json
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any, Final

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse
from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined

from shared.events.event import Language
from shared.problems import Problem

POLICY: Final = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "worker-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
LANGUAGE_COOKIE: Final = "ntbcare_language"
_YEAR_S: Final = 365 * 24 * 3600
_ASSETS: Final = {
    "pico.classless.min.css": ("vendor", "text/css"),
    "htmx.min.js": ("vendor", "text/javascript"),
    "style.css": ("", "text/css"),
    "live.js": ("", "text/javascript"),
    "read-aloud.js": ("", "text/javascript"),
}


class Pages:
    """Renders the templates of a service's package, which holds `words/id.json` and `words/en.json` too.

    `own`: the files of its `assets/`, with their media types, that its pages load beside the shared ones.
    """

    def __init__(self, package: str, prefix: str, own: Mapping[str, str] | None = None) -> None:
        self._prefix = prefix
        self._files = {name: (files("shared.pages") / place / name, kind) for name, (place, kind) in _ASSETS.items()}
        self._files |= {name: (files(package) / "assets" / name, kind) for name, kind in (own or {}).items()}
        self._words = {language: _read_words(package, language) for language in Language}
        loader = ChoiceLoader([PackageLoader(package, "templates"), PackageLoader("shared.pages", "templates")])
        self._templates = Environment(
            loader=loader, autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=StrictUndefined
        )
        self._assets = {name: f"{prefix}/assets/{name}?v={_version(file)}" for name, (file, _) in self._files.items()}

    def words(self, language: Language) -> Mapping[str, Any]:
        return self._words[language]

    def render(
        self, template: str, language: Language, status: int = 200, cache: str = "no-store", /, **values: Any
    ) -> HTMLResponse:
        """The page in a language; `t` in a template is its words. `cache` is the header that tells who may keep it."""
        headers = {
            "Content-Security-Policy": POLICY,
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "same-origin",
            "Cache-Control": cache,
            "Vary": "Cookie, Accept-Language",
        }
        told = {"t": self._words[language], "language": language, "prefix": self._prefix, "assets": self._assets}
        content = self._templates.get_template(template).render(told | values)
        return HTMLResponse(content, status, headers)

    def asset(self, name: str) -> bytes:
        """The content of a file that the pages load."""
        return _content(self._files[name][0])

    def assets_router(self) -> APIRouter:
        """What the pages load: named by their content, so kept for good."""
        router = APIRouter(prefix=f"{self._prefix}/assets", include_in_schema=False)

        @router.get("/{name}")
        async def asset(request: Request, name: str) -> Response:
            if name not in self._files:
                raise Problem(404, "No such file")
            file, kind = self._files[name]
            headers = {
                "Cache-Control": f"public, max-age={_YEAR_S}, immutable",
                "X-Content-Type-Options": "nosniff",
                "Vary": "Accept-Encoding",
            }
            if "gzip" not in request.headers.get("accept-encoding", ""):
                return Response(_content(file), media_type=kind, headers=headers)
            headers["Content-Encoding"] = "gzip"
            return Response(_packed(file), media_type=kind, headers=headers)

        return router


def is_unchanged(request: Request, page: Response) -> bool:
    """Whether who asks has this very content already. Marks the page so that it can be asked next time."""
    # Weak: the same mark stands for what is compressed on its way.
    mark = f'W/"{hashlib.sha256(page.body).hexdigest()[:24]}"'
    page.headers["ETag"] = mark
    return mark in [known.strip() for known in request.headers.get("if-none-match", "").split(",")]


def not_modified(page: Response) -> Response:
    """Says that it is unchanged."""
    kept = ("etag", "cache-control", "vary")
    return Response(status_code=304, headers={name: page.headers[name] for name in kept})


def remember_language(response: Response, chosen: str) -> None:
    """For a year; what is no language of ours changes nothing."""
    if chosen in set(Language):
        response.set_cookie(LANGUAGE_COOKIE, chosen, max_age=_YEAR_S, samesite="lax", httponly=True)


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
def _content(file: Traversable) -> bytes:
    return file.read_bytes()


@cache
def _packed(file: Traversable) -> bytes:
    return gzip.compress(_content(file), mtime=0)


@cache
def _version(file: Traversable) -> str:
    return hashlib.sha256(_content(file)).hexdigest()[:12]
