from datetime import date

import pytest

from services.reporting.domain.scorecards import make_scorecard, median_hours, month_before, predecessors_of
from shared.events.case import PromiseKind
from tests.reporting.samples import a_directory

TODAY = date(2026, 4, 10)


def test_given_buckets_of_two_categories_when_the_scorecard_is_made_then_they_add_up_and_the_larger_comes_first() -> (
    None
):
    buckets = [
        ("env.waste", {"received": 1, "followed_up": 1}),
        ("road.damage", {"received": 2, "followed_up": 1, "done": 1}),
        ("road.damage", {"received": 1, "confidential_received": 1, "confidential_followed_up": 1}),
        ("social.violence", {}),
    ]

    scorecard = make_scorecard(buckets, TODAY)

    assert scorecard.overall.counts.received == 5
    assert scorecard.overall.counts.followed_up == 3
    assert scorecard.overall.counts.done_percent == 20.0
    assert [category for category, _ in scorecard.categories] == ["road.damage", "env.waste"]


def test_given_open_promises_when_the_scorecard_is_made_then_only_those_due_before_today_are_overdue() -> None:
    figures = {
        "response_on_time": 3,
        "response_late": 1,
        "response_open_20260409": 2,
        "response_open_20260410": 5,
        "resolution_open_20260409": 7,
    }

    scorecard = make_scorecard([("road.damage", figures)], TODAY)

    share = next(share for share in scorecard.overall.promises if share.kind is PromiseKind.RESPONSE)
    assert (share.on_time, share.late, share.open, share.overdue) == (3, 1, 7, 2)
    assert share.on_time_percent == 50.0


def test_given_no_promise_that_came_due_when_the_share_is_told_then_there_is_none() -> None:
    scorecard = make_scorecard([("road.damage", {"response_open_20260501": 1})], TODAY)

    shares = {share.on_time_percent for share in scorecard.overall.promises}

    assert shares == {None}


@pytest.mark.parametrize(
    ("figures", "median"),
    [
        ({}, None),
        ({"follow_up_within_24": 2}, 18.0),
        ({"follow_up_within_24": 1, "follow_up_within_72": 1}, 24.0),
        ({"follow_up_within_24": 1, "follow_up_within_72": 2}, 54.0),
        ({"follow_up_within_1": 1, "follow_up_within_2": 2}, 1.3),
        ({"follow_up_within_24": 1, "follow_up_beyond": 2}, 2880.0),
        ({"resolution_within_24": 5}, None),
    ],
)
def test_given_a_histogram_when_the_median_is_estimated_then_it_lies_on_the_line_inside_its_bin(
    figures: dict[str, int], median: float | None
) -> None:
    estimated = median_hours(figures, "follow_up")

    assert estimated == median


def test_given_a_day_in_january_when_the_month_before_is_named_then_it_is_in_the_year_before() -> None:
    months = [month_before(date(2026, 1, 31)), month_before(date(2026, 11, 1))]

    assert months == ["2025-12", "2026-10"]


def test_given_a_body_that_two_became_when_its_predecessors_are_asked_for_then_both_are_named() -> None:
    directory = a_directory()

    predecessors = predecessors_of("PUPR-PERKIM", directory)

    assert predecessors == ["PERKIM", "PUPR"]
