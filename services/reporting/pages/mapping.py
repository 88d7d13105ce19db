"""The map: one figure by regency or by district, in classes that have names, and a table that says the same."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final
from urllib.parse import urlencode

from services.reporting.domain.figures import PROVINCE
from services.reporting.domain.statistics import Dimension, Question, percent
from services.reporting.pages.listing import address_of
from services.reporting.pages.periods import KINDS, Period
from services.reporting.pages.saying import Speaker
from services.reporting.pages.scales import Key, Scale
from services.reporting.pages.shapes import Box, Level, Shape, around, box_of, hexagon, population, shapes
from services.reporting.pages.today import FOLLOWED_UP, LATE, NONE, RECEIVED, SHOWN, between_in_words
from services.reporting.store.figures import FigureStore, NotAddedUp, Numbers

PAGE: Final = "/peta"
NUMBER, PER_HEAD, SHARE, OVERDUE = "diterima", "per-penduduk", "ditindaklanjuti", "terlambat"
HEXAGONS: Final = "segi-enam"
OF_PROVINCE: Final = (NUMBER, PER_HEAD, SHARE, OVERDUE)
OF_REGENCY: Final = (NUMBER, SHARE, OVERDUE, HEXAGONS)
"""As they stand in addresses, the default first. Of districts the population is not known."""
_HEADS: Final = 10_000
FEWEST: Final = 5
"""A share of fewer tells nothing."""


@dataclass(frozen=True, slots=True)
class Area:
    """A region on the map."""

    code: str
    path: str
    tone: int
    told: str
    href: str


@dataclass(frozen=True, slots=True)
class Hexagon:
    """About 36 square kilometres."""

    points: str
    tone: int
    told: str
    around: str
    number: str
    class_name: str


@dataclass(frozen=True, slots=True)
class Row:
    """What the table says of a region."""

    name: str
    number: str
    class_name: str
    tone: int
    received: str
    followed_up: str
    href: str | None
    """Further down; None: there is no map of it."""
    cases: str


@dataclass(frozen=True, slots=True)
class Seen:
    """What the map is made of."""

    region: str | None
    period: Period
    figure: str
    counts: Mapping[str, Numbers]
    hexagons: Mapping[str, int]
    complete: bool


@dataclass(frozen=True, slots=True)
class MapPage:
    """The whole page."""

    region: str | None
    heading: str
    figure: str
    figures: tuple[str, ...]
    period: str
    kinds: tuple[str, ...]
    between: str
    box: Box
    areas: list[Area]
    hexagons: list[Hexagon]
    legend: list[Key]
    rows: list[Row]
    complete: bool


async def see(figures: FigureStore, region: str | None, period: Period, figure: str) -> Seen:
    """Read the buckets: of all regencies, or of the districts of one."""
    question = Question(
        by=(Dimension.REGION,),
        level="district" if region else "regency",
        first=period.first,
        last=period.last,
        region=region,
    )
    rows = await figures.table(question, SHOWN)
    counts = {cell["region"]: row for cell, row in rows}
    hexagons = await _hexagons_of(figures, question) if figure == HEXAGONS else {}
    return Seen(region, period, figure, counts, hexagons, question.rows_complete)


async def _hexagons_of(figures: FigureStore, question: Question) -> Mapping[str, int]:
    """None of parts of months, for which they are not kept."""
    try:
        return await figures.hexagons(replace(question, level="regency"))
    except NotAddedUp:
        return {}


def figures_for(region: str | None) -> tuple[str, ...]:
    return OF_REGENCY if region else OF_PROVINCE


def show_map(seen: Seen, say: Speaker) -> MapPage:
    """The map in words and in classes."""
    shown, context = _shapes_in(seen.region), (seen, say)
    values = {code: _value(code, seen) for code in {*shown, *seen.counts}}
    scale = _scale(seen, [values[code] for code in shown])
    ordered = sorted(values.items(), key=lambda one: (-seen.counts.get(one[0], NONE)[RECEIVED], one[0]))
    return MapPage(
        region=seen.region,
        heading=say.region(seen.region) if seen.region else say.words["map"],
        figure=seen.figure,
        figures=figures_for(seen.region),
        period=seen.period.kind,
        kinds=KINDS,
        between=between_in_words(seen.period, say),
        box=box_of(shown.values()),
        areas=[_area(shape, values[shape.code], scale, context) for shape in shown.values()],
        hexagons=_hexagons(seen, scale, shown.values(), say),
        legend=scale.legend(say),
        rows=[_row(code, value, scale, context) for code, value in ordered],
        complete=seen.complete,
    )


def _scale(seen: Seen, values: Iterable[float | None]) -> Scale:
    if seen.figure == HEXAGONS:
        return Scale.of(seen.hexagons.values())
    return Scale.shares() if seen.figure == SHARE else Scale.of(values)


def _shapes_in(region: str | None) -> Mapping[str, Shape]:
    level: Level = "district" if region else "regency"
    return {code: shape for code, shape in shapes(level).items() if region is None or code.startswith(f"{region}.")}


def _value(code: str, seen: Seen) -> float | None:
    counts = seen.counts.get(code, NONE)
    match seen.figure:
        case "per-penduduk":
            heads = population().get(code)
            return round(_HEADS * counts[RECEIVED] / heads, 1) if heads else None
        case "ditindaklanjuti":
            return percent(counts[FOLLOWED_UP], counts[RECEIVED]) if counts[RECEIVED] >= FEWEST else None
        case "terlambat":
            return counts[LATE]
        case _:
            return counts[RECEIVED]


def _told(value: float | None, seen: Seen, say: Speaker) -> str:
    return say.percent(value) if seen.figure == SHARE else say.number(value)


def _href(code: str, seen: Seen) -> str:
    """Of a regency its own map, of a district its cases."""
    if seen.region is None and len(code) == len("52.03"):
        return f"{PAGE}/{code}?" + urlencode({"waktu": seen.period.kind, "angka": seen.figure})
    return _cases(code, seen)


def _cases(code: str, seen: Seen) -> str:
    return address_of(wilayah=code, **seen.period.asked)


def _area(shape: Shape, value: float | None, scale: Scale, context: tuple[Seen, Speaker]) -> Area:
    seen, say = context
    tone = 0 if seen.figure == HEXAGONS else scale.class_of(value)
    name, number = say.region(shape.code), _told(value, seen, say)
    told = f"{name}: {number}" if seen.figure == HEXAGONS else f"{name}: {number}, {scale.name(tone, say)}"
    return Area(shape.code, shape.path, tone, told, _href(shape.code, seen))


def _row(code: str, value: float | None, scale: Scale, context: tuple[Seen, Speaker]) -> Row:
    seen, say = context
    tone, counts = scale.class_of(value), seen.counts.get(code, NONE)
    is_whole = code in {seen.region, PROVINCE}
    return Row(
        name=say.words["place_unknown"] if is_whole else say.region(code),
        number=_told(value, seen, say),
        class_name=scale.name(tone, say),
        tone=tone,
        received=say.number(counts[RECEIVED]),
        followed_up=say.number(counts[FOLLOWED_UP]),
        href=None if is_whole else _href(code, seen),
        cases=_cases(code, seen),
    )


def _hexagons(seen: Seen, scale: Scale, shown: Iterable[Shape], say: Speaker) -> list[Hexagon]:
    """The one with most complaints first."""
    found = list(shown)
    return [
        _hexagon(index, number, scale, (around(index, found), say))
        for index, number in sorted(seen.hexagons.items(), key=lambda one: (-one[1], one[0]))
    ]


def _hexagon(index: str, number: int, scale: Scale, context: tuple[str | None, Speaker]) -> Hexagon:
    code, say = context
    tone, count = scale.class_of(number), say.number(number)
    place = say.region(code) if code else say.words["near_border"]
    told = say.words["in_hexagon"].format(number=count, place=place)
    return Hexagon(hexagon(index), tone, told, place, count, scale.name(tone, say))
