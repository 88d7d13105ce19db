import json
from decimal import Decimal
from importlib.resources import files

import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from services.intake.places import Places, cell_of, load_places
from shared.events.complaints import Cell

LATITUDES = st.floats(-9.2, -8.0) | st.decimals(-Decimal("9.2"), -Decimal("8.0"), places=2).map(float)
LONGITUDES = st.floats(115.8, 119.4) | st.decimals(Decimal("115.8"), Decimal("119.4"), places=2).map(float)


@pytest.fixture(scope="module")
def places() -> Places:
    return load_places()


def test_given_every_polygon_when_a_point_inside_is_looked_up_then_its_village_is_found(places: Places) -> None:
    text = files("services.intake").joinpath("data", "ntb-villages.geojson").read_text(encoding="utf-8")
    codes = [feature["properties"]["code"] for feature in json.loads(text)["features"]]
    points = shapely.point_on_surface(shapely.get_parts(shapely.from_geojson(text)))

    found = [places.region_at(latitude=point.y, longitude=point.x) for point in points]

    assert len(codes) == 1150
    assert found == codes


@pytest.mark.parametrize(
    ("latitude", "longitude", "village"),
    [
        pytest.param(-8.5795, 116.1010, "52.71.05.1006", id="the governor's office, Mataram"),
        pytest.param(-8.5833, 116.1165, "52.71.02.1011", id="Kota Mataram"),
        pytest.param(-8.4933, 117.4203, "52.04.08.1005", id="Sumbawa Besar"),
        pytest.param(-8.4606, 118.7267, "52.72.01.1001", id="Kota Bima"),
        pytest.param(-8.3500, 116.0400, "52.08.05.2003", id="Gili Trawangan"),
    ],
)
def test_given_a_known_place_when_looked_up_then_its_village_is_found(
    places: Places, latitude: float, longitude: float, village: str
) -> None:
    point = (latitude, longitude)

    region = places.region_at(*point)

    assert region == village


@pytest.mark.parametrize(
    ("latitude", "longitude"),
    [
        pytest.param(-8.6500, 115.2167, id="Denpasar, Bali"),
        pytest.param(-8.7300, 115.5400, id="Nusa Penida, Bali"),
        pytest.param(-8.6000, 115.7500, id="the strait of Lombok"),
        pytest.param(-8.5500, 119.4800, id="Komodo"),
        pytest.param(-9.6567, 120.2641, id="Waingapu, Sumba"),
        pytest.param(-9.9000, 117.0000, id="the Indian Ocean"),
        pytest.param(-6.2000, 106.8167, id="Jakarta"),
        pytest.param(0.0, 0.0, id="the origin"),
    ],
)
def test_given_a_place_outside_ntb_when_looked_up_then_no_region_is_found(
    places: Places, latitude: float, longitude: float
) -> None:
    point = (latitude, longitude)

    region = places.region_at(*point)

    assert region is None


def test_given_points_west_of_the_westernmost_point_when_looked_up_then_the_reach_is_one_kilometre(
    places: Places,
) -> None:
    at_995_m, at_1005_m = (-8.7522, 115.81196), (-8.7522, 115.81187)

    regions = [places.region_at(*at_995_m), places.region_at(*at_1005_m)]

    assert regions == ["52.01.07.2006", None]


def test_given_points_south_of_the_southernmost_point_when_looked_up_then_the_reach_is_one_kilometre(
    places: Places,
) -> None:
    at_995_m, at_1005_m = (-9.118696, 117.0153), (-9.118787, 117.0153)

    regions = [places.region_at(*at_995_m), places.region_at(*at_1005_m)]

    assert regions == ["52.07.04.2006", None]


def test_given_a_gap_of_tens_of_metres_when_looked_up_then_a_neighbouring_village_is_found(places: Places) -> None:
    between_three_villages = (-8.73225, 116.42063)

    region = places.region_at(*between_three_villages)

    assert region in {"52.02.06.2002", "52.02.07.2001", "52.02.07.2005"}


def test_given_a_point_of_a_district_that_no_village_is_near_when_looked_up_then_the_district_is_found(
    places: Places,
) -> None:
    off_every_village = (-8.3055, 117.4955)

    region = places.region_at(*off_every_village)

    assert region == "52.04.18"


@pytest.mark.parametrize(
    ("latitude", "longitude", "cell"),
    [
        pytest.param(-8.5833, 116.1165, "-8.60,116.10", id="inside"),
        pytest.param(-8.60, 116.10, "-8.60,116.10", id="on its south-west corner: 116.1 / 0.02 is below 5805"),
        pytest.param(-8.58, 116.12, "-8.58,116.12", id="on its north-east corner"),
        pytest.param(-8.580000001, 116.119999999, "-8.60,116.10", id="just inside"),
        pytest.param(-9.0, 117.0, "-9.00,117.00", id="whole degrees"),
    ],
)
def test_given_a_point_when_its_cell_is_asked_then_the_south_west_corner_is_told(
    latitude: float, longitude: float, cell: str
) -> None:
    point = (latitude, longitude)

    told = cell_of(*point)

    assert told == cell


@given(latitude=LATITUDES, longitude=LONGITUDES)
def test_given_any_point_of_ntb_when_its_cell_is_asked_then_the_cell_holds_the_point(
    latitude: float, longitude: float
) -> None:
    point = (Decimal(str(latitude)), Decimal(str(longitude)))

    cell = cell_of(latitude, longitude)

    south, west = (Decimal(part) for part in TypeAdapter(Cell).validate_python(cell).split(","))
    assert south <= point[0] < south + Decimal("0.02")
    assert west <= point[1] < west + Decimal("0.02")
    assert cell_of(float(south), float(west)) == cell
