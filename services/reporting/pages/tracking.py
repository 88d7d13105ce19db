"""`/lacak`: a reporter finds their complaint by ticket and tracking code, and does there what reporters do."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import parse_qs, urlencode

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse
from pydantic_core import to_json

from services.reporting.api.dossier import Dossiers
from services.reporting.api.own_data import OwnDataReader
from services.reporting.domain.case import StoredCase
from services.reporting.domain.own_steps import possible_steps
from services.reporting.pages.own_case import PAGE, Awaited, form_of, show_own_case
from services.reporting.pages.site import Site, Visit
from shared.desk_session import comes_from_elsewhere, form_token
from shared.ids import parse_ticket
from shared.pages.follow_ups import FORMS
from shared.problems import Problem
from shared.reporter_session import ReporterSessions

PROJECTED_WITHIN_S: Final = 5.0
"""So long the page after a follow-up waits for it; what takes longer is said to be on its way."""
WITHDRAWAL: Final = "withdrawal"
_RIGHTS: Final = ("contact", "no-contact")
"""Forms on the page of one's own data, by name; after them what may be done with all of it."""
_LONGEST_ID: Final = 40
_MOST_DIGITS: Final = 9

Show = Callable[[Visit, str, str], Awaitable[Response]]
"""Given the ticket and what goes into forms."""


@dataclass(frozen=True)
class Tracking:
    """The reporters' pages."""

    site: Site
    sessions: ReporterSessions
    own_data: OwnDataReader
    dossiers: Dossiers

    async def ask(self, visit: Visit) -> Response:
        """The form for ticket and code; the ticket may stand in the address, it is no secret."""
        return self._ask(visit, {"ticket": visit.sent.get("ticket", "")})

    async def enter(self, visit: Visit) -> Response:
        if comes_from_elsewhere(visit.request):
            return self.site.sorry(visit, HTTPStatus.FORBIDDEN)
        sent = parse_qs((await visit.request.body()).decode(errors="replace"))
        entered, code = {"ticket": sent.get("ticket", [""])[0]}, sent.get("code", [""])[0]
        try:
            ticket = parse_ticket(entered["ticket"])
        except ValueError:
            return self._ask(visit, entered, "ticket", status=HTTPStatus.UNPROCESSABLE_ENTITY)
        try:
            by_subject = self.site.reading.check(ticket, code)
        except Problem as problem:
            fault = "too_many" if problem.status == HTTPStatus.TOO_MANY_REQUESTS else "code"
            return self._ask(visit, {"ticket": ticket}, fault, status=problem.status)
        response = RedirectResponse(f"{PAGE}/{ticket}", HTTPStatus.SEE_OTHER)
        self.sessions.begin(response, ticket, self.sessions.new_token(ticket, by_subject=by_subject))
        return response

    async def case(self, visit: Visit, ticket: str, csrf: str) -> Response:
        awaited = _awaited(visit.sent)
        if awaited is None:
            stored = await self._stored(ticket)
        else:
            stored = await self.site.reading.awaited(ticket, PROJECTED_WITHIN_S, awaited.is_there)
        token = self.sessions.token(visit.request, ticket)
        by_subject = token is not None and self.sessions.is_of_subject(token)
        page = show_own_case(stored or StoredCase(ticket=ticket), visit.say, awaited, csrf=csrf, by_subject=by_subject)
        return self._show(visit, "own_case.html", page=page, photos=self.site.reading.photos(page.photos))

    async def withdrawal(self, visit: Visit, ticket: str, csrf: str) -> Response:
        """Asks once more; the button there does it."""
        stored = await self._stored(ticket)
        head = stored.head if stored else None
        if stored is None or head is None or WITHDRAWAL not in possible_steps(head.snapshot):
            return RedirectResponse(f"{PAGE}/{ticket}", HTTPStatus.SEE_OTHER)
        return self._show(visit, "own_withdrawal.html", form=form_of(WITHDRAWAL, stored, csrf))

    async def data(self, visit: Visit, ticket: str, csrf: str) -> Response:
        held = await self.own_data.read(ticket, visit.say.language)
        stored = await self._stored(ticket) or StoredCase(ticket=ticket)
        forms = [form_of(name, stored, csrf) for name in _rights(stored)]
        return self._show(visit, "own_data.html", held=held, forms=forms)

    async def data_file(self, visit: Visit, ticket: str, _: str) -> Response:
        held = await self.own_data.read(ticket, visit.say.language)
        headers = {"Content-Disposition": f'attachment; filename="ntbcare-{ticket}.json"', "Cache-Control": "no-store"}
        return Response(to_json(held, indent=2), media_type="application/json", headers=headers)

    async def dossier(self, visit: Visit, ticket: str, _: str) -> Response:
        dossier = self.dossiers.of(await self._stored(ticket), visit.say.language)
        headers = {"Content-Disposition": f'attachment; filename="ntbcare-{ticket}.pdf"', "Cache-Control": "no-store"}
        return Response(await self.dossiers.print(dossier), media_type="application/pdf", headers=headers)

    async def leave(self, visit: Visit, entered: str) -> Response:
        if comes_from_elsewhere(visit.request):
            return self.site.sorry(visit, HTTPStatus.FORBIDDEN)
        response = RedirectResponse(PAGE, HTTPStatus.SEE_OTHER)
        try:
            self.sessions.end(response, parse_ticket(entered))
        except ValueError:
            return self.site.sorry(visit, HTTPStatus.NOT_FOUND)
        return response

    async def for_reporter(self, visit: Visit, entered: str, show: Show) -> Response:
        """Only for whoever has a session for the ticket; others are asked for the code."""
        try:
            ticket = parse_ticket(entered)
        except ValueError:
            return self.site.sorry(visit, HTTPStatus.NOT_FOUND)
        token = self.sessions.token(visit.request, ticket)
        if token is None:
            return RedirectResponse(f"{PAGE}?{urlencode({'ticket': ticket})}", HTTPStatus.SEE_OTHER)
        await self.site.reading.check_holder(ticket, by_subject=self.sessions.is_of_subject(token))
        return await show(visit, ticket, form_token(token))

    async def _stored(self, ticket: str) -> StoredCase | None:
        return await self.site.reading.awaited(ticket, 0, lambda _: True)

    def _ask(self, visit: Visit, entered: Mapping[str, str], *faults: str, status: int = HTTPStatus.OK) -> Response:
        return self._show(visit, "track.html", status, entered=entered, faults=faults, known=_known(entered))

    def _show(self, visit: Visit, template: str, status: int = HTTPStatus.OK, **values: Any) -> Response:
        answer = self.site.show_privately(visit, template, status, **values)
        answer.headers["X-Robots-Tag"] = "noindex"
        return answer


def create_tracking_router(tracking: Tracking) -> APIRouter:
    router = APIRouter(prefix=PAGE, include_in_schema=False)

    def page(method: str, path: str, show: Callable[[Visit], Awaitable[Response]]) -> None:
        async def answer(request: Request) -> Response:
            return await tracking.site.visit(request, show)

        router.add_api_route(path, answer, methods=[method])

    def own_page(path: str, show: Show) -> None:
        page("GET", path, lambda visit: tracking.for_reporter(visit, visit.request.path_params["ticket"], show))

    page("GET", "", tracking.ask)
    page("POST", "", tracking.enter)
    own_page("/{ticket}", tracking.case)
    own_page("/{ticket}/cabut", tracking.withdrawal)
    own_page("/{ticket}/data", tracking.data)
    own_page("/{ticket}/data.json", tracking.data_file)
    own_page("/{ticket}/berkas.pdf", tracking.dossier)
    page("POST", "/{ticket}/selesai", lambda visit: tracking.leave(visit, visit.request.path_params["ticket"]))
    return router


def _known(entered: Mapping[str, str]) -> str | None:
    """The ticket in its one form; None of what is none."""
    try:
        return parse_ticket(entered["ticket"])
    except ValueError:
        return None


def _awaited(sent: Mapping[str, str]) -> Awaited | None:
    """What intake's answer to a form says; None of what is not from there."""
    form, follow_up, seen = (sent.get(name, "") for name in ("apa", "tindak", "sesudah"))
    is_number = seen.isdecimal() and seen.isascii() and len(seen) <= _MOST_DIGITS
    known = form in FORMS and is_number and len(follow_up) <= _LONGEST_ID
    return Awaited(form, follow_up, int(seen)) if known else None


def _rights(stored: StoredCase) -> list[str]:
    restricted = stored.head is not None and stored.head.snapshot.processing_restricted
    return [*_RIGHTS, "permission" if restricted else "restriction", "erasure"]
