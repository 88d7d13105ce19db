"""From a figure down to the cases that it counts."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Final

from services.reporting.domain.definitions import Definitions
from services.reporting.domain.figures import NO_AGENCY
from services.reporting.domain.statistics import Question
from services.reporting.domain.tallies import due_on
from services.reporting.store import Store
from services.reporting.store.buckets import MOST_BUCKETS
from services.reporting.store.searches import Search
from shared.problems import field_problem

_LONGEST: Final = timedelta(days=31)


class Drilling:
    """The buckets that have the figure lead to the cases, so a figure costs no index of its own."""

    def __init__(self, store: Store, definitions: Callable[[], Definitions]) -> None:
        self._store = store
        self._definitions = definitions

    async def narrow(self, search: Search) -> Search | None:
        """The same search, where to look included; None: nothing has the figure. Raises a 422 Problem."""
        if search.figure is None:
            return search
        figure = self._definitions().by_id.get(search.figure)
        if figure is None and due_on(search.figure) is None:
            raise field_problem(("figure", "is not a figure that is defined"))
        if search.agency is None and (figure is None or figure.listed):
            return search
        first, last = (date.fromisoformat(day) if day else None for day in (search.first, search.last))
        if search.agency is None and not (first and last and last - first < _LONGEST):
            raise field_problem(("figure", "needs an agency, or a period of at most a month"))
        question = Question(first=first, last=last, region=_district(search.region), category=search.category)
        buckets = await self._store.buckets.having(search.figure, question, _bodies(search))
        if len(buckets) > MOST_BUCKETS:
            raise field_problem(("figure", "counts too many cases; ask for a shorter period, a region or a category"))
        # The body for which it counts need not be the one that has the case now.
        return replace(search, agency=None, line=(), buckets=buckets) if buckets else None


def _bodies(search: Search) -> Sequence[str]:
    if search.line or search.agency is None:
        return search.line
    return [search.agency or NO_AGENCY]


def _district(region: str | None) -> str | None:
    """Buckets know no villages; those are looked at in the cases."""
    return region and region[: len("52.03.01")]
