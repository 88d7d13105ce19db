"""`GET /v1/statistics/sitting`: where it sits."""

from typing import Final

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict

from services.reporting.api.scorecards import Today
from services.reporting.domain.figures import NO_AGENCY
from services.reporting.domain.sitting import Row, Sitting
from services.reporting.domain.views import agency_name
from services.reporting.scoring import Scoring
from shared.bodies import describe_refusals
from shared.directory import Directory
from shared.events.directory import Label

CACHE: Final = "public, max-age=30"


class StageFigures(BaseModel):
    """One state at one body."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    status: str
    now: int
    """Cases that lie there."""
    by_age: list[int]
    """The same by how long: up to each of `edges_days`, and longer."""
    oldest_days: int
    went_on: int
    """Of the last three months: cases that lay there and went on."""
    median_days: float | None
    """How long these had lain there; estimated from a histogram."""
    p90_days: float | None

    @classmethod
    def of(cls, sitting: Sitting) -> "StageFigures":
        told = {name: getattr(sitting, name) for name in cls.model_fields}
        return cls(**told)


class BodyFigures(BaseModel):
    """One body; of its stages, in order, those in which something lies or lay."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    agency: str | None
    """Null: nobody has them."""
    agency_name: Label | None
    days: int
    """That the cases which lie there now have lain there, all together."""
    stages: list[StageFigures]


class SittingAnswer(BaseModel):
    """Confidential cases are in. Where most days are lost comes first."""

    edges_days: list[int]
    items: list[BodyFigures]


def create_sitting_router(scoring: Scoring, names: Directory, today: Today) -> APIRouter:
    router = APIRouter(prefix="/v1/statistics", tags=["statistics"], responses=describe_refusals(422, 503))

    @router.get("/sitting")
    async def read_sitting(response: Response) -> SittingAnswer:
        """Which body has how many cases in which state, for how long, and how long others lay there before."""
        rows = await scoring.sitting(today())
        response.headers["Cache-Control"] = CACHE
        items = [_body(row, names) for row in rows]
        return SittingAnswer(edges_days=list(scoring.definitions().edges_days), items=items)

    return router


def _body(row: Row, names: Directory) -> BodyFigures:
    agency = None if row.agency == NO_AGENCY else row.agency
    stages = [StageFigures.of(stage) for stage in row.stages]
    return BodyFigures(agency=agency, agency_name=agency_name(names, agency), days=row.days, stages=stages)
