"""Many tickets in little memory: what the tables say is what a dictionary would."""

import tracemalloc
from datetime import UTC, datetime, timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from services.intake.erasing.tables import Moments, Names, packed, unpacked
from shared.ids import ALPHABET, check_character, draw_ticket, parse_ticket

BEGAN = datetime(2026, 1, 1, tzinfo=UTC)
bodies = st.text(ALPHABET, min_size=13, max_size=13).filter(lambda body: check_character(body) is not None)
tickets = bodies.map(lambda body: parse_ticket(f"{body}{check_character(body)}"))
few = st.sampled_from([draw_ticket(b"tests", "public", UUID(int=number)) for number in range(5)])


@given(tickets)
def test_given_any_ticket_when_it_is_packed_then_it_comes_out_as_it_was(ticket: str) -> None:
    assert len(packed(ticket)) == 9
    assert unpacked(packed(ticket).rstrip(b"\0")) == ticket


def test_given_the_lowest_and_the_highest_number_when_they_are_packed_then_they_come_out_as_they_were() -> None:
    for body in ("0" * 13, "0" * 12 + "1", "Z" * 13, "1" + "0" * 12):
        if check_character(body) is not None:
            ticket = parse_ticket(f"{body}{check_character(body)}")
            assert unpacked(packed(ticket)) == ticket


@given(st.lists(st.tuples(few, st.integers(0, 9), st.one_of(st.none(), st.integers(1, 1000)))), few)
def test_given_moments_in_any_order_when_one_is_asked_for_then_the_highest_order_counts(
    put: list[tuple[str, int, int | None]], asked: str
) -> None:
    table, plain = Moments(), dict[str, tuple[int, datetime | None]]()
    for ticket, order, day in put:
        at = BEGAN + timedelta(days=day) if day else None
        table.put(ticket, order, at)
        if ticket not in plain or order >= plain[ticket][0]:
            plain[ticket] = order, at
    table.settle()

    expected = {ticket: at for ticket, (_, at) in plain.items()}
    assert table.of([asked, *expected]) == [expected.get(asked), *expected.values()]
    moment = BEGAN + timedelta(days=500)
    assert set(table.until(moment)) == {ticket for ticket, at in expected.items() if at and at <= moment}


@given(st.sets(st.text(max_size=5)), st.lists(st.text(max_size=5)))
def test_given_names_when_others_are_asked_for_then_only_what_was_put_in_is_there(
    put: set[str], asked: list[str]
) -> None:
    names = Names()
    for name in put:
        names.put(name)
    names.settle()

    assert names.has(asked) == [name in put for name in asked]


def test_given_a_hundred_thousand_tickets_when_they_are_put_in_then_each_takes_a_few_bytes() -> None:
    tickets = [unpacked(number.to_bytes(9)) for number in range(0, 400_000, 3) if fits(number)][:100_000]
    assert len(tickets) == 100_000

    tracemalloc.start()
    moments, names = Moments(), Names()
    for ticket in tickets:
        moments.put(ticket, 1, BEGAN)
        names.put(f"{ticket}:s-1")
    moments.settle()
    names.settle()
    kept, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert kept / len(tickets) < 40


def fits(number: int) -> bool:
    """Whether there is a ticket of this number."""
    try:
        unpacked(number.to_bytes(9))
    except ValueError:
        return False
    return True
