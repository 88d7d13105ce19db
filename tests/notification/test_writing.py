"""Which links a message carries: each does one thing, and what the law wants has none that stops it."""

from dataclasses import replace
from typing import Any

import pytest

from services.notification.domain.links import Link, Purpose
from services.notification.domain.rounds import ALL, Address
from services.notification.writing import links_for
from shared.events.notices import Channel, NoticeKind, Recipient
from tests.notification.examples import a_delivery

EMAIL = Address("email:a", Channel.EMAIL)
CONFIRMED = replace(EMAIL, confirmed=True)


def followed(number: int, subscription: str) -> Any:
    return a_delivery(NoticeKind.FOLLOWED, number, recipient=Recipient.FOLLOWER, told=subscription)


PROGRESS, ANOTHER = a_delivery(NoticeKind.PROGRESS), a_delivery(NoticeKind.PROGRESS, 2)
CLOSED, RESOLVED = a_delivery(NoticeKind.CLOSED, 3), a_delivery(NoticeKind.RESOLVED, 4)
RECEIPT = a_delivery(NoticeKind.RECEIVED)
ASKED = a_delivery(NoticeKind.CONFIRMATION, ticket="", recipient=Recipient.FOLLOWER, told="s-1")


@pytest.mark.parametrize(
    ("deliveries", "links"),
    [
        ([PROGRESS], {"stop": Link(Purpose.STOP, "email:a", "progress")}),
        ([PROGRESS, ANOTHER], {"stop": Link(Purpose.STOP, "email:a", "progress")}),
        ([PROGRESS, CLOSED], {"stop": Link(Purpose.STOP, "email:a", ALL)}),
        ([PROGRESS, RESOLVED], {"stop": Link(Purpose.STOP, "email:a", ALL)}),
        ([RESOLVED], {}),
        ([followed(1, "s-1")], {"stop": Link(Purpose.LEAVE, "s-1")}),
        ([followed(1, "s-1"), followed(2, "s-1")], {"stop": Link(Purpose.LEAVE, "s-1")}),
        ([followed(1, "s-1"), followed(2, "s-2")], {"stop": Link(Purpose.STOP, "email:a", "followed")}),
        ([ASKED], {"confirm": Link(Purpose.FOLLOW, "s-1")}),
        ([RECEIPT], {"confirm": Link(Purpose.CONFIRM, "email:a")}),
    ],
)
def test_given_deliveries_when_they_go_out_as_one_then_its_links_do_just_what_it_is_about(
    deliveries: list[Any], links: dict[str, Link]
) -> None:
    assert links_for(deliveries, EMAIL) == links


def test_given_an_address_that_was_confirmed_when_a_receipt_goes_out_then_nobody_is_asked_again() -> None:
    assert links_for([RECEIPT], CONFIRMED) == {}
