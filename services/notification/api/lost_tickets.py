"""Pages on which lost tickets are found again: one asks for an address, one opens the link that was sent there."""

from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import parse_qs
from uuid import UUID, uuid4

from fastapi import APIRouter, Request, Response
from starlette.background import BackgroundTask

from services.notification.api.links import LOST
from services.notification.askers import Askers
from services.notification.domain.links import LinkExpired, LinkInvalid
from services.notification.domain.lost_tickets import parse_address
from services.notification.lost_tickets import LostTickets
from services.notification.pages.saying import Teller
from shared.desk_session import comes_from_elsewhere
from shared.directory import Directory
from shared.pages.rendering import Pages, language_of
from shared.problems import Problem
from shared.wita import in_full_words

ASK: Final = f"{LOST}-ticket"


@dataclass(frozen=True)
class LostTicketPages:
    """Looking at a link changes and shows nothing: programs that read mail follow links."""

    lost: LostTickets
    directory: Directory
    pages: Pages
    askers: Askers

    async def ask(self, request: Request) -> Response:
        return self._page(request, "lost.html", key=uuid4(), entered="", fault="")

    async def send(self, request: Request) -> Response:
        """The same answer, as soon, whether or not the address is known: what is to be done is done after it."""
        if comes_from_elsewhere(request):
            raise Problem(403, "Not from here", "Please open the page and try again.")
        sent = parse_qs((await request.body()).decode(errors="replace"))
        entered, key = sent.get("address", [""])[0], _key(sent.get("key", [""])[0])
        words = self._words(request)["lost"]
        address = parse_address(entered)
        if address is None:
            return self._page(request, "lost.html", 422, key=key, entered=entered, fault=words["fault"])
        asks_often = not self.askers.takes(request, self.lost.now())
        if asks_often or not self.lost.takes(address):
            why = words["often" if asks_often else "busy"]
            answer = self._page(request, "lost.html", 429, key=key, entered=entered, fault=why)
            answer.headers["Retry-After"] = "3600"
            return answer
        answer = self._said(request, words["sent"])
        answer.background = BackgroundTask(self.lost.send, address, key)
        return answer

    async def look(self, request: Request, token: str) -> Response:
        try:
            self.lost.check(token)
        except (LinkInvalid, LinkExpired) as error:
            return self._wrong(request, error)
        words = self._words(request)["lost"]["link"]
        return self._page(request, "asked.html", title=words["title"], text=words["text"], button=words["button"])

    async def open(self, request: Request, token: str) -> Response:
        try:
            found = await self.lost.open(token)
        except (LinkInvalid, LinkExpired) as error:
            return self._wrong(request, error)
        language = language_of(request)
        teller = Teller(self._words(request), language, self.directory)
        tickets = [
            {
                "ticket": one.ticket,
                "code": code,
                "category": teller.category(one.category) if one.category else "",
                "received": in_full_words(one.received_at, language) if one.received_at else "",
            }
            for one, code in found
        ]
        return self._page(request, "found.html", tickets=tickets)

    def _wrong(self, request: Request, error: Exception) -> Response:
        expired = isinstance(error, LinkExpired)
        words = self._words(request)["lost"]["expired" if expired else "invalid"]
        return self._said(request, words, 410 if expired else 404)

    def _said(self, request: Request, words: Any, status: int = 200) -> Response:
        return self._page(request, "said.html", status, title=words["title"], text=words["text"])

    def _words(self, request: Request) -> Any:
        return self.pages.words(language_of(request))

    def _page(self, request: Request, template: str, status: int = 200, **values: Any) -> Response:
        answer = self.pages.render(template, language_of(request), status, here=request.url.path, **values)
        # The address of the page is the key to it: no other page is told.
        answer.headers.update({"Referrer-Policy": "no-referrer", "X-Robots-Tag": "noindex"})
        return answer


def create_lost_tickets_router(lost: LostTickets, directory: Directory, pages: Pages, askers: Askers) -> APIRouter:
    shown = LostTicketPages(lost, directory, pages, askers)
    router = APIRouter(include_in_schema=False)
    router.add_api_route(ASK, shown.ask, methods=["GET"])
    router.add_api_route(ASK, shown.send, methods=["POST"])
    router.add_api_route(f"{LOST}/{{token}}", shown.look, methods=["GET"])
    router.add_api_route(f"{LOST}/{{token}}", shown.open, methods=["POST"])
    return router


def _key(entered: str) -> UUID:
    """The page's own; whoever changed it gets another."""
    try:
        return UUID(entered)
    except ValueError:
        return uuid4()
