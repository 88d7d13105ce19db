import json
from importlib.resources import files
from typing import Any

import pytest
from pydantic import ValidationError

from services.reporting.domain.definitions import Definitions
from services.reporting.shipped import shipped_definitions


def changed(**figures: dict[str, Any]) -> dict[str, Any]:
    """What is shipped, with these fields of these figures."""
    told: dict[str, Any] = json.loads(files("services.reporting").joinpath("data", "definitions.json").read_text())
    for figure in told["figures"]:
        figure.update(figures.get(figure["id"], {}))
    return told


def test_given_what_is_shipped_when_it_is_read_then_every_figure_says_in_both_languages_what_it_counts() -> None:
    definitions = shipped_definitions()

    assert definitions.version == 2
    assert all(
        figure.name.id and figure.name.en and figure.about.id and figure.about.en for figure in definitions.figures
    )
    assert {"received", "verified", "response_in_time", "followed_up", "resolution_in_time", "late"} <= set(
        definitions.by_id
    )
    assert {"returned", "reopened", "confirmed", "rated_5"} <= set(definitions.by_id)


@pytest.mark.parametrize(
    ("figure", "fields"),
    [
        ("verified", {"outcomes": []}),
        ("done", {"reasons": ["confirmed"]}),
        ("done", {"counts_for": "actor"}),
        ("done", {"counts_for": "then"}),
        ("done", {"share_of": ["nothing"]}),
        ("done", {"id": "received"}),
        ("done", {"id": "finished"}),
        ("done", {"statuses": ["completed"]}),
    ],
)
def test_given_definitions_that_cannot_be_counted_when_they_are_read_then_they_are_refused(
    figure: str, fields: dict[str, Any]
) -> None:
    """A status that does not exist is what made "completed" 0 for years."""
    with pytest.raises(ValidationError):
        Definitions.model_validate(changed(**{figure: fields}))


def test_given_two_versions_when_they_are_compared_then_what_says_something_else_is_named() -> None:
    other = Definitions.model_validate(changed(done={"statuses": ["closed"]}) | {"version": 2})

    assert list(other.differing(shipped_definitions())) == ["done"]


def test_given_figures_when_it_is_asked_what_they_need_then_what_they_are_shares_of_is_named_once() -> None:
    needed = shipped_definitions().needed_for(["done", "rejected"])

    assert needed == ["done", "received", "rejected"]
