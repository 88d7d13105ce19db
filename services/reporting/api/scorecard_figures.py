"""How scorecards are told."""

from datetime import date
from typing import Any

from pydantic import BaseModel, ConfigDict

from services.reporting.domain.scorecards import Share, Timing
from shared.events.directory import AgencyLevel, Label


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
    """What was received in the period, as it stands now; confidential cases included, as far as `complete` says."""

    agency: str
    agency_name: Label
    period: str
    period_before: str
    definitions: int
    """Version."""
    complete: bool
    """False, of a district: confidential cases are only in where 5 of them fall together, and what is told by regency
    only is not."""
    bodies: list[str]
    """Whose figures are in."""
    predecessors: list[Relative]
    """Their figures stay with them, unless `line` asks for them."""
    successor: Relative | None
    beside_peers: dict[str, StandingFigures]
    categories: list[PartFigures]
    """Most complaints first."""
    regions: list[PartFigures]


class TableRow(BaseModel):
    """One body, with the figures that bodies are compared by."""

    figures: dict[str, ShareFigures]
    agency: str
    agency_name: Label | None
    level: AgencyLevel | None


class Table(BaseModel):
    """All bodies that had something; by id, for no one order is right for all figures."""

    period: str
    definitions: int
    items: list[TableRow]
