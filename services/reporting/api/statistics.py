"""`GET /v1/statistics`."""

import asyncio
from contextlib import nullcontext
from datetime import date
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from services.reporting.api.figures import Figures
from services.reporting.api.filters import AgencyFilter, Asked, Day, RegionOfFigures, check_known, check_period
from services.reporting.domain.statistics import Counts, Dimension, Level, Question
from services.reporting.domain.views import agency_name, category_name, region_name
from services.reporting.store import Store
from services.reporting.store.figures import MOST_ROWS, Cell, agency_of
from shared.bodies import describe_refusals
from shared.directory import Directory
from shared.events.directory import Label
from shared.events.event import CategoryCode
from shared.limits import ANSWERS_WITHIN_S, answered_within
from shared.problems import field_problem

CACHE: Final = "public, max-age=30"
MOST_DAYS: Final = 366
DAYS_AT_ONCE: Final = 4
"""So many questions by day are answered at one time: not every one is added up beforehand, and everybody may ask."""


def _split(entered: object) -> object:
    """Both `by=region,month` and `by=region&by=month` are understood."""
    return [name for part in entered for name in str(part).split(",")] if isinstance(entered, list) else entered


class StatisticsQuery(Asked):
    """What to count, and by what. Days are WITA days of receipt."""

    by: Annotated[list[Dimension], BeforeValidator(_split)] = Field(default_factory=list[Dimension], max_length=2)
    """One or two; none: only totals. By `day` needs `from` and `to`, at most 366 days apart."""
    level: Level = "regency"
    """Of `by=region`."""
    first: Day | None = Field(default=None, alias="from")
    last: Day | None = Field(default=None, alias="to")
    """Included."""
    region: RegionOfFigures | None = None
    """Down to a district."""
    agency: AgencyFilter | None = None
    category: CategoryCode | None = None


class StatisticsRow(Figures):
    """One cell. Only the dimensions that were asked for are there; names are those of today."""

    region: str = ""
    """With `level=district`, a regency where the district is not known; `52` where nothing is."""
    region_name: str | None = None
    agency: str | None = None
    """Null: no agency has them."""
    agency_name: Label | None = None
    category: str = ""
    category_name: Label | None = None
    day: date | None = None
    month: str = ""


class Statistics(BaseModel):
    """Figures of the cohort that was received in the period. See `rows_complete` before adding rows up."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    by: list[Dimension]
    totals: Figures
    totals_complete: bool
    rows: list[StatisticsRow]
    rows_complete: bool
    """False: below regency and month, confidential cases are only in where 5 of them fall together, and those of
    a district lack what is told by regency only."""


def create_statistics_router(store: Store, names: Directory) -> APIRouter:
    router = APIRouter(prefix="/v1/statistics", tags=["statistics"], responses=describe_refusals(422, 503))
    days = asyncio.Semaphore(DAYS_AT_ONCE)

    @router.get("", response_model_exclude_unset=True)
    async def read_statistics(query: Annotated[StatisticsQuery, Query()], response: Response) -> Statistics:
        """Received, followed up, done and rejected, as the cases stand now, by the day of receipt."""
        check_period(query.first, query.last)
        _check_days(query)
        check_known(names, region=query.region, agency=query.agency, category=query.category)
        response.headers["Cache-Control"] = CACHE
        async with answered_within(ANSWERS_WITHIN_S), days if Dimension.DAY in query.by else nullcontext():
            return await _answer(_question(query), store, names)

    return router


def _check_days(query: StatisticsQuery) -> None:
    """Raises a 422 Problem. Months are added up beforehand, days are not: those of all years would cost seconds."""
    first, last = query.first, query.last
    if Dimension.DAY in query.by and not (first and last and (last - first).days < MOST_DAYS):
        raise field_problem(("by", "day needs `from` and `to`, at most 366 days apart"))


def _question(query: StatisticsQuery) -> Question:
    return Question(
        by=tuple(dict.fromkeys(query.by)),
        level=query.level,
        first=query.first,
        last=query.last,
        region=query.region,
        agency=query.agency,
        category=query.category,
    )


async def _answer(question: Question, store: Store, names: Directory) -> Statistics:
    total, rows = await asyncio.gather(store.figures.total(question), _rows(question, store))
    if len(rows) > MOST_ROWS:
        raise field_problem(("by", f"gives more than {MOST_ROWS} rows; ask for a shorter period or fewer dimensions"))
    return Statistics(
        by=list(question.by),
        totals=Figures.of(total),
        totals_complete=question.totals_complete,
        rows=[StatisticsRow.of(counts, **_named(cell, names)) for cell, counts in rows],
        rows_complete=question.rows_complete,
    )


async def _rows(question: Question, store: Store) -> list[tuple[Cell, Counts]]:
    return await store.figures.rows(question) if question.by else []


def _named(cell: Cell, names: Directory) -> dict[str, Any]:
    named: dict[str, Any] = dict(cell)
    if "region" in cell:
        named["region_name"] = region_name(names, cell["region"])
    if "agency" in cell:
        named["agency"] = agency_of(cell)
        named["agency_name"] = agency_name(names, agency_of(cell))
    if "category" in cell:
        named["category_name"] = category_name(names, cell["category"])
    return named
