"""`GET /v1/cases/{ticket}/dossier` and `dossier.pdf`: the file for the Ombudsman."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Final

from fastapi import APIRouter, Header, Query, Response
from pydantic_core import to_jsonable_python

from services.reporting.api.cases import canonical
from services.reporting.api.filters import Asked
from services.reporting.domain.case import StoredCase
from services.reporting.domain.dossier import Dossier, make_dossier
from services.reporting.domain.offers import broken_promises
from services.reporting.dossier_pdf import sheet_of
from services.reporting.printing import Printer, PrinterBusy
from services.reporting.reading import HEADERS, Reading
from shared.directory import Directory
from shared.events.event import Language
from shared.problems import Problem

PDF: Final = "application/pdf"
RETRY_AFTER_S: Final = 5
CodeHeader = Annotated[str, Header(description="The one that came with the ticket.")]
_ANSWERS: Final[dict[int | str, dict[str, Any]]] = {
    403: {"description": "The tracking code does not fit."},
    404: {"description": "The case has not arrived here yet."},
    409: {
        "description": "The ladder does not offer the file yet. `broken` says which promises are broken, and how far "
        "each has climbed; `ladder` at which step it is offered."
    },
    429: {"description": "Too many wrong codes."},
}
_PRINTED: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "description": "A4, with page numbers.",
        "content": {PDF: {"schema": {"type": "string", "format": "binary"}}},
    },
    503: {"description": "Too many are being printed."},
}


class DossierQuery(Asked):
    """In which language."""

    language: Language | None = None
    """Default: the one in which the reporter is written to."""


@dataclass(frozen=True, slots=True)
class Dossiers:
    """Makes and prints files of the cases that are stored."""

    reading: Reading
    names: Directory
    printer: Printer
    now: Callable[[], datetime]

    async def make(self, ticket: str, language: Language | None, code: str) -> Dossier:
        """Raises a 403, 404, 409, 422 or 429 Problem."""
        return self.of(await self.reading.own(canonical(ticket), code), language)

    def of(self, stored: StoredCase | None, language: Language | None) -> Dossier:
        """For whoever has shown that it is theirs. Raises a 404 or 409 Problem."""
        if stored is None or stored.head is None:
            raise Problem(404, "No such case", headers=HEADERS)
        dossier = make_dossier(stored, self.names, language or stored.head.snapshot.language, self.now())
        if dossier is None:
            raise _not_offered(stored, self.names)
        return dossier

    async def print(self, dossier: Dossier) -> bytes:
        """Raises a 503 Problem."""
        try:
            return await self.printer.print(sheet_of(dossier))
        except PrinterBusy:
            headers = HEADERS | {"Retry-After": str(RETRY_AFTER_S)}
            raise Problem(503, "Not available now", "Many files are being printed.", headers=headers) from None


def create_dossier_router(dossiers: Dossiers) -> APIRouter:
    router = APIRouter(prefix="/v1/cases", tags=["dossier"], responses=_ANSWERS)

    @router.get("/{ticket}/dossier")
    async def read_dossier(
        ticket: str, query: Annotated[DossierQuery, Query()], x_tracking_code: CodeHeader, response: Response
    ) -> Dossier:
        """The file for the Ombudsman, for the reporter: the case with all promises, holders, words and messages.

        It is there once the ladder offered it: a promise was broken and nobody acted although all levels were told.
        What was offered stays, whatever becomes of the case. Names and sentences are in the language asked for.
        """
        response.headers.update(HEADERS)
        return await dossiers.make(ticket, query.language, x_tracking_code)

    @router.get("/{ticket}/dossier.pdf", response_class=Response, responses=_PRINTED)
    async def print_dossier(
        ticket: str, query: Annotated[DossierQuery, Query()], x_tracking_code: CodeHeader
    ) -> Response:
        """The same as a document to print or to send, with times in words (WITA)."""
        dossier = await dossiers.make(ticket, query.language, x_tracking_code)
        name = f'attachment; filename="ntbcare-{dossier.ticket}.pdf"'
        return Response(await dossiers.print(dossier), media_type=PDF, headers=HEADERS | {"Content-Disposition": name})

    return router


def _not_offered(stored: StoredCase, names: Directory) -> Problem:
    """Says what is missing: which promises are broken, how far each has climbed, and which step offers the file."""
    broken = broken_promises(stored)
    said = "; ".join(f"{each.promise} is at step {each.steps_taken}" for each in broken) or "no promise is broken"
    detail = f"It is offered when a broken promise has climbed the whole ladder. Here: {said}."
    extra = to_jsonable_python({"broken": broken, "ladder": _ladder(names)})
    return Problem(409, "The file for the Ombudsman is not offered yet", detail, headers=HEADERS, **extra)


def _ladder(names: Directory) -> list[dict[str, Any]]:
    """Steps with the working days after the breach; empty where no standard is known."""
    standard = next(iter(names.standards.values()), None)
    return [
        {"step": number, "level": step.level, "working_days": step.days}
        for number, step in enumerate(standard.ladder if standard else (), start=1)
    ]
