"""The data dictionary as a Frictionless Data Package, with all words in both languages."""

from collections.abc import Mapping
from typing import Any, Final

from services.reporting.domain.opendata import Catalogue, Column, Dataset
from services.reporting.domain.terms import OUTCOMES, STATUSES, URGENCIES, Terms
from services.reporting.exports import WRITERS
from shared.events.directory import Label

_CODES: Final[Mapping[str, Terms]] = {"statuses": STATUSES, "urgencies": URGENCIES, "outcomes": OUTCOMES}
_PROFILE: Final = "tabular-data-package"


def make_package(catalogue: Catalogue) -> dict[str, Any]:
    """Titles and descriptions are Indonesian, as Table Schema has one of each; English stands beside them."""
    return {
        "profile": _PROFILE,
        "name": "ntb-care",
        **_named(catalogue.title, catalogue.about),
        "licenses": [licence.model_dump() for licence in catalogue.licences],
        "sources": [
            {"title": source.title} | ({"path": source.path} if source.path else {}) | _about(source.about)
            for source in catalogue.sources
        ],
        "resources": [_resource(dataset) for dataset in catalogue.datasets],
    }


def _resource(dataset: Dataset) -> dict[str, Any]:
    files = [
        {"format": form, "path": f"{dataset.id}.{form}", "mediatype": WRITERS[form][1]} for form in dataset.formats
    ]
    return {
        "profile": "tabular-data-resource",
        "name": dataset.id,
        **_named(dataset.title, dataset.about),
        **files[0],
        "encoding": "utf-8",
        "files": files,
        "schema": {
            "fields": [_field(column) for column in dataset.columns],
            "missingValues": [""],
            # Part of the longer key may be missing, which a primary key may not.
            **({"primaryKey": list(dataset.key)} if len(dataset.key) == 1 else {"uniqueKeys": [list(dataset.key)]}),
        },
    }


def _field(column: Column) -> dict[str, Any]:
    field: dict[str, Any] = {"name": column.name, "type": column.kind.value, **_named(column.title, column.about)}
    constraints: dict[str, Any] = {"required": True} if column.required else {}
    if column.unit:
        field["unit"] = column.unit
    if column.values:
        codes = _CODES[column.values]
        constraints["enum"] = list(codes)
        field["labels"] = {code: {"id": said[0], "en": said[1]} for code, said in codes.items()}
    return field | ({"constraints": constraints} if constraints else {})


def _named(title: Label, about: Label) -> dict[str, str]:
    return {"title": title.id, "title_en": title.en, **_about(about)}


def _about(about: Label) -> dict[str, str]:
    return {"description": about.id, "description_en": about.en}


def _file(dataset: str, form: str) -> dict[str, str]:
    return {"format": form, "path": f"{dataset}.{form}", "mediatype": WRITERS[form][1]}
