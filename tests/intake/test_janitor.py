"""The janitor on a real broker: what is due goes, whoever is killed when, and nothing else does."""

import asyncio
import re
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from aiokafka import AIOKafkaConsumer

from deploy.topics import apply_topics
from services.intake.album import Album
from services.intake.blobs import Blobs
from services.intake.erasing.claims import find_claims
from services.intake.erasing.deciding import Rules
from services.intake.erasing.janitor import Janitor, Swept
from services.intake.erasing.routine import Routine, its_turn
from services.intake.settings import Settings
from shared.events.case import CaseSnapshot, Role, Status
from shared.events.cases import CaseClosed, CaseLinked, CasePublished, CaseReopened, CaseResolved
from shared.events.complaints import (
    ComplaintErased,
    ComplaintSubmitted,
    ComplaintSupplemented,
    ContactChanged,
    ErasureReason,
    ErasureRequested,
)
from shared.events.event import Event, Urgency
from shared.events.personal import PersonalRecorded
from shared.ids import draw_ticket, named_id
from shared.publisher import Publisher
from shared.records import Outgoing, Record, to_record
from shared.settings import KafkaSettings
from shared.topics import CASES, COMPLAINTS, PERSONAL, Topic
from tests.intake.posting import the_settings
from tests.servers import Kafka
from tests.waiting import until

pytestmark = pytest.mark.integration

LONG_AGO = datetime.now(UTC) - timedelta(days=1_000)
PHOTO, REDACTED, EVIDENCE = "a" * 32, "b" * 32, "c" * 32


def a_ticket(number: int) -> str:
    return draw_ticket(b"tests", "public", named_id("janitor", number))


def common(ticket: str, kind: object, at: datetime) -> dict[str, Any]:
    return {"event_id": named_id(ticket, kind), "ticket": ticket, "occurred_at": at}


def a_submission(ticket: str, at: datetime = LONG_AGO) -> Outgoing:
    said = {"digest": "d", "part": "s-1", "category": "road.damage", "received_at": at}
    return to_record(COMPLAINTS, ComplaintSubmitted.model_validate(common(ticket, "submitted", at) | said))


def a_part(ticket: str, part: str = "s-1", *photos: str) -> Outgoing:
    said = {"part": part, "text": "Jembatan putus", "name": "Baiq", "photos": photos}
    return to_record(PERSONAL, PersonalRecorded.model_validate(common(ticket, part, LONG_AGO) | said))


def a_step(ticket: str, sequence: int, kind: type[Event], at: datetime = LONG_AGO, **fields: Any) -> Outgoing:
    ended = Status.CLOSED if kind in {CaseClosed, CaseLinked} else Status.IN_PROGRESS
    case = CaseSnapshot(
        status=fields.pop("status", ended),
        category="road.damage",
        urgency=Urgency.IMPORTANT,
        received_at=at,
        linked_to=fields.get("linked_to"),
    )
    said = {"case_id": ticket, "sequence": sequence, "actor": Role.COORDINATOR, "case": case}
    return to_record(CASES, kind.model_validate(common(ticket, sequence, at) | said | fields))


def a_request(ticket: str, **fields: Any) -> Outgoing:
    return to_record(COMPLAINTS, ErasureRequested.model_validate(common(ticket, "asked", LONG_AGO) | fields))


def a_take_over(ticket: str) -> Outgoing:
    told = {"part": "f-9", "has_contact": True, "by_subject": True, "taken_over": True}
    return to_record(COMPLAINTS, ContactChanged.model_validate(common(ticket, "taken over", LONG_AGO) | told))


@dataclass
class World:
    """Intake's topics and photos, and one replica's janitor; its clock goes ahead by as much as it is told."""

    settings: Settings
    publisher: Publisher
    ahead: timedelta = field(default_factory=timedelta)

    @property
    def blobs(self) -> Blobs:
        return Blobs(self.settings.blobs)

    def janitor(self, publisher: Any = None) -> Janitor:
        rules = Rules(self.settings.janitor.keep_for, self.settings.janitor.orphans_after)
        settings, at = self.settings, lambda: datetime.now(UTC) + self.ahead
        return Janitor(settings.kafka, settings.blobs, publisher or self.publisher, rules, now=at)

    async def sweep(self, publisher: Any = None) -> Swept:
        return await self.janitor(publisher).sweep()

    async def keep(self, *photos: str) -> None:
        for name in photos:
            await self.blobs.put(f"photos/{name}.jpg", b"photo")
            await self.blobs.put(f"thumbnails/{name}.jpg", b"small")

    async def claim(self, ticket: str) -> list[str]:
        """Of a photo that somebody sent; the name that it has from then on."""
        for folder in ("photos", "thumbnails"):
            await self.blobs.put(f"unclaimed/{folder}/{PHOTO}.jpg", b"photo")
        return [name for name in [await Album(self.settings).claim(PHOTO, ticket)] if name]

    async def kept(self, *photos: str) -> list[str]:
        return [name for name in photos if await self.blobs.get(f"photos/{name}.jpg")]

    async def read(self, topic: Topic) -> list[Record]:
        kafka = self.settings.kafka
        consumer = AIOKafkaConsumer(
            topic.full_name(kafka.namespace), bootstrap_servers=kafka.bootstrap, auto_offset_reset="earliest"
        )
        await consumer.start()
        try:
            ends = await consumer.end_offsets(list(consumer.assignment()))
            found: list[Record] = []
            while any([await consumer.position(place) < end for place, end in ends.items()]):
                fetched = await consumer.getmany(timeout_ms=200)
                found += [record for records in fetched.values() for record in records]
            return found
        finally:
            await consumer.stop()

    async def left(self) -> set[str]:
        """Keys of personal parts that are there."""
        last = {(record.key or b"").decode(): record.value for record in await self.read(PERSONAL)}
        return {key for key, value in last.items() if value is not None}

    async def erasures(self) -> list[ComplaintErased]:
        kind = b"complaint.erased.v1"
        records = [one for one in await self.read(COMPLAINTS) if dict(one.headers).get("ce_type") == kind]
        return [ComplaintErased.model_validate_json(record.value or b"") for record in records]


@dataclass
class Dying:
    """A publisher of a process that is killed after so many acknowledgements."""

    publisher: Publisher
    acknowledges: int

    async def publish_each(self, sequences: Mapping[str, Sequence[Outgoing]]) -> dict[str, list[Outgoing]]:
        for records in sequences.values():
            for record in records:
                if self.acknowledges == 0:
                    raise asyncio.CancelledError
                await self.publisher.publish(record)
                self.acknowledges -= 1
        return {key: list(records) for key, records in sequences.items()}


@pytest.fixture
async def world(kafka: Kafka, tmp_path: Path) -> AsyncGenerator[World]:
    topics = KafkaSettings(bootstrap=kafka.bootstrap, namespace=f"janitor-{uuid4().hex[:8]}", partitions=3)
    await apply_topics(topics)
    settings = the_settings((tmp_path / "blobs").as_uri(), kafka=topics, janitor={"keep_for": timedelta(days=730)})
    publisher = Publisher("intake", topics)
    await publisher.start()
    yield World(settings, publisher)
    await publisher.stop()


async def test_given_somebody_who_asked_when_the_janitor_passes_then_all_of_theirs_goes_and_nobody_elses(
    world: World,
) -> None:
    asking, other = a_ticket(1), a_ticket(2)
    await world.keep(PHOTO, REDACTED, EVIDENCE, "d" * 32)
    for ticket, photo in ((asking, PHOTO), (other, "d" * 32)):
        supplement = ComplaintSupplemented.model_validate(common(ticket, "more", LONG_AGO) | {"part": "f-1"})
        await world.publisher.publish(a_submission(ticket), to_record(COMPLAINTS, supplement))
        await world.publisher.publish(a_part(ticket, "s-1", photo), a_part(ticket, "f-1"))
    await world.publisher.publish(
        a_step(asking, 3, CaseResolved, photos=(EVIDENCE,)),
        a_step(asking, 4, CasePublished, photos=(REDACTED, EVIDENCE)),
        a_request(asking),
    )

    swept = await world.sweep()
    again = await world.sweep()

    assert (swept.tickets, swept.parts, swept.photos, swept.left) == (1, 2, 2, 0)
    assert await world.left() == {f"{other}:s-1", f"{other}:f-1"}
    assert await world.kept(PHOTO, REDACTED, EVIDENCE, "d" * 32) == [EVIDENCE, "d" * 32]
    [erased] = await world.erasures()
    assert (erased.ticket, erased.reason) == (asking, ErasureReason.ASKED)
    assert (again.tickets, again.parts, again.photos) == (0, 0, 0)


async def test_given_redacted_copies_when_their_photo_is_erased_then_they_go_too_whether_they_were_published_or_not(
    world: World,
) -> None:
    asking, other = a_ticket(3), a_ticket(4)
    copies = {PHOTO: ("e" * 32, "f" * 32), "d" * 32: ("a2" * 16,)}
    await world.keep(*copies, *(copy for some in copies.values() for copy in some))
    for original, some in copies.items():
        for copy in some:
            await world.blobs.put(f"copies/{original}/{copy}", b"")
    await world.publisher.publish(a_submission(asking), a_part(asking, "s-1", PHOTO))
    await world.publisher.publish(a_submission(other), a_part(other, "s-1", "d" * 32), a_request(asking))

    await world.sweep()

    assert await world.kept(PHOTO, "e" * 32, "f" * 32, "d" * 32, "a2" * 16) == ["d" * 32, "a2" * 16]
    assert await world.blobs.keys_in("copies") == [f"copies/{'d' * 32}/{'a2' * 16}"]


async def test_given_complaints_taken_over_when_who_filed_them_asks_afterwards_then_only_the_person_concerned_is_heard(
    world: World,
) -> None:
    others, own, before = (a_ticket(number) for number in range(20, 23))
    for ticket in (others, own, before):
        await world.publisher.publish(a_submission(ticket), a_part(ticket))
    await world.publisher.publish(a_request(before))
    for ticket in (others, own, before):
        await world.publisher.publish(a_take_over(ticket))
    await world.publisher.publish(a_request(others), a_request(own, by_subject=True))

    swept = await world.sweep()

    assert swept.tickets == 2
    assert await world.left() == {f"{others}:s-1"}


async def test_given_cases_that_ended_long_ago_when_the_janitor_passes_then_only_what_nobody_works_on_goes(
    world: World,
) -> None:
    closed, reopened, recent, open_, linked, linked_to_open = (a_ticket(number) for number in range(10, 16))
    for ticket in (closed, reopened, recent, open_, linked, linked_to_open):
        await world.publisher.publish(a_submission(ticket), a_part(ticket))
    end: dict[str, Any] = {"reason": "silence"}
    await world.publisher.publish(
        a_step(closed, 3, CaseClosed, **end),
        a_step(reopened, 3, CaseClosed, **end),
        a_step(reopened, 4, CaseReopened, reason="disputed"),
        # Kafka may deliver it again later: the highest sequence counts.
        a_step(reopened, 3, CaseClosed, **end),
        a_step(recent, 3, CaseClosed, datetime.now(UTC) - timedelta(days=700), **end),
        a_step(linked, 3, CaseLinked, linked_to=closed),
        a_step(linked_to_open, 3, CaseLinked, linked_to=open_),
    )

    swept = await world.sweep()
    world.ahead = timedelta(days=40)
    later = await world.sweep()

    assert (swept.tickets, later.tickets) == (2, 1)
    assert await world.left() == {f"{ticket}:s-1" for ticket in (reopened, open_, linked_to_open)}
    erased = {(one.ticket, one.reason) for one in await world.erasures()}
    assert erased == {(ticket, ErasureReason.RETENTION) for ticket in (closed, linked, recent)}


async def test_given_a_part_whose_event_never_came_when_a_day_is_over_then_it_goes_with_its_photo(world: World) -> None:
    await world.keep(PHOTO, REDACTED)
    await world.publisher.publish(a_part(a_ticket(1), "s-1", PHOTO), a_part(a_ticket(2), "s-1", REDACTED))
    await world.publisher.publish(a_submission(a_ticket(2)), a_part(a_ticket(2), "f-9"))

    first = await world.sweep()
    world.ahead = timedelta(days=1, minutes=1)
    second = await world.sweep()

    assert (first.parts, second.parts, second.tickets) == (0, 2, 0)
    assert await world.left() == {f"{a_ticket(2)}:s-1"}
    assert await world.kept(PHOTO, REDACTED) == [REDACTED]
    assert await world.erasures() == []


async def test_given_claims_of_a_day_ago_when_the_janitor_passes_then_what_a_complaint_names_stays_and_the_rest_goes(
    world: World,
) -> None:
    published, lost = a_ticket(1), a_ticket(2)
    [kept] = await world.claim(published)
    [orphan] = await world.claim(lost)
    await world.publisher.publish(a_part(published, "s-1", kept), a_submission(published))

    young = await world.sweep()
    world.ahead = timedelta(days=2)
    swept, again = await world.sweep(), await world.sweep()

    assert (young.photos, swept.photos, again.photos) == (0, 1, 0)
    assert await world.kept(kept, orphan) == [kept]
    assert await world.blobs.keys_in("claims") == []


async def test_given_a_complaint_that_is_sent_again_while_the_janitor_passes_when_it_ends_then_its_photo_stays(
    world: World,
) -> None:
    ticket = a_ticket(1)
    [name] = await world.claim(ticket)
    claims = await find_claims(world.blobs, datetime.now(UTC) + timedelta(seconds=1))
    assert claims.tickets == {ticket}

    late = replace(claims, before=datetime.now(UTC) - timedelta(days=1))

    assert await late.settle(world.blobs) == 0
    assert await world.kept(name) == [name]


async def test_given_an_erased_ticket_when_something_still_comes_then_the_next_pass_erases_that_too(
    world: World,
) -> None:
    ticket = a_ticket(1)
    await world.publisher.publish(a_submission(ticket), a_part(ticket), a_request(ticket))
    await world.sweep()
    await world.keep(PHOTO)
    await world.publisher.publish(a_part(ticket, "f-1", PHOTO))

    swept = await world.sweep()

    assert (swept.tickets, swept.parts, swept.photos) == (0, 1, 1)
    assert await world.left() == set()
    assert await world.kept(PHOTO) == []
    assert len(await world.erasures()) == 1


async def test_given_an_erasure_when_days_pass_then_tombstones_and_event_are_repeated_and_then_no_more(
    world: World,
) -> None:
    ticket = a_ticket(1)
    await world.publisher.publish(a_submission(ticket), a_part(ticket), a_request(ticket))
    await world.sweep()

    repeated: list[int] = []
    for hours in (23, 25, 80):
        world.ahead = timedelta(hours=hours)
        repeated.append((await world.sweep()).parts)

    assert repeated == [0, 1, 0]
    first, again = await world.erasures()
    assert first == again


@pytest.mark.parametrize("acknowledges", range(5))
async def test_given_a_janitor_that_is_killed_anywhere_when_the_next_one_passes_then_the_end_is_the_same(
    world: World, acknowledges: int
) -> None:
    tickets = [a_ticket(1), a_ticket(2)]
    await world.keep(PHOTO, REDACTED)
    for ticket, photo in zip(tickets, (PHOTO, REDACTED), strict=True):
        await world.publisher.publish(a_submission(ticket), a_part(ticket, "s-1", photo), a_request(ticket))

    with pytest.raises(asyncio.CancelledError):
        await world.sweep(Dying(world.publisher, acknowledges) if acknowledges < 4 else Dying(world.publisher, 3))
    await world.sweep()

    assert await world.left() == set()
    assert await world.kept(PHOTO, REDACTED) == []
    assert {one.ticket for one in await world.erasures()} == set(tickets)
    assert len({one.event_id for one in await world.erasures()}) == 2


async def test_given_two_replicas_when_both_pass_at_once_then_each_ticket_is_erased_by_one_event(world: World) -> None:
    tickets = [a_ticket(number) for number in range(5)]
    for ticket in tickets:
        await world.publisher.publish(a_submission(ticket), a_part(ticket), a_request(ticket))

    await asyncio.gather(world.sweep(), world.sweep())

    assert await world.left() == set()
    assert {one.event_id for one in await world.erasures()} == {one.event_id for one in await world.erasures()}
    assert len({one.event_id for one in await world.erasures()}) == 5


async def test_given_photos_that_cannot_be_deleted_when_the_janitor_passes_then_what_names_them_stays(
    world: World, tmp_path: Path
) -> None:
    ticket = a_ticket(1)
    await world.publisher.publish(a_submission(ticket), a_part(ticket, "s-1", PHOTO), a_request(ticket))
    broken = tmp_path / "blobs" / "photos" / f"{PHOTO}.jpg"
    # A folder in the place of the photo can't be deleted as a file.
    (broken / "x").mkdir(parents=True)

    swept = await world.sweep()

    assert (swept.tickets, swept.left) == (0, 1)
    assert await world.left() == {f"{ticket}:s-1"}
    assert await world.erasures() == []


async def test_given_one_ticket_when_an_operator_erases_it_then_it_goes_although_it_is_open_and_nothing_else_does(
    world: World,
) -> None:
    ticket, asking = a_ticket(1), a_ticket(2)
    await world.publisher.publish(a_submission(ticket), a_part(ticket))
    await world.publisher.publish(a_submission(asking), a_part(asking), a_request(asking))
    event = ComplaintErased.model_validate(common(ticket, "operator", LONG_AGO) | {"reason": ErasureReason.ASKED})

    swept = await world.janitor().erase(event)

    assert (swept.tickets, swept.parts) == (1, 1)
    assert await world.left() == {f"{asking}:s-1"}
    assert await world.erasures() == [event]


async def test_given_records_that_the_services_park_when_the_janitor_passes_then_nobody_is_erased_for_them(
    world: World,
) -> None:
    tickets = [a_ticket(number) for number in range(1, 5)]
    other, wrong_type = a_request(a_ticket(9)), a_request(tickets[1])
    without_zone = a_step(tickets[2], 5, CaseClosed, reason="silence")
    high = a_step(tickets[3], 2**40, CaseReopened, reason="disputed")
    for ticket in tickets:
        await world.publisher.publish(a_submission(ticket), a_part(ticket))
    await world.publisher.publish(
        replace(other, key=tickets[0]),
        replace(wrong_type, value=(wrong_type.value or b"").replace(b"erasure.requested", b"contact.changed")),
        replace(without_zone, value=re.sub(rb'("occurred_at":"[^"]{19})[^"]*"', rb'\1"', without_zone.value or b"")),
        high,
    )

    swept = await world.sweep()

    assert (swept.tickets, swept.left) == (0, 0)
    assert await world.left() == {f"{ticket}:s-1" for ticket in tickets}


async def test_given_a_routine_when_somebody_asks_between_two_looks_then_the_next_look_is_a_pass(world: World) -> None:
    sweeps: list[Swept] = []

    class Counting:
        async def sweep(self) -> Swept:
            sweeps.append(await world.sweep())
            return sweeps[-1]

    routine = Routine(world.settings, Counting())
    await world.publisher.publish(a_submission(a_ticket(1)), a_part(a_ticket(1)))
    await routine.look()
    await world.publisher.publish(a_submission(a_ticket(2)))
    await routine.look()
    before = len(sweeps)

    await world.publisher.publish(a_request(a_ticket(1)))
    await routine.look()
    # Another one follows, for what was under way; it erases nothing, so none follows that.
    await routine.look()
    await routine.look()

    assert before == 1
    assert [swept.tickets for swept in sweeps] == [0, 1, 0]
    assert await world.left() == set()


async def test_given_two_replicas_when_it_is_one_ones_turn_then_it_is_the_other_ones_only_after_it_left(
    world: World,
) -> None:
    async with its_turn(world.settings.kafka) as second:
        async with its_turn(world.settings.kafka) as first:
            await until(lambda: first() != second(), limit_s=30)
            had = [first(), second()]
        await until(second, limit_s=30)

    assert sorted(had) == [False, True]
