"""Whether two complaints are about one matter."""

import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.routing.domain.alike import (
    FARTHEST_M,
    NOWHERE,
    Matter,
    Measure,
    likeness,
    metres_between,
    spot_of,
    spots_around,
)
from shared.wording import wording_of
from tests.routing.alike_pairs import all_pairs
from tests.routing.alike_quality import quality

AT: Final = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
SELONG: Final = (-8.6497, 116.5402)
HOLE: Final = "Jalan berlubang besar di depan pasar Selong, sudah dua bulan belum ditambal"
MEASURE: Final = Measure()
points = st.tuples(st.floats(-9.2, -8.0), st.floats(115.8, 119.4))


def a_matter(text: str = HOLE, point: tuple[float, float] | None = SELONG, region: str | None = "52.03.07") -> Matter:
    return Matter("road.damage", region, None, {}, AT, point, wording_of(text))


def is_joined(one: Matter, other: Matter) -> bool:
    found = likeness(one, other, MEASURE)
    return found is not None and found.score >= MEASURE.enough


def test_given_pairs_that_were_never_tuned_on_when_joined_then_precision_and_recall_are_what_is_promised() -> None:
    held_out = [pair for pair in all_pairs() if pair.held_out]

    found = quality(held_out, MEASURE.enough)

    sys.stdout.write(f"held out, {len(held_out)} pairs: {found}\n")
    assert len(held_out) >= 500
    assert sum(not pair.same for pair in held_out) >= 250
    assert found.precision >= 0.95
    assert found.recall >= 0.70


def test_given_the_pairs_when_they_are_made_again_then_they_are_the_same_and_no_text_is_in_both_parts() -> None:
    texts = {part: {pair.one.text for pair in all_pairs() if pair.held_out is part} for part in (True, False)}

    all_pairs.cache_clear()
    again = all_pairs()

    assert texts[True] == {pair.one.text for pair in again if pair.held_out}
    assert texts[True].isdisjoint(texts[False])
    assert len({pair.id for pair in again}) == len(again)


def test_given_one_hole_told_formally_and_in_a_message_when_compared_then_they_are_joined() -> None:
    message = a_matter("Ada lobang dpn psr selong tlg diperbaiki", (-8.6498, 116.5404))

    joined = is_joined(a_matter(), message)

    assert joined


@pytest.mark.parametrize(
    "other",
    [
        replace(a_matter(), category="road.light"),
        replace(a_matter(), about="PUPR-52.03"),
        replace(a_matter(), received_at=AT + timedelta(days=22)),
        a_matter(point=(-8.6597, 116.5402)),
        a_matter("Lampu jalan di simpang kantor pos mati"),
    ],
)
def test_given_another_matter_when_compared_then_they_are_not_joined(other: Matter) -> None:
    joined = is_joined(a_matter(), other)

    assert not joined


def test_given_different_answers_when_compared_then_they_speak_against_it() -> None:
    one, other = (
        replace(a_matter(), answers={"road_class": "regency"}),
        replace(a_matter(), answers={"road_class": "national"}),
    )

    same, different = likeness(one, one, MEASURE), likeness(one, other, MEASURE)

    assert same is not None
    assert different is not None
    assert different.score < same.score


def test_given_no_point_when_the_same_long_text_comes_again_then_they_are_joined() -> None:
    campaign = "Kami menolak tambang emas di hulu sungai Sekotong, limbah merkuri meracuni sumur dan sawah seluruh desa"

    joined = is_joined(a_matter(campaign, None), a_matter(campaign, None))

    assert joined


@pytest.mark.parametrize("text", ["Jalan rusak parah di depan pasar", "Air mati"])
def test_given_no_point_and_a_short_text_when_it_comes_again_from_the_regency_then_they_are_not_joined(
    text: str,
) -> None:
    joined = is_joined(a_matter(text, None, "52.03"), a_matter(text, None, "52.03"))

    assert not joined


def test_given_a_village_and_no_point_when_almost_the_same_is_said_then_they_are_joined() -> None:
    one = a_matter("Jembatan gantung Brang Alas papannya patah, anak sekolah susah lewat", None, "52.04.01.2001")
    other = a_matter("jembatan gantung brang alas papan patah, anak sekolah susah lewat tolong", None, "52.04.01.2001")

    joined = is_joined(one, other)

    assert joined


@given(one=points, up=st.floats(-0.002, 0.002), right=st.floats(-0.002, 0.002))
def test_given_any_two_points_that_are_near_when_looked_around_one_then_the_other_lies_there(
    one: tuple[float, float], up: float, right: float
) -> None:
    other = (one[0] + up, one[1] + right)

    near = metres_between(one, other) <= FARTHEST_M

    assert not near or spot_of(other) in spots_around(one)
    assert spots_around(None) == [NOWHERE]


@given(texts=st.lists(st.text(max_size=60), min_size=2, max_size=2), points=st.lists(points, min_size=2, max_size=2))
def test_given_any_two_when_compared_either_way_then_the_score_is_one(
    texts: list[str], points: list[tuple[float, float]]
) -> None:
    one, other = (a_matter(text, point) for text, point in zip(texts, points, strict=True))

    there, back = likeness(one, other, MEASURE), likeness(other, one, MEASURE)

    assert (there is None) == (back is None)
    if there and back:
        assert there.score == pytest.approx(back.score)
        assert 0 <= there.score <= 1
