"""`POST /lapor/{ticket}/support`: "me too" as a form of a page sends it, without a script."""

from http import HTTPStatus
from typing import Final
from urllib.parse import parse_qs
from uuid import UUID

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from services.intake.follow_ups import FollowUps, SupportBody
from services.intake.gate import Wish
from shared.desk_session import comes_from_elsewhere
from shared.paths import TicketPath
from shared.problems import Problem, field_problem

_CASES: Final = "/aduan"


def create_support_router(follow_ups: FollowUps) -> APIRouter:
    router = APIRouter(prefix="/lapor", include_in_schema=False)

    @router.post("/{ticket}/support")
    async def support(ticket: TicketPath, request: Request) -> Response:
        """Back to the case's page. The key came with the form: pressed twice it counts once."""
        if comes_from_elsewhere(request):
            raise Problem(403, "Not from another site", "Open the complaint here and press the button there.")
        follow_ups.let_in(request, Wish.SUPPORT)
        key = _key(await request.body())
        try:
            await follow_ups.accept(ticket, SupportBody(), key)
        except Problem as problem:
            if problem.status != HTTPStatus.SERVICE_UNAVAILABLE:
                raise
            return _to(f"{_CASES}/{ticket}/juga?gagal=1&key={key}")
        return _to(f"{_CASES}/{ticket}?terima-kasih=1")

    return router


def _key(body: bytes) -> UUID:
    """Raises a 422 Problem: without a key the same press would count as often as it is sent."""
    sent = parse_qs(body.decode(errors="replace")).get("key", [""])[0]
    try:
        return UUID(sent)
    except ValueError:
        raise field_problem(("key", "must be the one that came with the form")) from None


def _to(address: str) -> Response:
    return RedirectResponse(address, HTTPStatus.SEE_OTHER, {"Cache-Control": "no-store"})
