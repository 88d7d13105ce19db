"""Which generation may become what, how far one is, what differs between two."""

from datetime import UTC, datetime
from typing import Any

import pytest

from services.reporting.domain.generations import (
    Changed,
    Comparison,
    Contents,
    Generation,
    GenerationRefused,
    Known,
    Progress,
    State,
    Unlike,
    changes,
    compare_cases,
    over_all,
    seconds_left,
    states_before,
)
from services.reporting.domain.recount import table_of, wrong_sums
from services.reporting.domain.rollups import ROLLUPS

AT = datetime(2026, 4, 10, tzinfo=UTC)


def known(live: str = "1", **states: State) -> Known:
    """Generations by `g<name>`."""
    all_states = {"g1": State.SERVED} | states
    generations = [Generation(name[1:], {"version": 1}, state, AT) for name, state in all_states.items()]
    return Known(live, {one.id: one for one in generations})


def test_given_tables_of_sums_when_held_against_their_buckets_then_what_one_has_too_much_or_not_at_all_is_told() -> (
    None
):
    totals = {"2026-03": {"received": 2, "done": 1, "confidential_received": 7}}
    right = {table_of(rollup): 3 for rollup in ROLLUPS}
    none_of_districts = {table: number for table, number in right.items() if table != "district|*|*"}

    assert wrong_sums(totals, {"2026-03": right}) == []
    assert wrong_sums(totals, {"2026-03": right, "2026-04": {"province|*|*": 5}}) == [
        Changed("2026-04", "province|*|*", 0, 5)
    ]
    assert wrong_sums(totals, {"2026-03": none_of_districts}) == [Changed("2026-03", "district|*|*", 3, 0)]


def compared(old: Contents, new: Contents, **others: Any) -> Comparison:
    return Comparison(old, new, "1", "1", sampled=10, **others)


def test_given_every_state_when_the_ones_before_are_asked_for_then_nothing_comes_back_from_a_drop() -> None:
    before = {state: states_before(state) for state in State}

    assert before == {
        State.BUILDING: frozenset(),
        State.SERVED: {State.BUILDING},
        State.DROPPING: {State.BUILDING, State.SERVED, State.DROPPING},
    }


def test_given_generations_in_all_states_when_replicas_ask_then_they_consume_the_served_ones() -> None:
    generations = known(g2=State.BUILDING, g3=State.SERVED, g4=State.DROPPING)

    assert [one.id for one in generations.served] == ["1", "3"]


@pytest.mark.parametrize(
    ("name", "words"),
    [("2", "not filled yet"), ("4", "is being dropped"), ("5", "There is no generation 5. There are: 1, 2, 3, 4.")],
)
def test_given_a_generation_that_cannot_answer_when_it_is_switched_to_then_it_is_refused_in_words(
    name: str, words: str
) -> None:
    generations = known(g2=State.BUILDING, g3=State.SERVED, g4=State.DROPPING)

    with pytest.raises(GenerationRefused, match=words):
        generations.check_switch(name)
    generations.check_switch("3")


def test_given_the_live_generation_when_it_is_dropped_then_it_is_refused_and_any_other_is_not() -> None:
    generations = known(g2=State.BUILDING, g3=State.SERVED)

    with pytest.raises(GenerationRefused, match="Generation 1 is live"):
        generations.check_drop("1")
    generations.check_drop("2")
    generations.check_drop("3")


@pytest.mark.parametrize(
    ("states", "wanted", "name"),
    [
        ({}, None, "2"),
        ({"g9": State.SERVED, "gspare": State.SERVED}, None, "10"),
        ({"g7": State.BUILDING}, None, "7"),
        ({"g7": State.BUILDING}, "7", "7"),
        ({"g7": State.BUILDING}, "new", "new"),
    ],
)
def test_given_what_is_there_when_a_rebuild_begins_then_an_unfinished_one_goes_on_else_it_gets_the_next_number(
    states: dict[str, State], wanted: str | None, name: str
) -> None:
    assert known(**states).name_for_rebuild(wanted) == name


def a_generation(name: str, hour: int, *, is_undecided: bool = True, state: State = State.SERVED) -> Generation:
    return Generation(name, {}, state, AT.replace(hour=hour), is_undecided=is_undecided)


@pytest.mark.parametrize(
    ("others", "wanted", "found"),
    [
        ([], None, None),
        ([a_generation("2", 2)], None, "2"),
        ([a_generation("2", 2)], "2", "2"),
        ([a_generation("2", 2)], "3", None),
        ([a_generation("2", 2), a_generation("3", 3)], None, "3"),
        ([a_generation("2", 2, is_undecided=False)], None, None),
        ([a_generation("2", 2), a_generation("3", 3, state=State.BUILDING)], None, None),
        ([a_generation("2", 2, state=State.DROPPING)], None, None),
    ],
)
def test_given_a_generation_that_nobody_decided_about_when_a_rebuild_begins_then_it_goes_on_with_that(
    others: list[Generation], wanted: str | None, found: str | None
) -> None:
    """Whoever left one on purpose has decided, and so has whoever switched to it or away from it."""
    every = [a_generation("1", 1), *others]

    undecided = Known("1", {one.id: one for one in every}).undecided(wanted)

    assert (undecided.id if undecided else None) == found


@pytest.mark.parametrize(("wanted", "words"), [("1", "already"), ("4", "already"), ("A b", "lower-case")])
def test_given_a_name_that_cannot_be_when_a_rebuild_begins_then_it_is_refused(wanted: str, words: str) -> None:
    generations = known(g4=State.DROPPING)

    with pytest.raises(GenerationRefused, match=words):
        generations.name_for_rebuild(wanted)


@pytest.mark.parametrize(
    ("read", "before", "elapsed_s", "left"),
    [(0, 0, 5.0, None), (250, 0, 10.0, 30.0), (600, 500, 10.0, 40.0), (500, 500, 3.0, None), (1_200, 0, 10.0, 0.0)],
)
def test_given_what_was_read_since_it_began_when_the_end_is_estimated_then_it_goes_by_that_pace(
    read: int, before: int, elapsed_s: float, left: float | None
) -> None:
    assert seconds_left(Progress(read, 1_000), before, elapsed_s) == left


def test_given_more_or_nothing_to_read_when_the_share_is_told_then_it_never_passes_the_whole() -> None:
    assert [Progress(*numbers).share for numbers in ((0, 0), (1, 4), (5, 4))] == [1.0, 0.25, 1.0]


def test_given_two_sets_of_totals_when_compared_then_every_number_that_moved_is_told_and_no_other() -> None:
    old = {"2026-03": {"received": 3, "done": 1}, "2026-04": {"received": 2}}
    new = {"2026-03": {"received": 3, "done": 2, "late": 0}, "2026-05": {"received": 2}}

    assert changes(old, new) == [
        Changed("2026-03", "done", 1, 2),
        Changed("2026-04", "received", 2, 0),
        Changed("2026-05", "received", 0, 2),
    ]
    assert over_all(old) == {"received": 5, "done": 1}


@pytest.mark.parametrize(
    ("new", "unlike", "equal"),
    [
        (Contents(2, {"2026-03": {"received": 2}}), (), True),
        (Contents(3, {"2026-03": {"received": 2}}), (), False),
        (Contents(2, {"2026-04": {"received": 2}}), (), False),
        (Contents(2, {"2026-03": {"received": 2}}), (Unlike("T", ("head",)),), False),
        (Contents(2, {"2026-03": {"received": 2}}, [Changed("2026-03", "province", 2, 3)]), (), False),
    ],
)
def test_given_anything_that_differs_when_two_generations_are_compared_then_they_are_not_equal(
    new: Contents, unlike: tuple[Unlike, ...], *, equal: bool
) -> None:
    comparison = compared(Contents(2, {"2026-03": {"received": 2}}), new, unlike=unlike)

    assert comparison.is_equal is equal


def test_given_months_that_swap_a_case_when_compared_then_the_months_tell_it_though_the_totals_agree() -> None:
    comparison = compared(
        Contents(2, {"2026-03": {"received": 2}}), Contents(2, {"2026-03": {"received": 1}, "2026-04": {"received": 1}})
    )

    assert comparison.totals == []
    assert [(change.where, change.old, change.new) for change in comparison.months] == [
        ("2026-03", 2, 1),
        ("2026-04", 0, 1),
    ]


def test_given_documents_when_compared_then_the_fields_that_differ_are_named_and_a_missing_case_is_all_of_them() -> (
    None
):
    old = [{"_id": "A", "head": 1, "words": {}}, {"_id": "B", "head": 1}, {"_id": "C", "head": 1}]
    new = [{"_id": "A", "head": 2, "words": {}}, {"_id": "B", "head": 1}]

    assert compare_cases(old, new) == [Unlike("A", ("head",)), Unlike("C", ("_id", "head"))]
