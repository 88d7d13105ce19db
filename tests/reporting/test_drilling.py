"""From a figure to its cases: what is looked for where, and when that is too much."""

from collections.abc import Sequence
from typing import Any, cast

import pytest

from services.reporting.domain.statistics import Question
from services.reporting.drilling import Drilling
from services.reporting.store.buckets import MOST_BUCKETS
from services.reporting.store.searches import Search
from shared.problems import Problem
from tests.reporting.tallying import DEFINITIONS


class Buckets:
    """Has so many with every figure; remembers of which bodies they were asked for."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.asked: list[list[str]] = []

    async def having(self, figure: str, question: Question, agencies: Sequence[str]) -> list[str]:
        self.asked.append(list(agencies))
        return [f"{figure}|{question.category}|{number}" for number in range(self.number)]

    @property
    def buckets(self) -> "Buckets":
        return self


def drilling(buckets: Buckets) -> Drilling:
    return Drilling(cast("Any", buckets), lambda: DEFINITIONS)


@pytest.mark.parametrize(
    ("search", "bodies"),
    [
        (Search(figure="done", agency="PUPR-PERKIM"), ["PUPR-PERKIM"]),
        (Search(figure="done", agency="PUPR-PERKIM", line=("PUPR-PERKIM", "PUPR")), ["PUPR-PERKIM", "PUPR"]),
        (Search(figure="late", agency=""), ["-"]),
        (Search(figure="done", first="2026-03-01", last="2026-03-31"), []),
    ],
)
async def test_given_a_body_or_a_line_when_its_figure_is_opened_then_the_cases_of_all_of_them_are_looked_for(
    search: Search, bodies: list[str]
) -> None:
    buckets = Buckets(MOST_BUCKETS)

    narrowed = await drilling(buckets).narrow(search)

    assert buckets.asked == [bodies]
    assert narrowed is not None
    assert (narrowed.agency, narrowed.line, len(narrowed.buckets)) == (None, (), MOST_BUCKETS)


async def test_given_more_days_than_are_looked_through_when_a_figure_is_opened_then_a_shorter_period_is_asked_for() -> (
    None
):
    """A list that ended early would be believed to be whole."""
    with pytest.raises(Problem) as refused:
        await drilling(Buckets(MOST_BUCKETS + 1)).narrow(Search(figure="done", agency="PUPR-52.03"))

    assert refused.value.status == 422
    assert "ask for a shorter period" in str(refused.value.body)
