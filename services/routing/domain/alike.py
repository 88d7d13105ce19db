"""Whether two complaints are about the same matter: a score that can be explained, and what it must reach."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from shared.events.event import region_levels
from shared.wording import Comparison, Wording, compare

SPOT_DEGREES: Final = 0.003
"""About 330 m: whoever lies within that of a point lies in its own square or in one of the eight around."""
FARTHEST_M: Final = 250.0
NOWHERE: Final = "-"
"""In the place of the square, where no point is known."""
_DEGREE_M: Final = 111_195.0
_VILLAGE: Final = 4
_TELLING: Final = 8
"""So many words a text must say that is joined to another for its words alone."""

Point = tuple[float, float]
"""Latitude and longitude."""


@dataclass(frozen=True, slots=True)
class Matter:
    """What a complaint says of its matter."""

    category: str
    region: str | None
    about: str | None
    answers: Mapping[str, str]
    received_at: datetime
    point: Point | None
    wording: Wording


@dataclass(frozen=True, slots=True)
class Weights:
    """What speaks for one matter, in parts; they were found on the tuning pairs of `tests/routing/alike`."""

    base: float = -4.8
    near: float = 3.3
    matters: float = 4.8
    names: float = 2.4
    other_names: float = -1.8
    contradict: float = -2.8
    answers: float = -1.5


WEIGHTS: Final = Weights()


@dataclass(frozen=True, slots=True)
class Measure:
    """What must hold: at most `within` between the two, and a score of at least `enough`."""

    within: timedelta = timedelta(days=21)
    enough: float = 0.75


@dataclass(frozen=True, slots=True)
class Likeness:
    """Why two are alike or not."""

    score: float
    """From 0 to 1."""
    metres: float | None
    """None: no point is known, the words alone decide."""
    apart: timedelta
    words: Comparison


def spot_of(point: Point | None) -> str:
    """The square that the point lies in."""
    return NOWHERE if point is None else _square(*_place(point))


def spots_around(point: Point | None) -> list[str]:
    """Where those lie that can be near enough."""
    if point is None:
        return [NOWHERE]
    row, column = _place(point)
    return [_square(row + up, column + right) for up in (-1, 0, 1) for right in (-1, 0, 1)]


def likeness(one: Matter, other: Matter, measure: Measure) -> Likeness | None:
    """The same whichever comes first; None where they can't be one matter, however alike the words are."""
    apart = abs(one.received_at - other.received_at)
    if (one.category, one.about) != (other.category, other.about) or apart > measure.within:
        return None
    if one.point is None or other.point is None:
        return _by_words(one, other, apart)
    metres = metres_between(one.point, other.point)
    if metres > FARTHEST_M:
        return None
    words = compare(one.wording, other.wording)
    parts = explain(one, other, metres, words)
    return Likeness(_share(sum(parts.values())), metres, apart, words)


def explain(one: Matter, other: Matter, metres: float, words: Comparison) -> dict[str, float]:
    """What speaks for and against it, by name."""
    weights = WEIGHTS
    return {
        "base": weights.base,
        "near": weights.near * (1 - metres / FARTHEST_M),
        "matters": weights.matters * words.matters,
        "names": weights.names * words.names,
        "other_names": weights.other_names * (words.both_name and not words.names),
        "contradict": weights.contradict * words.contradict,
        "answers": weights.answers * sum(_contradicting(one.answers, other.answers)),
    }


def metres_between(one: Point, other: Point) -> float:
    """As on a plane, which is right to a metre at such distances."""
    up = (one[0] - other[0]) * _DEGREE_M
    right = (one[1] - other[1]) * _DEGREE_M * math.cos(math.radians(one[0]))
    return math.hypot(up, right)


def _by_words(one: Matter, other: Matter, apart: timedelta) -> Likeness | None:
    """Without points: in one village almost the same words; anywhere else the very same, and many of them."""
    if one.point is not other.point or one.region != other.region:
        return None
    words = compare(one.wording, other.wording)
    fewest = min(one.wording.size, other.wording.size)
    if one.wording == other.wording and fewest >= _TELLING:
        return Likeness(1.0, None, apart, words)
    if one.region is None or len(region_levels(one.region)) < _VILLAGE or fewest < _TELLING // 2:
        return None
    answered = 0.1 * sum(_contradicting(one.answers, other.answers))
    return Likeness(max(0.0, min(1.0, words.alike - answered)), None, apart, words)


def _contradicting(one: Mapping[str, str], other: Mapping[str, str]) -> Iterator[bool]:
    return (one[name] != other[name] for name in one.keys() & other.keys())


def _share(points: float) -> float:
    return 1 / (1 + math.exp(-points))


def _place(point: Point) -> tuple[int, int]:
    return math.floor(point[0] / SPOT_DEGREES), math.floor(point[1] / SPOT_DEGREES)


def _square(row: int, column: int) -> str:
    return f"{row},{column}"
