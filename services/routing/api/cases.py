"""HTTP in and out: a case at the desk, and one POST for each thing that can be done with it."""

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Annotated, Any, Final
from uuid import UUID, uuid4

from fastapi import APIRouter, Depends, Header, Path, Query, Request, Response

from services.routing.api.signing_in import GetPerson
from services.routing.api.views import DeskCase, DeskCaseInFull, Identity
from services.routing.desk import CaseBusy, CaseNotFound, Desk, NotYours, RevisionStale, Wish
from services.routing.domain.access import Person
from services.routing.domain.case import DEEDS
from services.routing.domain.deeds import Deed, DeedFaulty
from services.routing.domain.table import PARTS, ActionRefused
from services.routing.store.documents import StoredCase
from shared.bodies import describe_body, read_body
from shared.ids import follow_id, named_id, parse_ticket
from shared.problems import Problem, field_problem
from shared.traces import current_trace

Endpoint = Callable[..., Coroutine[Any, Any, Response]]

_PART_ACTIONS: Final = tuple(dict.fromkeys(row.action for row in PARTS))


async def parse_ticket_or_404(ticket: Annotated[str, Path(max_length=40)]) -> str:
    try:
        return parse_ticket(ticket)
    except ValueError as error:
        raise Problem(404, "No such case", str(error)) from None


async def parse_revision(
    if_match: Annotated[str | None, Header(description="The `revision` of the case as you saw it.")] = None,
) -> int:
    """Raises a 428 Problem without it, a 422 where it is none."""
    if if_match is None:
        detail = "Send the case's revision as `If-Match`, so that nobody's work is lost."
        raise Problem(428, "Say which state of the case you saw", detail)
    digits = if_match.strip().removeprefix("W/").strip('"')
    if not digits.isascii() or not digits.isdigit():
        raise field_problem(("if-match", 'must be the revision of the case, such as "3"'))
    return int(digits)


TicketPath = Annotated[str, Depends(parse_ticket_or_404)]
WaitQuery = Annotated[float, Query(ge=0, le=30, description="Seconds to wait for a case that is not there yet")]


@dataclass
class Asked:
    """What a request says besides its body."""

    revision: int
    idempotency_key: UUID | None
    wait: float

    def wish(self, deed: Deed, person: Person, ticket: str, part: str | None = None) -> Wish:
        key = follow_id(named_id(person.id, part or ticket, deed.action), str(self.idempotency_key or uuid4()))
        return Wish(deed, key, self.revision, current_trace(), part)


async def read_asked(
    revision: Annotated[int, Depends(parse_revision)],
    idempotency_key: Annotated[UUID | None, Header()] = None,
    wait: WaitQuery = 0,
) -> Asked:
    return Asked(revision, idempotency_key, wait)


def create_cases_router(desk: Desk, get_person: GetPerson) -> APIRouter:
    router = APIRouter(prefix="/v1/desk/cases", tags=["desk"])

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
        return DeskCaseInFull.in_full(stored, person, await desk.count_supports(ticket))

    @router.get("/{ticket}/identity")
    async def read_identity(
        ticket: TicketPath, person: Annotated[Person, Depends(get_person)], response: Response
    ) -> Identity:
        """Who the reporter is. That you asked is written into the case's history."""
        stored = await desk.read_identity(ticket, person)
        response.headers["Cache-Control"] = "no-store"
        return Identity.model_validate(stored.personal.get(stored.contact, {}))

    acts = _Acts(desk, get_person)
    for action, deed in DEEDS.items():
        acts.add_to(router, f"/{{ticket}}/{action}", deed)
    for action in _PART_ACTIONS:
        acts.add_to(router, f"/{{ticket}}/parts/{{number}}/{action}", DEEDS[action])
    return router


@dataclass(frozen=True)
class _Acts:
    """Makes the endpoints, one a deed: they differ in nothing but the deed."""

    desk: Desk
    get_person: GetPerson

    def add_to(self, router: APIRouter, path: str, deed: type[Deed]) -> None:
        of_part = "{number}" in path
        router.add_api_route(
            path,
            self._on_part(deed) if of_part else self._on_case(deed),
            methods=["POST"],
            name=f"{deed.action}_part" if of_part else deed.action,
            description=deed.__doc__,
            response_model=DeskCase,
            openapi_extra={"requestBody": describe_body(deed)},
        )

    def _on_case(self, deed_type: type[Deed]) -> Endpoint:
        async def act(
            ticket: TicketPath,
            request: Request,
            person: Annotated[Person, Depends(self.get_person)],
            asked: Annotated[Asked, Depends(read_asked)],
        ) -> Response:
            deed = await read_body(request, deed_type, empty=b"{}")
            wish = asked.wish(deed, person, ticket)
            return _answer(await self.desk.do(ticket, person, wish, asked.wait), person)

        return act

    def _on_part(self, deed_type: type[Deed]) -> Endpoint:
        async def act(
            ticket: TicketPath,
            number: Annotated[int, Path(ge=1, le=99)],
            request: Request,
            person: Annotated[Person, Depends(self.get_person)],
            asked: Annotated[Asked, Depends(read_asked)],
        ) -> Response:
            deed = await read_body(request, deed_type, empty=b"{}")
            wish = asked.wish(deed, person, ticket, f"{ticket}.{number}")
            return _answer(await self.desk.do(ticket, person, wish, asked.wait), person)

        return act


def _answer(stored: StoredCase, person: Person) -> Response:
    body = DeskCase.of(stored, person).model_dump_json()
    return Response(body, headers=_headers(stored), media_type="application/json")


def _headers(stored: StoredCase) -> dict[str, str]:
    return {"ETag": f'"{stored.revision}"', "Cache-Control": "no-store"}


def desk_problem(error: Exception) -> Problem:
    """What the desk's refusals look like over HTTP."""
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


DESK_ERRORS = (ActionRefused, CaseBusy, CaseNotFound, DeedFaulty, NotYours, RevisionStale)
