import asyncio
from datetime import timedelta
from itertools import permutations
from typing import Any

import pytest
from bson import encode

from services.notification.domain.deliveries import deliveries_of
from shared.events.event import Event
from shared.events.notices import Channel, NoticeSuppressed
from shared.events.words import WordsKind
from shared.mongo import Database
from shared.topics import PERSONAL, WORDS
from tests.notification.examples import (
    AT,
    REPORTER_ADDRESS,
    TICKET,
    WRITTEN,
    a_new_contact,
    a_person,
    a_resolution,
    a_submission,
    a_ticket,
    an_assignment,
    an_opening,
    the_offices,
    the_words,
)
from tests.notification.replica import Clock, Replica, a_replica
from tests.shared.fakes import FakePublisher
from tests.shared.received import erased
from tests.waiting import until

pytestmark = pytest.mark.integration

PERSON_GONE = erased(PERSONAL, f"{TICKET}:s-1")
WORDS_GONE = erased(WORDS, f"{TICKET}:{a_resolution().event_id}")


@pytest.mark.parametrize("order", list(permutations([a_submission(), a_person(), an_opening()])))
async def test_given_contact_and_event_when_they_come_in_any_order_then_the_mail_is_queued_at_the_last(
    replica: Replica, order: tuple[Event, ...]
) -> None:
    states: list[dict[str, str]] = []
    for record in order:
        await replica.hear(record)
        states.append(await replica.states())

    assert "queued" not in str(states[:-1])
    assert states[-1] == {"received": "queued"}


async def test_given_a_whole_case_when_heard_as_one_batch_then_every_mail_is_queued(replica: Replica) -> None:
    await replica.hear(an_opening(), the_words(), a_resolution(), an_assignment(), a_person(), a_submission())

    assert await replica.states() == dict.fromkeys(("received", "assigned", "new_case", "resolved"), "queued")


async def test_given_a_handled_batch_when_it_is_delivered_again_then_nothing_changes(replica: Replica) -> None:
    batch = (a_submission(), a_person(), an_opening(), an_opening(), an_assignment())
    await replica.hear(*batch)
    before = await replica.deliveries()

    await replica.hear(*batch)

    assert await replica.deliveries() == before


async def test_given_a_replica_that_died_between_its_writes_when_the_batch_comes_again_then_the_mail_is_queued(
    replica: Replica,
) -> None:
    await replica.hear(a_submission(), a_person())
    await replica.store.deliveries.add(deliveries_of(an_opening(), the_offices(), {Channel.EMAIL}, AT))

    await replica.hear(an_opening())

    assert await replica.states() == {"received": "queued"}


async def test_given_a_replica_that_died_before_it_told_the_address_when_the_batch_comes_again_then_it_is_due(
    replica: Replica,
) -> None:
    await replica.hear(a_submission(), a_person(), an_opening())
    await replica.store.addresses.collection.delete_many({})

    await replica.hear(an_opening())

    assert [one["next_at"] for one in await replica.addresses()] == [AT]


async def test_given_two_replicas_when_contact_and_event_come_at_one_moment_then_no_mail_is_left_waiting(
    database: Database, publisher: FakePublisher, clock: Clock
) -> None:
    tickets = [a_ticket(number) for number in range(150)]
    async with a_replica(database, publisher, clock) as one, a_replica(database, publisher, clock) as other:
        await asyncio.gather(
            *(one.hear(a_submission(ticket), an_opening(ticket)) for ticket in tickets),
            *(other.hear(a_person(ticket, email=f"{ticket}@example.id")) for ticket in tickets),
        )

        assert len(await one.deliveries(state="queued")) == len(tickets)


async def test_given_two_submissions_of_a_ticket_when_heard_then_only_the_first_ones_person_is_written_to(
    replica: Replica,
) -> None:
    await replica.hear(a_submission(), a_submission(part="s-2"), a_person(part="s-2"), an_opening())

    assert await replica.states() == {"received": "waiting"}


@pytest.mark.parametrize(
    ("case", "age", "reason"),
    [({"historical": True}, timedelta(0), "historical"), ({}, timedelta(days=8), "old")],
)
async def test_given_old_news_when_heard_then_it_is_told_that_nothing_was_sent(
    replica: Replica, clock: Clock, case: dict[str, Any], age: timedelta, reason: str
) -> None:
    clock.forward(age)

    await replica.hear(an_assignment(**case))

    await until(lambda: len(replica.notices()) == 2)
    assert await replica.states() == {"assigned": "suppressed", "new_case": "suppressed"}
    assert {notice.reason for notice in replica.notices() if isinstance(notice, NoticeSuppressed)} == {reason}


async def test_given_a_contact_that_comes_after_a_week_when_heard_then_the_mail_is_too_old(
    replica: Replica, clock: Clock
) -> None:
    await replica.hear(a_submission(), an_opening())
    clock.forward(timedelta(days=8))

    await replica.hear(a_person())

    assert [stored["reason"] for stored in await replica.deliveries()] == ["old"]


async def test_given_a_contact_that_never_comes_when_a_week_is_over_then_that_is_told(
    sending: Replica, clock: Clock
) -> None:
    await sending.hear(a_submission(), an_opening())
    clock.forward(timedelta(days=7))

    await until(sending.notices)

    assert [stored["reason"] for stored in await sending.deliveries()] == ["old"]


async def test_given_seven_complaints_for_one_address_when_heard_then_it_gets_five_receipts_a_day(
    database: Database, publisher: FakePublisher, clock: Clock
) -> None:
    tickets = [a_ticket(number) for number in range(7)]
    spellings = ["siti@example.id", "Siti@Example.ID", "siti+1@example.id", " siti@example.id"]
    async with a_replica(database, publisher, clock) as one, a_replica(database, publisher, clock) as other:
        await asyncio.gather(
            *(
                replica.hear(a_submission(ticket), a_person(ticket, email=spellings[index % 4]), an_opening(ticket))
                for index, ticket in enumerate(tickets)
                for replica in (one, other)
            )
        )
        clock.forward(timedelta(days=1))
        later = a_ticket(8)
        await one.hear(a_submission(later), a_person(later), an_opening(later), an_assignment(later))

        assert len(await one.deliveries(kind="received", state="queued", ready_at=AT)) == 5
        assert len(await one.deliveries(kind="received", reason="receipt_limit")) == 2
        assert len(await one.deliveries(ticket=later, state="queued")) == 3
        assert REPORTER_ADDRESS not in str(await database["receipts"].find({}).to_list(None))


async def test_given_waiting_and_queued_mail_when_the_person_is_erased_then_none_of_it_is_sent(
    replica: Replica,
) -> None:
    await replica.hear(a_submission(), a_person(), an_opening(), a_resolution(), an_assignment())

    await replica.hear(PERSON_GONE)

    states = await replica.states()
    assert states == dict.fromkeys(("received", "assigned", "resolved"), "suppressed") | {"new_case": "queued"}
    await until(lambda: len(replica.notices()) == 3)
    assert REPORTER_ADDRESS.encode() not in await everything(replica.database)


async def test_given_an_erased_person_when_the_record_comes_again_then_it_is_refused(replica: Replica) -> None:
    await replica.hear(PERSON_GONE)

    await replica.hear(a_person(), a_submission(), an_opening())

    assert [stored["reason"] for stored in await replica.deliveries()] == ["erased"]
    assert REPORTER_ADDRESS.encode() not in await everything(replica.database)


async def test_given_a_record_and_its_tombstone_in_one_batch_when_heard_then_nothing_stays(replica: Replica) -> None:
    await replica.hear(a_person(), the_words(), a_submission(), PERSON_GONE, WORDS_GONE, a_person(), the_words())

    stored = await everything(replica.database)
    assert REPORTER_ADDRESS.encode() not in stored
    assert WRITTEN.encode() not in stored


async def test_given_another_part_when_it_is_erased_then_the_mail_stays_queued(replica: Replica) -> None:
    await replica.hear(a_submission(), a_person(), an_opening())

    await replica.hear(erased(PERSONAL, f"{TICKET}:s-2"))

    assert await replica.states() == {"received": "queued"}


async def test_given_words_that_come_late_when_heard_then_the_mail_waits_for_them_and_not_for_ever(
    replica: Replica,
) -> None:
    await replica.hear(a_submission(), a_person(), a_resolution())
    waiting = await replica.deliveries()

    await replica.hear(the_words())

    assert [(stored["state"], stored["next_at"]) for stored in waiting] == [("waiting", AT + timedelta(seconds=60))]
    assert await replica.states() == {"resolved": "queued"}


async def test_given_words_that_were_erased_when_heard_then_the_mail_waits_no_longer(replica: Replica) -> None:
    await replica.hear(a_submission(), a_person(), a_resolution(), the_words())

    await replica.hear(WORDS_GONE)
    await replica.hear(the_words())

    assert await replica.states() == {"resolved": "queued"}
    assert WRITTEN.encode() not in await everything(replica.database)


async def test_given_what_a_resident_wrote_when_heard_then_only_what_mail_needs_is_kept(replica: Replica) -> None:
    person = a_person(address="Jalan Mawar 5", latitude=-8.6, longitude=116.5)

    await replica.hear(a_submission(), person, an_opening(), the_words(WordsKind.RETURN))

    stored = await everything(replica.database)
    for private in ("Lubang besar", "Jalan Mawar", WRITTEN):
        assert private.encode() not in stored


async def test_given_an_empty_batch_when_heard_then_nothing_happens(replica: Replica) -> None:
    await replica.hear()

    assert await replica.deliveries() == []


async def everything(database: Database) -> bytes:
    collections = [database[name] for name in await database.list_collection_names()]
    return b"".join([encode(stored) for one in collections for stored in await one.find({}).to_list(None)])


CONTACTS = [
    a_submission(),
    a_person(),
    a_new_contact("f-1", 1),
    a_new_contact("f-2", 2),
    a_person(TICKET, "f-2", email="baru@example.id"),
]


@pytest.mark.parametrize("order", list(permutations(CONTACTS))[::7])
async def test_given_other_contacts_when_they_come_in_any_order_then_the_last_that_was_told_is_written_to(
    replica: Replica, order: tuple[Event, ...]
) -> None:
    for record in order:
        await replica.hear(record)

    reporter = (await replica.store.contacts.read([TICKET]))[TICKET].reporter
    assert reporter is not None
    assert reporter.email == "baru@example.id"
