"""`GET /v1/scorecards`, `GET /v1/scorecards/{agency}` and what their figures mean."""

from collections.abc import Callable, Mapping
from datetime import date
from typing import Annotated, Any, Final
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Response
from pydantic import AfterValidator, StringConstraints

from services.reporting.api.filters import Asked, RegionOfFigures, check_known
from services.reporting.api.scorecard_figures import (
    PartFigures,
    Relative,
    ScorecardAnswer,
    ShareFigures,
    StandingFigures,
    Table,
    TableRow,
    TimingFigures,
)
from services.reporting.domain.definitions import COMPARED, Definitions, Figure
from services.reporting.domain.scorecards import Performance, Period, Share, month_before, predecessors_of
from services.reporting.domain.views import agency_name, category_name, region_name
from services.reporting.scoring import Card, Cut, Scoring
from shared.bodies import describe_refusals
from shared.directory import Directory
from shared.events.directory import Agency, AgencyLevel
from shared.events.event import CategoryCode
from shared.problems import Problem

CACHE: Final = "public, max-age=300"
IN_TABLE: Final = ("received", *COMPARED, "late")
"""Figures of all bodies beside each other; of others it would cost more to read them."""

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

    region: RegionOfFigures | None = None
    """Down to a district; see `complete` then."""
    category: CategoryCode | None = None
    line: bool = False
    """With the figures of the bodies that it came from, as one line."""


def create_scorecard_router(scoring: Scoring, names: Directory, today: Today) -> APIRouter:
    router = APIRouter(prefix="/v1/scorecards", tags=["scorecards"], responses=describe_refusals(404, 422, 503))

    @router.get("")
    async def list_scorecards(query: Annotated[TableQuery, Query()], response: Response) -> Table:
        """The figures that bodies are compared by, of all that had something in the period."""
        period = _period(query, today)
        every = await scoring.table(Cut(period), IN_TABLE)
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
    asked |= {"line": "true" if cut.line else None}
    asked |= {"from": cut.period.first.isoformat(), "to": cut.period.last.isoformat()}
    return urlencode({name: value for name, value in asked.items() if value is not None})


def _period(query: PeriodQuery, today: Today) -> Period:
    return Period.parse(query.period or month_before(today()))


def _row(agency: str, shares: Mapping[str, Share], names: Directory) -> TableRow:
    known = names.agencies.get(agency)
    return TableRow(
        figures={name: ShareFigures.of_share(shares[name]) for name in IN_TABLE},
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
        complete=card.is_complete,
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
