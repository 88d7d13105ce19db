"""What a disaster changes about messages: the ways to people are for what is urgent."""

from datetime import datetime, timedelta

import pytest

from services.notification.domain.judging import Ready, judge
from services.notification.domain.timing import Pace
from shared.wita import WITA
from tests.notification.examples import AT, RULES, a_contact, a_delivery, what_is_known

UNTIL = AT + timedelta(hours=24)


def goes_at(pace: Pace, at: datetime, until: datetime | None) -> datetime:
    verdict = judge(a_delivery(pace=pace), what_is_known(a_contact(), disaster_until=until), at, RULES)
    assert isinstance(verdict, Ready), verdict
    return verdict.at


def test_given_a_disaster_when_a_message_is_urgent_then_it_goes_at_once() -> None:
    assert goes_at(Pace.NOW, AT, UNTIL) == AT


@pytest.mark.parametrize("pace", [Pace.SOON, Pace.GATHERED])
def test_given_a_disaster_when_a_message_is_not_urgent_then_it_waits_for_an_hour_of_digests(pace: Pace) -> None:
    waits_until = goes_at(pace, AT, UNTIL)

    assert waits_until > AT
    assert waits_until.astimezone(WITA).hour in {8, 13}


@pytest.mark.parametrize("until", [None, AT, AT - timedelta(days=1)])
def test_given_a_disaster_that_is_over_when_a_message_is_not_urgent_then_it_goes_as_ever(
    until: datetime | None,
) -> None:
    day = AT.astimezone(WITA).replace(hour=10)

    assert goes_at(Pace.SOON, day, until and until - AT + day) == day
