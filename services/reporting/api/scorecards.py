"""`GET /v1/scorecards`, `GET /v1/scorecards/{agency}` and what their figures mean."""

from collections.abc import Callable
from datetime import date
from typing import Annotated, Any, Final
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Response
from pydantic import AfterValidator, BaseModel, ConfigDict, StringConstraints

from services.reporting.api.filters import Asked, check_known
from services.reporting.domain.definitions import Definitions, Figure
from services.reporting.domain.scorecards import Performance, Period, Share, Timing, month_before, predecessors_of
from services.reporting.domain.views import agency_name, category_name, region_name
from services.reporting.scoring import COMPARED, Card, Cut, Scoring
from shared.directory import Directory
from shared.events.directory import Agency, AgencyLevel, Label
from shared.events.event import CategoryCode, RegionCode
from shared.problems import Problem

CACHE: Final = "public, max-age=300"

Today = Callable[[], date]
"""The day it is, WITA."""


def _readable(name: str) -> str:
    Period.parse(name)
    return name


PeriodName = Annotated[str, StringConstraints(max_length=7), AfterValidator(_readable)]
"""`2026`, `2026-Q3` or `2026-09`."""


class PeriodQuery(Asked):
    """Which cohort."""

    period: PeriodName | None = None
    """By day of receipt (WITA); default: the last month that is over."""


class TableQuery(PeriodQuery):
    """Which bodies."""

    level: AgencyLevel | None = None


class CardQuery(PeriodQuery):
    """Which cases of the body."""

    region: RegionCode | None = None
    category: CategoryCode | None = None
    line: bool = False
    """With the figures of the bodies that it came from, as one line."""


class ShareFigures(BaseModel):
    """One figure."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    number: int
    of: int | None
    """What it is a share of; null: it is no share."""
    percent: float | None
    few: bool
    """It is a share of fewer than 20: do not compare it."""
    before: float | None = None
    """The percentage of the period before; where it is no share, the number."""
    cases: str | None = None
    """Where its public cases are listed."""

    @classmethod
    def of_share(cls, share: Share, **others: Any) -> "ShareFigures":
        return cls(number=share.number, of=share.of, percent=share.percent, few=share.is_of_few, **others)


class TimingFigures(BaseModel):
    """Hours that the body had the case itself, pauses excluded, around the clock; estimated from a histogram."""

    cases: int
    median_hours: float | None
    p90_hours: float | None

    @classmethod
    def of_timing(cls, timing: Timing) -> "TimingFigures":
        return cls(cases=timing.cases, median_hours=timing.median_hours, p90_hours=timing.p90_hours)


class PerformanceFigures(BaseModel):
    """Every figure by its id, as `/v1/scorecards/definitions` says what it is."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    figures: dict[str, ShareFigures]
    times: dict[str, TimingFigures]
    rating: float | None
    """Mean of what reporters gave, 1 to 5."""
    ratings: int


class PartFigures(PerformanceFigures):
    """Of one category or region."""

    id: str
    name: Label | str | None


class StandingFigures(BaseModel):
    """One share beside those of the peers."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    place: int | None
    """1 is the best, by the lower end of Wilson's interval; null: too few cases to compare."""
    peers: int
    median_percent: float | None


class Relative(BaseModel):
    """A body that came before or after."""

    agency: str
    agency_name: Label | None
    valid_from: date | None
    valid_before: date | None


class ScorecardAnswer(PerformanceFigures):
    """What was received in the period, confidential cases included, as it stands now."""

    agency: str
    agency_name: Label
    period: str
    period_before: str
    definitions: int
    """Version."""
    bodies: list[str]
    """Whose figures are in."""
    predecessors: list[Relative]
    """Their figures stay with them, unless `line` asks for them."""
    successor: Relative | None
    beside_peers: dict[str, StandingFigures]
    categories: list[PartFigures]
    """Most complaints first."""
    regions: list[PartFigures]


class TableRow(PerformanceFigures):
    """One body."""

    agency: str
    agency_name: Label | None
    level: AgencyLevel | None


class Table(BaseModel):
    """All bodies that had something; by id, for no one order is right for all figures."""

    period: str
    definitions: int
    items: list[TableRow]


def create_scorecard_router(scoring: Scoring, names: Directory, today: Today) -> APIRouter:
    router = APIRouter(prefix="/v1/scorecards", tags=["scorecards"])

    @router.get("")
    async def list_scorecards(query: Annotated[TableQuery, Query()], response: Response) -> Table:
        """The figures that bodies are compared by, of all that had something in the period."""
        period = _period(query, today)
        every = await scoring.table(Cut(period), (*COMPARED, "received", "late"))
        response.headers["Cache-Control"] = CACHE
        rows = [_row(agency, one, names) for agency, one in sorted(every.items())]
        items = [row for row in rows if query.level in {None, row.level}]
        return Table(period=period.name, definitions=scoring.definitions().version, items=items)

    @router.get("/definitions")
    async def read_definitions(response: Response) -> Definitions:
        """What each figure counts, and for whom."""
        response.headers["Cache-Control"] = CACHE
        return scoring.definitions()

    @router.get("/{agency}")
    async def read_scorecard(agency: str, query: Annotated[CardQuery, Query()], response: Response) -> ScorecardAnswer:
        """How a body did with a period's complaints, as they stand now."""
        known = find_agency(names, agency)
        check_known(names, region=query.region, agency=None, category=query.category)
        cut = Cut(_period(query, today), query.region, query.category, query.line)
        card = await scoring.card(known, cut)
        response.headers["Cache-Control"] = CACHE
        return _answer(card, scoring.definitions(), names)

    return router


def find_agency(names: Directory, agency: str) -> Agency:
    """Raises a 404 Problem."""
    known = names.agencies.get(agency)
    if known is None:
        raise Problem(404, "No such agency", "The directory has no agency of this id.")
    return known


def cases_of(figure: Figure, card: Card) -> str:
    """The address of the list of a figure's cases."""
    cut = card.cut
    asked = {"figure": figure.id, "agency": card.agency.id, "region": cut.region, "category": cut.category}
    asked |= {"from": cut.period.first.isoformat(), "to": cut.period.last.isoformat()}
    return urlencode({name: value for name, value in asked.items() if value is not None})


def _period(query: PeriodQuery, today: Today) -> Period:
    return Period.parse(query.period or month_before(today()))


def _row(agency: str, performance: Performance, names: Directory) -> TableRow:
    known = names.agencies.get(agency)
    return TableRow(
        **_performance(performance),
        agency=agency,
        agency_name=agency_name(names, agency),
        level=known.level if known else None,
    )


def _answer(card: Card, definitions: Definitions, names: Directory) -> ScorecardAnswer:
    known, figures = card.agency, dict[str, Any](figures=_compared(card, definitions))
    return ScorecardAnswer(
        **(_performance(card.overall) | figures),
        agency=known.id,
        agency_name=known.name,
        period=card.cut.period.name,
        period_before=card.cut.period.before.name,
        definitions=definitions.version,
        bodies=list(card.bodies),
        predecessors=[_relative(names, before) for before in predecessors_of(known.id, names)],
        successor=_relative(names, known.successor) if known.successor else None,
        beside_peers={
            each.figure: StandingFigures(place=each.place, peers=each.peers, median_percent=each.median_percent)
            for each in card.standings
        },
        categories=[
            PartFigures(**_performance(part), id=category, name=category_name(names, category))
            for category, part in card.categories
        ],
        regions=[
            PartFigures(**_performance(part), id=region, name=region_name(names, region))
            for region, part in card.regions
        ],
    )


def _performance(performance: Performance) -> dict[str, Any]:
    return {
        "figures": {name: ShareFigures.of_share(share) for name, share in performance.shares.items()},
        "times": {name: TimingFigures.of_timing(timing) for name, timing in performance.timings.items()},
        "rating": performance.rating,
        "ratings": performance.ratings,
    }


def _compared(card: Card, definitions: Definitions) -> dict[str, ShareFigures]:
    return {
        figure.id: ShareFigures.of_share(
            card.overall[figure.id],
            before=before.percent if (before := card.before[figure.id]).of is not None else before.number,
            cases=f"/v1/cases?{cases_of(figure, card)}",
        )
        for figure in definitions.figures
    }


def _relative(names: Directory, agency: str) -> Relative:
    known = names.agencies.get(agency)
    return Relative(
        agency=agency,
        agency_name=known.name if known else None,
        valid_from=known.valid_from if known else None,
        valid_before=known.valid_before if known else None,
    )
