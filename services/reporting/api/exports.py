"""`/data`: datasets as files, and what they hold."""

from calendar import monthrange
from datetime import date, timedelta
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Response
from fastapi.responses import JSONResponse
from pydantic import Field, StringConstraints

from services.reporting.api.filters import NONE, AgencyFilter, Asked, Day, Moment, check_known, check_period
from services.reporting.domain.sheltering import is_below_regency, sensitive_categories
from services.reporting.exporting import Exporting
from services.reporting.exports.package import make_package
from services.reporting.store.exports import Months
from services.reporting.store.searches import Search
from shared.bodies import describe_refusals
from shared.directory import Directory
from shared.events.case import Status
from shared.events.event import CategoryCode, RegionCode

_CACHE: Final = {"Cache-Control": "public, max-age=3600", "Access-Control-Allow-Origin": "*"}
_FILE: Final[dict[int | str, dict[str, Any]]] = {
    200: {"description": "The file, as a stream. One that breaks off is not whole.", "content": {"text/csv": {}}},
    404: {"description": "It is not there in this format."},
    503: {"description": "Many are being fetched; `Retry-After` says when to try again."},
}


class FigureQuery(Asked):
    """Which figures; all conditions hold together."""

    region: Annotated[str, StringConstraints(pattern=r"^52(\.\d\d(\.\d\d)?)?$")] | None = None
    """Down to a district."""
    agency: AgencyFilter | None = None
    category: CategoryCode | None = None
    first: Day | None = Field(default=None, alias="from")
    last: Day | None = Field(default=None, alias="to")
    """Months count that lie wholly between, both days included."""


class CaseQuery(Asked):
    """Which cases; all conditions hold together, as in `/v1/cases`."""

    region: RegionCode | None = None
    agency: AgencyFilter | None = None
    category: CategoryCode | None = None
    status: Status | None = None
    first: Day | None = Field(default=None, alias="from")
    last: Day | None = Field(default=None, alias="to")
    updated_after: Moment | None = None
    """Which cases had an event since. Whoever follows changes should read `/v1/cases`, which tells of cases that are
    public no more, too."""


def create_export_router(exporting: Exporting, names: Directory) -> APIRouter:
    router = APIRouter(prefix="/data", tags=["open data"], responses=describe_refusals(404, 422, 503))

    @router.get("/dictionary.json")
    @router.get("/datapackage.json", include_in_schema=False)
    async def read_dictionary() -> JSONResponse:
        """What every column of every dataset means, in both languages: a Frictionless Data Package."""
        return JSONResponse(make_package(exporting.catalogue), headers=_CACHE)

    @router.get("/cases.{form}", response_class=Response, responses=_FILE)
    async def export_cases(form: str, query: Annotated[CaseQuery, Query()]) -> Response:
        """All public cases as they stand now, by day of receipt: csv, json, jsonl, geojson or parquet."""
        check_period(query.first, query.last)
        check_known(names, region=query.region, agency=query.agency, category=query.category)
        return await exporting.cases(_search(query, names), form)

    @router.get("/figures.{form}", response_class=Response, responses=_FILE)
    async def export_figures(form: str, query: Annotated[FigureQuery, Query()]) -> Response:
        """Counts by month, district, agency and category: csv, json, jsonl or parquet."""
        check_period(query.first, query.last)
        check_known(names, region=query.region, agency=query.agency, category=query.category)
        return await exporting.figures(_months(query, names), form)

    return router


def _search(query: CaseQuery, names: Directory) -> Search:
    return Search(
        never=sensitive_categories(names) if is_below_regency(query.region) else (),
        region=query.region,
        agency="" if query.agency == NONE else query.agency,
        category=query.category,
        status=query.status.value if query.status else None,
        first=query.first.isoformat() if query.first else None,
        last=query.last.isoformat() if query.last else None,
        updated_after=query.updated_after,
    )


def _months(query: FigureQuery, names: Directory) -> Months:
    return Months(
        region=query.region,
        agency=query.agency,
        category=query.category,
        # A district of what is sensitive is not told.
        never=sensitive_categories(names) if is_below_regency(query.region) else (),
        first=_first_whole(query.first) if query.first else None,
        last=_last_whole(query.last) if query.last else None,
    )


def _first_whole(day: date) -> str:
    begins = day if day.day == 1 else day.replace(day=monthrange(day.year, day.month)[1]) + timedelta(days=1)
    return f"{begins:%Y-%m}"


def _last_whole(day: date) -> str:
    ends = day if day.day == monthrange(day.year, day.month)[1] else day.replace(day=1) - timedelta(days=1)
    return f"{ends:%Y-%m}"
