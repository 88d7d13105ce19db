from datetime import date

import pytest

from services.reporting.domain.statistics import Counts, Dimension, Piece, Question, Sheltered, percent, split_period


@pytest.mark.parametrize(
    ("part", "whole", "result"),
    [
        (185, 278, 66.5),
        (163, 286, 57.0),
        (1, 3, 33.3),
        (2, 3, 66.7),
        (1, 8, 12.5),
        (1, 800, 0.1),
        (0, 5, 0.0),
        (5, 5, 100.0),
    ],
)
def test_given_a_part_of_a_whole_when_its_percentage_is_told_then_it_is_rounded_half_up(
    part: int, whole: int, result: float
) -> None:
    told = percent(part, whole)

    assert told == result


def test_given_halves_that_a_float_cannot_hold_when_they_are_rounded_then_they_go_up() -> None:
    """0.45 %, 0.25 % and 0.85 % are each one half of a tenth."""
    told = [percent(9, 2000), percent(1, 400), percent(17, 2000)]

    assert told == [0.5, 0.3, 0.9]


def test_given_nothing_received_when_percentages_are_told_then_there_are_none() -> None:
    counts = Counts()

    assert counts.followed_up_percent is None
    assert counts.done_percent is None


@pytest.mark.parametrize(
    ("first", "last", "pieces"),
    [
        (None, None, [Piece("month", None, None)]),
        (date(2021, 1, 1), date(2021, 3, 31), [Piece("month", "2021-01", "2021-03")]),
        (date(2024, 2, 1), date(2024, 2, 29), [Piece("month", "2024-02", "2024-02")]),
        (date(2021, 3, 4), date(2021, 3, 9), [Piece("day", "2021-03-04", "2021-03-09")]),
        (date(2021, 3, 1), date(2021, 3, 9), [Piece("day", "2021-03-01", "2021-03-09")]),
        (
            date(2021, 1, 1),
            date(2021, 10, 7),
            [Piece("day", "2021-10-01", "2021-10-07"), Piece("month", "2021-01", "2021-09")],
        ),
        (
            date(2018, 10, 16),
            date(2019, 2, 12),
            [
                Piece("day", "2018-10-16", "2018-10-31"),
                Piece("day", "2019-02-01", "2019-02-12"),
                Piece("month", "2018-11", "2019-01"),
            ],
        ),
        (
            date(2021, 3, 30),
            date(2021, 4, 2),
            [Piece("day", "2021-03-30", "2021-03-31"), Piece("day", "2021-04-01", "2021-04-02")],
        ),
        (date(2021, 3, 30), None, [Piece("day", "2021-03-30", "2021-03-31"), Piece("month", "2021-04", None)]),
        (None, date(2021, 3, 30), [Piece("day", "2021-03-01", "2021-03-30"), Piece("month", None, "2021-02")]),
    ],
)
def test_given_a_period_when_it_is_split_then_whole_months_and_the_days_around_them_come_out(
    first: date | None, last: date | None, pieces: list[Piece]
) -> None:
    split = split_period(first, last)

    assert split == pieces


@pytest.mark.parametrize(
    ("question", "in_rows", "in_totals"),
    [
        (Question(by=(Dimension.CATEGORY,)), True, True),
        (Question(agency="INSPEKTORAT"), True, True),
        (Question(by=(Dimension.AGENCY,)), False, True),
        (Question(by=(Dimension.CATEGORY,), agency="INSPEKTORAT-52.07"), False, False),
        (Question(by=(Dimension.REGION,), category="village.fund"), False, True),
        (Question(by=(Dimension.MONTH,), region="52.07", category="village.fund"), False, False),
        (Question(by=(Dimension.REGION, Dimension.MONTH)), True, True),
        (Question(by=(Dimension.AGENCY,), region="52.03"), False, True),
        (Question(by=(Dimension.DAY,)), False, True),
        (Question(by=(Dimension.REGION,), level="district"), False, True),
        (Question(by=(Dimension.AGENCY,), region="52.03.01"), False, False),
        (Question(by=(Dimension.AGENCY,), first=date(2026, 3, 2)), False, True),
        (Question(by=(Dimension.AGENCY,), first=date(2026, 3, 2), region="52.03"), False, False),
        (Question(by=(Dimension.AGENCY,), first=date(2026, 3, 2), category="social.violence"), False, False),
        (Question(by=(Dimension.AGENCY,), first=date(2026, 3, 1), last=date(2026, 3, 31), region="52.03"), False, True),
    ],
)
def test_given_a_question_when_it_goes_below_regency_and_month_then_it_says_that_confidential_cases_may_be_missing(
    question: Question, *, in_rows: bool, in_totals: bool
) -> None:
    complete = question.rows_complete, question.totals_complete

    assert complete == (in_rows, in_totals)


def test_given_a_question_by_district_when_it_is_sheltered_then_months_are_too() -> None:
    question = Question(by=(Dimension.REGION,), level="district")

    assert question.sheltered_in_rows is Sheltered.ALL
    assert question.sheltered_in_totals is Sheltered.NONE
