"""Where it sits: body by stage, how many cases lie there, how long, and how long others lay there before."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from services.reporting.domain.case import Head
from services.reporting.domain.figures import NO_AGENCY
from services.reporting.domain.sitting import STAGES, Sitting
from services.reporting.domain.sitting import Row as Body
from services.reporting.domain.terms import STATUSES, named
from services.reporting.pages.agencies import CARD
from services.reporting.pages.listing import Line, address_of, lines_of
from services.reporting.pages.saying import Speaker
from services.reporting.pages.standing import capital

PAGE: Final = "/macet"
MOST_BODIES: Final = 25
MOST_CASES: Final = 10
EDGES: Final = (3, 7, 14, 30)
"""Days of the oldest case in a cell, up to which a class of heat goes."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One stage at one body."""

    now: str
    """Empty where nothing lies there."""
    oldest: str
    before: str
    """How long the ones that went on had lain there; empty where none did."""
    heat: int
    """0: nothing lies there; 5: longer than the last edge."""
    href: str


@dataclass(frozen=True, slots=True)
class Row:
    """One body."""

    name: str
    href: str | None
    days: str
    cells: list[Cell]


@dataclass(frozen=True, slots=True)
class Key:
    """One class of heat."""

    heat: int
    name: str


@dataclass(frozen=True, slots=True)
class SittingPage:
    """The whole page."""

    stages: list[str]
    rows: list[Row]
    left_out: int
    legend: list[Key]
    longest: list[Line]


def show_sitting(bodies: Sequence[Body], overdue: Iterable[tuple[str, Head]], say: Speaker) -> SittingPage:
    """Where most days are lost comes first."""
    return SittingPage(
        stages=[capital(named(STATUSES, stage, say.language)) for stage in STAGES],
        rows=[_row(body, say) for body in bodies[:MOST_BODIES]],
        left_out=max(0, len(bodies) - MOST_BODIES),
        legend=[Key(heat, heat_in_words(heat, say)) for heat in range(len(EDGES) + 2)],
        longest=lines_of(overdue, say),
    )


def heat_of(sitting: Sitting) -> int:
    if not sitting.now:
        return 0
    return next((heat for heat, edge in enumerate(EDGES, start=1) if sitting.oldest_days <= edge), len(EDGES) + 1)


def heat_in_words(heat: int, say: Speaker) -> str:
    words = say.words["heat"]
    if not heat:
        return words["none"]
    return words["beyond"].format(EDGES[-1]) if heat > len(EDGES) else words["upto"].format(EDGES[heat - 1])


def _row(body: Body, say: Speaker) -> Row:
    is_nobody = body.agency == NO_AGENCY
    stages = {sitting.status: sitting for sitting in body.stages}
    return Row(
        name=say.agency(None if is_nobody else body.agency),
        href=None if is_nobody else f"{CARD}/{body.agency}",
        days=say.number(body.days),
        cells=[_cell(stages.get(stage.value, Sitting(stage.value, [])), body.agency, say) for stage in STAGES],
    )


def _cell(sitting: Sitting, agency: str, say: Speaker) -> Cell:
    words = say.words
    days, median = sitting.oldest_days, sitting.median_days
    oldest = words["since_today"] if not days else words["oldest_day" if days == 1 else "oldest_days"].format(days)
    return Cell(
        now=say.number(sitting.now) if sitting.now else "",
        oldest=oldest if sitting.now else "",
        before="" if median is None else _usually(median, sitting.went_on, say),
        heat=heat_of(sitting),
        href=address_of(instansi=agency, status=sitting.status),
    )


def _usually(median: float, went_on: int, say: Speaker) -> str:
    word = "usually_a_day" if median <= 1 else "usually"
    return say.words[word].format(days=math.ceil(median), cases=say.number(went_on))
