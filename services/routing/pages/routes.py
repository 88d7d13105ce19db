"""The officers' pages: where they are, and what is said when something can't be shown."""

from collections.abc import Awaitable, Callable
from http import HTTPStatus
from urllib.parse import urlencode

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from services.routing.desk import CaseNotFound
from services.routing.domain.case import DEEDS
from services.routing.domain.table import Action
from services.routing.pages.sessions import NotSignedIn
from services.routing.pages.showing import DeskPages, FormStale, Visit
from services.routing.pages.signing_in import SigningIn, told
from shared.desk_session import HOME
from shared.ids import parse_ticket
from shared.pages.rendering import language_of
from shared.problems import Problem


def create_pages_router(desk: DeskPages) -> APIRouter:
    router = APIRouter(prefix=HOME, include_in_schema=False)
    SigningIn(desk.pages, desk.sessions).add_to(router)

    @router.get("")
    async def queue(request: Request) -> Response:
        return await _visit(desk, request, desk.queue)

    @router.get("/board")
    async def board(request: Request) -> Response:
        return await _visit(desk, request, desk.board)

    @router.get("/cases/{ticket}")
    async def case(request: Request, ticket: str, done: str = "") -> Response:
        async def show(visit: Visit) -> Response:
            words = desk.pages.words(visit.language)
            name = words["action_names"].get(done)
            return await desk.case(visit, _parsed(ticket), notice=words["done"].format(name) if name else "")

        return await _visit(desk, request, show)

    @router.get("/cases/{ticket}/photos/{name}")
    async def photo(request: Request, ticket: str, name: str) -> Response:
        return await _visit(desk, request, lambda visit: desk.photo(visit, _parsed(ticket), name))

    @router.post("/cases/{ticket}/identity")
    async def identity(request: Request, ticket: str) -> Response:
        return await _visit(desk, request, lambda visit: desk.identity(visit, _parsed(ticket)))

    @router.post("/cases/{ticket}/do/{action}")
    async def act(request: Request, ticket: str, action: Action) -> Response:
        return await _visit(desk, request, lambda visit: desk.act(visit, _parsed(ticket), _known(action)))

    @router.post("/cases/{ticket}/parts/{number}/{action}")
    async def act_on_part(request: Request, ticket: str, number: int, action: Action) -> Response:
        return await _visit(desk, request, lambda visit: desk.act(visit, _parsed(ticket), _known(action), str(number)))

    return router


async def _visit(desk: DeskPages, request: Request, show: Callable[[Visit], Awaitable[Response]]) -> Response:
    language = language_of(request)
    words = desk.pages.words(language)
    try:
        return await show(Visit(request, await desk.sessions.of(request), language))
    except NotSignedIn:
        back = request.url.path if request.method == "GET" else HOME
        return RedirectResponse(f"{HOME}/login?{urlencode({'next': back})}", 303)
    except CaseNotFound:
        return told(desk.pages, request, 404, words["not_found"])
    except FormStale:
        return told(desk.pages, request, 403, words["bad_form"])
    except Problem as problem:
        why = words["no_role"] if problem.status == HTTPStatus.FORBIDDEN else words["try_later"]
        return told(desk.pages, request, problem.status, why)


def _parsed(ticket: str) -> str:
    try:
        return parse_ticket(ticket)
    except ValueError:
        raise CaseNotFound(ticket) from None


def _known(action: Action) -> Action:
    if action not in DEEDS:
        raise CaseNotFound(action)
    return action
