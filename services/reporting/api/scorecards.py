"""`GET /v1/scorecards/{agency}`."""

from collections.abc import Callable
from datetime import date
from typing import Annotated, Final, Self

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, ConfigDict, StringConstraints

from services.reporting.api.figures import Figures
from services.reporting.api.filters import Asked
from services.reporting.domain.scorecards import (
    Performance,
    PromiseShare,
    Scorecard,
    make_scorecard,
    month_before,
    predecessors_of,
)
from services.reporting.domain.views import category_name
from services.reporting.store import Store
from shared.directory import Directory
from shared.events.case import PromiseKind
from shared.events.directory import Agency, Label
from shared.problems import Problem

CACHE: Final = "public, max-age=300"

Today = Callable[[], date]
"""The day it is, WITA."""


class ScorecardQuery(Asked):
    """Which month's cohort."""

    month: Annotated[str, StringConstraints(pattern=r"^20[0-9]{2}-(0[1-9]|1[0-2])$")] | None = None
    """`YYYY-MM`; default: the last month that is over."""


class PromiseFigures(BaseModel):
    """How one promise was kept. Cases that were entered afterwards are not in."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    kind: PromiseKind
    on_time: int
    late: int
    open: int
    """Neither met nor ended."""
    overdue: int
    """The open ones that were due before today."""
    on_time_percent: float | None
    """Of those that came due: on time, late and overdue."""

    @classmethod
    def of(cls, share: PromiseShare) -> Self:
        return cls.model_validate(share, from_attributes=True)


class PerformanceFigures(Figures):
    """Counts, promises and medians. Hours are since receipt, around the clock, estimated from a histogram."""

    promises: list[PromiseFigures]
    median_hours_to_follow_up: float | None
    median_hours_to_resolution: float | None

    @classmethod
    def from_performance(cls, performance: Performance, **others: object) -> Self:
        return cls.of(
            performance.counts,
            promises=[PromiseFigures.of(share) for share in performance.promises],
            median_hours_to_follow_up=performance.median_hours_to_follow_up,
            median_hours_to_resolution=performance.median_hours_to_resolution,
            **others,
        )


class CategoryFigures(PerformanceFigures):
    """One category's part."""

    category: str
    category_name: Label | None


class Relative(BaseModel):
    """A body that came before or after."""

    agency: str
    agency_name: Label | None
    valid_from: date | None
    valid_before: date | None


class ScorecardAnswer(PerformanceFigures):
    """What was received in the month and is with the agency now, confidential cases included."""

    agency: str
    agency_name: Label
    month: str
    predecessors: list[Relative]
    """Their figures stay with them."""
    successor: Relative | None
    categories: list[CategoryFigures]
    """Most complaints first."""


def create_scorecard_router(store: Store, names: Directory, today: Today) -> APIRouter:
    router = APIRouter(prefix="/v1/scorecards", tags=["scorecards"])

    @router.get("/{agency}")
    async def read_scorecard(
        agency: str, query: Annotated[ScorecardQuery, Query()], response: Response
    ) -> ScorecardAnswer:
        """How an agency did with a month's complaints, as they stand now."""
        known = _find(names, agency)
        month = query.month or month_before(today())
        scorecard = make_scorecard(await store.buckets.of_agency(known.id, month), today())
        response.headers["Cache-Control"] = CACHE
        return _answer(scorecard, known, month, names)

    return router


def _find(names: Directory, agency: str) -> Agency:
    known = names.agencies.get(agency)
    if known is None:
        raise Problem(404, "No such agency", "The directory has no agency of this id.")
    return known


def _answer(scorecard: Scorecard, agency: Agency, month: str, names: Directory) -> ScorecardAnswer:
    parts = [
        CategoryFigures.from_performance(part, category=category, category_name=category_name(names, category))
        for category, part in scorecard.categories
    ]
    return ScorecardAnswer.from_performance(
        scorecard.overall,
        agency=agency.id,
        agency_name=agency.name,
        month=month,
        predecessors=[_relative(names, before) for before in predecessors_of(agency.id, names)],
        successor=_relative(names, agency.successor) if agency.successor else None,
        categories=parts,
    )


def _relative(names: Directory, agency: str) -> Relative:
    known = names.agencies.get(agency)
    return Relative(
        agency=agency,
        agency_name=known.name if known else None,
        valid_from=known.valid_from if known else None,
        valid_before=known.valid_before if known else None,
    )
