"""`GET` and `POST /v1/cases/near`: what may have been reported already."""

from typing import Annotated, Self

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, Field, model_validator

from services.reporting.api.filters import Asked, check_known
from services.reporting.domain.near import Near, Place
from services.reporting.domain.terms import STATUSES, label_of
from services.reporting.domain.views import CaseFacts, list_facts
from services.reporting.finding import Finding
from shared.bodies import describe_refusals
from shared.directory import Directory
from shared.events.complaints import Cell
from shared.events.directory import Label
from shared.events.event import CategoryCode, RegionCode

_HALF_A_CELL = 0.01


class NearQuery(Asked):
    """What it is about and where: a point, a cell, or a region below the regency."""

    category: CategoryCode
    latitude: float | None = Field(default=None, ge=-90, le=90, allow_inf_nan=False)
    longitude: float | None = Field(default=None, ge=-180, le=180, allow_inf_nan=False)
    cell: Cell | None = None
    region: RegionCode | None = None

    @model_validator(mode="after")
    def _has_whole_points(self) -> Self:
        if (self.latitude is None) != (self.longitude is None):
            raise ValueError("latitude and longitude go together")
        return self

    @property
    def place(self) -> Place:
        if self.latitude is None and self.cell is not None:
            south, west = (float(degrees) for degrees in self.cell.split(","))
            return Place(south + _HALF_A_CELL, west + _HALF_A_CELL, self.region)
        return Place(self.latitude, self.longitude, self.region)


class NearBody(NearQuery):
    """The same with what was written, which must stand in no address."""

    text: str | None = Field(default=None, max_length=5_000)


class NearCase(BaseModel):
    """A public case that may be the same matter, with the reasons."""

    case: CaseFacts
    status_name: Label
    is_open: bool
    """Else it was resolved not long ago."""
    kilometres: int | None
    """To the middle of its cell, rounded up: nothing more exact is public."""
    days: int
    """Since it was received."""
    similarity: float | None
    """Of what is published of it to your text, from 0 to 1; null where nothing is, or no text was sent."""
    reporters: int
    """People who have the trouble: who complained of it, here or in a linked case, and supporters."""


class NearCases(BaseModel):
    """The likeliest first, at most five."""

    items: list[NearCase]


def create_near_router(finding: Finding, names: Directory) -> APIRouter:
    router = APIRouter(prefix="/v1/cases", tags=["cases"], responses=describe_refusals(400, 413, 422, 503))

    async def answer(query: NearQuery, text: str | None, response: Response) -> NearCases:
        check_known(names, region=query.region, agency=None, category=query.category)
        response.headers["Cache-Control"] = "no-store"
        found = await finding.near(query.category, query.place, text)
        return NearCases(items=[_told(one, names) for one in found])

    @router.get("/near")
    async def read_near(query: Annotated[NearQuery, Query()], response: Response) -> NearCases:
        """Public cases of the same kind near a place that are open or were resolved in the last two weeks."""
        return await answer(query, None, response)

    @router.post("/near")
    async def find_near(body: NearBody, response: Response) -> NearCases:
        """The same, compared with what somebody is about to write. Nothing of it is kept."""
        return await answer(body, body.text, response)

    return router


def _told(near: Near, names: Directory) -> NearCase:
    return NearCase(
        case=list_facts(near.ticket, near.head, names),
        status_name=label_of(STATUSES, near.head.snapshot.status),
        is_open=near.is_open,
        kilometres=near.kilometres,
        days=near.days,
        similarity=near.similarity,
        reporters=near.reporters,
    )
