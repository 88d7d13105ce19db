"""Clocks, ladders and successions that the sweep's own tests don't come to: pure."""

from dataclasses import replace
from datetime import date, timedelta

from services.routing.domain.agency import Accept, Split
from services.routing.domain.clocks import next_due, sweep
from services.routing.domain.rulebook import Rulebook
from services.routing.domain.succession import hand_over, successor_of
from shared.events.cases import CaseAssigned, CaseEscalated
from shared.events.directory import Absence, Officer
from tests.routing.examples import AT, TICKET, an_accepted_case, an_assigned_case, done, the_rulebook

TODAY = date(2026, 11, 24)


def with_ladder(steps: int) -> Rulebook:
    standard = the_rulebook().standard
    return replace(the_rulebook(), standard=standard.model_copy(update={"ladder": standard.ladder[:steps]}))


def ended(agency: str, successor: str) -> Rulebook:
    """From today on the successor has its cases."""
    known = the_rulebook().agencies
    gone = known[agency].model_copy(update={"valid_before": TODAY, "successor": successor})
    return replace(the_rulebook(), agencies={**known, agency: gone})


def test_given_a_ladder_that_was_shortened_when_its_next_step_is_due_then_nothing_more_happens() -> None:
    climbing = sweep(an_assigned_case(), AT + timedelta(days=1, hours=1), the_rulebook()).case

    after = sweep(climbing, AT + timedelta(days=5), with_ladder(1))

    response = after.case.snapshot.promises[0]
    assert (response.escalations, response.escalates_at) == (2, None)
    assert [event for event in after.events if isinstance(event, CaseEscalated)] == []
    assert next_due(after.case.snapshot) == after.case.snapshot.promises[2].due_at


def test_given_a_part_of_a_body_that_ended_when_it_hands_over_then_the_successor_has_the_part_alone() -> None:
    tasks = {"parts": [{"agency": "PDAM-52.03", "text": "Pipa"}]}
    case = done(an_accepted_case(), Split.model_validate(tasks)).case

    change = hand_over(case, ended("PDAM-52.03", "PERKIM-52.03"), AT)

    (event,) = change.events
    assert isinstance(event, CaseAssigned)
    assert (event.case_id, event.agency, event.rule) == (f"{TICKET}.1", "PERKIM-52.03", "successor")
    assert change.case.snapshot.parts[0].agency == "PERKIM-52.03"
    assert change.case.snapshot.agency == "PUPR-52.03"


def test_given_a_case_that_its_agency_has_when_nobody_ended_then_nothing_is_handed_over() -> None:
    assert hand_over(done(an_assigned_case(), Accept()).case, the_rulebook(), AT).events == ()


def test_given_successors_that_come_back_to_the_first_when_one_is_sought_then_there_is_none() -> None:
    agencies = dict(the_rulebook().agencies)
    for name, other in (("PERKIM-52.03", "DLH-52.03"), ("DLH-52.03", "PERKIM-52.03")):
        agencies[name] = agencies[name].model_copy(update={"valid_before": TODAY, "successor": other})

    assert successor_of(replace(the_rulebook(), agencies=agencies), "PERKIM-52.03", TODAY) is None


def test_given_officers_who_stand_in_for_each_other_when_all_are_away_then_nobody_is_present() -> None:
    away = {"absent_from": TODAY, "absent_before": TODAY + timedelta(days=3)}
    officers = {
        name: Officer(id=name, name=name, agency="PUPR-52.03", absences=(Absence(**away, stand_in=stand_in),))
        for name, stand_in in (("ani", "budi"), ("budi", "ani"), ("citra", None))
    }
    rulebook = replace(the_rulebook(), officers=officers)

    assert [rulebook.present(name, TODAY) for name in ("ani", "citra", "nobody")] == [None, None, None]
    assert rulebook.present("ani", TODAY + timedelta(days=3)) == "ani"
