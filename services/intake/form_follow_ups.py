"""What reporters do after they submitted, from forms of a page: `POST /lapor/{ticket}/supplements` and so on.

Whoever sends one has the session that the tracking code began, and a page that was made for it; or gives the code. What
went well leads back to the reporter's page. What did not is shown again with all that was entered, here, because nobody
else knows it.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qs, urlencode
from uuid import UUID, uuid4

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import ValidationError

from services.intake.follow_ups import FOLLOW_UPS, ContactBody, FollowUpBody, FollowUps
from services.intake.gate import Wish
from shared.desk_session import comes_from_elsewhere, form_token
from shared.pages.follow_ups import (
    CODE_FIELD,
    CSRF_FIELD,
    FORMS,
    HOME,
    KEY_FIELD,
    SEEN_FIELD,
    TAKE_OVER,
    Form,
    faults_in_order,
)
from shared.pages.rendering import Pages, language_of
from shared.paths import TicketPath
from shared.problems import Problem
from shared.reporter_session import HOME as TRACKING
from shared.reporter_session import ReporterSessions

_ALL: Final[Mapping[str, type[FollowUpBody]]] = FOLLOW_UPS | {
    "no-contact": ContactBody,
    "permission": FOLLOW_UPS["restriction"],
}
BODIES: Final[Mapping[str, type[FollowUpBody]]] = {name: _ALL[name] for name in FORMS}
"""What each form says, by its name; its fields are in `shared.pages.follow_ups`."""
_TOO_MANY: Final = 429
_MOST_FIELDS: Final = 20


class _NotSent(Exception):
    """It was not accepted: why, and which fields are wrong. `unknown`: nobody showed that it is the reporter."""

    def __init__(self, status: int, why: str = "", *faults: str, unknown: bool = False) -> None:
        super().__init__(why)
        self.status = status
        self.why = why
        self.faults = faults
        self.unknown = unknown


@dataclass(frozen=True)
class FormFollowUps:
    """Takes the forms."""

    follow_ups: FollowUps
    sessions: ReporterSessions
    pages: Pages

    async def take(self, request: Request, ticket: str, name: str) -> Response:
        if comes_from_elsewhere(request):
            raise Problem(403, "Not from here", "Please open the page of your complaint and try again.")
        self.follow_ups.let_in(request, Wish.FOLLOW_UP)
        sent = await _read_form(request)
        token: str | None = None
        try:
            token, by_subject = self._check_sender(request, ticket, name, sent)
            answer = await self._accept(ticket, name, sent, by_subject=by_subject)
        except _NotSent as not_sent:
            csrf = form_token(token) if token else sent.get(CSRF_FIELD, "")
            answer = self._show_again(request, _form(ticket, name, {**sent, CSRF_FIELD: csrf}, not_sent), not_sent)
        if token:
            self.sessions.begin(answer, ticket, token)
        return answer

    def _check_sender(
        self, request: Request, ticket: str, name: str, sent: Mapping[str, str]
    ) -> tuple[str | None, bool]:
        """The token of a new session where the code was given, and whether the person concerned sends it.

        Raises _NotSent.
        """
        known = self.sessions.token(request, ticket)
        is_own = self.sessions.is_own_form(request, ticket, sent.get(CSRF_FIELD, ""))
        by_subject = is_own and known is not None and self.sessions.is_of_subject(known)
        if is_own and (by_subject or name != TAKE_OVER):
            return None, by_subject
        if CODE_FIELD not in sent:
            raise _NotSent(403, "subject" if is_own else "session", unknown=True)
        by_subject = self._check_code(ticket, sent[CODE_FIELD])
        if name == TAKE_OVER and not by_subject:
            raise _NotSent(403, "subject", CODE_FIELD, unknown=True)
        return self.sessions.new_token(ticket, by_subject=by_subject), by_subject

    def _check_code(self, ticket: str, code: str) -> bool:
        """Whether it is the one of the person concerned. Raises _NotSent."""
        try:
            return self.follow_ups.codes.check(ticket, code)
        except Problem as problem:
            if problem.status == _TOO_MANY:
                raise _NotSent(problem.status, "too_many", unknown=True) from None
            raise _NotSent(problem.status, "", CODE_FIELD, unknown=True) from None

    async def _accept(self, ticket: str, name: str, sent: Mapping[str, str], *, by_subject: bool) -> Response:
        """Raises _NotSent."""
        try:
            entered = {field.name: sent[field.name] for field in FORMS[name] if sent.get(field.name)}
            body = BODIES[name].model_validate(entered)
        except ValidationError as error:
            wrong = {str(fault["loc"][0]) for fault in error.errors(include_input=False) if fault["loc"]}
            raise _NotSent(422, "", *wrong) from None
        try:
            accepted = await self.follow_ups.accept(ticket, body, _key(sent), by_subject=by_subject)
        except Problem as problem:
            raise _NotSent(problem.status, "unreachable") from None
        awaited = {"apa": name, "tindak": accepted.follow_up_id, "sesudah": _seen(sent)}
        return RedirectResponse(f"{TRACKING}/{ticket}?{urlencode(awaited)}", 303)

    def _show_again(self, request: Request, form: Form, not_sent: _NotSent) -> Response:
        told = {"form": form, "why": not_sent.why, "here": f"{TRACKING}/{form.ticket}"}
        answer = self.pages.render("again.html", language_of(request), not_sent.status, **told)
        answer.headers["X-Robots-Tag"] = "noindex"
        return answer


def create_follow_up_form_router(forms: FormFollowUps) -> APIRouter:
    router = APIRouter(prefix=HOME, include_in_schema=False)
    for name in BODIES:
        router.add_api_route(f"/{{ticket}}/{name}", _endpoint(forms, name), methods=["POST"], name=f"form of {name}")
        router.add_api_route(f"/{{ticket}}/{name}", _go_back, methods=["GET"])
    return router


def _endpoint(forms: FormFollowUps, name: str) -> Callable[..., Awaitable[Response]]:
    async def take(request: Request, ticket: TicketPath) -> Response:
        return await forms.take(request, ticket, name)

    return take


async def _go_back(ticket: TicketPath) -> Response:
    """Where a browser comes that loads a page of a form that was amiss once more."""
    return RedirectResponse(f"{TRACKING}/{ticket}", 303)


async def _read_form(request: Request) -> dict[str, str]:
    """Raises a 422 Problem for what is no form."""
    content = (await request.body()).decode(errors="replace")
    try:
        sent = parse_qs(content, keep_blank_values=True, max_num_fields=_MOST_FIELDS)
    except ValueError:
        raise Problem(422, "Not a form of ours") from None
    return {name: values[0].replace("\r\n", "\n").strip() for name, values in sent.items()}


def _form(ticket: str, name: str, sent: Mapping[str, str], not_sent: _NotSent) -> Form:
    """As it was filled in."""
    form = Form(
        name=name,
        ticket=ticket,
        csrf=sent.get(CSRF_FIELD, ""),
        key=_key(sent),
        seen=_seen(sent),
        values={field.name: sent.get(field.name, "") for field in FORMS[name]},
        asks_code=not_sent.unknown,
    )
    return form.with_faults(faults_in_order(form, not_sent.faults))


def _key(sent: Mapping[str, str]) -> UUID:
    """The one that the page made; whoever changed it gets another."""
    try:
        return UUID(sent.get(KEY_FIELD, ""))
    except ValueError:
        return uuid4()


def _seen(sent: Mapping[str, str]) -> int:
    seen = sent.get(SEEN_FIELD, "")
    return int(seen) if seen.isdecimal() and seen.isascii() and len(seen) < _MOST_FIELDS else 0
