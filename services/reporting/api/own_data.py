"""`GET /v1/cases/{ticket}/own-data`: everything that is held about a reporter."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Final

from fastapi import APIRouter, Header, Query, Response

from services.reporting.api.cases import canonical
from services.reporting.api.filters import Asked
from services.reporting.domain.own_data import Holding, OwnData, own_data
from services.reporting.reading import HEADERS, Reading
from shared.directory import Directory
from shared.events.event import Language
from shared.problems import Problem

CodeHeader = Annotated[str, Header(description="The one that came with the ticket.")]
_ANSWERS: Final[dict[int | str, dict[str, Any]]] = {
    403: {"description": "The tracking code does not fit."},
    404: {"description": "Nothing of the complaint has arrived here yet."},
    429: {"description": "Too many wrong codes."},
}


class OwnDataQuery(Asked):
    """In which language."""

    language: Language = Language.INDONESIAN


@dataclass(frozen=True, slots=True)
class OwnDataReader:
    """Reads what is held, for whoever has shown that it is theirs."""

    reading: Reading
    names: Directory
    holdings: Sequence[Holding]
    now: Callable[[], datetime]

    async def read(self, ticket: str, language: Language) -> OwnData:
        """Raises a 404 Problem."""
        stored = await self.reading.awaited(ticket, 0, lambda _: True)
        if stored is None:
            raise Problem(404, "No such case", "It has not arrived yet, please try again soon.", headers=HEADERS)
        return own_data(stored, self.names, language, self.holdings, at=self.now())


def create_own_data_router(reader: OwnDataReader) -> APIRouter:
    router = APIRouter(prefix="/v1/cases", tags=["own data"], responses=_ANSWERS)

    @router.get("/{ticket}/own-data")
    async def read_own_data(
        ticket: str, query: Annotated[OwnDataQuery, Query()], x_tracking_code: CodeHeader, response: Response
    ) -> OwnData:
        """Everything that is held about the reporter of a complaint, for the reporter (UU 27/2022).

        What was entered and written, what officers wrote, which messages went out, what was erased and when, and of
        each kind of data which services hold it, for how long and why.
        """
        response.headers.update(HEADERS)
        known = canonical(ticket)
        by_subject = reader.reading.check(known, x_tracking_code)
        await reader.reading.check_holder(known, by_subject=by_subject)
        return await reader.read(known, query.language)

    return router
