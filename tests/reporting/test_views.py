"""What is told depends on what is stored, not on the order in which it came."""

from dataclasses import replace

from services.reporting.domain.case import Notice, StoredCase
from services.reporting.domain.views import view_as_reporter
from tests.reporting.samples import RECEIVED_AT, a_directory, hours, ticket


def test_given_notices_of_one_moment_when_they_came_in_another_order_then_they_are_told_in_the_same() -> None:
    kinds = {"b": "assigned", "a": "received", "c": "resolved"}
    notices = {
        name: Notice("notice.sent.v1", RECEIVED_AT, kind, "reporter", None, "email", None)
        for name, kind in kinds.items()
    }
    stored = StoredCase(ticket=ticket(1), notices=notices)
    reordered = StoredCase(ticket=ticket(1), notices=dict(reversed(notices.items())))

    one, other = (view_as_reporter(ticket(1), case, a_directory()) for case in (stored, reordered))

    assert one == other


def test_given_a_message_that_was_sent_and_arrived_when_it_is_told_then_it_is_one_message_that_arrived() -> None:
    sent = Notice("notice.sent.v1", RECEIVED_AT, "received", "reporter", None, "sms", None, "c1")
    other = replace(sent, kind="assigned", at=RECEIVED_AT + hours(1), cause="c2")
    arrived = replace(sent, type="notice.delivered.v1", at=RECEIVED_AT + hours(2))
    stored = StoredCase(ticket=ticket(1), notices={"a": arrived, "b": other, "c": sent})

    told = view_as_reporter(ticket(1), stored, a_directory()).reporter

    assert told is not None
    assert told.notices == [other, arrived]
