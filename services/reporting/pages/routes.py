"""The public pages: where they are."""

from http import HTTPStatus

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.responses import RedirectResponse
from starlette.exceptions import HTTPException

from services.reporting.pages.case import show_case
from services.reporting.pages.listing import ITEMS, choices_of, lines_of, next_page, read_wanted, to_search
from services.reporting.pages.listing import PAGE as CASES
from services.reporting.pages.mapping import PAGE as MAP
from services.reporting.pages.mapping import figures_for, see, show_map
from services.reporting.pages.periods import Period
from services.reporting.pages.site import Site, Visit
from services.reporting.pages.today import read_numbers, show_today
from shared.ids import parse_ticket
from shared.problems import Problem, to_response


def create_public_router(site: Site) -> APIRouter:
    router = APIRouter(include_in_schema=False)

    @router.get("/")
    async def today(request: Request) -> Response:
        return await site.visit(request, lambda visit: _today(site, visit))

    @router.get(MAP)
    @router.get(MAP + "/{region}")
    async def regions(request: Request, region: str | None = None) -> Response:
        return await site.visit(request, lambda visit: _map(site, visit, region))

    @router.get(CASES)
    async def cases(request: Request) -> Response:
        return await site.visit(request, lambda visit: _cases(site, visit))

    @router.get(CASES + "/{ticket}")
    async def case(request: Request, ticket: str) -> Response:
        return await site.visit(request, lambda visit: _case(site, visit, ticket))

    router.add_api_route("/language", site.choose_language, methods=["POST"])
    return router


def answer_unknown_paths(app: FastAPI, site: Site) -> None:
    """A page for browsers, a problem for everybody else."""

    @app.exception_handler(HTTPException)
    async def _unknown(request: Request, error: HTTPException) -> Response:
        if "text/html" in request.headers.get("accept", "") and not request.url.path.startswith("/v1/"):
            return site.sorry(site.visit_of(request), error.status_code)
        return to_response(Problem(error.status_code, HTTPStatus(error.status_code).phrase, headers=error.headers))


async def _today(site: Site, visit: Visit) -> Response:
    period = Period.of(visit.sent.get("waktu", ""), visit.say.today)
    numbers = await read_numbers(site.store.figures, period, visit.say.today)
    return site.show(visit, "today.html", page=show_today(numbers, visit.say))


async def _map(site: Site, visit: Visit, region: str | None) -> Response:
    known = site.names.regions.get(region or "")
    if region is not None and (known is None or known.level != "regency"):
        return site.sorry(visit, HTTPStatus.NOT_FOUND)
    period = Period.of(visit.sent.get("waktu", ""), visit.say.today)
    chosen = visit.sent.get("angka", "")
    figure = chosen if chosen in figures_for(region) else figures_for(region)[0]
    return site.show(visit, "map.html", page=show_map(await see(site.store.figures, region, period, figure), visit.say))


async def _cases(site: Site, visit: Visit) -> Response:
    asked = read_wanted(visit.sent, site.names)
    if asked.wanted.ticket:
        return RedirectResponse(f"{CASES}/{asked.wanted.ticket}", HTTPStatus.SEE_OTHER)
    found = [] if asked.faults else await site.store.cases.search(to_search(asked.wanted))
    return site.show(
        visit,
        "cases.html",
        HTTPStatus.UNPROCESSABLE_ENTITY if asked.faults else HTTPStatus.OK,
        asked=asked,
        lines=lines_of(found[:ITEMS], visit.say),
        following=next_page(asked, found),
        choices=choices_of(asked, visit.say),
    )


async def _case(site: Site, visit: Visit, ticket: str) -> Response:
    try:
        canonical = parse_ticket(ticket)
    except ValueError:
        return site.sorry(visit, HTTPStatus.NOT_FOUND)
    stored = await site.reading.public(canonical)
    page = show_case(stored, visit.say) if stored else None
    return site.show(visit, "case.html", page=page) if page else site.sorry(visit, HTTPStatus.NOT_FOUND)
