"""What happens to a case that somebody filed for somebody else who takes it over."""

from datetime import timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from services.routing.domain.draft import Case
from services.routing.domain.follow_ups import follow
from shared.events.cases import FollowUpRefused
from shared.events.complaints import (
    ComplaintSupplemented,
    ComplaintWithdrawn,
    ContactChanged,
    ErasureRequested,
    FollowUp,
    ProcessingRestricted,
    Proxy,
    QuestionAnswered,
    ResolutionConfirmed,
)
from shared.ids import named_id
from tests.routing.examples import AT, TICKET, an_opening, the_rulebook

RIGHTS = (ProcessingRestricted, ErasureRequested)
KINDS = (
    *(ComplaintSupplemented, ComplaintWithdrawn, QuestionAnswered, ResolutionConfirmed, ContactChanged),
    *RIGHTS,
)


def told(kind: type[Any], number: int = 1, *, by_subject: bool = False, **fields: Any) -> FollowUp:
    common = {
        "event_id": named_id(kind, number, by_subject),
        "ticket": TICKET,
        "occurred_at": AT + timedelta(hours=number),
    }
    own: dict[type[Any], dict[str, Any]] = {
        ContactChanged: {"has_contact": True},
        ProcessingRestricted: {"restricted": True},
    }
    part = {} if kind in RIGHTS else {"part": f"f-{number}"}
    return kind.model_validate(common | own.get(kind, {}) | part | {"by_subject": by_subject} | fields)


def taken_over(number: int = 1) -> FollowUp:
    return told(ContactChanged, number, by_subject=True, taken_over=True)


def filed() -> Case:
    return an_opening(proxy=Proxy.VILLAGE_HEAD, mandate="spoken").case


def test_given_a_case_filed_by_a_village_head_when_it_is_opened_then_it_says_so() -> None:
    assert filed().snapshot.proxy is Proxy.VILLAGE_HEAD


def test_given_a_filed_case_when_the_person_concerned_takes_over_then_it_is_theirs() -> None:
    change = follow(filed(), taken_over(), AT, the_rulebook())

    assert (change.case.snapshot.proxy, change.case.snapshot.taken_over) == (None, True)
    assert change.contact == "f-1"
    assert change.events == ()


def test_given_a_case_taken_over_when_who_filed_it_withdraws_it_then_it_is_refused_and_stays() -> None:
    case = follow(filed(), taken_over(), AT, the_rulebook()).case

    change = follow(case, told(ComplaintWithdrawn, 2), AT, the_rulebook())

    assert change.case.snapshot.status is case.snapshot.status
    (refused,) = change.events
    assert isinstance(refused, FollowUpRefused)
    assert (refused.taken_over, refused.allowed, refused.follow_up) == (True, (), "withdraw")


def test_given_a_case_taken_over_when_who_filed_it_changes_the_contact_then_it_stays_the_persons() -> None:
    case = follow(filed(), taken_over(), AT, the_rulebook()).case

    change = follow(case, told(ContactChanged, 2, has_contact=False), AT, the_rulebook())

    assert change.contact is None
    assert change.case.snapshot.has_contact


def test_given_a_filed_case_when_who_filed_it_restricts_then_it_holds_until_the_person_concerned_took_over() -> None:
    restricted = follow(filed(), told(ProcessingRestricted), AT, the_rulebook()).case
    taken = follow(restricted, taken_over(2), AT, the_rulebook()).case

    others = follow(taken, told(ProcessingRestricted, 3, restricted=False), AT, the_rulebook())
    own = follow(taken, told(ProcessingRestricted, 4, restricted=False, by_subject=True), AT, the_rulebook())

    assert restricted.snapshot.processing_restricted
    assert (others.case.snapshot.processing_restricted, others.events) == (True, ())
    assert not own.case.snapshot.processing_restricted


def test_given_a_filed_case_when_the_person_concerned_acts_before_they_took_over_then_it_is_done() -> None:
    change = follow(filed(), told(ComplaintWithdrawn, by_subject=True), AT, the_rulebook())

    assert change.case.snapshot.status == "withdrawn"


@given(
    before=st.lists(st.tuples(st.sampled_from(KINDS), st.booleans()), max_size=6),
    after=st.lists(st.tuples(st.sampled_from(KINDS), st.booleans()), max_size=8),
)
def test_given_any_follow_ups_when_the_case_is_taken_over_among_them_then_nothing_of_who_filed_it_is_done_after_it(
    before: list[tuple[type[Any], bool]], after: list[tuple[type[Any], bool]]
) -> None:
    rulebook = the_rulebook()
    case = filed()
    for number, (kind, by_subject) in enumerate(before):
        case = follow(case, told(kind, number, by_subject=by_subject), AT, rulebook).case
    case = follow(case, taken_over(90), AT, rulebook).case

    for number, (kind, by_subject) in enumerate(after, 100):
        change = follow(case, told(kind, number, by_subject=by_subject), AT, rulebook)
        if not by_subject:
            assert change.case.snapshot == case.snapshot
            assert change.contact is None
            assert [type(event) for event in change.events] == ([] if kind in RIGHTS else [FollowUpRefused])
        case = change.case

    assert (case.snapshot.taken_over, case.snapshot.proxy) == (True, None)
