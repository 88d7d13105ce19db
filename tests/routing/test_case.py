from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.routing.domain.case import TRANSITIONS, Action, ActionRefused, Case, act, allowed_actions
from shared.events.cases import CaseAssigned, CaseEnvelope, CaseOpened, CaseTriaged, PromiseKind, Status
from shared.events.words import WordsRecorded
from shared.wita import WITA
from tests.routing.examples import AT, a_complaint, a_deed, an_assigned_case, an_opening

KINDS = set(PromiseKind)


def test_given_a_complaint_that_a_rule_claims_when_it_is_opened_then_it_is_received_and_assigned() -> None:
    opened, assigned = an_opening().events

    assert isinstance(opened, CaseOpened)
    assert isinstance(assigned, CaseAssigned)
    assert (opened.sequence, opened.case.status, opened.case.agency) == (1, Status.RECEIVED, None)
    assert (assigned.sequence, assigned.case.status, assigned.case.agency) == (2, Status.ASSIGNED, "PUPR-52.03")
    assert assigned.rule == "road-regency"


def test_given_a_complaint_that_no_rule_claims_when_it_is_opened_then_a_coordinator_must_decide() -> None:
    opened, triaged = an_opening(category="other", answers={}).events

    assert isinstance(opened, CaseOpened)
    assert isinstance(triaged, CaseTriaged)
    assert (triaged.case.status, triaged.coordinator) == (Status.IN_TRIAGE, "BIRO-ORGANISASI")
    assert {promise.kind for promise in triaged.case.promises} == {PromiseKind.RESPONSE, PromiseKind.VERIFICATION}


def test_given_one_complaint_when_it_is_opened_twice_then_the_events_have_the_same_ids() -> None:
    first, again = an_opening(), an_opening()

    assert [event.event_id for event in first.events] == [event.event_id for event in again.events]
    assert len({event.event_id for event in first.events}) == len(first.events)


def test_given_an_important_complaint_when_it_is_assigned_then_all_four_clocks_say_when() -> None:
    promises = {promise.kind: promise for promise in an_assigned_case().snapshot.promises}

    assert promises[PromiseKind.RESPONSE].due_at == AT + timedelta(hours=24)
    assert promises[PromiseKind.VERIFICATION].due_at == datetime(2026, 11, 27, 16, tzinfo=WITA)
    assert promises[PromiseKind.FIRST_FOLLOW_UP].due_at == datetime(2026, 12, 1, 16, tzinfo=WITA)
    # 60 working days after 24 November 2026: 4 in November, 21 in December, 19 in January, 16 in February.
    assert promises[PromiseKind.RESOLUTION].due_at == datetime(2027, 2, 23, 16, tzinfo=WITA)
    assert promises[PromiseKind.VERIFICATION].met_at == AT
    assert {kind for kind, promise in promises.items() if promise.met_at} == {PromiseKind.VERIFICATION}


@pytest.mark.parametrize(("category", "hours"), [("water.drought", 1), ("env.waste", 24), ("road.light", 48)])
def test_given_an_urgency_when_a_case_is_opened_then_a_person_responds_in_time(category: str, hours: int) -> None:
    response = an_opening(category=category, answers={}).case.snapshot.promise(PromiseKind.RESPONSE)

    assert response is not None
    assert response.due_at - response.started_at == timedelta(hours=hours)


def test_given_a_paper_of_long_ago_when_it_is_entered_then_its_clocks_ran_then() -> None:
    received_at = datetime(2021, 3, 1, 2, 0, tzinfo=UTC)

    snapshot = an_opening(received_at=received_at, historical=True).case.snapshot

    assert snapshot.historical
    assert {promise.started_at for promise in snapshot.promises} == {received_at}


@pytest.mark.parametrize(
    ("action", "text", "status", "met"),
    [
        (Action.ACCEPT, None, Status.ACCEPTED, set[PromiseKind]()),
        (Action.ACCEPT, "Kami periksa besok", Status.ACCEPTED, {PromiseKind.RESPONSE}),
        (
            Action.PROGRESS,
            "Alat sudah di lokasi",
            Status.IN_PROGRESS,
            {PromiseKind.RESPONSE, PromiseKind.FIRST_FOLLOW_UP},
        ),
        (Action.RESOLVE, "Sudah ditambal", Status.RESOLVED, KINDS - {PromiseKind.VERIFICATION}),
    ],
)
def test_given_an_assigned_case_when_its_agency_acts_then_state_and_promises_follow(
    action: Action, text: str | None, status: Status, met: set[PromiseKind]
) -> None:
    at = AT + timedelta(hours=3)

    change = act(an_assigned_case(), a_deed(action, text=text, at=at))

    event = change.events[-1]
    assert isinstance(event, CaseEnvelope)
    assert (event.sequence, event.case.status) == (3, status)
    assert {promise.kind for promise in event.case.promises if promise.met_at == at} == met
    assert [type(words) for words in change.events[:-1]] == ([WordsRecorded] if text else [])


def test_given_words_when_an_agency_acts_then_the_event_names_them_and_holds_none() -> None:
    words, event = act(an_assigned_case(), a_deed(Action.PROGRESS, text="Alat sudah di lokasi")).events

    assert isinstance(words, WordsRecorded)
    assert isinstance(event, CaseEnvelope)
    assert event.words == words.key == f"{event.ticket}:{event.event_id}"
    assert "Alat" not in event.model_dump_json()


def test_given_a_met_promise_when_more_is_done_then_it_stays_as_it_was() -> None:
    first, second = AT + timedelta(hours=1), AT + timedelta(hours=9)
    case = act(an_assigned_case(), a_deed(Action.PROGRESS, 1, at=first)).case

    later = act(case, a_deed(Action.PROGRESS, 2, at=second)).case

    response = later.snapshot.promise(PromiseKind.RESPONSE)
    assert response is not None
    assert response.met_at == first


@pytest.mark.parametrize("action", list(Action))
def test_given_a_case_in_triage_when_an_agency_acts_then_it_is_refused_with_what_is_possible(action: Action) -> None:
    case = an_opening(category="other", answers={}).case

    with pytest.raises(ActionRefused) as refused:
        act(case, a_deed(action))

    assert refused.value.allowed == ()
    assert "in_triage" in refused.value.why


def test_given_no_words_when_progress_is_posted_then_it_is_refused() -> None:
    with pytest.raises(ActionRefused) as refused:
        act(an_assigned_case(), a_deed(Action.PROGRESS, text=None))

    assert refused.value.why == "progress needs words for the reporter"
    assert refused.value.allowed == (Action.ACCEPT, Action.PROGRESS, Action.RESOLVE)


@given(st.lists(st.sampled_from(list(Action)), max_size=8))
def test_given_any_deeds_when_they_are_done_then_the_table_is_followed_and_sequences_have_no_gap(
    actions: list[Action],
) -> None:
    case, sequences = an_assigned_case(), [2]
    dues = {promise.kind: promise.due_at for promise in case.snapshot.promises}

    for number, action in enumerate(actions):
        step = TRANSITIONS.get((case.snapshot.status, action))
        if step is None:
            with pytest.raises(ActionRefused) as refused:
                act(case, a_deed(action, number))
            assert refused.value.allowed == allowed_actions(case)
            continue
        change = act(case, a_deed(action, number))
        assert change.case.snapshot.status is step.to
        sequences += [event.sequence for event in change.events if isinstance(event, CaseEnvelope)]
        case = change.case

    assert sequences == list(range(2, 2 + len(sequences)))
    assert {promise.kind: promise.due_at for promise in case.snapshot.promises} == dues


def test_given_a_complaint_in_a_vanished_category_when_it_is_opened_then_nothing_is_lost() -> None:
    change = an_opening(category="road.flying")

    assert change.case == Case(a_complaint().ticket, 2, change.case.snapshot)
    assert change.case.snapshot.status is Status.IN_TRIAGE
