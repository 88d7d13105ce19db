"""Rows of open data, and what may stand in them."""

from collections.abc import Mapping
from datetime import date
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.reporting.domain.figures import Bucket
from services.reporting.domain.opendata import Catalogue, Dataset, FigureRows, Row, case_row, sheltered
from services.reporting.domain.projection import project
from services.reporting.domain.statistics import ENOUGH
from services.reporting.shipped import shipped_catalogue, shipped_definitions
from shared.events.case import PromiseKind
from tests.reporting.samples import RECEIVED_AT, a_directory, a_promise, a_step, hours, ticket

NAMES: Final = a_directory()
CATALOGUE: Final[Catalogue] = shipped_catalogue()
CASES, FIGURES = CATALOGUE.datasets
COUNTED: Final = ("received", "done")


def row_of(**changes: Any) -> Row:
    step = a_step(1, 1, **changes)
    head = project([(step.ticket, step)])[ticket(1)].head
    assert head is not None
    return case_row(ticket(1), head, NAMES)


def rows_of(*counted: tuple[str, Mapping[str, int]]) -> list[Row]:
    rows = FigureRows(COUNTED, NAMES)
    told = [row for key, counts in counted for row in rows.take([(Bucket.parse(key), counts)])]
    return told + rows.end()


def test_given_a_public_case_when_its_row_is_made_then_it_tells_facts_and_names() -> None:
    promises = (a_promise(PromiseKind.RESPONSE, 24, 3), a_promise(PromiseKind.RESOLUTION, 500))

    row = row_of(cell="-8.66,116.54", promises=promises)

    assert (row["ticket"], row["status"], row["urgency"]) == (ticket(1), "assigned", "important")
    assert (row["regency_name"], row["district_name"], row["village"]) == ("Lombok Timur", "Keruak", "52.03.01.2001")
    assert (row["latitude"], row["longitude"]) == (-8.65, 116.55)
    assert (row["agency_name_en"], row["category_name_id"]) == ("en PUPR-52.03", "id road.damage")
    assert (row["received_on"], row["received_at"], row["rough"]) == (date(2026, 3, 5), RECEIVED_AT, False)
    assert (row["response_outcome"], row["response_met_at"]) == ("kept", RECEIVED_AT + hours(3))
    assert (row["resolution_outcome"], row["resolution_met_at"]) == ("open", None)
    assert row["verification_due_at"] is None


def test_given_a_sensitive_case_when_its_row_is_made_then_its_place_is_rough() -> None:
    row = row_of(category="social.aid", cell="-8.66,116.54", promises=(a_promise(PromiseKind.RESPONSE, 24, 3),))

    assert (row["regency"], row["district"], row["village"], row["latitude"]) == ("52.03", None, None, None)
    assert row["rough"] is True
    assert row["received_at"] == RECEIVED_AT


@pytest.mark.parametrize("changes", [{}, {"region": None, "agency": None}, {"category": "social.aid"}])
def test_given_any_case_when_its_row_is_made_then_it_has_the_columns_of_the_dictionary(changes: dict[str, Any]) -> None:
    row = row_of(**changes)

    assert list(row) == [column.name for column in CASES.columns]
    assert [column.name for column in CASES.columns if column.required and row[column.name] is None] == []


def test_given_figures_when_a_row_is_made_then_it_has_the_columns_of_the_dictionary() -> None:
    definitions = shipped_definitions()
    dataset: Dataset = FIGURES.counting(definitions)
    rows = FigureRows((figure.id for figure in definitions.figures), NAMES)

    [row] = rows.take([(Bucket("2026-03", "52.03.01", "-", "road.damage"), {"received": 1})])

    assert list(row) == [column.name for column in dataset.columns]
    assert (row["district_name"], row["agency"], row["received"], row["done"]) == ("Keruak", None, 1, 0)


def test_given_few_and_enough_confidential_cases_when_rows_are_made_then_only_enough_count() -> None:
    few = {"received": 1, "confidential_received": ENOUGH - 1, "confidential_done": ENOUGH - 1}
    enough = {"received": 1, "confidential_received": ENOUGH, "confidential_done": 2}

    rows = rows_of(("2026-03|52.03.01|-|road.damage", few), ("2026-03|52.03.02|-|road.damage", enough))

    assert [(row["received"], row["done"]) for row in rows] == [(1, 0), (1 + ENOUGH, 2)]


def test_given_only_few_confidential_cases_when_rows_are_made_then_there_is_none() -> None:
    assert rows_of(("2026-03|52.03.01|-|road.damage", {"confidential_received": ENOUGH - 1})) == []


def test_given_sensitive_buckets_of_districts_when_rows_are_made_then_they_are_one_of_the_regency() -> None:
    rows = rows_of(
        ("2026-03|52.03.01|-|road.damage", {"received": 1}),
        ("2026-03|52.03.01|-|social.aid", {"received": 2}),
        ("2026-03|52.03.02|-|social.aid", {"received": 3, "done": 1}),
        ("2026-03|52.03.02|-|social.violence", {"confidential_received": ENOUGH - 1}),
        ("2026-04|52.03.02|-|social.aid", {"received": 4}),
    )

    told = [(row["month"], row["regency"], row["district"], row["category"], row["received"]) for row in rows]
    assert told == [
        ("2026-03", "52.03", "52.03.01", "road.damage", 1),
        ("2026-03", "52.03", None, "social.aid", 5),
        ("2026-04", "52.03", None, "social.aid", 4),
    ]


@given(
    counts=st.dictionaries(
        st.sampled_from(["received", "done", "confidential_received", "confidential_done", "hex_8"]),
        st.integers(0, 9),
    )
)
def test_given_any_bucket_when_it_is_sheltered_then_fewer_confidential_cases_than_enough_change_nothing(
    counts: dict[str, int],
) -> None:
    told = sheltered(counts, COUNTED)

    few = counts.get("confidential_received", 0) < ENOUGH
    assert set(told) == set(COUNTED)
    if few:
        assert told == {name: counts.get(name, 0) for name in COUNTED}
