"""What a person is and wrote goes from every store when its part is erased, and never comes back: law 8."""

import asyncio
import json
from collections.abc import AsyncGenerator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from email.message import EmailMessage
from typing import Any, Final
from uuid import UUID, uuid4

import pytest
import pytest_asyncio

from deploy.local.ports import HOST, free_port
from services.intake.api import ComplaintBody
from shared.events.personal import PersonalRecorded
from shared.records import to_record, tombstone
from shared.settings import KafkaSettings
from shared.topics import DEAD_LETTERS, PERSONAL
from tests.servers import Kafka, Mongod
from tests.services import SERVICES, Platform, running_platform
from tests.system.outside import drop_database, publish_as, ticket_of
from tests.system.traces import found, held, leaks
from tests.system.witness import Witness, witnessing
from tests.waiting import until

pytestmark = [pytest.mark.system, pytest.mark.timeout(600), pytest.mark.asyncio(loop_scope="module")]

NAME, EMAIL, PHONE = "Baiq Nurhayati Sasak", "nurhayati.sasak@mail.example", "+6281987654321"
TEXT, ADDRESS = "Jembatan gantung kami putus sejak banjir", "Gang Cempaka Kuning nomor 17"
LATITUDE, LONGITUDE = -8.583337, 116.116779
ALL: Final = (NAME, EMAIL, PHONE, TEXT, ADDRESS, str(LATITUDE), str(LONGITUDE))
NEEDED: Final = {"routing": [*ALL], "notification": [NAME, EMAIL, PHONE], "reporting": [*ALL]}
"""What each service has a use for, and so keeps until it is erased."""
NOTHING: Final[dict[str, list[str]]] = {service: [] for service in NEEDED}
COMPLAINT: Final[dict[str, Any]] = {
    "category": "road.bridge",
    "text": TEXT,
    "location": {"latitude": LATITUDE, "longitude": LONGITUDE, "address": ADDRESS},
    "answers": {"road_class": "regency"},
    "reporter": {"name": NAME, "email": EMAIL, "phone": PHONE},
}
NOT_NOW: Final = "421 4.3.2 not now"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def platform(kafka: Kafka, mongod: Mongod, tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Platform]:
    """One for all tests here. Its mail rests for a second at most; the gateway of text messages is never there."""
    topics = KafkaSettings(bootstrap=kafka.bootstrap, namespace=f"system-{uuid4().hex[:8]}", partitions=3)
    nowhere = f"{HOST}:{free_port()}"
    soon = {
        "NOTIFICATION_SMTP__LONGEST_WAIT_S": "1",
        "NOTIFICATION_SMS__URL": f"http://{nowhere}/messages",
        "NOTIFICATION_ALLOWED_HOSTS": json.dumps([nowhere]),
    }
    async with running_platform(topics, mongod.uri, tmp_path_factory.mktemp("erasure"), **soon) as platform:
        yield platform
    for service in SERVICES:
        await drop_database(mongod.uri, platform.database(service).database)


@pytest_asyncio.fixture(loop_scope="module")
async def witness(platform: Platform) -> AsyncGenerator[Witness]:
    platform.mail.taken.clear()
    async with witnessing(platform) as witness:
        yield witness


async def test_given_a_person_in_every_store_and_mail_in_the_queue_when_the_part_is_erased_then_nothing_of_it_is_left(
    platform: Platform, witness: Witness
) -> None:
    platform.mail.to_sender.extend([NOT_NOW] * 10_000)
    key, ticket, code = await submit(platform)
    _, by_phone, its_code = await submit(platform, reporter={"name": NAME, "phone": PHONE})
    await until(lambda: holds(platform, NEEDED), limit_s=60)
    await until(lambda: queued(witness, ticket, "email", "email", "email"), limit_s=60)
    await until(lambda: queued(witness, by_phone, "email", "sms", "sms"), limit_s=60)
    await until(lambda: len(platform.mail.to_sender) < 10_000, limit_s=60)
    await leave_traces(platform, witness, ticket)

    await erase(witness)
    await until(lambda: holds(platform, NOTHING), limit_s=60)
    notices = await until(lambda: all_notices(platform, ticket, code, 2), limit_s=60)
    notices += await until(lambda: all_notices(platform, by_phone, its_code, 2), limit_s=60)
    platform.mail.to_sender.clear()
    assert await submit(platform, key) == (key, ticket, code)
    await platform.submit(reporter={"name": "Amin", "email": "amin@mail.example"})
    await witness.settled()

    assert [(notice["recipient"], notice["reason"]) for notice in notices] == [("reporter", "erased")] * 4
    assert platform.mail.recipients().count("amin@mail.example") == 2
    assert len(platform.mail.taken) == 6
    assert found("\n".join(map(words_of, platform.mail.taken)), ALL) == []
    assert await held(platform, ALL) == NOTHING
    assert await leaks(platform, witness, ALL) == {}
    assert (await platform.read(ticket, code=code))["reporter"]["text_erased"] is True
    coordinator = platform.signed_in("coordinator")
    seen = await platform.http["routing"].get(f"/v1/desk/cases/{ticket}", headers=coordinator)
    assert (seen.status_code, seen.json()["complaint"]) == (200, None)


async def test_given_a_part_erased_before_its_complaint_when_services_read_both_at_once_then_each_refuses_the_part(
    platform: Platform, witness: Witness
) -> None:
    key = str(uuid4())
    digest = ComplaintBody.model_validate(COMPLAINT).to_complaint().digest
    await asyncio.gather(*(platform.processes[service].stop() for service in NEEDED))
    await publish_as("intake", platform.kafka, tombstone(PERSONAL, f"{ticket_of(UUID(key))}:s-{digest[:16]}"))
    _, ticket, code = await submit(platform, key)

    await asyncio.gather(*(platform.processes[service].start() for service in NEEDED))
    case = await platform.read(ticket, after=1)
    await witness.settled()

    assert [step["sequence"] for step in case["history"]] == [1, 2]
    its_own = [record for record in await witness.read(PERSONAL) if ticket.encode() in (record.key or b"")]
    assert [record.value is None for record in its_own] == [True, False]
    assert await held(platform, ALL) == NOTHING
    assert await leaks(platform, witness, ALL) == {}
    notices = await until(lambda: all_notices(platform, ticket, code, 3), limit_s=60)
    assert sorted((notice["recipient"], notice["reason"]) for notice in notices) == [
        ("agency", None),
        ("reporter", "erased"),
        ("reporter", "erased"),
    ]
    assert [EMAIL in str(mail["To"]) for mail in platform.mail.taken] == [False]


async def submit(platform: Platform, key: str | None = None, **fields: Any) -> tuple[str, str, str]:
    """The key, the ticket and the tracking code."""
    key = key or str(uuid4())
    answer = await platform.submit(**COMPLAINT | fields, headers={"Idempotency-Key": key})
    assert answer.status_code == 202, answer.text
    return key, answer.json()["ticket"], answer.json()["tracking_code"]


async def holds(platform: Platform, wanted: Mapping[str, list[str]]) -> bool:
    return await held(platform, ALL) == wanted


def words_of(mail: EmailMessage) -> str:
    bodies = [part.get_content() for part in mail.walk() if not part.is_multipart()]
    return "\n".join([str(mail.items()), *bodies])


async def queued(witness: Witness, ticket: str, *channels: str) -> bool:
    """Whether just this much is to be sent."""
    left = {"ticket": ticket, "state": "queued"}
    found = await witness.collection("notification", "deliveries").find(left).to_list()
    return sorted(one["channel"] for one in found) == sorted(channels)


async def leave_traces(platform: Platform, witness: Witness, ticket: str) -> None:
    """Make every service park something of the person, and one fail over it."""
    wrong = {"text": TEXT, "name": NAME, "email": EMAIL, "phone": PHONE, "address": ADDRESS, "longitude": "far"}
    part = PersonalRecorded(event_id=uuid4(), ticket=ticket, occurred_at=datetime.now(UTC), part="s-wrong", text=TEXT)
    record = to_record(PERSONAL, part)
    broken = json.dumps(json.loads(record.value or b"") | wrong).encode()
    await publish_as("intake", platform.kafka, replace(record, value=broken))
    key = uuid4()
    cases = witness.collection("routing", "cases")
    await cases.insert_one({"_id": ticket_of(key), "personal": "damaged"})
    await submit(platform, str(key))
    letters = {"routing": 2, "notification": 1, "reporting": 1}
    for service, number in letters.items():
        await until(lambda service=service, number=number: has_parked(witness, service, number), limit_s=60)


async def has_parked(witness: Witness, service: str, number: int) -> bool:
    return len(await witness.read(DEAD_LETTERS[service])) == number


async def erase(witness: Witness) -> None:
    """Do what intake's janitor does for every part that there is."""
    keys = {(record.key or b"").decode() for record in await witness.read(PERSONAL)}
    await publish_as("intake", witness.platform.kafka, *(tombstone(PERSONAL, key) for key in keys))


async def all_notices(platform: Platform, ticket: str, code: str, number: int) -> list[Any] | None:
    notices = (await platform.read(ticket, wait=0, code=code))["reporter"]["notices"]
    return notices if len(notices) == number else None
