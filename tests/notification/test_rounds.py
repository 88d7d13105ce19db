from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from services.notification.domain.deliveries import Delivery
from services.notification.domain.rounds import ALL, Address, Round, plan
from services.notification.domain.rules import REQUIRED
from services.notification.domain.timing import Pace, Timing
from shared.events.notices import Channel, NoticeKind, Recipient
from tests.notification.examples import AT, a_delivery

TIMING = Timing(most_an_hour=3)
EMAIL = Address("email:a", Channel.EMAIL)


def a_progress(number: int, **fields: Any) -> Delivery:
    return a_delivery(NoticeKind.PROGRESS, number, sequence=number, **fields)


def numbers(deliveries: Sequence[Delivery]) -> list[int]:
    return [delivery.sequence for delivery in deliveries]


def goes_always(one: Delivery) -> bool:
    is_wanted_by_law = one.recipient is Recipient.REPORTER and one.kind in REQUIRED
    return one.pace is Pace.NOW or (is_wanted_by_law and not one.gathered)


def messages(found: Round) -> list[list[int]]:
    return [numbers(message.deliveries) for message in found.messages]


def test_given_what_happened_in_an_order_when_planned_then_it_goes_out_in_it_and_what_is_urgent_before() -> None:
    later = a_progress(1, occurred_at=AT + timedelta(minutes=1))
    due = [later, a_progress(3, pace=Pace.NOW), a_progress(2)]

    found = plan(EMAIL, due, AT, TIMING)

    assert messages(found) == [[3], [2], [1]]
    assert found.held == found.stopped == ()


def test_given_what_was_put_off_before_when_planned_then_it_is_the_first() -> None:
    due = [a_progress(1), a_progress(2, attempts=1)]

    assert messages(plan(EMAIL, due, AT, TIMING)) == [[2], [1]]


def test_given_what_is_gathered_when_planned_then_it_goes_out_as_one_at_the_end() -> None:
    due = [a_progress(1, gathered=True), a_progress(2), a_progress(3, gathered=True)]

    assert messages(plan(EMAIL, due, AT, TIMING)) == [[2], [1, 3]]


def test_given_more_than_a_digest_holds_when_planned_then_another_one_follows_and_nothing_is_left_out() -> None:
    due = [a_progress(number, gathered=True) for number in range(230)]

    found = plan(EMAIL, due, AT, TIMING)

    assert [len(message.deliveries) for message in found.messages] == [100, 100, 30]
    assert sorted(number for message in messages(found) for number in message) == list(range(230))


def test_given_a_digest_that_was_tried_when_more_is_due_then_it_goes_again_as_it_was_and_the_rest_after_it() -> None:
    tried = [a_progress(number, gathered=True, attempts=1, message="m-1") for number in (5, 6)]
    due = [a_progress(1, gathered=True), *tried, a_progress(2, gathered=True)]

    found = plan(EMAIL, due, AT, TIMING)

    assert messages(found) == [[5, 6], [1, 2]]


def test_given_more_than_an_hour_allows_when_planned_then_the_rest_is_held_until_it_is_over() -> None:
    due = [a_progress(number) for number in range(5)]

    found = plan(EMAIL, due, AT, TIMING)

    assert (messages(found), numbers(found.held)) == ([[0], [1], [2]], [3, 4])
    assert found.held_until == AT + timedelta(hours=1)


def test_given_an_hour_that_is_full_when_something_urgent_comes_then_it_goes_and_nothing_else_does() -> None:
    full = Address("email:a", Channel.EMAIL, hour_began=AT - timedelta(minutes=20), sent_this_hour=3)
    due = [a_progress(1), a_progress(2, pace=Pace.NOW), a_progress(3, gathered=True)]

    found = plan(full, due, AT, TIMING)

    assert (messages(found), numbers(found.held)) == ([[2]], [1, 3])
    assert found.held_until == AT + timedelta(minutes=40)


def test_given_an_hour_that_is_full_when_planned_then_receipts_and_answers_go_alone_all_the_same() -> None:
    full = Address("email:a", Channel.EMAIL, hour_began=AT, sent_this_hour=3)
    due = [
        a_delivery(NoticeKind.RECEIVED, sequence=1),
        a_progress(2),
        a_delivery(NoticeKind.RESOLVED, sequence=3),
        a_delivery(NoticeKind.ESCALATION, sequence=4, recipient=Recipient.GOVERNOR),
    ]

    found = plan(full, due, AT, TIMING)

    assert (messages(found), numbers(found.held)) == ([[1], [3]], [2, 4])


def test_given_an_hour_that_is_over_when_planned_then_it_counts_anew() -> None:
    full = Address("email:a", Channel.EMAIL, hour_began=AT - timedelta(hours=1), sent_this_hour=3)

    assert messages(plan(full, [a_progress(1)], AT, TIMING)) == [[1]]
    assert full.counted(1, AT) == (AT, 1)
    assert full.counted(1, AT - timedelta(minutes=1)) == (AT - timedelta(hours=1), 4)


def test_given_an_opt_out_when_planned_then_what_the_law_wants_goes_all_the_same() -> None:
    due = [a_progress(1), a_delivery(NoticeKind.RESOLVED, sequence=2), a_delivery(NoticeKind.CLOSED, sequence=3)]

    of_one_kind = plan(Address("email:a", Channel.EMAIL, stopped=frozenset({"progress"})), due, AT, TIMING)
    of_all = plan(Address("email:a", Channel.EMAIL, stopped=frozenset({ALL})), due, AT, TIMING)

    assert (messages(of_one_kind), numbers(of_one_kind.stopped)) == ([[2], [3]], [1])
    assert (messages(of_all), numbers(of_all.stopped)) == ([[2]], [1, 3])


def test_given_an_agencys_own_system_when_planned_then_it_gets_every_event_and_each_alone() -> None:
    due = [a_progress(number, gathered=True) for number in range(9)]

    found = plan(Address("webhook:a", Channel.WEBHOOK), due, AT, TIMING)

    assert messages(found) == [[number] for number in range(9)]


@given(
    st.lists(
        st.builds(
            a_delivery,
            st.sampled_from([NoticeKind.PROGRESS, NoticeKind.RESOLVED, NoticeKind.NEW_CASE]),
            st.integers(0, 10_000),
            gathered=st.booleans(),
            pace=st.sampled_from(list(Pace)),
            attempts=st.integers(0, 2),
        ),
        unique_by=lambda one: one.id,
    ),
    st.integers(0, 6),
    st.sampled_from([frozenset[str](), frozenset({ALL}), frozenset({"progress"})]),
)
def test_given_anything_that_is_due_when_planned_then_each_has_one_fate_and_no_hour_gets_too_much(
    due: list[Delivery], sent: int, stopped: frozenset[str]
) -> None:
    address = Address("email:a", Channel.EMAIL, stopped=stopped, hour_began=AT, sent_this_hour=sent)

    found = plan(address, due, AT, TIMING)

    told = [delivery for message in found.messages for delivery in message.deliveries]
    assert sorted(str(one.id) for one in (*told, *found.held, *found.stopped)) == sorted(str(one.id) for one in due)
    assert all(one.kind not in REQUIRED for one in found.stopped)
    assert not any(goes_always(one) for one in found.held)
    always = sum(goes_always(message.deliveries[0]) for message in found.messages)
    assert len(found.messages) - always <= max(0, TIMING.most_an_hour - sent)
