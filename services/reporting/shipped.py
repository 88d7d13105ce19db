"""The definitions of figures as they are delivered."""

from importlib.resources import files

from services.reporting.domain.definitions import Definitions


def shipped_definitions() -> Definitions:
    return Definitions.model_validate_json(
        files("services.reporting").joinpath("data", "definitions.json").read_text(encoding="utf-8")
    )
