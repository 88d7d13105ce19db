from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.ids import (
    ALPHABET,
    check_character,
    draw_ticket,
    follow_id,
    parse_ticket,
    subject_code,
    subject_code_fits,
    tracking_code,
    tracking_code_fits,
)

SECRET = b"a secret"
KEYS = {"1": b"first", "2": b"second"}
tickets = st.uuids().map(lambda key: draw_ticket(SECRET, "public", key))


def letters_of(ticket: str) -> str:
    return ticket.removeprefix("NTB").replace("-", "")


@given(tickets)
def test_given_a_drawn_ticket_when_it_is_read_then_it_is_the_same(ticket: str) -> None:
    assert parse_ticket(ticket) == ticket
    assert len(ticket) == len("NTB-XXXX-XXXX-XXXX-XX")


@given(tickets)
def test_given_a_ticket_told_by_telephone_when_it_is_read_then_look_alikes_are_forgiven(ticket: str) -> None:
    told = ticket.lower().replace("0", "o").replace("1", "l").replace("-", " ")

    assert parse_ticket(told) == ticket


@given(tickets)
def test_given_a_ticket_when_any_single_character_is_wrong_then_it_is_refused(ticket: str) -> None:
    letters = letters_of(ticket)

    for place, right in enumerate(letters):
        for wrong in ALPHABET.replace(right, ""):
            with pytest.raises(ValueError, match="check character"):
                parse_ticket(letters[:place] + wrong + letters[place + 1 :])


@given(tickets)
def test_given_a_ticket_when_two_neighbours_change_places_then_it_is_refused(ticket: str) -> None:
    letters = letters_of(ticket)

    for place in range(len(letters) - 1):
        first, second = letters[place], letters[place + 1]
        if first != second:
            with pytest.raises(ValueError, match="check character"):
                parse_ticket(letters[:place] + second + first + letters[place + 2 :])


@pytest.mark.parametrize("entered", ["", "NTB", "NTB-1234", "U" * 14, "NTB-XXXX-XXXX-XXXX-XXX", "é" * 14])
def test_given_no_ticket_when_it_is_read_then_the_form_is_shown(entered: str) -> None:
    with pytest.raises(ValueError, match="a ticket looks like NTB-XXXX-XXXX-XXXX-XX"):
        parse_ticket(entered)


def test_given_the_iso_7064_definition_when_a_known_body_is_checked_then_the_product_is_one() -> None:
    body = "0000000000001"

    # S = 1 * 2 = 2 after the last character; the check is (1 - 2) mod 37 = 36, which is "*": not in the alphabet.
    assert check_character(body) is None


def test_given_one_key_when_tickets_are_drawn_then_client_and_key_decide() -> None:
    key = UUID("00000000-0000-4000-8000-000000000001")

    assert draw_ticket(SECRET, "public", key) == draw_ticket(SECRET, "public", key)
    assert draw_ticket(SECRET, "public", key) != draw_ticket(SECRET, "lombok-post", key)
    assert draw_ticket(SECRET, "public", key) != draw_ticket(SECRET, "public", uuid4())


@given(tickets)
def test_given_a_tracking_code_when_it_is_entered_then_only_its_own_ticket_opens(ticket: str) -> None:
    code = tracking_code(KEYS, "1", ticket)

    assert tracking_code_fits(KEYS, ticket, code)
    assert tracking_code_fits(KEYS, ticket, code.lower().replace("-", " "))
    assert not tracking_code_fits(KEYS, draw_ticket(SECRET, "public", uuid4()), code)


def test_given_a_new_key_when_old_codes_are_entered_then_they_still_open() -> None:
    ticket = draw_ticket(SECRET, "public", uuid4())
    old = tracking_code({"1": b"first"}, "1", ticket)

    assert tracking_code_fits({"2": b"second", "1": b"first"}, ticket, old)
    assert not tracking_code_fits({"2": b"second"}, ticket, old)


@given(tickets)
def test_given_both_codes_of_a_ticket_when_one_is_entered_then_it_is_not_the_other(ticket: str) -> None:
    own, subjects = tracking_code(KEYS, "1", ticket), subject_code(KEYS, "1", ticket)

    fits = [(tracking_code_fits(KEYS, ticket, code), subject_code_fits(KEYS, ticket, code)) for code in (own, subjects)]

    assert fits == [(True, False), (False, True)]


@pytest.mark.parametrize("entered", ["", "1", "é" * 12, "0" * 12, "1" * 13])
def test_given_nonsense_when_it_is_entered_as_a_code_then_it_does_not_fit(entered: str) -> None:
    assert not tracking_code_fits(KEYS, draw_ticket(SECRET, "public", uuid4()), entered)


def test_given_a_cause_when_a_step_is_named_twice_then_the_id_is_one() -> None:
    cause = UUID("00000000-0000-4000-8000-000000000001")

    assert follow_id(cause, "opened") == follow_id(cause, "opened")
    assert follow_id(cause, "opened") != follow_id(cause, "assigned")
