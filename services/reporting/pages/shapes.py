"""Regions and hexagons as paths of an SVG whose unit is a thousandth of a degree, y growing to the south."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from itertools import pairwise
from typing import Any, Final, Literal

import h3

UNIT: Final = 1_000
WEST, NORTH = 115.8, -8.0
"""What lies at 0, 0."""
_MARGIN: Final = 0.04
"""Around what is shown, as a part of its width."""
_SEPARATE: Final = 3
"""Fewer corners enclose nothing."""

Level = Literal["regency", "district"]
Ring = Sequence[tuple[int, int]]
Box = tuple[int, int, int, int]
"""Left, top, width, height."""
_FILES: Final = {"regency": "ntb-regencies.geojson", "district": "ntb-districts.geojson"}


@dataclass(frozen=True, slots=True)
class Shape:
    """One region."""

    code: str
    path: str
    rings: Sequence[Ring]
    corners: tuple[tuple[int, int], tuple[int, int]]
    """North-west and south-east."""


@cache
def shapes(level: Level) -> Mapping[str, Shape]:
    """By code."""
    content = files("services.reporting").joinpath("data", _FILES[level]).read_text(encoding="utf-8")
    found = (_shape(feature) for feature in json.loads(content)["features"])
    return {shape.code: shape for shape in found}


@cache
def population() -> Mapping[str, int]:
    """Of regencies and cities, rounded to ten thousand."""
    return json.loads(files("services.reporting").joinpath("data", "population.json").read_text(encoding="utf-8"))


def box_of(found: Iterable[Shape]) -> Box:
    """What shows them all, with a margin."""
    corners = [corner for shape in found for corner in shape.corners]
    left, right = min(x for x, _ in corners), max(x for x, _ in corners)
    top, bottom = min(y for _, y in corners), max(y for _, y in corners)
    margin = round((right - left) * _MARGIN)
    return left - margin, top - margin, right - left + 2 * margin, bottom - top + 2 * margin


def around(index: str, found: Iterable[Shape]) -> str | None:
    """The code of the region in which the middle of a hexagon lies; None: in none of them."""
    latitude, longitude = h3.cell_to_latlng(index)
    place = _place(longitude, latitude)
    return next((shape.code for shape in found if any(_holds(ring, place) for ring in shape.rings)), None)


def hexagon(index: str) -> str:
    """The points of its polygon. Raises ValueError where the index is none."""
    return " ".join(f"{x},{y}" for x, y in (_place(longitude, latitude) for latitude, longitude in _boundary(index)))


def _boundary(index: str) -> Sequence[tuple[float, float]]:
    if not h3.is_valid_cell(index):
        msg = f"no hexagon: {index!r}"
        raise ValueError(msg)
    return h3.cell_to_boundary(index)


def _shape(feature: Mapping[str, Any]) -> Shape:
    geometry = feature["geometry"]
    polygons = geometry["coordinates"] if geometry["type"] == "MultiPolygon" else [geometry["coordinates"]]
    rings = [_corners(ring) for polygon in polygons for ring in polygon]
    rings = [ring for ring in rings if len(ring) >= _SEPARATE]
    xs, ys = [x for ring in rings for x, _ in ring], [y for ring in rings for _, y in ring]
    path = "".join(_path(ring) for ring in rings)
    return Shape(feature["properties"]["code"], path, rings, ((min(xs), min(ys)), (max(xs), max(ys))))


def _corners(ring: Iterable[Sequence[float]]) -> list[tuple[int, int]]:
    """Those that differ from the one before."""
    places = [_place(*corner[:2]) for corner in ring]
    return [place for before, place in zip([None, *places], places, strict=False) if place != before][:-1]


def _place(longitude: float, latitude: float) -> tuple[int, int]:
    return round((longitude - WEST) * UNIT), round((NORTH - latitude) * UNIT)


def _holds(ring: Ring, place: tuple[int, int]) -> bool:
    """Whether a line from the place to the east crosses it an odd number of times."""
    x, y = place
    crossed = False
    for (left, top), (right, bottom) in zip(ring, [*ring[1:], ring[0]], strict=True):
        if (top > y) != (bottom > y) and x < left + (y - top) * (right - left) / (bottom - top):
            crossed = not crossed
    return crossed


def _path(ring: Ring) -> str:
    """Relative steps, because they are short: `M371 827l2 0 -2-2z`."""
    steps = "".join(f"{_number(x - left)}{_number(y - top)}" for (left, top), (x, y) in pairwise(ring))
    return f"M{ring[0][0]} {ring[0][1]}l{steps.lstrip()}z"


def _number(step: int) -> str:
    """The minus sign parts it from the number before."""
    return str(step) if step < 0 else f" {step}"
