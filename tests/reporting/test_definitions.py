import json
from importlib.resources import files
from typing import Any

import pytest
from pydantic import ValidationError

from services.reporting.domain.definitions import COMPARED, DURATIONS, KEPT, REQUIRED, Definitions, GivenDefinitions
from services.reporting.shipped import shipped_definitions
from tests.reporting.tallying import first_definitions


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
        ("rated_1", {"id": "sits_assigned"}),
        ("rated_1", {"id": "hex_86"}),
        ("rated_1", {"id": "due_on_20260405"}),
        ("rated_1", {"id": "confidential_done"}),
        ("rated_1", {"id": "stayed_assigned_beyond"}),
        ("rated_1", {"id": "answer_within_24"}),
        ("rated_1", {"id": "answer"}),
    ],
)
def test_given_definitions_that_cannot_be_counted_when_they_are_read_then_they_are_refused(
    figure: str, fields: dict[str, Any]
) -> None:
    """A status that does not exist is what made "completed" 0 for years."""
    with pytest.raises(ValidationError):
        GivenDefinitions.model_validate(changed(**{figure: fields}))


@pytest.mark.parametrize("lost", [*KEPT, *COMPARED, *DURATIONS])
def test_given_definitions_without_what_every_scorecard_shows_when_they_are_read_then_only_old_ones_are_taken(
    lost: str,
) -> None:
    """Whoever gives them is told at once; a generation that was filled by them once must still be read."""
    told = changed()
    for kind in ("figures", "durations"):
        told[kind] = [
            each | {"share_of": [of for of in each.get("share_of", []) if of != lost]}
            for each in told[kind]
            if each["id"] != lost
        ]

    with pytest.raises(ValidationError, match=f"missing: .*{lost}"):
        GivenDefinitions.model_validate(told)
    if lost not in REQUIRED:
        assert lost not in Definitions.model_validate(told).counted


def test_given_a_generation_filled_by_the_first_version_when_it_is_read_then_its_figures_are_as_they_were() -> None:
    first = first_definitions()

    assert (first.version, first.by_id["done"].linked) == (1, None)
    assert not {"linked"} & set(first.by_id)


def test_given_two_versions_when_they_are_compared_then_what_says_something_else_is_named() -> None:
    other = Definitions.model_validate(changed(done={"statuses": ["closed"]}) | {"version": 2})

    assert list(other.differing(shipped_definitions())) == ["done"]


def test_given_figures_when_it_is_asked_what_they_need_then_what_they_are_shares_of_is_named_once() -> None:
    needed = shipped_definitions().needed_for(["done", "rejected"])

    assert needed == ["done", "received", "rejected"]
