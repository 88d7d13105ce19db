"""A case that is lifted from the topics is the one that lived through what they tell."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from services.routing.domain.agency import Accept, Progress, Resolve
from services.routing.domain.clocks import sweep
from services.routing.domain.follow_ups import ACTIONS
from services.routing.domain.lifting import Lifted, lift
from services.routing.domain.told import Kept
from shared.events.case import Status
from shared.events.complaints import (
    ComplaintSupplemented,
    ContactChanged,
    ResolutionConfirmed,
    ResolutionDisputed,
)
from tests.routing.examples import AT, the_rulebook
from tests.routing.lives import PEOPLE, Life, undated, without_the_desks_own

PUPR = PEOPLE[1]
moves = st.one_of(
    st.tuples(st.just("desk"), st.integers(0, 99), st.integers(0, 99)),
    st.tuples(st.just("follow"), st.sampled_from(list(ACTIONS)), st.booleans()),
    st.tuples(st.just("later"), st.integers(1, 24 * 6)),
    st.tuples(st.sampled_from(["note", "erase"])),
)


def live(life: Life, done: list[tuple[Any, ...]]) -> None:
    for name, *values in done:
        # No two things happen at one moment.
        life.at += timedelta(seconds=1)
        match name:
            case "follow":
                life.follow(values[0], by_subject=values[1])
            case _:
                getattr(life, name)(*values)


def lifted_from(life: Life, kept: Kept | None = None) -> Lifted:
    return lift(life.complaint, life.topics(), kept)


def as_kept(lifted: Lifted) -> Kept:
    return Kept(lifted.case, lifted.history, lifted.texts, lifted.applied)


def assert_the_same(lifted: Lifted, life: Life) -> None:
    assert undated(lifted.case) == undated(life.case)
    assert without_the_desks_own(lifted.history) == without_the_desks_own(life.history)
    notes = {line.words for line in life.history if line.type == "note"}
    assert {key: text for key, text in lifted.texts.items() if key not in notes} == {
        key: text for key, text in life.texts.items() if key not in notes
    }
    assert lifted.contact == life.contact
    assert set(lifted.applied) >= set(life.applied)
    assert lifted.gone == lifted.undone == ()


@given(done=st.lists(moves, max_size=40))
@settings(max_examples=200, deadline=None)
def test_given_any_life_when_a_case_is_made_anew_from_the_topics_then_it_is_the_same(
    done: list[tuple[Any, ...]],
) -> None:
    life = Life()
    live(life, done)

    lifted = lifted_from(life)

    assert_the_same(lifted, life)
    if not any(line.type == "note" for line in life.history):
        assert lifted.case == life.case


@given(before=st.lists(moves, max_size=20), after=st.lists(moves, max_size=20))
@settings(max_examples=200, deadline=None)
def test_given_any_life_when_a_backup_is_brought_up_then_it_is_the_same_with_the_notes_of_the_backup(
    before: list[tuple[Any, ...]], after: list[tuple[Any, ...]]
) -> None:
    life = Life()
    live(life, before)
    backup = life.kept()
    live(life, after)

    lifted = lifted_from(life, backup)

    assert_the_same(lifted, life)
    assert lifted.history[: len(backup.history)] == backup.history
    notes = {line.words for line in backup.history if line.type == "note"}
    assert {key for key in lifted.texts if key in notes} == {key for key in life.texts if key in notes}


@given(before=st.lists(moves, max_size=20), after=st.lists(moves, max_size=20), with_backup=st.booleans())
@settings(max_examples=100, deadline=None)
def test_given_a_lifted_case_when_it_is_lifted_again_then_nothing_changes(
    before: list[tuple[Any, ...]],
    after: list[tuple[Any, ...]],
    with_backup: bool,  # noqa: FBT001
) -> None:
    life = Life()
    live(life, before)
    backup = life.kept() if with_backup else None
    live(life, after)
    once = lifted_from(life, backup)

    twice = lifted_from(life, as_kept(once))

    assert replace(twice, outcome=once.outcome) == once


@given(done=st.lists(moves, max_size=30), hours=st.integers(1, 24 * 60))
@settings(max_examples=100, deadline=None)
def test_given_a_lifted_case_when_time_goes_on_then_the_same_clocks_fire_with_the_same_ids(
    done: list[tuple[Any, ...]], hours: int
) -> None:
    life = Life()
    live(life, done)
    later = life.at + timedelta(hours=hours)

    fired = sweep(lifted_from(life).case, later, the_rulebook())

    assert fired.events == sweep(life.case, later, the_rulebook()).events


def test_given_an_answer_that_was_lost_before_it_was_told_when_lifted_then_the_follow_up_is_to_be_done() -> None:
    life = Life()
    life.do(Accept(), PUPR)
    life.do(Resolve(text="Sudah ditambal."), PUPR)
    told = len(life.told)
    life.later(1)
    life.follow(ResolutionDisputed)

    lifted = lift(life.complaint, life.topics(events=told), None)

    assert lifted.case.snapshot.status is Status.RESOLVED
    assert [event.event_id for event in lifted.undone] == [life.heard[-1].event_id]
    assert str(life.heard[-1].event_id) not in lifted.applied


def test_given_a_follow_up_that_the_consumers_have_not_come_to_when_lifted_then_it_is_theirs() -> None:
    life = Life()
    life.do(Accept(), PUPR)
    life.do(Resolve(text="Sudah ditambal."), PUPR)
    told = len(life.told)
    life.later(1)
    life.follow(ResolutionConfirmed)
    life.follow(ComplaintSupplemented)

    lifted = lift(life.complaint, life.topics(events=told, handled=1), None)

    assert lifted.undone == ()
    assert lifted.applied == ()
    assert not [line for line in lifted.history if line.part]


def test_given_words_whose_event_was_lost_when_lifted_then_nobody_may_read_them() -> None:
    life = Life()
    told = len(life.told)
    life.do(Progress(text="Alat sudah di lokasi."), PUPR)
    [lost] = life.words

    lifted = lift(life.complaint, replace(life.topics(), events=tuple(life.told[:told])), None)

    assert lifted.gone == (lost,)
    assert lifted.texts == {}


def test_given_a_backup_whose_newest_event_was_never_told_when_lifted_then_it_is_still_to_be_told() -> None:
    life = Life()
    told = len(life.told)
    life.do(Progress(text="Alat sudah di lokasi."), PUPR)
    unsent = frozenset(str(event.event_id) for event in life.told[told:])

    lifted = lift(life.complaint, life.topics(events=told), replace(life.kept(), unsent=unsent))

    assert lifted.case == life.case
    assert lifted.texts == {next(iter(unsent)): "Alat sudah di lokasi."}
    assert lifted.gone == ()


def test_given_a_follow_up_that_waited_for_its_submission_when_lifted_then_it_stands_behind_the_opening() -> None:
    life = Life()
    life.at -= timedelta(days=1)
    life.follow(ComplaintSupplemented)

    lifted = lifted_from(life)

    assert lifted.history == tuple(life.history)


def test_given_a_case_that_was_taken_over_when_lifted_then_who_filed_it_has_no_say_any_more() -> None:
    life = Life()
    life.follow(ContactChanged)
    life.follow(ContactChanged, by_subject=True)
    mine = life.contact
    life.follow(ContactChanged)

    lifted = lifted_from(life)

    assert lifted.contact == mine
    assert lifted.case.snapshot.taken_over
    assert lifted.case.snapshot.proxy is None
    assert lifted.case.at == AT
