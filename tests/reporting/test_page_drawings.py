"""Charts, classes of colour and shapes of the map."""

import re
from itertools import product

import pytest

from services.reporting.pages.charts import HEIGHT, WIDTH, draw, nice_step
from services.reporting.pages.scales import Scale
from services.reporting.pages.shapes import around, box_of, hexagon, population, shapes
from tests.reporting.speaking import a_speaker


def test_given_months_when_they_are_drawn_then_a_bar_is_as_high_as_its_share_of_the_grid() -> None:
    chart = draw([(0, 0), (80, 40)])

    low, high, half = chart.bars[0], chart.bars[2], chart.bars[3]
    assert [mark.number for mark in chart.grid] == [0, 20, 40, 60, 80]
    assert low.height == 0
    assert high.height == 2 * half.height
    assert high.y == chart.grid[-1].y
    assert all(bar.x >= 0 and bar.x + bar.width <= WIDTH and bar.y + bar.height <= HEIGHT for bar in chart.bars)


def test_given_nothing_at_all_when_it_is_drawn_then_the_grid_still_is() -> None:
    assert [mark.number for mark in draw([(0, 0)] * 12).grid] == [0, 1, 2, 3, 4]
    assert draw([]).bars == []


@pytest.mark.parametrize(
    ("least", "smallest", "step"), [(0, 1, 1), (1.5, 1, 2), (21, 1, 50), (50, 1, 50), (0.11, 0.1, 0.2)]
)
def test_given_a_least_step_when_a_nice_one_is_looked_for_then_it_is_1_2_or_5(
    least: float, smallest: float, step: float
) -> None:
    assert nice_step(least, smallest) == pytest.approx(step)


def test_given_numbers_when_they_are_classed_then_nothing_is_a_class_of_its_own() -> None:
    scale = Scale.of([0, 3, 71, None])

    classes = {value: scale.class_of(value) for value in (None, 0, 1, 20, 21, 71)}

    assert scale.step == 20
    assert classes == {None: 0, 0: 0, 1: 1, 20: 1, 21: 2, 71: 4}


def test_given_small_rates_when_they_are_classed_then_the_step_is_small_too() -> None:
    scale = Scale.of([0.2, 0.9])

    assert (scale.step, scale.class_of(0.2), scale.class_of(0.9)) == (0.2, 1, 5)


def test_given_shares_when_they_are_classed_then_a_share_of_zero_is_very_low_and_no_share_is_none() -> None:
    scale, say = Scale.shares(), a_speaker()

    told = [scale.name(scale.class_of(share), say) for share in (None, 0.0, 20.0, 20.1, 100.0)]

    assert told == ["kurang dari 5 aduan", "sangat rendah", "sangat rendah", "rendah", "sangat tinggi"]
    assert [key.between for key in scale.legend(say)][:2] == ["", "di atas 0 sampai 20 %"]


def test_given_the_data_when_shapes_are_made_then_all_regencies_and_districts_are_small_relative_paths() -> None:
    regencies, districts = shapes("regency"), shapes("district")

    assert (len(regencies), len(districts)) == (10, 117)
    assert regencies.keys() == population().keys()
    assert {code[:5] for code in districts} == set(regencies)
    assert all(
        re.fullmatch(r"(M\d+ \d+l[-\d ]+z)+", shape.path) for shape in [*regencies.values(), *districts.values()]
    )
    assert sum(len(shape.path) for shape in regencies.values()) < 15_000


def test_given_shapes_when_their_box_is_made_then_every_corner_lies_in_it() -> None:
    found = [shape for code, shape in shapes("district").items() if code.startswith("52.71")]

    left, top, width, height = box_of(found)

    corners = [corner for shape in found for ring in shape.rings for corner in ring]
    assert all(left <= x <= left + width and top <= y <= top + height for x, y in corners)


def test_given_a_hexagon_in_a_district_when_it_is_drawn_then_it_has_six_corners_and_the_district_is_found() -> None:
    index = "8695a5037ffffff"

    points = [tuple(map(int, point.split(","))) for point in hexagon(index).split()]

    assert len(points) == 6
    assert around(index, shapes("district").values()) == "52.03.07"


def test_given_a_hexagon_at_sea_when_its_district_is_looked_for_then_there_is_none() -> None:
    assert around("8695a438fffffff", shapes("district").values()) is None


@pytest.mark.parametrize("index", ["", "no", "8695", "<svg>"])
def test_given_what_is_no_hexagon_when_it_is_drawn_then_that_is_refused(index: str) -> None:
    with pytest.raises(ValueError, match="no hexagon"):
        hexagon(index)


def test_given_every_bar_of_many_series_when_it_is_drawn_then_bars_of_a_month_stand_side_by_side() -> None:
    chart = draw([(1, 2, 3)] * 4)

    spans = [(bar.x, round(bar.x + bar.width, 1)) for bar in chart.bars]

    assert all(
        one == other or one[1] <= other[0] + 0.2 or other[1] <= one[0] + 0.2 for one, other in product(spans, spans)
    )
