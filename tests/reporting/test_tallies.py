from datetime import UTC, date, datetime, timedelta

import pytest

from services.reporting.domain.case import StoredCase
from services.reporting.domain.holding import Stay, given_to, holder_at, own_time, stays_of
from services.reporting.domain.tallies import Tallied, due_on, hexagon_of, tally, within
from shared.events.case import Pause, Promise, PromiseKind, Status
from shared.events.event import Urgency
from tests.reporting.samples import RECEIVED_AT, a_promise, a_snapshot, followed_up, hours, ticket
from tests.reporting.tallying import a_holding, a_stored_case, a_turn, counted, first_definitions, tallied

HOUR = timedelta(hours=1)


def broken(kind: PromiseKind, due_after: float, **changes: object) -> Promise:
    promise = a_promise(kind, due_after)
    return promise.model_copy(update={"breached_at": promise.due_at, **changes})


def test_given_a_case_of_which_no_event_came_when_it_is_tallied_then_it_counts_nothing() -> None:
    assert tallied(StoredCase(ticket=ticket(1))) == Tallied()


def test_given_a_new_case_when_it_is_tallied_then_it_is_received_by_whoever_has_it() -> None:
    case = a_stored_case(a_snapshot(status=Status.RECEIVED))

    assert counted(case) == {"PUPR-52.03": {"received", "open", "in_verification"}}
    assert tallied(case).tallies[0].bucket == "2026-03-05|52.03.01|PUPR-52.03|road.damage"


def test_given_a_resolved_case_when_it_is_tallied_then_counts_promises_and_times_are_there() -> None:
    case = a_snapshot(
        status=Status.RESOLVED,
        promises=(
            a_promise(PromiseKind.RESPONSE, due_after=24, met_after=24),
            broken(PromiseKind.VERIFICATION, 72),
            a_promise(PromiseKind.FIRST_FOLLOW_UP, due_after=120, met_after=30),
            a_promise(PromiseKind.RESOLUTION, due_after=720, met_after=721),
        ),
    )

    figures = counted(a_stored_case(case))

    assert figures == {
        "PUPR-52.03": {
            "received",
            "followed_up",
            "done",
            "response_in_time",
            "verification_missed",
            "first_follow_up_in_time",
            "resolution_late",
            "answer_within_24",
            "resolution_within_1080",
        }
    }


def test_given_a_confidential_case_when_it_is_tallied_then_all_its_figures_are_kept_apart() -> None:
    case = a_snapshot(confidential=True, cell="-8.66,116.54", status=Status.RESOLVED, promises=followed_up(3))

    figures = counted(a_stored_case(case))["PUPR-52.03"]

    assert figures == {
        "confidential_received",
        "confidential_followed_up",
        "confidential_done",
        "confidential_first_follow_up_in_time",
    }


def test_given_a_case_entered_afterwards_when_it_is_tallied_then_it_says_nothing_about_times() -> None:
    promises = (*followed_up(), broken(PromiseKind.RESOLUTION, 24))
    case = a_snapshot(historical=True, promises=promises)

    told = tallied(a_stored_case(case, a_turn(1, "PUPR-52.03", "assigned")))

    assert set(told.tallies[0].figures) == {"received", "followed_up"}
    assert told.late_since is None


def test_given_a_promise_broken_before_the_case_moved_when_it_is_tallied_then_whoever_had_it_broke_it() -> None:
    case = a_snapshot(
        agency="PUPR-PERKIM",
        holdings=(a_holding("PUPR-52.03", 0, 30), a_holding("PUPR-PERKIM", 30)),
        promises=(a_promise(PromiseKind.RESPONSE, due_after=24, met_after=40),),
    )

    figures = counted(a_stored_case(case))

    assert figures["PUPR-52.03"] == {"response_late"}
    # It answered, ten hours after it got the case: that is its own time.
    assert figures["PUPR-PERKIM"] == {"received", "open", "answer_within_12"}


def test_given_a_body_that_returned_a_case_when_it_is_tallied_then_the_return_counts_for_that_body() -> None:
    case = a_snapshot(agency="PUPR-PERKIM")
    steps = (
        a_turn(1, "PUPR-52.03", "assigned", "case.assigned.v1"),
        a_turn(2, "PUPR-52.03", "assigned", "case.returned.v1", actor_agency="PUPR-52.03", reason="not_our_task"),
        a_turn(2, "PUPR-PERKIM", "assigned", "case.assigned.v1"),
    )

    figures = counted(a_stored_case(case, *steps))

    assert figures["PUPR-52.03"] == {"returned", "stayed_assigned_within_1"}
    assert figures["PUPR-PERKIM"] == {"received", "open", "sits_assigned_since_20260305"}


def test_given_a_case_disputed_and_then_confirmed_when_it_is_tallied_then_both_and_the_rating_count() -> None:
    steps = (
        a_turn(10, "PUPR-52.03", "resolved", "case.resolved.v1", actor_agency="PUPR-52.03"),
        a_turn(20, "PUPR-52.03", "in_progress", "case.reopened.v1", reason="disputed"),
        a_turn(30, "PUPR-52.03", "resolved", "case.resolved.v1", actor_agency="PUPR-52.03"),
        a_turn(40, "PUPR-52.03", "closed", "case.closed.v1", reason="confirmed", rating=4),
    )

    figures = counted(a_stored_case(a_snapshot(status=Status.CLOSED), *steps))["PUPR-52.03"]

    assert figures >= {"received", "done", "resolved", "reopened", "confirmed", "rated_4"}
    assert not any(figure.startswith("sits_") for figure in figures)


def test_given_a_dispute_after_which_another_body_resolved_it_when_it_is_tallied_then_each_has_its_own() -> None:
    steps = (
        a_turn(10, "PUPR-52.03", "resolved", "case.resolved.v1", actor_agency="PUPR-52.03"),
        a_turn(20, "PUPR-52.03", "in_progress", "case.reopened.v1", reason="disputed"),
        a_turn(25, "DINSOS-P3A", "assigned", "case.assigned.v1", rule="override"),
        a_turn(30, "DINSOS-P3A", "resolved", "case.resolved.v1", actor_agency="DINSOS-P3A"),
    )

    figures = counted(a_stored_case(a_snapshot(status=Status.RESOLVED, agency="DINSOS-P3A"), *steps))

    assert figures["PUPR-52.03"] >= {"resolved", "reopened"}
    assert "resolved" in figures["DINSOS-P3A"]
    assert "reopened" not in figures["DINSOS-P3A"]


ASSIGNED = "case.assigned.v1"


@pytest.mark.parametrize(
    ("turns", "given"),
    [
        ([("PUPR", "road-class")], "PUPR"),
        ([("PUPR", "road-class"), ("PUPR-PERKIM", "successor")], "PUPR"),
        ([("PUPR", "road-class"), ("PUPR-PERKIM", "successor"), ("BPJN", "successor")], "PUPR"),
        ([("PUPR", "road-class"), ("PUPR-PERKIM", "successor"), ("BPJN", "coordinator")], "BPJN"),
        ([("PUPR", "r"), ("PUPR-PERKIM", "successor"), ("BPJN", "r"), ("PUPR-PERKIM", "returned")], "PUPR-PERKIM"),
        ([("PUPR", "road-class"), ("PUPR-PERKIM", "override")], "PUPR-PERKIM"),
        # Its part went to a successor: the whole did not move.
        ([("PUPR", "road-class"), ("PUPR", "successor")], "PUPR"),
        ([(None, "no_rule")], None),
    ],
)
def test_given_hand_overs_when_it_is_asked_who_was_given_a_case_then_a_successor_took_it_over_and_was_not(
    turns: list[tuple[str | None, str]], given: str | None
) -> None:
    opened = a_turn(0, None, "received", "case.opened.v1")
    steps = [a_turn(number, agency, "assigned", ASSIGNED, rule=rule) for number, (agency, rule) in enumerate(turns, 1)]
    later = a_turn(50, turns[-1][0], "in_progress")

    assert given_to(a_stored_case(a_snapshot(), opened, *steps, later), turns[-1][0]) == given


def test_given_a_case_that_a_successor_took_over_when_it_is_tallied_then_the_past_stays_and_what_is_open_goes_on() -> (
    None
):
    overdue = broken(PromiseKind.RESOLUTION, 24)
    case = a_snapshot(agency="PUPR-PERKIM", promises=(*followed_up(3), overdue), urgency=Urgency.URGENT)
    steps = (
        a_turn(0, "PUPR", "assigned", ASSIGNED, rule="road-class"),
        a_turn(30, "PUPR-PERKIM", "assigned", ASSIGNED, rule="successor"),
    )

    figures = counted(a_stored_case(case, *steps))

    assert figures["PUPR"] == {"received", "followed_up", "stayed_assigned_within_3"}
    assert figures["PUPR-PERKIM"] >= {"open", "late", "urgent_open", "sits_assigned_since_20260306"}
    assert "received" not in figures["PUPR-PERKIM"]


def test_given_a_case_closed_by_silence_when_it_is_tallied_then_nobody_confirmed_it() -> None:
    step = a_turn(40, "PUPR-52.03", "closed", "case.closed.v1", reason="silence")

    figures = counted(a_stored_case(a_snapshot(status=Status.CLOSED), step))["PUPR-52.03"]

    assert "confirmed" not in figures


@pytest.mark.parametrize(
    ("changes", "is_late"),
    [
        ({}, True),
        ({"pauses": (Pause(started_at=RECEIVED_AT + hours(30)),)}, False),
        ({"ended_at": RECEIVED_AT + hours(30)}, False),
        ({"met_at": RECEIVED_AT + hours(30)}, False),
    ],
)
def test_given_a_broken_promise_when_it_is_tallied_then_it_is_late_only_while_government_is_waited_for(
    changes: dict[str, object], *, is_late: bool
) -> None:
    promise = broken(PromiseKind.RESPONSE, 24, **changes)

    told = tallied(a_stored_case(a_snapshot(promises=(promise,))))

    assert ("late" in told.tallies[0].figures) is is_late
    assert told.listed == (("late",) if is_late else ())
    assert told.late_since == (promise.due_at if is_late else None)


def test_given_an_urgent_open_case_when_it_is_tallied_then_it_is_listed_with_the_day_it_is_due() -> None:
    case = a_snapshot(
        urgency=Urgency.URGENT,
        promises=(a_promise(PromiseKind.RESPONSE, due_after=1), a_promise(PromiseKind.RESOLUTION, due_after=900)),
    )

    told = tallied(a_stored_case(case))

    assert told.listed == ("due_on_20260305", "urgent_open")


def test_given_stays_at_two_bodies_when_a_case_is_tallied_then_each_has_its_own() -> None:
    steps = (
        a_turn(0, None, "received"),
        a_turn(0.1, "DISKOMINFOTIK", "in_triage"),
        a_turn(80, "PUPR-52.03", "assigned"),
        a_turn(90, "PUPR-52.03", "assigned", "case.officer_assigned.v1"),
        a_turn(100, "PUPR-52.03", "in_progress"),
        a_turn(300, "PUPR-52.03", "assigned"),
        a_turn(320, "PUPR-52.03", "in_progress"),
    )
    case = a_stored_case(a_snapshot(status=Status.IN_PROGRESS), *steps)

    assert stays_of(case)[2] == Stay("PUPR-52.03", "assigned", RECEIVED_AT + hours(80), RECEIVED_AT + hours(100))
    figures = counted(case)
    assert figures["DISKOMINFOTIK"] == {"stayed_in_triage_within_7"}
    assert figures["-"] == {"stayed_received_within_1"}
    # Twice 20 hours assigned, 200 hours in progress; since hour 320, on 18 March, it lies there again.
    assert figures["PUPR-52.03"] == {
        "received",
        "open",
        "stayed_assigned_within_3",
        "stayed_in_progress_within_14",
        "sits_in_progress_since_20260318",
    }


def test_given_pauses_and_two_holders_when_the_own_time_is_told_then_only_the_own_and_running_hours_count() -> None:
    promise = Promise(
        kind=PromiseKind.RESOLUTION,
        started_at=RECEIVED_AT,
        due_at=RECEIVED_AT + hours(500),
        met_at=RECEIVED_AT + hours(100),
        pauses=(
            Pause(started_at=RECEIVED_AT + hours(10), ended_at=RECEIVED_AT + hours(30)),
            Pause(started_at=RECEIVED_AT + hours(90), ended_at=RECEIVED_AT + hours(95)),
        ),
    )
    case = a_snapshot(holdings=(a_holding("DINSOS-P3A", 0, 20), a_holding("PUPR-52.03", 20)))

    assert own_time(case, promise) == hours(80) - hours(10) - hours(5)
    assert own_time(a_snapshot(), promise) == hours(75)


def test_given_a_case_that_changed_hands_when_its_holder_is_asked_for_then_the_one_until_then_is_told() -> None:
    case = a_snapshot(holdings=(a_holding("DINSOS-P3A", 1, 20), a_holding("PUPR-52.03", 20)))

    assert holder_at(case, RECEIVED_AT + hours(20)) == "DINSOS-P3A"
    assert holder_at(case, RECEIVED_AT + hours(21)) == "PUPR-52.03"
    assert holder_at(case, RECEIVED_AT) is None


def test_given_lengths_at_the_edges_when_their_bins_are_named_then_an_edge_belongs_to_the_bin_below() -> None:
    lengths = [timedelta(), HOUR, HOUR + timedelta(seconds=1), 2 * HOUR, 3 * HOUR]

    bins = [within("answer", length, (1, 2), HOUR) for length in lengths]

    assert bins == ["answer_within_1", "answer_within_1", "answer_within_2", "answer_within_2", "answer_beyond"]


def test_given_a_case_with_a_cell_when_it_is_tallied_then_its_hexagon_counts() -> None:
    case = a_stored_case(a_snapshot(cell="-8.66,116.54"))

    figures = counted(case)["PUPR-52.03"]

    assert f"hex_{hexagon_of('-8.66,116.54')}" in figures
    assert hexagon_of("-8.66,116.54").startswith("86")


def test_given_a_case_received_late_in_the_utc_day_when_it_is_due_then_the_day_is_that_of_wita() -> None:
    at = datetime(2026, 3, 31, 16, 30, tzinfo=UTC)
    promise = Promise(kind=PromiseKind.RESPONSE, started_at=at, due_at=at + HOUR)

    told = tallied(a_stored_case(a_snapshot(received_at=at, promises=(promise,))))

    assert told.listed == ("due_on_20260401",)


def test_given_a_case_that_another_goes_on_for_when_it_is_tallied_then_it_is_linked_and_not_done() -> None:
    linked = a_snapshot(status=Status.CLOSED, linked_to=ticket(2))
    closed = a_snapshot(status=Status.CLOSED)

    assert counted(a_stored_case(linked)) == {"PUPR-52.03": {"received", "linked"}}
    assert counted(a_stored_case(closed)) == {"PUPR-52.03": {"received", "done"}}


def test_given_the_first_definitions_when_a_linked_case_is_tallied_then_it_counts_as_it_did_under_them() -> None:
    """A generation keeps the definitions that it was filled by, whatever the service does by now."""
    linked = a_stored_case(a_snapshot(status=Status.CLOSED, linked_to=ticket(2)))

    told = tally(linked, first_definitions())

    assert told.tallies[0].figures == ("done", "received")


@pytest.mark.parametrize(
    ("figure", "day"),
    [
        ("due_on_20260405", date(2026, 4, 5)),
        ("due_on_x", None),
        ("due_on_20261399", None),
        ("due_on_2026-04-05", None),
        ("due_on_2026w014", None),
        ("due_on_2026045", None),
        ("due_on_", None),
        ("20260405", None),
        ("late", None),
    ],
)
def test_given_the_name_of_a_figure_when_its_day_is_asked_for_then_only_a_real_day_is_told(
    figure: str, day: date | None
) -> None:
    assert due_on(figure) == day


def test_given_a_case_that_would_name_a_household_when_it_is_tallied_then_it_counts_for_its_regency_alone() -> None:
    case = a_snapshot(category="social.aid", cell="-8.66,116.54")

    (tally,) = tallied(a_stored_case(case)).tallies

    assert tally.bucket == "2026-03-05|52.03|PUPR-52.03|social.aid"
    assert tally.figures == ("open", "received")
