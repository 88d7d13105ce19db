from datetime import timedelta

import pytest

from services.notification.domain.attempts import (
    Again,
    Delivered,
    Failed,
    NotTried,
    Outcome,
    Refused,
    Sent,
    Taken,
    after,
    notice,
    retry_delay,
)
from services.notification.domain.judging import Retry, Suppressed
from shared.events.notices import (
    Channel,
    NoticeDelivered,
    NoticeFailed,
    NoticeKind,
    NoticeSent,
    NoticeSuppressed,
    Recipient,
)
from tests.notification.examples import AGENCY, AT, BY_PHONE, RULES, a_delivery

RETRY = Retry()


def test_given_a_first_attempt_when_the_server_takes_it_then_it_is_sent() -> None:
    delivery = a_delivery()

    step = after(delivery, Taken(), AT, RULES, jitter=0.5)

    assert step == Sent(attempts=1)


def test_given_somebody_who_answers_for_themselves_when_they_take_it_then_it_arrived() -> None:
    step = after(a_delivery(), Taken(arrived=True), AT, RULES, jitter=0.5)

    assert step == Delivered(attempts=1)


def test_given_a_gateway_that_names_a_time_when_it_is_later_than_ours_then_it_is_waited_for() -> None:
    refused = Refused("429", for_good=False, not_before=timedelta(minutes=10))

    step = after(a_delivery(), refused, AT, RULES, jitter=0.5)

    assert step == Again(at=AT + timedelta(minutes=10), attempts=1)


def test_given_a_delivery_when_it_is_refused_for_good_then_it_failed_with_the_code() -> None:
    delivery = a_delivery(attempts=2)

    step = after(delivery, Refused("550", for_good=True), AT, RULES, jitter=0.5)

    assert step == Failed(attempts=3, reason="550")


def test_given_a_delivery_when_it_is_refused_for_now_then_it_is_tried_again_later() -> None:
    delivery = a_delivery()

    step = after(delivery, Refused("451", for_good=False), AT, RULES, jitter=0.0)

    assert step == Again(at=AT + timedelta(seconds=30), attempts=1)


def test_given_a_server_that_is_away_when_a_mail_could_not_be_tried_then_no_attempt_is_lost() -> None:
    delivery = a_delivery(attempts=3)

    step = after(delivery, NotTried(), AT, RULES, jitter=0.5)

    assert step == Again(at=AT, attempts=3)


def test_given_three_days_of_refusals_when_the_next_try_would_be_later_then_it_failed() -> None:
    delivery = a_delivery(attempts=80, ready_at=AT)

    before = after(delivery, Refused("451", for_good=False), AT + timedelta(days=2), RULES, jitter=1)
    too_late = after(delivery, Refused("451", for_good=False), AT + timedelta(days=3), RULES, jitter=1)

    assert isinstance(before, Again)
    assert too_late == Failed(attempts=81, reason="expired")


def test_given_a_contact_that_came_late_when_refused_then_the_three_days_count_from_then() -> None:
    delivery = a_delivery(created_at=AT - timedelta(days=5), ready_at=AT)

    step = after(delivery, Refused("timeout", for_good=False), AT, RULES, jitter=0.5)

    assert isinstance(step, Again)


@pytest.mark.parametrize(
    ("attempts", "shortest", "longest"),
    [(1, 30, 60), (2, 60, 120), (6, 960, 1920), (7, 1800, 3600), (8, 1800, 3600), (10_000, 1800, 3600)],
)
def test_given_attempts_when_the_delay_is_chosen_then_it_grows_to_an_hour_and_is_spread(
    attempts: int, shortest: int, longest: int
) -> None:
    least, most = retry_delay(attempts, RETRY, 0.0), retry_delay(attempts, RETRY, 1.0)

    assert least == timedelta(seconds=shortest)
    assert most == timedelta(seconds=longest)


@pytest.mark.parametrize(
    ("outcome", "kind"),
    [
        (Sent(2), NoticeSent),
        (Delivered(2), NoticeDelivered),
        (Failed(3, "550"), NoticeFailed),
        (Suppressed("erased"), NoticeSuppressed),
    ],
)
def test_given_an_outcome_when_told_twice_then_it_is_one_event_without_an_address(
    outcome: Outcome, kind: type[object]
) -> None:
    delivery = a_delivery(NoticeKind.NEW_CASE)

    first, second = notice(delivery, outcome, AT), notice(delivery, outcome, AT + timedelta(hours=1))

    assert isinstance(first, kind)
    assert first.event_id == second.event_id
    assert (first.cause, first.kind, first.recipient) == (delivery.cause, NoticeKind.NEW_CASE, Recipient.AGENCY)
    assert first.agency == AGENCY
    assert "@" not in first.model_dump_json()


def test_given_two_outcomes_of_one_delivery_when_told_then_the_events_differ() -> None:
    delivery = a_delivery()

    delivered, failed = notice(delivery, Delivered(1), AT), notice(delivery, Failed(1, "550"), AT)

    assert delivered.event_id != failed.event_id


def test_given_a_text_message_that_is_put_off_when_it_is_tried_again_then_sooner_and_not_as_long_as_mail() -> None:
    refused = Refused("500", for_good=False)
    mail, text = (a_delivery(channel=channel) for channel in (Channel.EMAIL, Channel.SMS))

    steps = [after(one, refused, AT, RULES, jitter=1) for one in (mail, text)]
    next_day = [after(one, refused, AT + timedelta(days=1), RULES, jitter=1) for one in (mail, text)]

    assert steps == [Again(AT + timedelta(minutes=1), 1), Again(AT + timedelta(seconds=30), 1)]
    assert isinstance(next_day[0], Again)
    assert next_day[1] == Failed(1, "expired")
    assert retry_delay(99, BY_PHONE, 1) == timedelta(minutes=15)
