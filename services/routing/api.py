"""HTTP in and out: the desk's first actions."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID, uuid4

from fastapi import APIRouter, Depends, Header, Path, Query
from pydantic import BaseModel, ConfigDict, StringConstraints

from services.routing.desk import CaseBusy, CaseNotFound, Desk, Wish
from services.routing.domain.case import Action, ActionRefused, allowed_actions
from services.routing.store.cases import StoredCase
from shared.access import authenticate, require
from shared.events.cases import CaseSnapshot
from shared.events.directory import Client, ClientRole
from shared.ids import follow_id, named_id, parse_ticket
from shared.problems import Problem
from shared.traces import current_trace


class ActionBody(BaseModel):
    """Words for the reporter; `accept` does without."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    text: Annotated[str, StringConstraints(min_length=1, max_length=5_000)] | None = None


class ComplaintText(BaseModel):
    """What the reporter wrote, and who that is unless anonymous."""

    text: str
    address: str | None = None
    latitude: float | None = None
    longitude: float | None = None
    name: str | None = None
    email: str | None = None
    phone: str | None = None


class DeskCase(BaseModel):
    """A case as an officer sees it."""

    ticket: str
    sequence: int
    case: CaseSnapshot
    answers: Mapping[str, str]
    complaint: ComplaintText | None
    """None before it came and after it was erased."""
    allowed: tuple[Action, ...]

    @classmethod
    def of(cls, stored: StoredCase) -> "DeskCase":
        case = stored.case
        return cls(
            ticket=case.ticket,
            sequence=case.sequence,
            case=case.snapshot,
            answers=stored.answers,
            complaint=_complaint(stored.personal, anonymous=case.snapshot.anonymous),
            allowed=allowed_actions(case),
        )


def _complaint(personal: Mapping[str, Any] | None, *, anonymous: bool) -> ComplaintText | None:
    if personal is None:
        return None
    hidden = {"name", "email", "phone"} if anonymous else set[str]()
    return ComplaintText.model_validate({name: value for name, value in personal.items() if name not in hidden})


async def parse_ticket_or_404(ticket: Annotated[str, Path(max_length=40)]) -> str:
    try:
        return parse_ticket(ticket)
    except ValueError as error:
        raise Problem(404, "No such case", str(error)) from None


TicketPath = Annotated[str, Depends(parse_ticket_or_404)]
WaitQuery = Annotated[float, Query(ge=0, le=30, description="Seconds to wait for a case that is not there yet")]


@dataclass
class Asked:
    """What a desk request says, besides its path."""

    body: ActionBody | None
    idempotency_key: UUID | None

    def wish(self, action: Action, client: Client, ticket: str) -> Wish:
        key = follow_id(named_id(client.id, ticket, action), str(self.idempotency_key or uuid4()))
        return Wish(action, key, self.body.text if self.body else None, current_trace())


async def read_asked(body: ActionBody | None = None, idempotency_key: Annotated[UUID | None, Header()] = None) -> Asked:
    return Asked(body, idempotency_key)


def create_router(desk: Desk, clients: Mapping[str, Client]) -> APIRouter:
    async def officer(authorization: Annotated[str | None, Header()] = None) -> Client:
        return require(authenticate(clients, authorization), ClientRole.OFFICER, ClientRole.COORDINATOR)

    router = APIRouter(prefix="/v1/desk/cases", tags=["desk"])

    @router.get("/{ticket}")
    async def read_case(
        ticket: TicketPath, client: Annotated[Client, Depends(officer)], wait: WaitQuery = 0
    ) -> DeskCase:
        """The case with what the reporter wrote, for its agency and for coordinators."""
        return DeskCase.of(await desk.read(ticket, client, wait))

    @router.post("/{ticket}/{action}")
    async def act_on_case(
        ticket: TicketPath,
        action: Action,
        asked: Annotated[Asked, Depends(read_asked)],
        client: Annotated[Client, Depends(officer)],
        wait: WaitQuery = 0,
    ) -> DeskCase:
        """Accept, progress or resolve. Asked again with the same `Idempotency-Key` (a UUID) it is done once."""
        return DeskCase.of(await desk.do(ticket, client, asked.wish(action, client, ticket), wait))

    return router


def desk_problem(error: Exception) -> Problem:
    """What the desk's refusals look like over HTTP."""
    match error:
        case ActionRefused():
            return Problem(409, "Not possible now", error.why, allowed=list(error.allowed))
        case CaseBusy():
            return Problem(409, "Others are changing this case", "Read it again and try again.")
        case _:
            return Problem(404, "No such case", "There is none with this ticket, or it is not yours to see.")


DESK_ERRORS = (ActionRefused, CaseBusy, CaseNotFound)
