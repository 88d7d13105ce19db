"""From a point to the region that it lies in, offline."""

import json
import math
from decimal import Decimal
from importlib.resources import files
from typing import Final

import numpy as np
import shapely

GAP_KM: Final = 0.1
"""Neighbouring polygons gape by tens of metres: so near to a village is in it."""
REACH_KM: Final = 1.0
"""How far from the nearest village a point, say at sea, still belongs to it."""

_KM_PER_DEGREE: Final = np.array([110.06, 110.60])
"""Of longitude and of latitude at 8.65 degrees south (WGS 84); elsewhere in NTB at most 0.2 percent off."""
_CELLS_PER_DEGREE: Final = 50


class Places:
    """Finds regions. Coordinates are finite degrees of WGS 84."""

    def __init__(self, villages: "_Polygons", districts: "_Polygons") -> None:
        self._villages = villages
        self._districts = districts

    def region_at(self, latitude: float, longitude: float) -> str | None:
        """The code of the village; of the district where that alone is sure; None outside NTB.

        That is: the village whose polygon holds the point or is within 100 m; else the district whose polygon holds it;
        else the nearest village within 1 km.
        """
        point = shapely.Point(_KM_PER_DEGREE * (longitude, latitude))
        return (
            self._villages.containing(point)
            or self._villages.nearest(point, GAP_KM)
            or self._districts.containing(point)
            or self._villages.nearest(point, REACH_KM)
        )


def load_places() -> Places:
    """Read the polygons that come with the service: some 0.1 s."""
    return Places(_Polygons("ntb-villages.geojson"), _Polygons("ntb-districts.geojson"))


def cell_of(latitude: float, longitude: float) -> str:
    """The 0.02 degree cell of a point in NTB, as `Cell`: on a border, the one to the north and east."""
    return f"{_corner(latitude):.2f},{_corner(longitude):06.2f}"


class _Polygons:
    """The polygons of one level, in kilometres, with an index."""

    def __init__(self, name: str) -> None:
        text = files("services.intake").joinpath("data", name).read_text(encoding="utf-8")
        self._codes: list[str] = [feature["properties"]["code"] for feature in json.loads(text)["features"]]
        shapes = shapely.get_parts(shapely.from_geojson(text))
        self._tree = shapely.STRtree(shapely.make_valid(shapely.transform(shapes, _in_kilometres)))

    def containing(self, point: shapely.Point) -> str | None:
        """Where polygons overlap, the lowest code."""
        found = self._tree.query(point, predicate="intersects")
        return self._codes[found.min()] if found.size else None

    def nearest(self, point: shapely.Point, within_km: float) -> str | None:
        found = self._tree.query_nearest(point, max_distance=within_km)
        return self._codes[found.min()] if found.size else None


def _in_kilometres(degrees: np.ndarray) -> np.ndarray:
    return degrees * _KM_PER_DEGREE


def _corner(degrees: float) -> Decimal:
    # In decimals: 116.1 / 0.02 is 5804.999999999999 in binary.
    steps = math.floor(Decimal(str(degrees)) * _CELLS_PER_DEGREE)
    return Decimal(steps) / _CELLS_PER_DEGREE
