"""Whom messages reach once the person concerned took over what somebody filed for them, on the real store."""

from datetime import timedelta
from itertools import permutations

import pytest

from services.notification.domain.contacts import Contact, Person
from services.notification.store import Store
from shared.events.event import Language
from shared.mongo import Database
from tests.notification.examples import AT, a_ticket

pytestmark = pytest.mark.integration
HEAD = Person("kades@mail.example", "Kepala desa", Language.INDONESIAN)
INAQ = Person("inaq@mail.example", "Inaq Sahnim", Language.INDONESIAN)


def said() -> list[Contact]:
    submitted, took_over, later = Contact(part="s-1"), Contact(), Contact()
    submitted.knows_person("s-1", HEAD)
    took_over.changes_contact(AT, "f-1", by_subject=True, taken_over=True)
    took_over.knows_person("f-1", INAQ)
    later.changes_contact(AT + timedelta(hours=1), "f-2")
    later.knows_person("f-2", HEAD)
    return [submitted, took_over, later]


async def test_given_a_take_over_when_it_is_learned_in_any_order_then_the_person_concerned_is_told(
    database: Database,
) -> None:
    contacts = Store(database, 5).contacts
    orders = list(permutations(said()))

    for number, order in enumerate(orders):
        for contact in order:
            await contacts.learn({a_ticket(number): contact})

    learned = await contacts.read([a_ticket(number) for number in range(len(orders))])
    assert {contact.reporter for contact in learned.values()} == {INAQ}
