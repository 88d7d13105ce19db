from collections.abc import Callable
from datetime import timedelta
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notification.domain.addresses import digest, on_the_wire
from services.notification.domain.contacts import Contact, Person
from shared.events.event import Language
from shared.wita import in_words
from tests.notification.examples import AT

SITI = Person("siti@example.id", "Siti", Language.INDONESIAN)
BUDI = Person("budi@example.id", "Budi", Language.ENGLISH)


def test_given_facts_of_one_ticket_when_they_come_in_any_order_then_the_book_is_the_same() -> None:
    facts: list[Callable[[Contact], None]] = [
        lambda contact: contact.names_part("s-1"),
        lambda contact: contact.knows_person("s-1", SITI),
        lambda contact: contact.knows_person("s-2", BUDI),
        lambda contact: contact.forgets_person("s-2"),
        lambda contact: contact.knows_words("e-1", "Selesai."),
        lambda contact: contact.forgets_words("e-2"),
        lambda contact: contact.knows_words("e-2", "Terlambat."),
    ]

    books: list[Contact] = []
    for order in permutations(facts):
        book = Contact()
        for fact in order:
            fact(book)
        books.append(book)

    assert all(book == books[0] for book in books)
    assert books[0].reporter == SITI
    assert books[0].people == {"s-1": SITI}
    assert books[0].words == {"e-1": "Selesai."}


def test_given_two_submissions_when_learned_then_the_first_names_the_part() -> None:
    contact = Contact(people={"s-1": SITI, "s-2": BUDI})

    contact.names_part("s-1")
    contact.names_part("s-2")

    assert contact.reporter == SITI


def test_given_other_contacts_when_they_come_in_any_order_then_the_last_that_was_told_holds() -> None:
    facts: list[Callable[[Contact], None]] = [
        lambda contact: contact.names_part("s-1"),
        lambda contact: contact.knows_person("s-1", SITI),
        lambda contact: contact.changes_contact(AT, "f-1"),
        lambda contact: contact.changes_contact(AT + timedelta(hours=1), "f-2"),
        lambda contact: contact.knows_person("f-2", BUDI),
    ]

    for order in permutations(facts):
        book = Contact()
        for fact in order:
            fact(book)
        assert book.reporter == BUDI


def test_given_another_contact_that_is_erased_when_the_reporter_is_sought_then_the_old_one_is_not_used_again() -> None:
    contact = Contact(part="s-1", people={"s-1": SITI, "f-1": BUDI})
    contact.changes_contact(AT, "f-1")

    contact.forgets_person("f-1")

    assert contact.reporter is None
    assert contact.reporter_is_erased


@pytest.mark.parametrize(
    ("address", "wire"),
    [
        ("siti@example.id", "siti@example.id"),
        (" siti@example.id ", "siti@example.id"),
        ("siti.aminah+ntb@mail.example.id", "siti.aminah+ntb@mail.example.id"),
        ("root@localhost", "root@localhost"),
        ("siti@bücher.example", "siti@xn--bcher-kva.example"),
        ("sïti@example.id", None),
        ("siti", None),
        ("@example.id", None),
        ("siti@", None),
        ("a@b@example.id", None),
        ("siti @example.id", None),
        ("siti@example.id\r\nBcc: all@example.id", None),
        ("siti@exa mple.id", None),
        ("siti..aminah@example.id", None),
        ("siti@example..id", None),
        ("<siti@example.id>", None),
        ("siti@example.id>", None),
        ("x" * 65 + "@example.id", None),
        ("siti@" + "x" * 70 + ".id", None),
        ("siti@" + "x." * 130 + "id", None),
    ],
)
def test_given_an_address_when_it_goes_to_the_server_then_nothing_but_an_address_can(
    address: str, wire: str | None
) -> None:
    result = on_the_wire(address)

    assert result == wire


@pytest.mark.parametrize("spelling", ["SITI@Example.ID", " siti@example.id", "siti+lagi@example.id"])
def test_given_spellings_of_one_mailbox_when_counted_then_they_are_one(spelling: str) -> None:
    counted = digest(b"secret", spelling)

    assert counted == digest(b"secret", "siti@example.id")


def test_given_another_key_or_address_when_counted_then_the_digests_differ() -> None:
    digests = {
        digest(b"secret", "siti@example.id"),
        digest(b"other", "siti@example.id"),
        digest(b"secret", "budi@example.id"),
    }

    assert len(digests) == 3


@pytest.mark.parametrize(
    ("language", "words"),
    [
        (Language.INDONESIAN, "Selasa 24 Nov 2026 10.00 WITA"),
        (Language.ENGLISH, "Tuesday 24 Nov 2026 10:00 WITA"),
    ],
)
def test_given_a_time_when_written_then_it_is_of_wita_and_of_the_language(language: Language, words: str) -> None:
    written = in_words(AT, language)

    assert written == words


SAID: list[Callable[[Contact], None]] = [
    lambda contact: contact.names_part("s-1"),
    lambda contact: contact.knows_person("s-1", SITI),
    lambda contact: contact.changes_contact(AT, "f-1"),
    lambda contact: contact.changes_contact(AT + timedelta(hours=1), "f-2", by_subject=True, taken_over=True),
    lambda contact: contact.knows_person("f-2", BUDI),
    lambda contact: contact.changes_contact(AT + timedelta(hours=2), "f-3"),
    lambda contact: contact.knows_person("f-3", SITI),
]


@given(st.permutations(SAID), st.integers(0, 6))
def test_given_a_case_that_was_taken_over_when_who_filed_it_says_more_then_in_any_order_the_person_concerned_is_told(
    order: list[Callable[[Contact], None]], again: int
) -> None:
    book = Contact()

    for fact in [*order, order[again]]:
        fact(book)

    assert book.reporter == BUDI


def test_given_two_codes_when_nothing_was_taken_over_then_the_last_word_counts_whoever_said_it() -> None:
    book = Contact(part="s-1", people={"s-1": SITI, "f-1": BUDI, "f-2": SITI})

    book.changes_contact(AT, "f-1", by_subject=True)
    book.changes_contact(AT + timedelta(hours=1), "f-2")

    assert book.reporter == SITI


def test_given_a_whole_ticket_that_is_erased_when_parts_come_in_any_order_then_nobody_is_known() -> None:
    facts: list[Callable[[Contact], None]] = [
        lambda contact: contact.names_part("s-1"),
        lambda contact: contact.knows_person("s-1", SITI),
        lambda contact: contact.knows_person("f-1", BUDI),
        lambda contact: contact.changes_contact(AT, "f-1"),
        lambda contact: contact.forgets_everybody(),
    ]

    for order in permutations(facts):
        book = Contact()
        for fact in order:
            fact(book)
        assert (book.people, book.reporter, book.reporter_is_erased) == ({}, None, True)


def test_given_switches_of_the_use_of_data_when_they_come_in_any_order_then_the_last_event_decides() -> None:
    for order in permutations([(3, True), (5, False), (8, True), (9, False)]):
        book = Contact()
        for sequence, restricted in order:
            book.decides_on_use(sequence, restricted=restricted)

        assert book.restricted is False
