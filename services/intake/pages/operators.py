"""The counter's page at `/lapor/loket`: the residents' form for operators, who say how a complaint came and when."""

from dataclasses import dataclass
from typing import Final

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse
from starlette.datastructures import FormData

from services.intake.follow_ups import KeyHeader
from services.intake.gate import Visitor
from services.intake.operator_sessions import HOME, OperatorSession, OperatorSessions
from services.intake.pages.answering import Counter, Visit
from services.intake.pages.filled import Filled, a_new_form, read_form
from services.intake.pages.routes import answer_form, look_at, most_bytes_of, sent_form, sorry
from services.intake.pages.showing import Told
from services.intake.uploads import take_upload
from shared.desk_session import comes_from_elsewhere, is_form_of
from shared.pages.rendering import language_of, remember_language
from shared.problems import Problem

_HIDDEN: Final = {"X-Robots-Tag": "noindex, nofollow"}


@dataclass(frozen=True)
class OperatorPages:
    """Asks who is there, and lets operators use the form."""

    counter: Counter
    sessions: OperatorSessions

    def show(self, request: Request) -> Response:
        session = self.sessions.read(request)
        visit = self.visit(request, session)
        return self.counter.show(visit, a_new_form()) if session else self._ask(visit, a_new_form())

    async def take(self, request: Request) -> Response:
        session = self.sessions.read(request)
        visit = self.visit(request, session)
        try:
            look_at(request, most_bytes_of(self.counter))
            async with sent_form(request) as form:
                return await self._answer(visit, session, form)
        except Problem as problem:
            return sorry(self.counter, visit, problem)

    def visit(self, request: Request, session: OperatorSession | None) -> Visit:
        language = language_of(request)
        words = self.counter.pages.words(language)
        own = words["at_counter"]
        words = {**words, **own, "faults": words["faults"] | own["faults"]}
        if session is None:
            return Visit(request, language, words, HOME)
        return Visit(request, language, words, HOME, session.client, session.csrf)

    async def _answer(self, visit: Visit, session: OperatorSession | None, form: FormData) -> Response:
        filled = read_form(form)[0]
        if "token" in form:
            return self._sign_in(visit, filled, str(form["token"]))
        if session is None:
            return self._ask(visit, filled, 401)
        if not is_form_of(session.token, str(form.get("csrf", ""))):
            return self.counter.show(visit, filled, Told(sentence=visit.words["stale"]), 403)
        return await answer_form(self.counter, visit, form)

    def _sign_in(self, visit: Visit, filled: Filled, token: str) -> Response:
        """What was filled in when a session ended is shown again."""
        try:
            session = self.sessions.sign_in(token.strip())
        except Problem as problem:
            return self._ask(visit, filled, problem.status, visit.words["operator_refused"][str(problem.status)])
        if filled.is_fresh:
            page: Response = RedirectResponse(HOME, 303)
        else:
            page = self.counter.show(self.visit(visit.request, session), filled)
        self.sessions.remember(page, session)
        return page

    def _ask(self, visit: Visit, filled: Filled, status: int = 200, problem: str = "") -> Response:
        hours = max(1, self.sessions.lasts_s // 3600)
        return self.counter.page("operator.html", visit, status, filled=filled, problem=problem, hours=hours)


def create_operator_router(pages: OperatorPages) -> APIRouter:
    router = APIRouter(prefix=HOME, include_in_schema=False)

    async def show_form(request: Request) -> Response:
        page = pages.show(request)
        page.headers.update(_HIDDEN)
        return page

    async def post_form(request: Request) -> Response:
        page = await pages.take(request)
        page.headers.update(_HIDDEN)
        return page

    router.add_api_route("", show_form, methods=["GET", "HEAD"])
    router.add_api_route("", post_form, methods=["POST"], max_body_size=2 * most_bytes_of(pages.counter))
    _add_beside(router, pages)
    return router


def _add_beside(router: APIRouter, pages: OperatorPages) -> None:
    counter = pages.counter

    @router.post("/sign-out")
    async def sign_out(request: Request) -> Response:
        response = RedirectResponse(HOME, 303)
        if not comes_from_elsewhere(request):
            pages.sessions.end(response)
        return response

    @router.post("/language")
    async def choose_language(request: Request) -> Response:
        response = RedirectResponse(HOME, 303)
        remember_language(response, str((await request.form()).get("to", "")))
        return response

    async def upload_photo(request: Request, idempotency_key: KeyHeader = None) -> Response:
        """As residents do, but counted with all that the operator sends."""
        session = pages.sessions.read(request)
        if session is None:
            raise Problem(401, "Please sign in")
        visitor = Visitor(client=session.client)
        return await take_upload(counter.uploads, counter.intake.gate, request, visitor, idempotency_key)

    router.add_api_route("/photos", upload_photo, methods=["POST"], max_body_size=counter.uploads.most_bytes)
