"""Bars of a chart in SVG's own units. Every chart stands beside a table that says the same."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count
from typing import Final

WIDTH, HEIGHT = 300, 160
_LEFT, _RIGHT, _TOP, _BOTTOM = 30, 2, 8, 22
_STEPS: Final = 4
_GAP: Final = 0.25
"""Of a column's width, between two columns."""


@dataclass(frozen=True, slots=True)
class Bar:
    """One value. `series` counts from 0."""

    series: int
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Mark:
    """A line of the grid, or a column's name."""

    x: float
    y: float
    number: int


@dataclass(frozen=True, slots=True)
class Chart:
    """Columns from left to right, each with one bar a series."""

    bars: list[Bar]
    grid: list[Mark]
    columns: list[Mark]
    width: int = WIDTH
    height: int = HEIGHT


def draw(rows: Sequence[Sequence[int]]) -> Chart:
    """Of each column its values by series."""
    top = int(nice_step(max((value for row in rows for value in row), default=0) / _STEPS)) * _STEPS
    whole = HEIGHT - _TOP - _BOTTOM
    column = (WIDTH - _LEFT - _RIGHT) / max(len(rows), 1)
    bars = [
        _bar(series, _LEFT + column * (number + _GAP / 2), column * (1 - _GAP) / len(row), whole * value / top)
        for number, row in enumerate(rows)
        for series, value in enumerate(row)
    ]
    grid = [Mark(_LEFT, round(HEIGHT - _BOTTOM - whole * n / _STEPS, 1), top * n // _STEPS) for n in range(_STEPS + 1)]
    columns = [Mark(round(_LEFT + column * (n + 0.5), 1), HEIGHT - 6, n) for n in range(len(rows))]
    return Chart(bars, grid, columns)


def nice_step(least: float, smallest: float = 1) -> float:
    """The first of 1, 2, 5, 10, 20, 50, ... times the smallest that is not smaller."""
    return next(step * smallest for power in count() for step in _powers(power) if step * smallest >= least)


def _powers(power: int) -> tuple[int, int, int]:
    return 10**power, 2 * 10**power, 5 * 10**power


def _bar(series: int, left: float, width: float, height: float) -> Bar:
    x, y = left + series * width, HEIGHT - _BOTTOM - height
    return Bar(series, round(x, 1), round(y, 1), round(width, 1), round(height, 1))
