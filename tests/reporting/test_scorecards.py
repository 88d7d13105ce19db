from collections import Counter
from datetime import date
from decimal import Decimal
from math import ceil

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.reporting.domain.scorecards import (
    HALF,
    Period,
    Share,
    histogram,
    line_of,
    month_before,
    peers_of,
    perform,
    predecessors_of,
    stand,
    wilson,
)
from shared.directory import Directory
from shared.events.directory import AgencyLevel
from tests.reporting.samples import a_directory, an_agency
from tests.reporting.tallying import DEFINITIONS


def test_given_the_numbers_of_2018_when_they_are_told_then_163_of_286_are_57_0_percent() -> None:
    """16 October 2018 to 12 February 2019, as published: 286, 237, 26, 21, 163 (56.99 %)."""
    numbers = {"received": 286, "approved": 237, "in_verification": 26, "rejected": 21, "done": 163}

    performance = perform(numbers, DEFINITIONS)

    assert (performance["done"].number, performance["done"].percent) == (163, 57.0)
    assert performance["rejected"].percent == 7.3
    assert (performance["approved"].percent, performance["in_verification"].percent) == (82.9, 9.1)


@pytest.mark.parametrize(
    ("numbers", "figure", "percent"),
    [
        # Resolved ten times, disputed once and resolved again: one of ten, not one of eleven.
        ({"received": 10, "done": 10, "resolved": 10, "reopened": 1}, "reopened", 10.0),
        # Ninety of a hundred were entered afterwards: nobody could confirm them, and none is late.
        ({"received": 100, "done": 95, "resolved": 5, "confirmed": 4}, "confirmed", 80.0),
        ({"received": 100, "open": 5, "late": 2}, "late", 40.0),
    ],
)
def test_given_figures_of_what_was_promised_when_their_share_is_told_then_it_is_of_nothing_else(
    numbers: dict[str, int], figure: str, percent: float
) -> None:
    assert perform(numbers, DEFINITIONS)[figure].percent == percent


def test_given_promises_when_their_share_is_told_then_it_is_of_those_that_came_due() -> None:
    performance = perform(
        {"received": 50, "response_in_time": 3, "response_late": 1, "response_missed": 2}, DEFINITIONS
    )

    share = performance["response_in_time"]

    assert (share.number, share.of, share.percent) == (3, 6, 50.0)


def test_given_no_promise_that_came_due_when_the_share_is_told_then_there_is_none() -> None:
    performance = perform({"received": 5}, DEFINITIONS)

    assert performance["response_in_time"].percent is None


def test_given_ratings_when_they_are_told_then_their_mean_is_to_one_decimal() -> None:
    performance = perform({"rated_5": 2, "rated_4": 1}, DEFINITIONS)

    assert (performance.rating, performance.ratings) == (4.7, 3)
    assert perform({}, DEFINITIONS).rating is None


@pytest.mark.parametrize(
    ("numbers", "median"),
    [
        ({}, None),
        ({"answer_within_24": 2}, 18.0),
        ({"answer_within_24": 1, "answer_within_72": 1}, 24.0),
        ({"answer_within_24": 1, "answer_within_72": 2}, 54.0),
        ({"answer_within_1": 1, "answer_within_2": 2}, 1.3),
        ({"answer_within_24": 1, "answer_beyond": 2}, 2880.0),
        ({"resolution_within_24": 5}, None),
    ],
)
def test_given_a_histogram_when_the_median_is_estimated_then_it_lies_on_the_line_inside_its_bin(
    numbers: dict[str, int], median: float | None
) -> None:
    assert histogram(numbers, "answer", DEFINITIONS.edges_hours).quantile(HALF) == median


@given(st.lists(st.floats(min_value=0.01, max_value=2880), min_size=1, max_size=60), st.sampled_from(["0.5", "0.9"]))
def test_given_any_durations_when_a_quantile_is_estimated_then_it_lies_in_the_bin_of_the_true_one(
    durations: list[float], part: str
) -> None:
    edges = DEFINITIONS.edges_hours
    bins = Counter(next(edge for edge in edges if length <= edge) for length in durations)
    numbers = {f"answer_within_{edge}": number for edge, number in bins.items()}
    true = sorted(durations)[ceil(len(durations) * Decimal(part)) - 1]

    estimated = histogram(numbers, "answer", edges).quantile(Decimal(part))

    upper = next(edge for edge in edges if true <= edge)
    lower = max((edge for edge in edges if edge < true), default=0)
    assert estimated is not None
    assert lower - 0.1 <= estimated <= upper + 0.1


@pytest.mark.parametrize(
    ("name", "first", "last", "before"),
    [
        ("2026-09", date(2026, 9, 1), date(2026, 9, 30), "2026-08"),
        ("2026-01", date(2026, 1, 1), date(2026, 1, 31), "2025-12"),
        ("2026-Q1", date(2026, 1, 1), date(2026, 3, 31), "2025-Q4"),
        ("2026-Q4", date(2026, 10, 1), date(2026, 12, 31), "2026-Q3"),
        ("2024", date(2024, 1, 1), date(2024, 12, 31), "2023"),
    ],
)
def test_given_a_period_when_it_is_read_then_its_days_and_the_one_before_are_known(
    name: str, first: date, last: date, before: str
) -> None:
    period = Period.parse(name)

    assert (period.first, period.last, period.before.name) == (first, last, before)
    assert Period.parse(before) == period.before


@pytest.mark.parametrize("name", ["", "2026-13", "2026-Q5", "2026-9", "26", "1999", "2026-Q1x"])
def test_given_what_is_no_period_when_it_is_read_then_it_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="is no year"):
        Period.parse(name)


def test_given_few_and_many_when_shares_are_ordered_then_three_of_three_are_not_above_ninety_five_of_a_hundred() -> (
    None
):
    few, many = Share("done", 3, 3), Share("done", 95, 100)

    assert (few.percent or 0) > (many.percent or 0)
    assert (few.at_least_percent or 0) < (many.at_least_percent or 0)
    assert (few.is_of_few, many.is_of_few) == (True, False)


@given(st.integers(min_value=1, max_value=5_000).flatmap(lambda of: st.tuples(st.integers(0, of), st.just(of))))
def test_given_any_share_when_its_lower_end_is_told_then_it_lies_between_nothing_and_the_share(
    pair: tuple[int, int],
) -> None:
    number, of = pair

    assert 0 <= wilson(number, of) <= 100 * number / of + 0.05


def test_given_peers_when_a_body_is_placed_then_those_with_few_cases_are_left_out() -> None:
    own = perform({"received": 100, "done": 80}, DEFINITIONS)
    better = perform({"received": 50, "done": 49}, DEFINITIONS)
    worse = perform({"received": 60, "done": 6}, DEFINITIONS)
    few = perform({"received": 2, "done": 2}, DEFINITIONS)

    standing = stand("done", own, [better.shares, worse.shares, few.shares])

    assert (standing.place, standing.peers, standing.median_percent) == (2, 3, 80.0)
    assert stand("done", few, [better.shares]).place is None
    assert stand("done", own, [few.shares]).place is None


def test_given_a_day_in_january_when_the_month_before_is_named_then_it_is_in_the_year_before() -> None:
    months = [month_before(date(2026, 1, 31)), month_before(date(2026, 11, 1))]

    assert months == ["2025-12", "2026-10"]


def test_given_a_body_that_two_became_when_its_line_is_asked_for_then_both_are_in_it() -> None:
    directory = a_directory()

    assert predecessors_of("PUPR-PERKIM", directory) == ["PERKIM", "PUPR"]
    assert line_of("PUPR-PERKIM", directory) == ["PUPR-PERKIM", "PERKIM", "PUPR"]


def test_given_bodies_when_peers_are_asked_for_then_they_have_the_same_task_elsewhere_or_the_same_level() -> None:
    directory = Directory.of(
        an_agency("PUPR-52.03"),
        an_agency("PUPR-52.02", region="52.02"),
        an_agency("DLH-52.02", region="52.02"),
        an_agency("DISHUB", level=AgencyLevel.PROVINCE, region="52"),
        an_agency("DLHK", level=AgencyLevel.PROVINCE, region="52"),
        an_agency("PUPR", level=AgencyLevel.PROVINCE, region="52", valid_before=date(2026, 1, 2)),
        an_agency("PUPR-PERKIM", level=AgencyLevel.PROVINCE, region="52", valid_from=date(2026, 1, 2)),
    )
    before, since = date(2025, 12, 31), date(2026, 1, 31)

    assert peers_of(directory.agencies["PUPR-52.03"], directory, since) == ["PUPR-52.02"]
    assert peers_of(directory.agencies["DISHUB"], directory, since) == ["DLHK", "PUPR-PERKIM"]
    assert peers_of(directory.agencies["DISHUB"], directory, before) == ["DLHK", "PUPR"]
