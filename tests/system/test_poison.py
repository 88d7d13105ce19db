"""What can never be handled is parked, alone and once; nothing else is lost for it."""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from hashlib import sha256
from typing import Any
from uuid import uuid4

import pytest
from aiokafka import AIOKafkaProducer

from deploy.letters import Letters, ParkingService
from shared.dead_letters import ID, OFFSET, PARTITION, REASON, REFERENCE
from shared.records import DEAD_LETTER, ORIGIN, Record
from shared.settings import KafkaSettings
from shared.topics import COMPLAINTS, DEAD_LETTERS, PERSONAL, WORDS
from tests.services import Platform
from tests.system.outside import ntbcare, publish_as, ticket_of
from tests.system.poison import Poison, a_submission, an_unknown_event, one_of_each
from tests.system.witness import GROUPS, Witness, witnessing
from tests.waiting import until

pytestmark = [pytest.mark.system, pytest.mark.timeout(600)]

DAMAGED = {
    "routing": ("cases", "personal"),
    "notification": ("contacts", "erased_parts"),
    "reporting": ("cases_1", "history"),
}
"""A field of each store that must hold other fields, or elements."""
Place = tuple[str, int, int]
"""Topic without the namespace, partition and offset."""


@dataclass(frozen=True)
class Parked:
    """What a dead letter is, or must be."""

    place: Place
    reason: str
    key: bytes | None
    """None: that of the letter's own id."""
    digest: str | None
    """Of the bytes; None where it has none."""
    headers: tuple[tuple[str, bytes], ...]
    """The record's own."""
    by_reference: bool


@pytest.fixture
async def witness(platform: Platform) -> AsyncGenerator[Witness]:
    async with witnessing(platform) as witness:
        yield witness


async def test_given_poison_among_good_complaints_when_all_is_consumed_then_the_good_pass_and_the_bad_are_parked_once(
    platform: Platform, witness: Witness
) -> None:
    poison = [one for number in range(5) for one in one_of_each(number)]

    async with producing(platform.kafka) as publish:
        published = [await asyncio.gather(publish(one), *(submit(platform) for _ in range(4))) for one in poison]
    newer = an_unknown_event("a newer replica's")
    await publish_as("routing", platform.kafka, newer)
    tickets = [ticket for _, *around in published for ticket in around]
    cases = await asyncio.gather(*(platform.read(ticket, after=1) for ticket in tickets))
    await witness.settled()

    assert (len(poison), len(set(tickets))) == (150, 600)
    assert [step["type"] for step in (await platform.read(newer.key))["history"]] == ["case.exploded.v1"]
    assert {tuple(step["sequence"] for step in case["history"]) for case in cases} == {(1, 2)}
    assert len(platform.mail.taken) == 600
    for service in GROUPS:
        letters = await witness.read(DEAD_LETTERS[service])
        wanted = [parked(one, place, service) for one, (place, *_) in zip(poison, published, strict=True)]
        assert Counter(as_parked(letter) for letter in letters) == Counter(one for one in wanted if one)
        assert len({dict(letter.headers)[ID] for letter in letters}) == len(letters)
        assert (await platform.http[service].get("/readyz")).status_code == 200


@asynccontextmanager
async def producing(kafka: KafkaSettings) -> AsyncGenerator[Any]:
    """Give a function that publishes bytes and returns where they lie. Compressed, more goes into a record."""
    producer = AIOKafkaProducer(
        bootstrap_servers=kafka.bootstrap, compression_type="gzip", max_request_size=16 * 1024 * 1024
    )

    async def publish(one: Poison) -> Place:
        topic = one.topic.full_name(kafka.namespace)
        sent = await producer.send_and_wait(topic, one.value, one.key, headers=list(one.headers))
        return one.topic.name, sent.partition, sent.offset

    await producer.start()
    try:
        yield publish
    finally:
        await producer.stop()


async def submit(platform: Platform, **fields: Any) -> str:
    """Of a reporter whom no mail is written to, unless the fields say otherwise."""
    answer = await platform.submit(**({"reporter": {"name": "Sitti"}} | fields))
    assert answer.status_code == 202, answer.text
    return answer.json()["ticket"]


def parked(poison: Poison, place: Place, service: str) -> Parked | None:
    """What the service must make of it; None: nothing."""
    if service not in poison.reasons:
        return None
    withheld = poison.topic in {PERSONAL, WORDS} or not poison.fits
    return Parked(
        place=place,
        reason=poison.reasons[service],
        key=poison.key if poison.fits else None,
        digest=None if withheld or poison.value is None else sha256(poison.value).hexdigest(),
        headers=own(poison.headers) if poison.fits else (),
        by_reference=withheld,
    )


def own(headers: Iterable[tuple[str, bytes]]) -> tuple[tuple[str, bytes], ...]:
    """Without those that parking adds."""
    return tuple(header for header in headers if not header[0].startswith(DEAD_LETTER))


def as_parked(letter: Record) -> Parked:
    added = dict(letter.headers)
    return Parked(
        place=(added[ORIGIN].decode(), int(added[PARTITION]), int(added[OFFSET])),
        reason=added[REASON].decode() if REASON in added else "",
        key=None if letter.key == added[ID] else letter.key,
        digest=None if letter.value is None else sha256(letter.value).hexdigest(),
        headers=own(letter.headers),
        by_reference=REFERENCE in added,
    )


async def test_given_a_damaged_document_when_it_is_repaired_then_what_was_parked_for_it_is_redriven_and_handled(
    platform: Platform, witness: Witness
) -> None:
    key = uuid4()
    ticket = ticket_of(key)
    await change(witness, ticket, "$set", "damaged")
    answer = await platform.submit(headers={"Idempotency-Key": str(key)})
    assert (answer.status_code, answer.json()["ticket"]) == (202, ticket)
    healthy = await submit(platform)
    await platform.read(healthy, after=1)
    await until(lambda: all_read(witness), limit_s=60)
    listed = await for_each(platform, "dead-letters", "list")

    await change(witness, ticket, "$unset", "")
    redriven = await for_each(platform, "dead-letters", "redrive", "--all")
    case = await platform.read(ticket, after=1, code=answer.json()["tracking_code"])
    await witness.settled()

    for service, letters in {"routing": 1, "notification": 1, "reporting": 2}.items():
        rows = [line for line in listed[service].splitlines() if "handler failed: BulkWriteError" in line]
        assert [line.split()[-1] for line in rows] == ["open"] * letters
        assert redriven[service].strip() == f"{letters} given to {service} again."
        parked_still = await Letters(platform.kafka, ParkingService(service)).read()
        assert [letter.is_open for letter in parked_still] == [False] * letters
        assert len(await witness.read(DEAD_LETTERS[service])) == letters
    assert [step["sequence"] for step in case["history"]] == [1, 2]
    assert case["reporter"]["text"] == "Jalan rusak parah di depan pasar"
    at_the_desk = await platform.http["routing"].get(
        f"/v1/desk/cases/{ticket}", headers=platform.signed_in("coordinator")
    )
    assert at_the_desk.json()["complaint"]["text"] == "Jalan rusak parah di depan pasar"
    assert platform.mail.recipients().count("sitti@mail.example") == 2


async def change(witness: Witness, ticket: str, operator: str, value: str) -> None:
    """Damage or repair the ticket's document in each store."""
    for service, (collection, field) in DAMAGED.items():
        documents = witness.collection(service, collection)
        await documents.update_one({"_id": ticket}, {operator: {field: value}}, upsert=operator == "$set")


async def all_read(witness: Witness) -> bool:
    return not any([await witness.behind(service) for service in GROUPS])


async def for_each(platform: Platform, *command: str) -> dict[str, str]:
    """What a command says of each service: two words, the service and options."""
    first, second, *options = command
    told = await asyncio.gather(*(ntbcare(platform, first, second, service, *options) for service in GROUPS))
    return dict(zip(GROUPS, told, strict=True))


async def test_given_a_flood_of_poison_when_it_comes_then_every_consumer_pauses_and_goes_on_when_it_is_told(
    platform: Platform, witness: Witness
) -> None:
    async with producing(platform.kafka) as publish:
        for number in range(150):
            key = a_submission(str(number)).key.encode()
            await publish(Poison(COMPLAINTS, key, b"{", (("ce_type", b"complaint.submitted.v1"),), {}))
    for service in GROUPS:
        await until(lambda service=service: platform.metric(service, "ntbcare_consumer_paused"), limit_s=60)
    tickets = await asyncio.gather(*(submit(platform) for _ in range(5)))
    for service in GROUPS:
        await until(lambda service=service: knows_its_lag(platform, witness, service), limit_s=60)
    paused = {service: await state(platform, witness, service) for service in GROUPS}
    unknown = [await platform.http["reporting"].get(f"/v1/cases/{ticket}") for ticket in tickets]

    await for_each(platform, "consumers", "resume")
    cases = await asyncio.gather(*(platform.read(ticket, after=1) for ticket in tickets))
    await witness.settled()

    words = "paused by a flood of dead letters; see ntbcare consumers resume"
    assert paused == dict.fromkeys(GROUPS, (503, words, 200, 1, 100))
    assert {answer.status_code for answer in unknown} == {404}
    assert {tuple(step["sequence"] for step in case["history"]) for case in cases} == {(1, 2)}
    assert {service: await state(platform, witness, service) for service in GROUPS} == dict.fromkeys(
        GROUPS, (200, None, 200, 0, 150)
    )


async def knows_its_lag(platform: Platform, witness: Witness, service: str) -> bool:
    """Whether it has looked at its topics since the last record was published."""
    lag = await platform.metric(service, "ntbcare_consumer_lag")
    return lag == await witness.behind(service)


async def state(platform: Platform, witness: Witness, service: str) -> tuple[int, str | None, int, float, int]:
    """Of `/readyz` the status and the consumer's reason, of `/livez` the status, whether paused, how many parked."""
    http = platform.http[service]
    ready, alive = await http.get("/readyz"), await http.get("/livez")
    reason = ready.json().get("reasons", {}).get("consumer")
    ids = [dict(letter.headers)[ID] for letter in await witness.read(DEAD_LETTERS[service])]
    assert len(set(ids)) == len(ids)
    paused = await platform.metric(service, "ntbcare_consumer_paused")
    return ready.status_code, reason, alive.status_code, paused, len(ids)
