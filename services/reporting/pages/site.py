"""What all public pages share: the language, who may keep them, and what is said when something is amiss."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

from fastapi import Request, Response
from fastapi.responses import RedirectResponse
from pymongo.errors import PyMongoError

from services.reporting.drilling import Drilling
from services.reporting.finding import Finding
from services.reporting.pages.live import Live
from services.reporting.pages.navigation import PLACES, WAYS_IN
from services.reporting.pages.saying import Speaker
from services.reporting.printing import Printer
from services.reporting.reading import Reading
from services.reporting.scoring import Scoring
from services.reporting.store import Store
from shared.directory import Directory
from shared.mongo import is_passing
from shared.outages import RETRY_AFTER_S
from shared.pages.rendering import Pages, is_unchanged, language_of, not_modified, remember_language
from shared.problems import Problem

CACHE: Final = "public, max-age=30"
_CLIENT_ERRORS: Final = range(400, 500)


@dataclass(frozen=True, slots=True)
class Visit:
    """One request of anybody, and the words to answer it in."""

    request: Request
    say: Speaker

    @property
    def sent(self) -> dict[str, str]:
        return dict(self.request.query_params)

    @property
    def here(self) -> str:
        query = self.request.url.query
        return f"{self.request.url.path}?{query}" if query else self.request.url.path


@dataclass(frozen=True, slots=True)
class Site:
    """What the pages work with."""

    pages: Pages
    store: Store
    names: Directory
    reading: Reading
    scoring: Scoring
    drilling: Drilling
    printer: Printer
    live: Live
    finding: Finding
    now: Callable[[], datetime] = lambda: datetime.now(UTC)

    async def visit(self, request: Request, show: Callable[[Visit], Awaitable[Response]]) -> Response:
        """Show a page; what can't be shown is said in words, with its status."""
        visit = self.visit_of(request)
        try:
            return await show(visit)
        except Problem as problem:
            return self.sorry(visit, problem.status)
        except PyMongoError as error:
            if not is_passing(error):
                raise
            answer = self.sorry(visit, HTTPStatus.SERVICE_UNAVAILABLE)
            answer.headers["Retry-After"] = str(RETRY_AFTER_S)
            return answer

    def visit_of(self, request: Request) -> Visit:
        language = language_of(request)
        return Visit(request, Speaker(self.pages.words(language), language, self.names, self.now()))

    def show(self, visit: Visit, template: str, status: int = 200, **values: Any) -> Response:
        """The page, or that it is what the browser has already."""
        page = self._render(visit, template, status, CACHE if status == HTTPStatus.OK else "no-store", **values)
        if status == HTTPStatus.OK and is_unchanged(visit.request, page):
            return not_modified(page)
        return page

    def show_privately(self, visit: Visit, template: str, status: int = 200, **values: Any) -> Response:
        """The page, for one person alone: nobody may keep it."""
        return self._render(visit, template, status, "no-store", **values)

    def _render(self, visit: Visit, template: str, status: int, cache: str, /, **values: Any) -> Response:
        told = {"say": visit.say, "here": visit.here, "path": visit.request.url.path}
        told |= {"places": PLACES, "ways_in": WAYS_IN, "disaster": self.names.door.is_disaster(self.now())}
        return self.pages.render(template, visit.say.language, status, cache, **told | values)

    def sorry(self, visit: Visit, status: int) -> Response:
        """A page that says why there is nothing to see."""
        sentences = visit.say.words["sorry"]
        known = str(status) if str(status) in sentences else "4xx" if status in _CLIENT_ERRORS else "5xx"
        return self.show(visit, "told.html", status, heading=sentences[known][0], text=sentences[known][1])

    async def choose_language(self, request: Request) -> Response:
        """From the switch, back to where it was."""
        form = parse_qs((await request.body()).decode(errors="replace"))
        response = RedirectResponse(own_path(form.get("back", ["/"])[0]), HTTPStatus.SEE_OTHER)
        remember_language(response, form.get("to", [""])[0])
        return response


def own_path(wanted: str) -> str:
    """A path of this origin: nobody is sent elsewhere by a crafted form."""
    parts = urlsplit(wanted)
    is_own = not parts.scheme and not parts.netloc and wanted.startswith("/") and not wanted.startswith("//")
    return wanted if is_own and "\\" not in wanted and wanted.isprintable() else "/"
