"""The pages behind links in messages: one says what will happen, one button does it.

Scanners of mail follow links, so looking changes nothing. Pressing needs no other proof than the link itself: whoever
has it may do what it says, and no cookie gives anybody more.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from services.notification.domain.links import LinkExpired, LinkInvalid, Purpose
from services.notification.following import Following, Opened, SubscriptionGone
from services.notification.pages.saying import Teller
from services.notification.store.subscriptions import FollowsTooMuch
from shared.events.event import Language
from shared.pages.rendering import LANGUAGE_COOKIE, Pages, language_of
from shared.problems import Problem

HOME: Final = "/v1/subscriptions"
LOST: Final = "/v1/notices/lost"
"""How the paths begin where lost tickets are found again."""
_AGAIN: Final = "/again"
_YEAR_S: Final = 365 * 24 * 3600
_WRONG: Final[dict[type[Exception], tuple[str, int]]] = {
    LinkInvalid: ("invalid", 404),
    LinkExpired: ("expired", 410),
    SubscriptionGone: ("gone", 410),
    FollowsTooMuch: ("too_much", 409),
}


@dataclass(frozen=True)
class LinkPages:
    """Shows and does what a link says."""

    following: Following
    pages: Pages

    async def look(self, request: Request, token: str) -> Response:
        async def show() -> Response:
            opened = await self.following.look(token)
            return self._told(request, opened) if opened.gone else self._ask(request, opened)

        return await self._answer(request, show)

    async def do(self, request: Request, token: str) -> Response:
        """Mail programs press the button themselves (RFC 8058); they follow no redirect, so the answer is here."""

        async def show() -> Response:
            return self._told(request, await self.following.do(token))

        return await self._answer(request, show)

    async def start_again(self, request: Request, token: str) -> Response:
        """What the page after leaving offers; mail programs know nothing of it."""
        keepsake = (await _form(request)).get("keepsake", [""])[0]

        async def show() -> Response:
            opened = await self.following.start_again(token, keepsake)
            return self._say(request, opened, "stays" if opened.stays else "started", {})

        return await self._answer(request, show)

    async def look_again(self, token: str) -> Response:
        """Where a browser comes that loads the page after it once more."""
        return RedirectResponse(f"{HOME}/links/{token}", 303)

    async def choose_language(self, request: Request) -> Response:
        form = await _form(request)
        chosen, back = form.get("to", [""])[0], form.get("back", [""])[0]
        response = RedirectResponse(_local(back), 303)
        if chosen in set(Language):
            response.set_cookie(LANGUAGE_COOKIE, chosen, max_age=_YEAR_S, samesite="lax", httponly=True)
        return response

    async def _answer(self, request: Request, show: Callable[[], Awaitable[Response]]) -> Response:
        try:
            return await show()
        except tuple(_WRONG) as error:
            name, status = _WRONG[type(error)]
        words = self._words(request)["wrong"][name]
        if not _is_browser(request):
            raise Problem(status, words["title"], words["text"])
        return self._page(request, "said.html", words, status)

    def _ask(self, request: Request, opened: Opened) -> Response:
        words = self._words(request)["links"][opened.link.purpose]
        said = self._subject(request, opened)
        text = words["text"].format(said)
        return self._page(request, "asked.html", {"title": words["title"], "text": text, "button": words["button"]})

    def _told(self, request: Request, opened: Opened) -> Response:
        return self._say(request, opened, "gone" if opened.gone else "done", self._offered(request, opened))

    def _offered(self, request: Request, opened: Opened) -> Mapping[str, str]:
        """What undoes it, where somebody is there to press a button; mail programs are told no more than before."""
        can_be_undone = opened.link.purpose is Purpose.STOP or opened.left
        if not can_be_undone or not _is_browser(request):
            return {}
        links = self._words(request)["links"]
        keepsake = self.following.keepsake(opened.left) if opened.left else ""
        # What is followed is nowhere but on this page any more.
        regret = links[Purpose.LEAVE if opened.left else Purpose.STOP]["regret"]
        return {"again": links[opened.link.purpose]["again"], "regret": regret, "keepsake": keepsake}

    def _say(self, request: Request, opened: Opened, name: str, more: Mapping[str, str]) -> Response:
        words = self._words(request)["links"][opened.link.purpose]
        said = {"title": words[f"{name}_title"], "text": words[name].format(self._subject(request, opened))}
        return self._page(request, "said.html", {**said, **more})

    def _subject(self, request: Request, opened: Opened) -> str:
        language = language_of(request)
        teller = Teller(self.pages.words(language), language, self.following.directory)
        if opened.link.purpose is Purpose.STOP:
            return teller.kind(opened.link.extra)
        return teller.target(opened.target) if opened.target else ""

    def _words(self, request: Request) -> Any:
        return self.pages.words(language_of(request))

    def _page(self, request: Request, template: str, values: Mapping[str, str], status: int = 200) -> Response:
        here = request.url.path.removesuffix(_AGAIN)
        answer = self.pages.render(template, language_of(request), status, here=here, **values)
        # The address of the page is the key to it: no other page is told.
        answer.headers.update({"Referrer-Policy": "no-referrer", "X-Robots-Tag": "noindex"})
        return answer


def add_links(router: APIRouter, following: Following, pages: Pages) -> None:
    shown = LinkPages(following, pages)
    routes: tuple[tuple[str, str, Callable[..., Awaitable[Response]]], ...] = (
        ("GET", "/links/{token}", shown.look),
        ("POST", "/links/{token}", shown.do),
        ("GET", f"/links/{{token}}{_AGAIN}", shown.look_again),
        ("POST", f"/links/{{token}}{_AGAIN}", shown.start_again),
        ("POST", "/language", shown.choose_language),
    )
    for method, path, endpoint in routes:
        router.add_api_route(path, endpoint, methods=[method], include_in_schema=False)

    @router.get("", include_in_schema=False)
    async def go_home() -> Response:
        """Where the name at the top of each page leads."""
        return RedirectResponse("/", 303)


async def _form(request: Request) -> dict[str, list[str]]:
    return parse_qs((await request.body()).decode(errors="replace"))


def _is_browser(request: Request) -> bool:
    # HTMX asks for anything.
    return "text/html" in request.headers.get("accept", "") or "hx-request" in request.headers


def _local(wanted: str) -> str:
    """A page of these: nobody is sent elsewhere by a crafted form."""
    parts = urlsplit(wanted)
    is_local = not parts.scheme and not parts.netloc and parts.path.startswith((f"{HOME}/links/", LOST))
    return wanted if is_local and "\\" not in wanted else "/"
