"""Open data: what each dataset holds, and its rows. Facts of public cases, and counts; never anything that was written.

What may be told of confidential cases is as in `domain/statistics.py`: of a month, a district, an agency and a category
together they count only where there are `ENOUGH`. What is sensitive is told as in `shared/sheltering.py`.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime
from enum import StrEnum
from typing import Final

from services.reporting.domain.case import Head
from services.reporting.domain.definitions import Definitions
from services.reporting.domain.figures import CONFIDENTIAL, NO_AGENCY, Bucket
from services.reporting.domain.promises import outcome_of
from services.reporting.domain.sheltering import told_cell
from services.reporting.domain.statistics import ENOUGH
from services.reporting.domain.views import agency_name, category_name, region_name
from shared.directory import Directory
from shared.events.case import CaseSnapshot, Promise, PromiseKind
from shared.events.directory import Label
from shared.events.event import Fact, region_levels
from shared.sheltering import is_sensitive, told_region
from shared.wita import day_of

Value = str | int | float | bool | date | datetime | None
Row = Mapping[str, Value]
"""By column."""
_HALF_A_CELL: Final = 0.01
_LEVELS: Final = ("regency", "district", "village")


class Kind(StrEnum):
    """Types of values, as Table Schema calls them."""

    STRING = "string"
    INTEGER = "integer"
    NUMBER = "number"
    BOOLEAN = "boolean"
    DATE = "date"
    DATETIME = "datetime"


class Column(Fact):
    """One column. Where it is not `required` a value may be missing."""

    name: str
    kind: Kind
    title: Label
    about: Label
    required: bool = False
    unit: str | None = None
    values: str | None = None
    """Which codes it may hold: `statuses`, `urgencies` or `outcomes`."""


class Dataset(Fact):
    """What is offered, and what its rows hold."""

    id: str
    title: Label
    about: Label
    key: tuple[str, ...]
    formats: tuple[str, ...]
    columns: tuple[Column, ...]

    def counting(self, definitions: Definitions) -> "Dataset":
        """With a column for every figure that is defined."""
        counts = (
            Column(name=figure.id, kind=Kind.INTEGER, title=figure.name, about=figure.about, required=True, unit="case")
            for figure in definitions.figures
        )
        return self.model_copy(update={"columns": (*self.columns, *counts)})


class Licence(Fact):
    """Under which terms it is given."""

    name: str
    title: str
    path: str


class Source(Fact):
    """Where it comes from."""

    title: str
    path: str | None = None
    about: Label


class Catalogue(Fact):
    """All that is offered."""

    title: Label
    about: Label
    licences: tuple[Licence, ...]
    sources: tuple[Source, ...]
    datasets: tuple[Dataset, ...]


def case_row(ticket: str, head: Head, names: Directory) -> Row:
    """Of a public case."""
    case = head.snapshot
    rough = is_sensitive(case.category, names)
    return {
        "ticket": ticket,
        "status": case.status.value,
        **_category(case.category, names),
        "urgency": case.urgency.value,
        **_place(told_region(case.region, case.category, names), names, _LEVELS),
        **_point(told_cell(case.cell, case.category, names)),
        **_agency(case.agency, names),
        "historical": case.historical,
        "rough": rough,
        "received_on": day_of(case.received_at),
        "received_at": case.received_at,
        "updated_at": head.at,
        "sequence": head.sequence,
        **_promises(case),
    }


class FigureRows:
    """Rows of buckets of months, taken in the order of their keys. Of what is sensitive, districts are added up.

    Only the regency that is being read is held.
    """

    def __init__(self, figures: Iterable[str], names: Directory) -> None:
        self._figures = tuple(figures)
        self._names = names
        self._place = ""
        self._held = dict[str, tuple[Bucket, dict[str, int]]]()

    def take(self, counted: Iterable[tuple[Bucket, Mapping[str, int]]]) -> list[Row]:
        """Those that are whole by now."""
        return [row for bucket, counts in counted for row in self._take(bucket, sheltered(counts, self._figures))]

    def end(self) -> list[Row]:
        rows = [self._row(bucket, sums) for bucket, sums in self._held.values() if any(sums.values())]
        self._held = {}
        return rows

    def _take(self, bucket: Bucket, counts: dict[str, int]) -> Iterator[Row]:
        place = f"{bucket.start}|{_regency(bucket.region)}"
        if place != self._place:
            yield from self.end()
            self._place = place
        if is_sensitive(bucket.category, self._names):
            whole = Bucket(bucket.start, _regency(bucket.region), bucket.agency, bucket.category)
            _, sums = self._held.setdefault(whole.key, (whole, dict.fromkeys(self._figures, 0)))
            sums.update({name: sums[name] + number for name, number in counts.items()})
        elif any(counts.values()):
            yield self._row(bucket, counts)

    def _row(self, bucket: Bucket, counts: Mapping[str, int]) -> Row:
        agency = None if bucket.agency == NO_AGENCY else bucket.agency
        return {
            "month": bucket.start,
            **_place(bucket.region, self._names, _LEVELS[:2]),
            **_agency(agency, self._names),
            **_category(bucket.category, self._names),
            **counts,
        }


def sheltered(counts: Mapping[str, int], figures: Iterable[str]) -> dict[str, int]:
    """Confidential cases count where the bucket has enough of them."""
    prefix = CONFIDENTIAL if counts.get(f"{CONFIDENTIAL}received", 0) >= ENOUGH else None
    return {name: counts.get(name, 0) + (counts.get(f"{prefix}{name}", 0) if prefix else 0) for name in figures}


def _regency(region: str) -> str:
    return region_levels(region)[:2][-1]


def _place(region: str | None, names: Directory, levels: Iterable[str]) -> dict[str, Value]:
    codes = dict(zip(levels, region_levels(region)[1:] if region else (), strict=False))
    named: dict[str, Value] = {}
    for level in levels:
        named[level] = codes.get(level)
        named[f"{level}_name"] = region_name(names, codes.get(level))
    return named


def _point(cell: str | None) -> dict[str, Value]:
    """The centre of the cell."""
    if cell is None:
        return {"latitude": None, "longitude": None}
    south, west = (float(degrees) for degrees in cell.split(","))
    return {"latitude": round(south + _HALF_A_CELL, 2), "longitude": round(west + _HALF_A_CELL, 2)}


def _agency(agency: str | None, names: Directory) -> dict[str, Value]:
    return {"agency": agency, **_both("agency_name", agency_name(names, agency))}


def _category(category: str, names: Directory) -> dict[str, Value]:
    return {"category": category, **_both("category_name", category_name(names, category))}


def _both(name: str, label: Label | None) -> dict[str, Value]:
    return {f"{name}_id": label.id if label else None, f"{name}_en": label.en if label else None}


def _promises(case: CaseSnapshot) -> dict[str, Value]:
    told: dict[str, Value] = {}
    for kind in PromiseKind:
        promise = case.promise(kind)
        told |= {f"{kind.value}_{name}": value for name, value in _promise(promise).items()}
    return told


def _promise(promise: Promise | None) -> dict[str, Value]:
    if promise is None:
        return {"due_at": None, "met_at": None, "outcome": None}
    return {"due_at": promise.due_at, "met_at": promise.met_at, "outcome": outcome_of(promise)}
