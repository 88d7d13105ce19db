from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.routing.app import rulebook_source
from shared.events.case import EscalationLevel
from shared.events.event import Urgency
from shared.events.reasons import TriageReason
from shared.wita import day_of
from tests.routing.examples import AT, IN_2025, a_complaint, the_directory, the_rulebook

CATEGORIES = sorted(the_directory().categories)
REGIONS = [None, *sorted(the_directory().regions)]
AGENCIES = [None, *sorted(the_directory().agencies)]
moments = st.integers(0, 12 * 366 * 24).map(lambda hours: datetime(2018, 1, 1, tzinfo=UTC) + timedelta(hours=hours))


@st.composite
def complaints(draw: st.DrawFn) -> Any:
    category = the_directory().categories[draw(st.sampled_from(CATEGORIES))]
    answers = {
        question.code: draw(st.sampled_from([option.code for option in question.options]))
        for question in category.questions
        if draw(st.booleans())
    }
    return a_complaint(
        category=category.id,
        answers=answers,
        region=draw(st.sampled_from(REGIONS)),
        about=draw(st.sampled_from(AGENCIES)),
        received_at=draw(moments),
    )


def test_given_a_directory_that_loses_its_standard_when_the_rulebook_is_asked_for_then_the_last_one_holds() -> None:
    """As between a record that somebody else wrote and routing's own that mends it: no complaint is parked for it."""
    directory, on_change = replace(the_directory()), list[Callable[[str], None]]()
    directory.standards, directory.rules = dict(directory.standards), dict(directory.rules)
    current = rulebook_source(directory, on_change)
    whole = current()

    lost = directory.standards.pop("52")
    directory.rules.clear()
    on_change[0]("standard:52")
    without = current()
    directory.standards["52"] = lost
    on_change[0]("standard:52")

    assert without is whole
    assert (current().standard, current().rules) == (lost, [])


def test_given_a_directory_that_loses_all_coordinators_when_one_is_sought_then_the_last_rulebook_holds() -> None:
    directory, on_change = replace(the_directory()), list[Callable[[str], None]]()
    directory.agencies = dict(directory.agencies)
    current = rulebook_source(directory, on_change)
    whole = current()

    for agency in [agency for agency in directory.agencies.values() if agency.coordinates]:
        del directory.agencies[agency.id]
        on_change[0](f"agency:{agency.id}")

    assert current().coordinator(None, AT.date()) in whole.agencies


def test_given_a_day_before_any_coordinator_when_one_is_sought_then_one_of_today_is_better_than_nobody() -> None:
    assert the_rulebook().coordinator(None, datetime(1, 1, 1, tzinfo=UTC).date()) == "BIRO-ORGANISASI"


@given(complaints())
def test_given_any_complaint_when_it_is_decided_then_a_valid_agency_gets_it_or_triage_with_a_reason(
    complaint: Any,
) -> None:
    decision = the_rulebook().decide(complaint)

    assert (decision.agency is None) != (decision.reason is None)
    if decision.agency is not None:
        assert the_directory().agencies[decision.agency].valid_on(day_of(complaint.received_at))
        assert decision.agency not in the_rulebook().related(complaint.about)


@given(complaints())
def test_given_any_complaint_when_a_coordinator_is_sought_then_it_is_not_the_accused(complaint: Any) -> None:
    coordinator = the_rulebook().coordinator(complaint.about, day_of(complaint.received_at))

    assert the_directory().agencies[coordinator].coordinates
    assert coordinator not in the_rulebook().related(complaint.about)


@pytest.mark.parametrize(
    ("road_class", "before", "since"),
    [
        ("regency", "PUPR-52.03", "PUPR-52.03"),
        ("provincial", "PUPR", "PUPR-PERKIM"),
        ("national", "BPJN", "BPJN"),
    ],
)
def test_given_a_damaged_road_when_it_is_routed_then_class_and_day_decide(
    road_class: str, before: str, since: str
) -> None:
    answers = {"road_class": road_class}

    in_2025 = the_rulebook().decide(a_complaint(answers=answers, received_at=IN_2025))
    in_2026 = the_rulebook().decide(a_complaint(answers=answers))

    assert (in_2025.agency, in_2026.agency) == (before, since)
    assert in_2026.urgency is Urgency.IMPORTANT


def test_given_the_last_minute_of_the_old_order_when_a_complaint_comes_then_the_old_body_gets_it() -> None:
    last = datetime(2026, 1, 1, 15, 59, tzinfo=UTC)
    first = datetime(2026, 1, 1, 16, 0, tzinfo=UTC)
    answers = {"road_class": "provincial"}

    assert the_rulebook().decide(a_complaint(answers=answers, received_at=last)).agency == "PUPR"
    assert the_rulebook().decide(a_complaint(answers=answers, received_at=first)).agency == "PUPR-PERKIM"


def test_given_an_unknown_road_class_when_it_is_routed_then_triage_gets_it() -> None:
    decision = the_rulebook().decide(a_complaint(answers={}))

    assert (decision.agency, decision.reason, decision.rule) == (None, TriageReason.NO_RULE, "none")


def test_given_only_an_address_when_the_regency_decides_then_triage_is_told_why() -> None:
    decision = the_rulebook().decide(a_complaint(category="env.waste", region=None, answers={}))

    assert (decision.agency, decision.reason) == (None, TriageReason.REGION_UNKNOWN)
    assert decision.rule != "none"


def test_given_a_category_that_is_gone_when_it_is_routed_then_triage_gets_it() -> None:
    decision = the_rulebook().decide(a_complaint(category="road.flying"))

    assert (decision.agency, decision.reason) == (None, TriageReason.UNKNOWN_CATEGORY)


@pytest.mark.parametrize(
    ("category", "answers", "about"),
    [
        ("road.damage", {"road_class": "regency"}, "PUPR-52.03"),
        ("integrity.levy", {}, "INSPEKTORAT"),
        ("integrity.whistle", {}, "INSPEKTORAT"),
        ("suggestion", {}, "BIRO-ORGANISASI"),
        # The old body's successor is no judge of it either.
        ("road.damage", {"road_class": "provincial"}, "PUPR"),
        # Nor is a hospital of the office that it stands under.
        ("health.service", {"facility": "province_hospital"}, "DINKES"),
    ],
)
def test_given_a_complaint_about_a_body_when_a_rule_leads_to_it_then_triage_gets_it(
    category: str, answers: dict[str, str], about: str
) -> None:
    decision = the_rulebook().decide(a_complaint(category=category, answers=answers, about=about))

    assert (decision.agency, decision.reason) == (None, TriageReason.CONFLICT_OF_INTEREST)


def test_given_a_rule_that_leads_to_an_office_above_when_a_complaint_comes_then_triage_gets_it() -> None:
    rulebook = the_rulebook()
    office = rulebook.agencies["PUPR-52.03"].model_copy(update={"escalation": EscalationLevel.SEKDA})

    changed = replace(rulebook, agencies={**rulebook.agencies, office.id: office})

    decision = changed.decide(a_complaint())
    assert (decision.agency, decision.reason) == (None, TriageReason.NO_AGENCY)


def test_given_a_complaint_about_the_inspectorate_when_it_is_triaged_then_outside_it() -> None:
    complaint = a_complaint(category="integrity.levy", answers={}, about="INSPEKTORAT")

    assert the_rulebook().coordinator(complaint.about, day_of(complaint.received_at)) == "BIRO-ORGANISASI"


def test_given_a_complaint_about_the_coordinator_when_it_is_triaged_then_outside_it() -> None:
    complaint = a_complaint(category="suggestion", answers={}, about="BIRO-ORGANISASI")

    assert the_rulebook().coordinator(complaint.about, day_of(complaint.received_at)) == "INSPEKTORAT"


@pytest.mark.parametrize(
    ("category", "answers", "urgency"),
    [
        ("road.bridge", {"road_class": "regency", "passable": "no"}, Urgency.URGENT),
        ("road.bridge", {"road_class": "regency", "passable": "yes"}, Urgency.IMPORTANT),
        ("road.light", {}, Urgency.ORDINARY),
        ("water.drought", {}, Urgency.URGENT),
        ("env.tree", {"state": "falling"}, Urgency.URGENT),
        ("env.tree", {}, Urgency.ORDINARY),
    ],
)
def test_given_a_category_and_answers_when_it_is_decided_then_the_urgency_follows(
    category: str, answers: dict[str, str], urgency: Urgency
) -> None:
    assert the_rulebook().decide(a_complaint(category=category, answers=answers)).urgency is urgency


def test_given_a_rule_that_ended_when_a_later_complaint_comes_then_it_is_not_tried() -> None:
    rulebook = the_rulebook()
    road = next(rule for rule in rulebook.rules if rule.id == "road-regency")
    ended = road.model_copy(update={"valid_before": day_of(AT)})
    rules = [ended if rule is road else rule for rule in rulebook.rules]

    changed = type(rulebook)(rulebook.agencies, rulebook.categories, rules, rulebook.calendar, rulebook.standard)

    assert changed.decide(a_complaint()).reason is TriageReason.NO_RULE
    assert changed.decide(a_complaint(received_at=IN_2025)).agency == "PUPR-52.03"
