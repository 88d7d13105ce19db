import pytest

from services.reporting.domain.case import StoredFollowUp
from services.reporting.domain.projection import Erased, project
from shared.errors import Rejected
from shared.events.case import Status
from shared.events.cases import CaseOfficerAssigned
from shared.events.complaints import ComplaintSupported, ResolutionConfirmed
from shared.ids import named_id
from tests.reporting.samples import (
    RECEIVED_AT,
    a_personal_part,
    a_step,
    a_submission,
    a_supplement,
    hours,
    of_ticket,
    some_words,
    ticket,
)


def test_given_two_submissions_of_one_ticket_when_they_are_projected_then_the_first_wins() -> None:
    batch = of_ticket(a_submission(1, part="p1", digest="d1"), a_submission(1, part="p2", digest="d2"))

    projection = project(batch)[ticket(1)]

    assert projection.submission is not None
    assert projection.submission.part == "p1"


def test_given_steps_out_of_order_when_they_are_projected_then_the_highest_sequence_is_the_present() -> None:
    batch = of_ticket(
        a_step(1, 3, "resolved", status=Status.RESOLVED),
        a_step(1, 1, "opened", status=Status.RECEIVED, agency=None),
        a_step(1, 2, "assigned"),
    )

    projection = project(batch)[ticket(1)]

    assert projection.head is not None
    assert projection.head.sequence == 3
    assert projection.head.snapshot.status is Status.RESOLVED
    assert sorted(projection.history) == [1, 2, 3]


def test_given_words_alone_when_they_are_projected_then_what_the_case_is_found_by_may_be_another() -> None:
    projections = project(of_ticket(some_words(1, 3), a_personal_part(2)))

    assert projections[ticket(1)].tells_of_the_case
    assert not projections[ticket(2)].tells_of_the_case


def test_given_an_event_of_a_type_that_is_not_known_when_it_is_projected_then_its_snapshot_counts() -> None:
    batch = of_ticket(a_step(1, 1), a_step(1, 2, "case.merged.v1", agency="DINSOS-P3A"))

    projection = project(batch)[ticket(1)]

    assert projection.head is not None
    assert projection.head.snapshot.agency == "DINSOS-P3A"
    assert projection.history[2].type == "case.merged.v1"


def test_given_a_step_of_a_part_of_the_case_when_it_is_projected_then_it_tells_of_the_whole_case() -> None:
    batch = of_ticket(a_step(1, 1), a_step(1, 2, "case.opened.v2", case_id=f"{ticket(1)}.1"))

    projection = project(batch)[ticket(1)]

    assert projection.head is not None
    assert projection.head.sequence == 2
    assert [step.case_id for _, step in sorted(projection.history.items())] == [ticket(1), f"{ticket(1)}.1"]


def test_given_what_came_after_when_it_is_projected_then_it_is_known_when_which_words_were_written() -> None:
    silent = ResolutionConfirmed(event_id=named_id("c"), ticket=ticket(1), occurred_at=RECEIVED_AT, rating=4)
    supported = ComplaintSupported(
        event_id=named_id("s"), ticket=ticket(1), occurred_at=RECEIVED_AT, supporter=named_id("somebody")
    )

    projection = project(of_ticket(silent, supported, a_supplement(1), a_supplement(1)))[ticket(1)]

    assert not projection.is_silent
    assert project(of_ticket(silent))[ticket(1)].is_silent
    assert not project(of_ticket(supported))[ticket(1)].is_silent
    assert list(projection.follow_ups.values()) == [
        StoredFollowUp("complaint.supplemented.v1", RECEIVED_AT + hours(48), "f-1")
    ]


@pytest.mark.parametrize("erased_first", [True, False])
def test_given_texts_and_their_tombstones_when_they_are_projected_then_nothing_is_kept(*, erased_first: bool) -> None:
    words = some_words(1, 3)
    texts = of_ticket(a_personal_part(1), words)
    tombstones = [
        (ticket(1), Erased("personal", f"{ticket(1)}:p1")),
        (ticket(1), Erased("words", words.key)),
    ]

    projection = project([*tombstones, *texts] if erased_first else [*texts, *tombstones])[ticket(1)]

    assert projection.personal == {"p1": None}
    assert projection.words == {str(words.event_id): None}


@pytest.mark.parametrize("key", ["", ":", ":a.b", ":$set", ":A", ":" + "a" * 42])
def test_given_a_tombstone_whose_key_names_no_part_when_it_is_projected_then_it_is_rejected(key: str) -> None:
    batch = [(ticket(1), Erased("personal", ticket(1) + key))]

    with pytest.raises(Rejected):
        project(batch)


def test_given_a_tombstone_whose_key_names_no_event_when_it_is_projected_then_it_is_rejected() -> None:
    batch = [(ticket(1), Erased("words", f"{ticket(1)}:history"))]

    with pytest.raises(Rejected):
        project(batch)


def test_given_an_officer_who_has_a_case_when_the_step_is_projected_then_it_does_not_say_who() -> None:
    step = a_step(1, 2, "assigned")
    same = step.model_dump(exclude={"type", "agency", "rule"})
    given = CaseOfficerAssigned.model_validate({**same, "officer": "ani", "stands_in_for": "dedi"})

    projection = project(of_ticket(step.model_copy(update={"sequence": 1}), given))[ticket(1)]

    assert (projection.history[1].facts, projection.history[2].facts) == (
        {"agency": step.case.agency, "rule": "road-class"},
        {},
    )
