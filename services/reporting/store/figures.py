"""Figures added up from buckets and from the sums of months and days; never from cases."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any, Final, Literal

from services.reporting.domain.figures import CONFIDENTIAL, COUNTED, NO_AGENCY, PROVINCE
from services.reporting.domain.rollups import ALL, Rollup, rollup_for
from services.reporting.domain.statistics import ENOUGH, Counts, Dimension, Piece, Question, Sheltered
from services.reporting.domain.tallies import HEXAGON
from services.reporting.store.kept import Kept
from services.reporting.store.searches import between
from shared.limits import ANSWERS_WITHIN_S, within
from shared.mongo import Collection, Document, aggregate

Cell = dict[str, str]
"""A row's place in each dimension."""
Numbers = Mapping[str, int]
"""By figure."""
Place = tuple[str, ...]
"""The same, in the order of the dimensions."""
Row = tuple[Place, Numbers]
Part = tuple[Question, Sequence[Piece]]
"""A question of some pieces of its period, all of days or all of months."""
MOST_ROWS: Final = 10_000


class NotAddedUp(Exception):
    """No sums of months are kept that answer it."""


class FigureStore:
    """Reads buckets, and sums of months and days."""

    def __init__(self, buckets: Collection, rollups: Collection, kept: Kept) -> None:
        self._buckets = buckets
        self._rollups = rollups
        self._kept = kept

    async def total(self, question: Question) -> Counts:
        return Counts.of(await self.numbers(question, COUNTED))

    async def rows(self, question: Question) -> list[tuple[Cell, Counts]]:
        """In the order of the dimensions; one more than `MOST_ROWS` where there are too many."""
        return [(cell, Counts.of(numbers)) for cell, numbers in await self.table(question, COUNTED)]

    @within(ANSWERS_WITHIN_S)
    async def numbers(self, question: Question, figures: Sequence[str]) -> Numbers:
        """Of all together."""
        whole = replace(question, by=())
        added: Counter[str] = Counter(dict.fromkeys(figures, 0))
        for part in _parts(whole, whole.pieces_of_totals):
            for _, numbers in await self._add_up(part, figures, whole.sheltered_in_totals):
                added.update(numbers)
        return added

    @within(ANSWERS_WITHIN_S)
    async def table(self, question: Question, figures: Sequence[str]) -> list[tuple[Cell, Numbers]]:
        """By the dimensions asked for and in their order, less rows in which all is zero.

        One more than `MOST_ROWS` where there are too many.
        """
        rows: dict[Place, Counter[str]] = {}
        for part in _parts(question, question.pieces_of_rows):
            for place, numbers in await self._add_up(part, figures, question.sheltered_in_rows):
                rows.setdefault(place, Counter()).update(numbers)
        names = [name.value for name in question.by]
        return [(dict(zip(names, place, strict=True)), numbers) for place, numbers in sorted(rows.items())]

    async def _add_up(self, part: Part, figures: Sequence[str], sheltered: Sheltered) -> Iterable[Row]:
        """From sums where there are some for it, else from buckets."""
        question, pieces = part
        rollup = rollup_for(question, pieces[0].period, sheltered)
        if rollup is not None and rollup.holds(figures):
            return await self._of_sums(question, _cells(question, rollup, pieces), figures)
        return await self._of_buckets(question, _match(question, pieces), figures, sheltered)

    async def _of_sums(self, question: Question, matched: Document, figures: Sequence[str]) -> Iterable[Row]:
        """Added up here: they are few, and a sum of each figure takes MongoDB longer to plan than to make."""
        added: dict[Place, Counter[str]] = {}
        for document in await self._rollups.find(matched, _needed(figures)).to_list(None):
            place = _place_of(document, question)
            add(added.setdefault(place, Counter()), document["counts"])
        rows = ((place, {name: numbers.get(name, 0) for name in figures}) for place, numbers in added.items())
        return list(islice((row for row in rows if any(row[1].values())), MOST_ROWS + 1))

    async def _of_buckets(
        self, question: Question, matched: Document, figures: Sequence[str], sheltered: Sheltered
    ) -> Iterable[Row]:
        place = {name.value: _place(name, question) for name in question.by}
        pipeline = [
            {"$match": matched},
            {"$project": _needed(figures)},
            {"$group": {"_id": place or None} | _sums(figures, sheltered)},
            {"$match": {"$or": [{name: {"$gt": 0}} for name in figures]}},
            {"$limit": MOST_ROWS + 1},
        ]
        return [
            (tuple((row["_id"] or {})[name] for name in place), {name: row[name] for name in figures})
            for row in await aggregate(self._buckets, pipeline)
        ]

    @within(ANSWERS_WITHIN_S)
    async def open_now(
        self, figures: Sequence[str] | None = None, by: Literal["agency", "region"] | None = None
    ) -> Mapping[str, Numbers]:
        """What is open over all months: `late`, `urgent_open`, `due_on_…`, `sits_…`; all of them, or these alone.

        Confidential cases are in it, at a regency's body only where it got `ENOUGH` in one month in one district.

        By body (`-`: nobody) or by regency; else all under `*`. Kept, because it costs all months.
        """
        asked = (tuple(figures) if figures else None, by)
        return await self._kept.get(asked, lambda: self._add_up_open(figures, by))

    async def _add_up_open(
        self, figures: Sequence[str] | None, by: Literal["agency", "region"] | None
    ) -> dict[str, Counter[str]]:
        rollup = Rollup("regency" if by == "region" else "province", agencies=by == "agency", categories=False)
        wanted = {"level": rollup.name, "category": ALL, "agency": _of(None, is_kept=rollup.agencies)}
        shown = _with_confidential("open", figures) if figures else ["open"]
        fields = dict.fromkeys(("agency", "region", *shown), 1)
        found = await self._rollups.find(wanted | {"open": {"$exists": True}}, fields).to_list(None)
        rows: dict[str, Counter[str]] = {}
        for document in found:
            add(rows.setdefault(document[by] if by else ALL, Counter()), document["open"])
        return rows

    async def hexagons(self, question: Question) -> dict[str, int]:
        """Public cases by H3 index, where their point is known. Raises NotAddedUp as above."""
        rows = await self.everything(replace(question, by=()))
        numbers = rows[0][1] if rows else Counter[str]()
        return {name.removeprefix(HEXAGON): number for name, number in numbers.items() if name.startswith(HEXAGON)}

    @within(ANSWERS_WITHIN_S)
    async def everything(self, question: Question) -> list[tuple[Cell, Counter[str]]]:
        """Like `table`, with every figure that there is. Raises NotAddedUp where no sums of months answer it."""
        rollup, pieces = rollup_for(question, "month", question.sheltered_in_rows), question.pieces_of_rows
        if rollup is None or any(piece.period == "day" for piece in pieces):
            raise NotAddedUp
        names = {"agency": 1, "category": 1, "region": 1, "start": 1, "counts": 1}
        found = await self._rollups.find(_cells(question, rollup, pieces), names).to_list(None)
        rows: dict[Place, Counter[str]] = {}
        for document in found:
            add(rows.setdefault(_place_of(document, question), Counter()), document["counts"])
        names_of = [name.value for name in question.by]
        return [(dict(zip(names_of, place, strict=True)), numbers) for place, numbers in sorted(rows.items())]


_FIELDS: Final = {
    Dimension.REGION: "region",
    Dimension.AGENCY: "agency",
    Dimension.CATEGORY: "category",
    Dimension.DAY: "start",
    Dimension.MONTH: "start",
}


def _place_of(summed: Document, question: Question) -> Place:
    month = len("2026-03")
    return tuple(summed[_FIELDS[name]][: month if name is Dimension.MONTH else None] for name in question.by)


def add(numbers: Counter[str], counts: Mapping[str, int]) -> None:
    """Those of confidential cases to the others."""
    for figure, number in counts.items():
        name = figure.removeprefix(CONFIDENTIAL)
        numbers[name] = numbers.get(name, 0) + number


def _cells(question: Question, rollup: Rollup, pieces: Iterable[Piece]) -> Document:
    wanted: Document = {
        "level": rollup.name,
        "agency": _of(question.agency, is_kept=rollup.agencies),
        "category": _of(question.category, is_kept=rollup.categories),
    }
    if question.region not in {None, PROVINCE}:
        is_whole = rollup.level == "district" and len(question.region or "") == len("52.03")
        wanted["regency" if is_whole else "region"] = question.region
    bounds = [between(piece.first, piece.last) for piece in pieces]
    periods: list[Document] = [{"start": bound} if bound else {} for bound in bounds]
    return wanted | (periods[0] if len(periods) == 1 else {"$or": periods})


def _parts(question: Question, pieces: Iterable[Piece]) -> list[Part]:
    days = [piece for piece in pieces if piece.period == "day"]
    months = [piece for piece in pieces if piece.period == "month"]
    return [(question, part) for part in (months, days) if part]


def _of(chosen: str | None, *, is_kept: bool) -> Any:
    return chosen or ({"$ne": ALL} if is_kept else ALL)


def _match(question: Question, pieces: Iterable[Piece]) -> Document:
    wanted: Document = {"regions": question.region, "agency": question.agency, "category": question.category}
    wanted = {name: value for name, value in wanted.items() if value is not None}
    periods = [_period(piece) for piece in pieces]
    # As a condition of its own a single period gives the index its bounds.
    return wanted | (periods[0] if len(periods) == 1 else {"$or": periods})


def _period(piece: Piece) -> Document:
    bounds = between(piece.first, piece.last)
    return {"period": piece.period} | ({"start": bounds} if bounds else {})


def _place(dimension: Dimension, question: Question) -> Any:
    match dimension:
        case Dimension.REGION:
            return f"${question.level_of_rows}"
        case Dimension.AGENCY:
            return "$agency"
        case Dimension.CATEGORY:
            return "$category"
        case Dimension.DAY:
            return "$start"
        case Dimension.MONTH:
            return {"$substrBytes": ["$start", 0, len("2026-03")]}


def _needed(figures: Iterable[str]) -> Document:
    """Of a document, besides its place; a sum looks for its number among all that are there."""
    counts = _with_confidential("counts", figures)
    place = ("regency", "district", "region", "agency", "category", "start", "period")
    return dict.fromkeys((*place, f"counts.{CONFIDENTIAL}received", *counts), 1)


def _with_confidential(field: str, figures: Iterable[str]) -> list[str]:
    return [f"{field}.{prefix}{name}" for name in figures for prefix in ("", CONFIDENTIAL)]


def _sums(figures: Iterable[str], sheltered: Sheltered) -> Document:
    return {name: {"$sum": {"$add": [_number(name), _confidential(name, sheltered)]}} for name in figures}


def _confidential(name: str, sheltered: Sheltered) -> Any:
    number = _number(f"{CONFIDENTIAL}{name}")
    enough = {"$gte": [_number(f"{CONFIDENTIAL}received"), ENOUGH]}
    match sheltered:
        case Sheltered.NONE:
            return number
        case Sheltered.DAYS:
            return {"$cond": [{"$or": [{"$eq": ["$period", "month"]}, enough]}, number, 0]}
        case Sheltered.ALL:
            return {"$cond": [enough, number, 0]}


def _number(figure: str) -> Any:
    return {"$ifNull": [f"$counts.{figure}", 0]}


def agency_of(cell: Cell) -> str | None:
    agency = cell["agency"]
    return None if agency == NO_AGENCY else agency
