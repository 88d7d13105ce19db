"""Which cases of one matter go on in which."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.routing.domain.alike import Matter, Measure
from services.routing.domain.families import Member, choose, may_join
from shared.events.case import Status
from shared.wording import wording_of
from tests.routing.examples import the_rulebook

AT: Final = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
HOLE: Final = wording_of("Jalan berlubang besar di depan Pasar Selong, sudah dua bulan belum ditambal")
MEASURE: Final = Measure()


def a_member(number: int, category: str = "road.damage", **fields: Any) -> Member:
    """The later the higher the number is."""
    at = AT + timedelta(minutes=number)
    matter = Matter(category, "52.03.07", None, {}, at, (-8.6497, 116.5402), HOLE)
    known: dict[str, Any] = {"ticket": f"T{number}", "status": Status.ASSIGNED, "matter": matter}
    return Member(**known | fields)


def links(fresh: list[Member], others: list[Member]) -> dict[str, str]:
    return {one.child: one.to for one in choose(fresh, others, MEASURE)}


@given(order=st.permutations(range(5)), fresh=st.sets(st.integers(0, 4), min_size=1))
def test_given_alike_cases_in_any_order_when_compared_then_whoever_is_linked_goes_on_in_the_oldest(
    order: list[int], fresh: set[int]
) -> None:
    members = [a_member(number) for number in order]
    new = [member for member in members if int(member.ticket[1:]) in fresh]

    everybody, some = links(members, []), links(new, [member for member in members if member not in new])

    assert everybody == {f"T{number}": "T0" for number in range(1, 5)}
    assert set(some.values()) == {"T0"}


def test_given_one_that_leads_and_an_older_one_when_that_comes_then_the_older_leads_them_all() -> None:
    """Two replicas may each have begun a family of one matter: whoever sees both makes one of them."""
    leading = a_member(5, leads=True)

    joined = links([a_member(1)], [leading])

    assert joined == {"T5": "T1"}


def test_given_two_that_people_work_on_when_they_are_alike_then_neither_is_linked() -> None:
    working = [a_member(1, status=Status.IN_PROGRESS), a_member(2, status=Status.IN_PROGRESS)]

    joined = links(working, [])

    assert joined == {}


def test_given_two_that_were_parted_when_they_are_compared_then_neither_is_linked() -> None:
    parted = a_member(2, parted=frozenset({"T1"}))

    assert links([parted], [a_member(1)]) == {}
    assert links([a_member(1)], [parted]) == {}


@pytest.mark.parametrize(
    "fields",
    [
        {"confidential": True},
        {"historical": True},
        {"restricted": True},
        {"matter": None},
        {"status": Status.RESOLVED},
        {"category": "social.aid"},
        {"category": "social.violence"},
        {"category": "integrity.whistle"},
    ],
)
def test_given_what_must_not_be_joined_when_asked_then_it_is_not(fields: dict[str, Any]) -> None:
    member = a_member(1, **fields)

    assert not may_join(member, the_rulebook())
    assert may_join(replace(a_member(1)), the_rulebook())
