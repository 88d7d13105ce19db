import copy
from typing import Any

import pytest

from tests.contracts.schemas import breaking_changes, current_schemas, recorded_schemas

HOW = "record additive changes with: make contracts"
SUBMITTED = "complaint.submitted.v1"


@pytest.mark.parametrize("kind", sorted(current_schemas()))
def test_given_the_recorded_contract_when_the_model_is_compared_then_nothing_breaks(kind: str) -> None:
    recorded, current = recorded_schemas(), current_schemas()

    assert kind in recorded, HOW
    assert breaking_changes(recorded[kind], current[kind]) == []
    assert recorded[kind] == current[kind], HOW


def test_given_a_recorded_type_when_models_are_listed_then_it_is_still_there() -> None:
    assert set(recorded_schemas()) <= set(current_schemas())


def changed(change: str) -> dict[str, Any]:
    schema = copy.deepcopy(current_schemas()[SUBMITTED])
    match change:
        case "an optional field more":
            schema["properties"]["weather"] = {"type": "string", "default": ""}
        case "a required field more":
            schema["properties"]["weather"] = {"type": "string"}
            schema["required"].append("weather")
        case "a field less":
            del schema["properties"]["about"]
        case "another type":
            schema["properties"]["anonymous"] = {"type": "string"}
        case "a narrower pattern":
            schema["properties"]["category"]["pattern"] = "^road"
        case "an enum value more":
            schema["$defs"]["Language"]["enum"].append("sas")
        case "an optional field that is required":
            schema["required"].append("cell")
        case "another type in an optional field":
            schema["properties"]["about"]["anyOf"][0] = {"type": "integer"}
        case _:
            raise AssertionError(change)
    return schema


def test_given_an_optional_field_more_when_compared_then_nothing_breaks() -> None:
    assert breaking_changes(current_schemas()[SUBMITTED], changed("an optional field more")) == []


def test_given_a_kind_of_directory_entry_more_when_compared_then_nothing_breaks_but_one_less_does() -> None:
    now = current_schemas()["directory.recorded.v1"]
    fewer = copy.deepcopy(now)
    entry = fewer["properties"]["entry"]
    del entry["discriminator"]["mapping"]["door"], entry["oneOf"][-1]

    assert breaking_changes(fewer, now) == []
    assert breaking_changes(now, fewer)


@pytest.mark.parametrize(
    "change",
    [
        "a required field more",
        "a field less",
        "another type",
        "a narrower pattern",
        "an enum value more",
        "an optional field that is required",
        "another type in an optional field",
    ],
)
def test_given_any_other_change_when_compared_then_it_breaks(change: str) -> None:
    assert breaking_changes(current_schemas()[SUBMITTED], changed(change))
