from datetime import date

from services.reporting.domain.sitting import last_three_months, where_it_sits
from tests.reporting.tallying import DEFINITIONS

TODAY = date(2026, 4, 10)


def test_given_cases_that_lie_somewhere_when_it_is_told_then_ages_are_counted_by_the_day_it_is() -> None:
    numbers = {
        "received": 9,
        "sits_assigned_since_20260410": 2,
        "sits_assigned_since_20260409": 1,
        "sits_assigned_since_20260301": 3,
        "sits_in_progress_since_20251001": 1,
        "stayed_assigned_within_1": 4,
        "stayed_assigned_within_30": 4,
    }

    (row,) = where_it_sits([("PUPR-52.03", numbers)], DEFINITIONS, TODAY)

    assigned = next(stage for stage in row.stages if stage.status == "assigned")
    assert dict(zip([*DEFINITIONS.edges_days, None], assigned.by_age, strict=True)) == {
        1: 3,
        3: 0,
        7: 0,
        14: 0,
        30: 0,
        60: 3,
        120: 0,
        None: 0,
    }
    assert (assigned.now, assigned.oldest_days, assigned.went_on) == (6, 40, 8)
    assert (assigned.median_days, assigned.p90_days) == (1.0, 26.8)
    assert row.days == 1 + 3 * 40 + 191


def test_given_two_bodies_when_it_is_told_then_where_most_days_are_lost_comes_first_and_idle_ones_are_left_out() -> (
    None
):
    rows = where_it_sits(
        [
            ("A", {"sits_assigned_since_20260409": 5}),
            ("B", {"sits_in_triage_since_20260101": 1}),
            ("C", {"received": 3}),
        ],
        DEFINITIONS,
        TODAY,
    )

    assert [row.agency for row in rows] == ["B", "A"]


def test_given_a_day_when_the_last_three_months_are_named_then_they_end_with_the_one_it_is() -> None:
    assert last_three_months(date(2026, 4, 10)) == (date(2026, 2, 1), date(2026, 4, 30))
    assert last_three_months(date(2026, 1, 31)) == (date(2025, 11, 1), date(2026, 1, 31))
