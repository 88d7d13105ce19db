"""Reads scorecards: one body's, and all bodies' beside each other."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from services.reporting.domain.definitions import COMPARED, Definitions
from services.reporting.domain.scorecards import (
    Performance,
    Period,
    Share,
    Standing,
    line_of,
    peers_of,
    perform,
    shares_of,
    stand,
)
from services.reporting.domain.sitting import Row, last_three_months, stays, where_it_sits
from services.reporting.domain.statistics import Dimension, Question
from services.reporting.store import Store
from services.reporting.store.figures import Cell, NotAddedUp, Numbers
from shared.directory import Directory
from shared.events.directory import Agency, AgencyLevel


@dataclass(frozen=True, slots=True)
class Cut:
    """Of which cases."""

    period: Period
    region: str | None = None
    category: str | None = None
    line: bool = False
    """With those of the bodies that it came from."""

    def question(self, *by: Dimension, agency: str | None = None) -> Question:
        first, last = self.period.first, self.period.last
        return Question(by=by, first=first, last=last, region=self.region, agency=agency, category=self.category)


@dataclass(frozen=True, slots=True)
class Card:
    """One body's figures of a period."""

    agency: Agency
    cut: Cut
    bodies: Sequence[str]
    """Whose figures are in."""
    overall: Performance
    before: Performance
    """Of the period before."""
    categories: Sequence[tuple[str, Performance]]
    """Most complaints first."""
    regions: Sequence[tuple[str, Performance]]
    standings: Sequence[Standing]

    @property
    def is_complete(self) -> bool:
        """Whether every case is in."""
        return all(self.cut.question(agency=body).totals_complete for body in self.bodies)


class Scoring:
    """Reads sums of months, never cases."""

    def __init__(self, store: Store, names: Directory, definitions: Callable[[], Definitions]) -> None:
        self._store = store
        self._names = names
        self.definitions = definitions

    async def card(self, agency: Agency, cut: Cut) -> Card:
        bodies = line_of(agency.id, self._names) if cut.line else [agency.id]
        categories = await self._parts(bodies, cut, Dimension.CATEGORY)
        regions = await self._parts(bodies, cut, Dimension.REGION)
        before = await self._numbers(bodies, replace(cut, period=cut.period.before))
        overall = self._perform(sum(categories.values(), Counter[str]()))
        return Card(
            agency=agency,
            cut=cut,
            bodies=bodies,
            overall=overall,
            before=self._perform(before),
            categories=self._performances(categories),
            regions=self._performances(regions),
            standings=await self._standings(agency, bodies, cut, overall),
        )

    async def table(self, cut: Cut, figures: Sequence[str]) -> dict[str, Mapping[str, Share]]:
        """These figures of every body, by its id."""
        definitions = self.definitions()
        wanted = [definitions.by_id[figure] for figure in figures]
        rows = await self._store.figures.table(cut.question(Dimension.AGENCY), definitions.needed_for(figures))
        return {cell["agency"]: shares_of(numbers, wanted) for cell, numbers in rows}

    async def sitting(self, today: date) -> list[Row]:
        """Where it sits now over all months, and how long it lay there in the three months up to this one.

        Worked out once for a day and the sums as they are: it costs all days on which what is open came to lie there.
        """
        return await self._store.kept.get(("sitting", today), lambda: self._work_out_sitting(today))

    async def _work_out_sitting(self, today: date) -> list[Row]:
        figures = self._store.figures
        now = {body: Counter(open_there) for body, open_there in (await figures.open_now(by="agency")).items()}
        definitions = self.definitions()
        first, last = last_three_months(today)
        year = Question(by=(Dimension.AGENCY,), first=first, last=last)
        for cell, numbers in await figures.table(year, stays(definitions)):
            now.setdefault(cell["agency"], Counter()).update(numbers)
        return where_it_sits(now.items(), definitions, today)

    async def _standings(self, agency: Agency, bodies: Sequence[str], cut: Cut, overall: Performance) -> list[Standing]:
        """Beside those that were there when the period ended; of a part of its regency a body has no peers."""
        is_whole = cut.region == agency.region and agency.level == AgencyLevel.REGENCY
        every = await self.table(replace(cut, region=None) if is_whole else cut, COMPARED)
        known = peers_of(agency, self._names, cut.period.last)
        peers = [every[peer] for peer in known if peer in every and peer not in bodies]
        return [stand(figure, overall, peers) for figure in COMPARED]

    async def _parts(self, bodies: Sequence[str], cut: Cut, by: Dimension) -> dict[str, Counter[str]]:
        parts: dict[str, Counter[str]] = {}
        for body in bodies:
            for cell, numbers in await self._counted(cut.question(by, agency=body)):
                parts.setdefault(cell[by.value], Counter()).update(numbers)
        return parts

    async def _numbers(self, bodies: Sequence[str], cut: Cut) -> Counter[str]:
        numbers: Counter[str] = Counter()
        for body in bodies:
            for _, counted in await self._counted(cut.question(agency=body)):
                numbers.update(counted)
        return numbers

    async def _counted(self, question: Question) -> Sequence[tuple[Cell, Numbers]]:
        try:
            return await self._store.figures.everything(question)
        except NotAddedUp:
            return await self._store.figures.table(question, self.definitions().counted)

    def _performances(self, parts: Mapping[str, Counter[str]]) -> list[tuple[str, Performance]]:
        performances = [(name, self._perform(numbers)) for name, numbers in parts.items()]
        performances.sort(key=lambda part: (-part[1]["received"].number, part[0]))
        return performances

    def _perform(self, numbers: Mapping[str, int]) -> Performance:
        return perform(numbers, self.definitions())
