"""Disaster mode and blocked contacts over HTTP, in memory and on the real store."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import httpx2
import pytest
from pydantic import SecretStr

from services.routing.api.directory import Administration, create_directory_router
from services.routing.api.door import Doorkeeping, create_door_router
from services.routing.api.signing_in import create_person_getter
from services.routing.store.directory import DirectoryStore, Edit
from shared.directory import Directory
from shared.doors import contact_digest
from shared.events.directory import Door
from shared.mongo import MongoSettings, connected
from shared.oidc import OidcSettings, SignIn
from shared.problems import ProblemApp
from tests.routing.desks import COORDINATOR, HEAD, OFFICER, SECRET, signed_in
from tests.routing.examples import the_directory, the_rulebook
from tests.routing.fake_records import FakeRecords

DOOR = "/v1/directory/door/province"
KEY = b"dev-door"
AT = datetime(2026, 11, 30, 4, tzinfo=UTC)
FLOOD: dict[str, Any] = {"hours": 24, "reason": "Banjir bandang di Bima"}
ABUSE: dict[str, Any] = {"address": "Sitti@mail.example", "reason": "Ancaman berulang, berita acara 7/2026"}


Records = FakeRecords | DirectoryStore


@pytest.fixture(params=["memory", pytest.param("mongo", marks=pytest.mark.integration)])
async def records(request: pytest.FixtureRequest) -> AsyncGenerator[Records]:
    if request.param == "memory":
        yield FakeRecords()
        return
    mongod, name = request.getfixturevalue("mongod"), request.getfixturevalue("database_name")
    async with connected(MongoSettings(uri=mongod.uri, database=name)) as database:
        store = DirectoryStore(database)
        await store.create_indexes()
        yield store


@asynccontextmanager
async def a_desk(records: Records, key: bytes | None) -> AsyncGenerator[httpx2.AsyncClient]:
    get_person = create_person_getter(SignIn(OidcSettings(development_secret=SecretStr(SECRET))))
    cases: Any = None
    administration = Administration(records, cases, the_directory(), the_rulebook)  # type: ignore[arg-type]
    app = ProblemApp()
    app.include_router(create_directory_router(administration, get_person))
    app.include_router(create_door_router(Doorkeeping(administration, key, lambda: AT), get_person))
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://desk") as http:
        yield http


@pytest.fixture
async def desk(records: Records) -> AsyncGenerator[httpx2.AsyncClient]:
    async with a_desk(records, KEY) as http:
        yield http


async def the_door(records: Records) -> Door:
    [recorded] = await records.read(["door:province"])
    directory = Directory()
    directory.apply(recorded.key, recorded)
    return directory.door


async def test_given_a_coordinator_when_they_say_that_it_is_a_disaster_then_it_is_until_then_and_says_who_and_why(
    desk: httpx2.AsyncClient, records: Records
) -> None:
    answer = await desk.post(f"{DOOR}/disaster", json=FLOOD, headers=COORDINATOR)

    assert answer.status_code == 200, answer.text
    door = await the_door(records)
    assert door.is_disaster(datetime(2026, 12, 1, 3, 59, tzinfo=UTC))
    assert not door.is_disaster(datetime(2026, 12, 1, 4, tzinfo=UTC))
    (version,) = (await desk.get(DOOR, headers=OFFICER)).json()["versions"]
    assert (version["author"], version["reason"]) == ("budi", "Banjir bandang di Bima")


async def test_given_a_disaster_when_it_is_over_then_blocks_stay_and_each_step_is_noted(
    desk: httpx2.AsyncClient, records: Records
) -> None:
    await desk.post(f"{DOOR}/disaster", json=FLOOD, headers=COORDINATOR)
    await desk.post(f"{DOOR}/blocked", json=ABUSE, headers=COORDINATOR)

    answer = await desk.post(f"{DOOR}/disaster", json={"reason": "Air surut"}, headers=COORDINATOR)

    assert answer.status_code == 200
    door = await the_door(records)
    assert (door.disaster_until, door.blocked) == (None, (contact_digest(KEY, "sitti@mail.example"),))
    assert [version["revision"] for version in answer.json()["versions"]] == [1, 2, 3]


async def test_given_a_blocked_address_when_the_record_is_read_then_the_address_is_nowhere(
    desk: httpx2.AsyncClient, records: Records
) -> None:
    await desk.post(f"{DOOR}/blocked", json=ABUSE, headers=COORDINATOR)

    told = (await desk.get(DOOR, headers=COORDINATOR)).text

    stored = await records.read(["door:province"]), await records.edits_of("door:province")
    assert "sitti" not in (told + repr(stored)).lower()


async def test_given_a_blocked_address_when_it_is_unblocked_as_it_is_written_otherwise_then_it_is(
    desk: httpx2.AsyncClient, records: Records
) -> None:
    await desk.post(f"{DOOR}/blocked", json=ABUSE | {"address": "0812 3456 7890"}, headers=COORDINATOR)
    body = {"address": "+6281234567890", "reason": "Keberatan diterima"}

    answers = [await desk.post(f"{DOOR}/unblocked", json=body, headers=COORDINATOR) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [200, 422]
    assert (await the_door(records)).blocked == ()


async def test_given_one_key_when_a_change_is_sent_twice_then_it_is_made_once(desk: httpx2.AsyncClient) -> None:
    headers = COORDINATOR | {"Idempotency-Key": "00000000-0000-4000-8000-000000000001"}

    answers = [await desk.post(f"{DOOR}/blocked", json=ABUSE, headers=headers) for _ in range(2)]

    assert [answer.json()["revision"] for answer in answers] == [1, 1]


async def test_given_many_coordinators_when_they_block_at_once_then_no_block_is_lost(
    desk: httpx2.AsyncClient, records: Records
) -> None:
    bodies = [ABUSE | {"address": f"orang{number}@mail.example"} for number in range(5)]

    answers = await asyncio.gather(*(desk.post(f"{DOOR}/blocked", json=body, headers=COORDINATOR) for body in bodies))

    assert {answer.status_code for answer in answers} == {200}
    wanted = {contact_digest(KEY, body["address"]) for body in bodies}
    assert set((await the_door(records)).blocked) == wanted


@pytest.mark.parametrize(
    "person", [OFFICER, HEAD, signed_in("coordinator", "BIRO-ORGANISASI", regions=("52.03",)), signed_in("leader")]
)
@pytest.mark.parametrize(("path", "body"), [("disaster", FLOOD), ("blocked", ABUSE), ("unblocked", ABUSE)])
async def test_given_who_is_no_coordinator_of_the_province_when_they_change_the_door_then_they_may_not(
    desk: httpx2.AsyncClient, path: str, body: dict[str, Any], person: dict[str, str]
) -> None:
    answer = await desk.post(f"{DOOR}/{path}", json=body, headers=person)

    assert answer.status_code == 403


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("disaster", FLOOD | {"hours": 0}),
        ("disaster", FLOOD | {"hours": 337}),
        ("disaster", FLOOD | {"hours": 1e300}),
        ("disaster", {"hours": 24}),
        ("blocked", ABUSE | {"reason": " "}),
        ("blocked", {"reason": "Ancaman"}),
    ],
)
async def test_given_a_change_that_makes_no_sense_when_it_is_sent_then_nothing_is_noted(
    desk: httpx2.AsyncClient, path: str, body: dict[str, Any]
) -> None:
    answer = await desk.post(f"{DOOR}/{path}", json=body, headers=COORDINATOR)

    assert answer.status_code == 422
    assert (await desk.get(DOOR, headers=COORDINATOR)).status_code == 404


async def test_given_the_door_when_it_is_put_as_other_records_are_then_it_is_not_one_of_them(
    desk: httpx2.AsyncClient,
) -> None:
    body = {"entry": {"blocked": ["x"]}, "reason": "Coba"}

    answer = await desk.put(DOOR, json=body, headers=COORDINATOR | {"If-Match": "0"})

    assert answer.status_code == 422


async def test_given_no_secret_when_an_address_is_to_be_blocked_then_it_is_said_why_not(records: Records) -> None:
    async with a_desk(records, None) as desk:
        answer = await desk.post(f"{DOOR}/blocked", json=ABUSE, headers=COORDINATOR)

    assert answer.status_code == 409
    assert "ROUTING_DOOR_SECRET" in answer.json()["detail"]


async def test_given_somebody_who_is_quicker_when_the_door_is_changed_then_both_changes_hold() -> None:
    records = FakeRecords()
    other = {"disaster_until": "2026-12-01T00:00:00Z"}
    entry = {"kind": "door", "id": "province", **other}
    meanwhile = Edit("door:province/other", "door:province", entry, AT.date(), "citra", "Banjir", AT, None)
    async with a_desk(records, KEY) as desk:
        records.meanwhile.append(meanwhile)
        answer = await desk.post(f"{DOOR}/blocked", json=ABUSE, headers=COORDINATOR)

    assert answer.status_code == 200, answer.text
    door = await the_door(records)
    assert (door.is_disaster(AT), len(door.blocked)) == (True, 1)
    assert [version["author"] for version in answer.json()["versions"]] == ["citra", "budi"]
