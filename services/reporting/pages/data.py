"""The page of open data: what there is, what it means, and how to follow it."""

from dataclasses import dataclass
from typing import Final

from services.reporting.domain.opendata import Catalogue, Column, Dataset
from services.reporting.domain.terms import OUTCOMES, STATUSES, URGENCIES
from services.reporting.pages.saying import Speaker

PAGE: Final = "/data"
_CODES: Final = {"statuses": STATUSES, "urgencies": URGENCIES, "outcomes": OUTCOMES}
_NAMES: Final = {"csv": "CSV", "json": "JSON", "jsonl": "JSON Lines", "geojson": "GeoJSON", "parquet": "Parquet"}
_EXAMPLES: Final = {
    "cases": "/data/cases.csv?region=52.03&from=2026-01-01",
    "figures": "/data/figures.csv?agency=PUPR-52.03",
}


@dataclass(frozen=True, slots=True)
class File:
    """One format."""

    name: str
    href: str


@dataclass(frozen=True, slots=True)
class ColumnLine:
    """What a column holds."""

    name: str
    kind: str
    title: str
    about: str
    codes: str


@dataclass(frozen=True, slots=True)
class DatasetPart:
    """One dataset."""

    id: str
    title: str
    about: str
    size: str
    example: str
    files: list[File]
    columns: list[ColumnLine]


@dataclass(frozen=True, slots=True)
class SourceLine:
    """Where something comes from."""

    title: str
    path: str | None
    about: str


@dataclass(frozen=True, slots=True)
class DataPage:
    """All of it."""

    title: str
    about: str
    datasets: list[DatasetPart]
    licences: list[SourceLine]
    sources: list[SourceLine]


def show_data(catalogue: Catalogue, sizes: tuple[int, ...], say: Speaker) -> DataPage:
    return DataPage(
        title=catalogue.title.in_language(say.language),
        about=catalogue.about.in_language(say.language),
        datasets=[_dataset(dataset, size, say) for dataset, size in zip(catalogue.datasets, sizes, strict=True)],
        licences=[SourceLine(each.title, each.path, each.name) for each in catalogue.licences],
        sources=[SourceLine(each.title, each.path, each.about.in_language(say.language)) for each in catalogue.sources],
    )


def _dataset(dataset: Dataset, size: int, say: Speaker) -> DatasetPart:
    return DatasetPart(
        id=dataset.id,
        title=dataset.title.in_language(say.language),
        about=dataset.about.in_language(say.language),
        size=say.words["data"]["size"].format(say.number(size)),
        example=_EXAMPLES[dataset.id],
        files=[File(_NAMES[form], f"{PAGE}/{dataset.id}.{form}") for form in dataset.formats],
        columns=[_column(column, say) for column in dataset.columns],
    )


def _column(column: Column, say: Speaker) -> ColumnLine:
    return ColumnLine(
        name=column.name,
        kind=say.words["data"]["kinds"][column.kind.value],
        title=column.title.in_language(say.language),
        about=column.about.in_language(say.language),
        codes=", ".join(_CODES[column.values]) if column.values else "",
    )
