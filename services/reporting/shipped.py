"""Definitions of figures and of open data, and what is held about reporters, as they are delivered."""

from importlib.resources import files

from pydantic import TypeAdapter

from services.reporting.domain.definitions import Definitions, GivenDefinitions
from services.reporting.domain.opendata import Catalogue
from services.reporting.domain.own_data import Holding


def shipped_definitions() -> Definitions:
    return GivenDefinitions.model_validate_json(_read("definitions.json"))


def shipped_catalogue() -> Catalogue:
    return Catalogue.model_validate_json(_read("open-data.json"))


def shipped_holdings() -> tuple[Holding, ...]:
    return TypeAdapter(tuple[Holding, ...]).validate_json(_read("holdings.json"))


def _read(name: str) -> str:
    return files("services.reporting").joinpath("data", name).read_text(encoding="utf-8")
