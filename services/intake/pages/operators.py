"""The counter's page at `/lapor/loket`: the residents' form for operators, who say how a complaint came and when."""

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

_HIDDEN = {"X-Robots-Tag": "noindex, nofollow"}


def create_operator_router(counter: Counter, sessions: OperatorSessions) -> APIRouter:
    router = APIRouter(prefix=HOME, include_in_schema=False)
    most_bytes = most_bytes_of(counter)

    async def show_form(request: Request) -> Response:
        session = sessions.read(request)
        visit = _visit(counter, request, session)
        page = counter.show(visit, a_new_form()) if session else _ask(counter, sessions, visit, a_new_form())
        page.headers.update(_HIDDEN)
        return page

    async def post_form(request: Request) -> Response:
        session = sessions.read(request)
        visit = _visit(counter, request, session)
        try:
            look_at(request, most_bytes)
            async with sent_form(request) as form:
                page = await _answer(counter, sessions, visit, form)
        except Problem as problem:
            page = sorry(counter, visit, problem)
        page.headers.update(_HIDDEN)
        return page

    router.add_api_route("", show_form, methods=["GET", "HEAD"])
    router.add_api_route("", post_form, methods=["POST"], max_body_size=2 * most_bytes)
    _add_beside(router, counter, sessions)
    return router


async def _answer(counter: Counter, sessions: OperatorSessions, visit: Visit, form: FormData) -> Response:
    filled = read_form(form)[0]
    if "token" in form:
        return _sign_in(counter, sessions, visit, filled, str(form["token"]))
    if visit.operator is None:
        return _ask(counter, sessions, visit, filled, status=401)
    session = sessions.read(visit.request)
    if session is None or not is_form_of(session.token, str(form.get("csrf", ""))):
        return counter.show(visit, filled, Told(sentence=visit.words["stale"]), 403)
    return await answer_form(counter, visit, form)


def _sign_in(counter: Counter, sessions: OperatorSessions, visit: Visit, filled: Filled, token: str) -> Response:
    """What was filled in when a session ended is shown again."""
    try:
        session = sessions.sign_in(token.strip())
    except Problem as problem:
        why = visit.words["operator_refused"].get(str(problem.status), visit.words["operator_refused"]["401"])
        return _ask(counter, sessions, visit, filled, problem.status, why)
    if filled.is_fresh:
        page: Response = RedirectResponse(HOME, 303)
    else:
        page = counter.show(_visit(counter, visit.request, session), filled)
    sessions.remember(page, session)
    return page


def _ask(
    counter: Counter, sessions: OperatorSessions, visit: Visit, filled: Filled, status: int = 200, problem: str = ""
) -> Response:
    hours = max(1, sessions.lasts_s // 3600)
    return counter.page("operator.html", visit, status, filled=filled, problem=problem, hours=hours)


def _add_beside(router: APIRouter, counter: Counter, sessions: OperatorSessions) -> None:
    @router.post("/sign-out")
    async def sign_out(request: Request) -> Response:
        response = RedirectResponse(HOME, 303)
        if not comes_from_elsewhere(request):
            sessions.end(response)
        return response

    @router.post("/language")
    async def choose_language(request: Request) -> Response:
        response = RedirectResponse(HOME, 303)
        remember_language(response, str((await request.form()).get("to", "")))
        return response

    async def upload_photo(request: Request, idempotency_key: KeyHeader = None) -> Response:
        """As residents do, but counted with all that the operator sends."""
        session = sessions.read(request)
        if session is None:
            raise Problem(401, "Please sign in")
        visitor = Visitor(client=session.client)
        return await take_upload(counter.uploads, counter.intake.gate, request, visitor, idempotency_key)

    router.add_api_route("/photos", upload_photo, methods=["POST"], max_body_size=counter.uploads.most_bytes)


def _visit(counter: Counter, request: Request, session: OperatorSession | None) -> Visit:
    language = language_of(request)
    words = counter.pages.words(language)
    words = {**words, **words["at_counter"]}
    if session is None:
        return Visit(request, language, words, HOME)
    return Visit(request, language, words, HOME, session.client, session.csrf)
