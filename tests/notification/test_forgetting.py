"""Of whoever is erased not even the digest of an address is left."""

from contextlib import nullcontext
from typing import Any
from unittest.mock import ANY

import pytest

from services.notification.domain.addresses import address_id
from services.notification.domain.links import Link, LinkExpired, Purpose
from services.notification.domain.rounds import ALL
from shared.events.case import Status
from shared.events.cases import CaseProcessingRestricted, CaseProgressed
from shared.events.notices import Channel
from shared.topics import PERSONAL
from tests.notification.examples import (
    AGENCY_ADDRESS,
    AT,
    REPORTER_ADDRESS,
    TICKET,
    a_new_contact,
    a_person,
    a_resolution,
    a_submission,
    a_ticket,
    an_assignment,
    an_erasure,
    an_opening,
    envelope,
    the_words,
)
from tests.notification.followers import LINKS, Told, a_following
from tests.notification.replica import Replica
from tests.shared.received import erased
from tests.smtp_sink import Sink
from tests.waiting import until

pytestmark = [pytest.mark.integration, pytest.mark.both_drivers]

SITI = address_id(b"secret", Channel.EMAIL, REPORTER_ADDRESS)


def a_use_of_data(sequence: int, reason: str) -> CaseProcessingRestricted:
    said = envelope(sequence, Status.ASSIGNED, processing_restricted=reason == "asked")
    return CaseProcessingRestricted.model_validate(said | {"reason": reason})


def a_progress(sequence: int) -> CaseProgressed:
    return CaseProgressed.model_validate(envelope(sequence, Status.IN_PROGRESS))


async def complain(replica: Replica, number: int) -> str:
    ticket = a_ticket(number)
    await replica.hear(a_submission(ticket), a_person(ticket), an_opening(ticket))
    await until(replica.all_done)
    return ticket


async def places(replica: Replica) -> dict[str, list[Any]]:
    """Ids of the documents that name the address, by collection."""
    found: dict[str, list[Any]] = {}
    for name in sorted(await replica.database.list_collection_names()):
        if name in {"receipts", "subscription_requests"}:
            # These go by themselves, after two days.
            continue
        for stored in await replica.database[name].find().to_list(None):
            if SITI.partition(":")[2] in repr(stored):
                found.setdefault(name, []).append(stored["_id"])
    return found


async def test_given_two_complaints_of_one_person_when_one_and_then_the_other_is_erased_then_the_last_takes_the_address(
    sending: Replica,
) -> None:
    first, second = await complain(sending, 1), await complain(sending, 2)
    await sending.store.addresses.confirm(SITI, sending.clock())
    before = await places(sending)

    await sending.hear(erased(PERSONAL, f"{first}:s-1"))
    between = await places(sending)
    await sending.hear(erased(PERSONAL, f"{second}:s-1"))

    assert (len(before["deliveries"]), before["addresses"]) == (2, [SITI])
    assert (len(between["deliveries"]), between["addresses"]) == (1, [SITI])
    assert await places(sending) == {}


async def test_given_a_reporter_when_another_part_of_the_complaint_is_erased_then_their_address_is_as_it_was(
    sending: Replica,
) -> None:
    ticket = await complain(sending, 1)
    await sending.store.addresses.confirm(SITI, sending.clock())
    before = await places(sending), await sending.addresses()

    await sending.hear(erased(PERSONAL, f"{ticket}:f-1"))

    assert (await places(sending), await sending.addresses()) == before


@pytest.mark.parametrize(("email", "is_kept"), [("baru@example.id", False), (REPORTER_ADDRESS.upper(), True)])
async def test_given_a_reporter_who_is_reached_elsewhere_by_now_when_the_old_part_is_erased_then_only_that_is_forgotten(
    sending: Replica, email: str, *, is_kept: bool
) -> None:
    await sending.hear(a_submission(), a_person(), an_opening())
    await until(sending.all_done)
    await sending.hear(a_new_contact("f-1", 1), a_person(TICKET, "f-1", email=email), an_assignment(anonymous=True))
    await until(sending.all_done)
    known = len(await sending.addresses())

    await sending.hear(erased(PERSONAL, f"{TICKET}:s-1"))

    assert ("addresses" in await places(sending)) is is_kept
    assert len(await sending.addresses()) == known - (not is_kept)
    assert len(await sending.deliveries(recipient="reporter", to={"$exists": True})) == (2 if is_kept else 1)


async def test_given_somebody_who_wants_nothing_more_when_they_are_erased_then_that_alone_is_kept(
    sending: Replica,
) -> None:
    ticket = await complain(sending, 1)
    await sending.store.addresses.confirm(SITI, sending.clock())
    await sending.store.addresses.stop(SITI, ALL)

    await sending.hear(erased(PERSONAL, f"{ticket}:s-1"))

    (stored,) = await sending.addresses()
    assert set(stored) == {"_id", "channel", "stopped", "again"}
    assert await places(sending) == {"addresses": [SITI]}


async def test_given_somebody_who_follows_when_their_complaint_is_erased_then_they_still_follow(
    sending: Replica,
) -> None:
    ticket = await complain(sending, 1)
    await sending.store.addresses.confirm(SITI, sending.clock())
    await sending.store.subscriptions.collection.insert_one({"_id": "s1", "to": SITI, "state": "confirmed"})

    await sending.hear(erased(PERSONAL, f"{ticket}:s-1"))

    assert await places(sending) == {"addresses": [SITI], "subscriptions": ["s1"]}


async def test_given_a_reporter_who_follows_their_own_case_too_when_it_is_erased_then_just_that_ends(
    sending: Replica,
) -> None:
    ticket, other = await complain(sending, 1), a_ticket(2)
    subscriptions = sending.store.subscriptions.collection
    await subscriptions.insert_many(
        [
            {"_id": "own", "to": SITI, "target": f"case:{ticket}", "state": "confirmed"},
            {"_id": "another", "to": SITI, "target": f"case:{other}", "state": "confirmed"},
            {"_id": "somebody", "to": "email:other", "target": f"case:{ticket}", "state": "confirmed"},
        ]
    )

    await sending.hear(an_erasure(ticket))

    assert sorted([one["_id"] for one in await subscriptions.find().to_list(None)]) == ["another", "somebody"]


@pytest.mark.parametrize("order", ["erasure last", "erasure first", "one batch"])
async def test_given_a_whole_ticket_that_is_erased_when_parts_come_after_it_then_nobody_is_known_and_nothing_waits(
    replica: Replica, order: str
) -> None:
    records = [a_submission(), a_person(), an_opening(), a_person(TICKET, "f-1", email="baru@example.id")]
    erasure = an_erasure(TICKET)
    match order:
        case "erasure last":
            await replica.hear(*records)
            await replica.hear(erasure)
        case "erasure first":
            await replica.hear(erasure)
            await replica.hear(*records)
        case _:
            await replica.hear(*records[:2], erasure, *records[2:])

    await replica.hear(a_new_contact("f-1", 1), an_assignment())

    to_reporter = await replica.deliveries(recipient="reporter")
    assert {(one["state"], one["reason"]) for one in to_reporter} == {("suppressed", "erased")}
    book = await replica.database["contacts"].find_one({"_id": TICKET})
    assert book is not None
    assert (book.get("people", {}), book["erased"]) == ({}, True)
    assert "example.id" not in repr(book)
    # The address that has something due goes when its sender has looked at it.
    assert {"deliveries", "contacts", "subscriptions"}.isdisjoint(await places(replica))


async def test_given_a_restriction_when_things_happen_then_the_reporter_hears_only_what_the_law_wants(
    replica: Replica,
) -> None:
    await replica.hear(a_submission(), a_person(), an_opening())

    await replica.hear(a_use_of_data(2, "asked"))
    await replica.hear(an_assignment(), a_resolution(), the_words())
    before = {one["kind"]: one["state"] for one in await replica.deliveries(recipient="reporter")}
    await replica.hear(a_use_of_data(5, "taken_back"))
    await replica.hear(a_progress(6))

    assert before == {"received": "queued", "assigned": "suppressed", "resolved": "queued"}
    (progress,) = await replica.deliveries(recipient="reporter", kind="progress")
    assert progress["state"] == "queued"


async def test_given_a_restriction_when_the_agency_is_told_of_its_case_then_nobody_is_named(
    sending: Replica, sink: Sink
) -> None:
    await sending.hear(a_submission(), a_person(), a_use_of_data(1, "asked"), an_assignment())
    await until(sending.all_done)

    (mail,) = sink.taken
    assert mail["To"] == AGENCY_ADDRESS
    assert "Siti" not in mail.as_string()
    assert "Siti" not in str([part.get_content() for part in mail.walk() if not part.is_multipart()])


async def test_given_somebody_who_wants_messages_again_when_no_more_is_known_of_them_then_they_are_forgotten_in_time(
    replica: Replica,
) -> None:
    addresses = replica.store.addresses
    await addresses.stop(SITI, ALL)

    await addresses.start(SITI)

    (stored,) = await replica.addresses()
    assert "idle_since" in stored
    assert "stopped" not in stored


@pytest.mark.parametrize("is_erased", [True, False])
async def test_given_somebody_who_was_erased_when_they_say_that_the_address_is_theirs_then_it_is_not_kept(
    sending: Replica, *, is_erased: bool
) -> None:
    ticket, store = await complain(sending, 1), sending.store
    nothing: Any = None
    known: dict[str, Any] = {"addresses": store.addresses, "confirm_address": store.confirm, "now": sending.clock}
    following = a_following(nothing, nothing, Told(), nothing, **known)
    token = LINKS.to(Link(Purpose.CONFIRM, SITI), AT).rpartition("/")[2]
    if is_erased:
        await sending.hear(erased(PERSONAL, f"{ticket}:s-1"))

    with pytest.raises(LinkExpired) if is_erased else nullcontext():
        await following.do(token)

    assert await places(sending) == ({} if is_erased else {"addresses": [SITI], "deliveries": ANY})
    assert await store.addresses.confirmed([SITI]) == (set() if is_erased else {SITI})
