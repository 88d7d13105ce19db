"""The public pages: where they are."""

from collections.abc import Awaitable, Callable
from http import HTTPStatus

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.responses import RedirectResponse
from starlette.exceptions import HTTPException

from services.reporting.exporting import Exporting
from services.reporting.pages import answering, supporting
from services.reporting.pages.agencies import CARD
from services.reporting.pages.agencies import PAGE as AGENCIES
from services.reporting.pages.brief import PAGE as BRIEF
from services.reporting.pages.data import PAGE as DATA
from services.reporting.pages.data import show_data
from services.reporting.pages.listing import PAGE as CASES
from services.reporting.pages.mapping import PAGE as MAP
from services.reporting.pages.site import Site, Visit
from services.reporting.pages.sitting import PAGE as SITTING
from services.reporting.pages.supporting import PAGE as NEAR
from shared.problems import Problem, to_response

Show = Callable[..., Awaitable[Response]]


def create_public_router(site: Site) -> APIRouter:
    router = APIRouter(include_in_schema=False)

    def page(path: str, show: Show, *more: str) -> None:
        """Answers HEAD too, and methods besides. What the path names goes to the page by name."""

        async def answer(request: Request) -> Response:
            return await site.visit(request, lambda visit: show(site, visit, **request.path_params))

        router.add_api_route(path, answer, methods=["GET", "HEAD", *more])

    page("/", answering.today)
    page("/hidup", answering.live)
    page(AGENCIES, answering.agencies)
    page(CARD + "/{agency}.pdf", answering.printed_card)
    page(CARD + "/{agency}", answering.card)
    page(MAP, answering.regions)
    page(MAP + "/{region}", answering.regions)
    page(CASES, answering.cases)
    page(NEAR, supporting.near, "POST")
    page(CASES + "/{ticket}", answering.case)
    page(CASES + "/{ticket}/juga", supporting.me_too)
    page(SITTING, answering.sitting)
    page(BRIEF, answering.brief)
    page(BRIEF + ".txt", answering.message)
    page(CARD, _to_agencies)
    router.add_api_route("/language", site.choose_language, methods=["POST"])
    return router


def create_data_page_router(site: Site, exporting: Exporting) -> APIRouter:
    router = APIRouter(include_in_schema=False)

    async def show(visit: Visit) -> Response:
        page = show_data(exporting.catalogue, await exporting.sizes(), visit.say)
        return site.show(visit, "data.html", page=page)

    async def answer(request: Request) -> Response:
        return await site.visit(request, show)

    router.add_api_route(DATA, answer, methods=["GET", "HEAD"])
    return router


def answer_unknown_paths(app: FastAPI, site: Site) -> None:
    """A page for browsers, a problem for everybody else."""

    @app.exception_handler(HTTPException)
    async def _unknown(request: Request, error: HTTPException) -> Response:
        if "text/html" in request.headers.get("accept", "") and not request.url.path.startswith("/v1/"):
            return site.sorry(site.visit_of(request), error.status_code)
        return to_response(Problem(error.status_code, HTTPStatus(error.status_code).phrase, headers=error.headers))


async def _to_agencies(_: Site, __: Visit) -> Response:
    return RedirectResponse(AGENCIES, HTTPStatus.SEE_OTHER)
