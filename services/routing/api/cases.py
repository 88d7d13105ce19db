"""HTTP in and out: a case at the desk, and one POST for each thing that can be done with it."""

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response

from services.routing.api.signing_in import GetPerson
from services.routing.api.views import DeskCase, DeskCaseInFull, Identity
from services.routing.desk import CaseBusy, CaseNotFound, Desk, IdentityWithheld, NotYours, RevisionStale, Wish
from services.routing.domain.access import Person
from services.routing.domain.case import DEEDS
from services.routing.domain.deeds import Deed, DeedFaulty
from services.routing.domain.table import PARTS, ActionRefused
from services.routing.store.documents import StoredCase
from shared.bodies import BusyRoute, describe_body, describe_header, describe_refusals, read_body, read_key
from shared.paths import TicketPath, parse_ticket_or_404
from shared.problems import Problem, field_problem

Endpoint = Callable[..., Coroutine[Any, Any, Response]]

_LONGEST_WAIT_S: Final = 30
_WAITS: Final = "Seconds to wait for a case that is not there yet"
_MOST_PARTS: Final = 99
_REFUSED: Final = (400, 401, 403, 404, 409, 412, 413, 422, 428, 503)
_SAID: Final = (
    describe_header("authorization", "The issuer's access token: `Bearer …`.", {"type": "string"}),
    describe_header("if-match", "The `revision` of the case as you saw it.", {"type": "string"}),
    describe_header("idempotency-key", "Sent again with the same one it is done once.", {"format": "uuid"}),
    {"in": "query", "name": "wait", "required": False, "description": _WAITS, "schema": {"type": "number"}},
)
_PART_ACTIONS: Final = tuple(dict.fromkeys(row.action for row in PARTS))


def read_revision(if_match: str | None) -> int:
    """Raises a 428 Problem without it, a 422 where it is none."""
    if if_match is None:
        detail = "Send the case's revision as `If-Match`, so that nobody's work is lost."
        raise Problem(428, "Say which state of the case you saw", detail)
    digits = if_match.strip().removeprefix("W/").strip('"')
    if not digits.isascii() or not digits.isdigit():
        raise field_problem(("if-match", 'must be the revision of the case, such as "3"'))
    return int(digits)


WaitQuery = Annotated[float, Query(ge=0, le=_LONGEST_WAIT_S, description=_WAITS)]


@dataclass
class Asked:
    """What a request says besides its body. Raises 404, 422 and 428 Problems where it is made."""

    ticket: str
    part: str | None
    revision: int
    key: UUID
    wait: float

    @classmethod
    async def by(cls, request: Request) -> "Asked":
        ticket = await parse_ticket_or_404(request.path_params["ticket"])
        return cls(
            ticket=ticket,
            part=_part(ticket, request.path_params.get("number")),
            revision=read_revision(request.headers.get("if-match")),
            key=read_key(request),
            wait=_wait(request.query_params.get("wait", "0")),
        )

    def wish(self, deed: Deed, person: Person) -> Wish:
        return Wish.of(deed, (person, self.key), self.ticket, self.part, self.revision)


def _part(ticket: str, number: str | None) -> str | None:
    if number is None:
        return None
    if not number.isascii() or not number.isdigit() or not 1 <= int(number) <= _MOST_PARTS:
        raise field_problem(("number", "must be the number of a part, such as 1"))
    return f"{ticket}.{int(number)}"


def _wait(entered: str) -> float:
    try:
        seconds = float(entered)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds <= _LONGEST_WAIT_S:
        raise field_problem(("wait", f"must be seconds from 0 to {_LONGEST_WAIT_S}"))
    return seconds


def create_cases_router(desk: Desk, get_person: GetPerson) -> APIRouter:
    router = APIRouter(prefix="/v1/desk/cases", tags=["desk"], responses=describe_refusals(*_REFUSED))

    @router.get("/{ticket}")
    async def read_case(
        ticket: TicketPath,
        person: Annotated[Person, Depends(get_person)],
        response: Response,
        wait: WaitQuery = 0,
    ) -> DeskCaseInFull:
        """The case with all that happened, for those who work on it and those who see everything."""
        stored = await desk.read(ticket, person, wait)
        response.headers.update(_headers(stored))
        supports, family = await desk.count_supports(ticket), await desk.family(ticket)
        return DeskCaseInFull.in_full(stored, person, supports, family, photos=desk.photos(stored))

    @router.get("/{ticket}/identity")
    async def read_identity(
        ticket: TicketPath, person: Annotated[Person, Depends(get_person)], response: Response
    ) -> Identity:
        """Who the reporter is. That you asked is written into the case's history."""
        stored = await desk.read_identity(ticket, person)
        response.headers["Cache-Control"] = "no-store"
        return Identity.of(stored)

    for action, deed in DEEDS.items():
        _add_act(router, f"/{{ticket}}/{action}", deed, _act(desk, get_person, deed))
    for action in _PART_ACTIONS:
        deed = DEEDS[action]
        _add_act(router, f"/{{ticket}}/parts/{{number}}/{action}", deed, _act(desk, get_person, deed))
    return router


def _act(desk: Desk, get_person: GetPerson, deed_type: type[Deed]) -> Endpoint:
    """Read by hand: these are the busy ones, and FastAPI solving parameters took more than deciding."""

    async def act(request: Request) -> Response:
        person = await get_person(request.headers.get("authorization"))
        asked = await Asked.by(request)
        deed = await read_body(request, deed_type, empty=b"{}")
        return _answer(await desk.do(asked.ticket, person, asked.wish(deed, person), asked.wait), person)

    return act


def _add_act(router: APIRouter, path: str, deed: type[Deed], endpoint: Endpoint) -> None:
    of_part = "{number}" in path
    names = ("ticket", "number") if of_part else ("ticket",)
    said = [{"in": "path", "name": name, "required": True, "schema": {"type": "string"}} for name in names]
    router.add_api_route(
        path,
        endpoint,
        methods=["POST"],
        name=f"{deed.action}_part" if of_part else deed.action,
        description=deed.__doc__,
        response_model=DeskCase,
        openapi_extra={"requestBody": describe_body(deed), "parameters": [*said, *_SAID]},
        route_class_override=BusyRoute,
    )


def _answer(stored: StoredCase, person: Person) -> Response:
    body = DeskCase.of(stored, person).model_dump_json()
    return Response(body, headers=_headers(stored), media_type="application/json")


def _headers(stored: StoredCase) -> dict[str, str]:
    return {"ETag": f'"{stored.revision}"', "Cache-Control": "no-store"}


def desk_problem(error: Exception) -> Problem:
    """What the desk's refusals look like over HTTP."""
    if isinstance(error, IdentityWithheld):
        detail = "What is personal is kept, and shown to nobody, until the reporter allows it again (UU 27/2022)."
        return Problem(403, "The reporter restricted the processing of their data", detail)
    return _desk_problem(error)


def _desk_problem(error: Exception) -> Problem:
    match error:
        case ActionRefused():
            return Problem(409, "Not possible now", error.why, allowed=list(error.allowed))
        case CaseBusy():
            return Problem(409, "Others are changing this case", "Read it again and try again.")
        case DeedFaulty():
            return field_problem((error.field, error.why))
        case NotYours():
            return Problem(403, "Not yours to do", "You may see this case, but others act on it.")
        case RevisionStale():
            stored = error.stored
            detail = "Somebody changed the case since you saw it. Look at it and decide again."
            now = {"revision": stored.revision, "case": stored.case.snapshot.model_dump(mode="json", exclude_none=True)}
            return Problem(412, "The case has changed", detail, headers=_headers(stored), now=now)
        case _:
            return Problem(404, "No such case", "There is none with this ticket, or it is not yours to see.")


DESK_ERRORS = (ActionRefused, CaseBusy, CaseNotFound, DeedFaulty, NotYours, IdentityWithheld, RevisionStale)
