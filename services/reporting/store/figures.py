"""Figures added up from buckets."""

from typing import Any, Final

from services.reporting.domain.figures import CONFIDENTIAL, COUNTS, NO_AGENCY
from services.reporting.domain.statistics import ENOUGH, Counts, Dimension, Piece, Question, Sheltered
from services.reporting.store.cases import between
from shared.limits import ANSWERS_WITHIN_S, within
from shared.mongo import Collection, Document, aggregate

Cell = dict[str, str]
"""A row's place in each dimension."""
MOST_ROWS: Final = 10_000


class FigureStore:
    """Reads buckets, never cases."""

    def __init__(self, buckets: Collection) -> None:
        self._buckets = buckets

    @within(ANSWERS_WITHIN_S)
    async def total(self, question: Question) -> Counts:
        rows = await aggregate(self._buckets, totals_pipeline(question))
        return Counts.of(rows[0]) if rows else Counts()

    @within(ANSWERS_WITHIN_S)
    async def rows(self, question: Question) -> list[tuple[Cell, Counts]]:
        """In the order of the dimensions; one more than `MOST_ROWS` where there are too many."""
        rows = await aggregate(self._buckets, rows_pipeline(question))
        return [(row["_id"], Counts.of(row)) for row in rows]


def totals_pipeline(question: Question) -> list[Document]:
    group = {"_id": None} | _sums(question.sheltered_in_totals)
    return [{"$match": _match(question, question.pieces_of_totals)}, {"$group": group}]


def rows_pipeline(question: Question) -> list[Document]:
    group = {"_id": {name.value: _place(name, question) for name in question.by}} | _sums(question.sheltered_in_rows)
    order = {f"_id.{name.value}": 1 for name in question.by}
    return [
        {"$match": _match(question, question.pieces_of_rows)},
        {"$group": group},
        {"$match": {"received": {"$gt": 0}}},
        {"$sort": order},
        {"$limit": MOST_ROWS + 1},
    ]


def _match(question: Question, pieces: list[Piece]) -> Document:
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
            return f"${question.level}"
        case Dimension.AGENCY:
            return "$agency"
        case Dimension.CATEGORY:
            return "$category"
        case Dimension.DAY:
            return "$start"
        case Dimension.MONTH:
            return {"$substrBytes": ["$start", 0, len("2026-03")]}


def _sums(sheltered: Sheltered) -> Document:
    return {name: {"$sum": {"$add": [_number(name), _confidential(name, sheltered)]}} for name in COUNTS}


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
