"""`ntbcare erase`, the rule of retention and a janitor that is killed: nothing is left, and no figure moves."""

from collections.abc import AsyncGenerator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import pytest

from deploy.local.kafka.server import KafkaServer
from deploy.local.mongod import MongodServer
from deploy.proof import Known, holds
from shared.events.complaints import ComplaintSupplemented
from shared.events.personal import PersonalRecorded
from shared.ids import named_id
from shared.records import to_record
from shared.settings import KafkaSettings
from shared.topics import COMPLAINTS, PERSONAL
from tests.intake.images import a_photo as an_image
from tests.services import SERVICES, Platform, running_platform
from tests.system.outside import ntbcare, publish_as, read_database, start_ntbcare
from tests.system.subscribers import ask_to_follow
from tests.system.witness import Witness, witnessing
from tests.waiting import until

pytestmark = [pytest.mark.system, pytest.mark.timeout(600)]

NAME, EMAIL, PHONE = "Baiq Nurhayati Sasak", "nurhayati.sasak@mail.example", "+6281987654321"
TEXT, ADDRESS = "Jembatan gantung kami putus sejak banjir", "Gang Cempaka Kuning nomor 17"
LATITUDE, LONGITUDE = -8.583337, 116.116779
MORE, SHOWN = "Anak saya jatuh di sana kemarin sore", "Foto dari teras rumah kami"
OFFICERS, NOTED = "Sudah kami telepon Ibu Baiq Nurhayati", "Rumahnya di belakang masjid At-Taqwa"
PUBLISHED = "Jembatan gantung di sebuah desa putus"
ALL: Final = {
    *(NAME, EMAIL, PHONE, TEXT, ADDRESS, str(LATITUDE), str(LONGITUDE)),
    *(MORE, SHOWN, OFFICERS, NOTED, PUBLISHED),
}
COMPLAINT: Final[dict[str, Any]] = {
    "category": "road.bridge",
    "text": TEXT,
    "location": {"latitude": LATITUDE, "longitude": LONGITUDE, "address": ADDRESS},
    "answers": {"road_class": "regency"},
    "reporter": {"name": NAME, "email": EMAIL, "phone": PHONE},
}
NO_JANITOR: Final = {"INTAKE_JANITOR__ENABLED": "false"}
SOON: Final = {
    "INTAKE_JANITOR__FIRST_AFTER": "PT0.1S",
    "INTAKE_JANITOR__LOOK_EVERY": "PT0.2S",
    "INTAKE_JANITOR__EVERY": "PT1S",
}
FACTS: Final = ("status", "category", "region", "cell", "agency", "urgency", "received_at", "promises")


def topics_on(kafka: KafkaServer) -> KafkaSettings:
    return KafkaSettings(bootstrap=kafka.bootstrap, namespace=f"proof-{uuid4().hex[:8]}", partitions=2)


def blobs_in(folder: Path) -> dict[str, str]:
    return {"INTAKE_BLOBS__URL": (folder / "blobs").as_uri()}


@pytest.fixture
async def platform(own_kafka: KafkaServer, own_mongod: MongodServer, tmp_path: Path) -> AsyncGenerator[Platform]:
    """Of servers whose files belong to the test."""
    (tmp_path / "logs").mkdir()
    variables = blobs_in(tmp_path) | NO_JANITOR
    async with running_platform(topics_on(own_kafka), own_mongod.uri, tmp_path / "logs", **variables) as platform:
        yield platform


async def test_given_a_person_everywhere_when_an_operator_erases_the_ticket_then_nothing_is_left_and_figures_stay(
    platform: Platform, own_mongod: MongodServer, tmp_path: Path
) -> None:
    async with witnessing(platform) as witness:
        ticket, code, photos = await live(platform, witness)
        before = await figures(platform, ticket)
        known = Known(values=ALL)
        assert all(file_holds(tmp_path, known, value) for value in (NAME, TEXT, MORE, OFFICERS, PUBLISHED))

        told = await ntbcare(
            platform, "erase", ticket, "--proof", "--compact", "--wait", "200", *places(platform, tmp_path)
        )
        await witness.settled()

    after = await figures(platform, ticket)
    assert [line.split()[-1] for line in told.splitlines() if " files " in line or " documents " in line] == [
        "nowhere"
    ] * 4, told
    assert after == before
    assert file_holds(tmp_path, known) == []
    assert await in_databases(platform, own_mongod.uri) == {}
    assert sorted(file.stem for file in (tmp_path / "blobs").rglob("*.jpg")) == [photos["evidence"]] * 2
    seen = await platform.read(ticket, wait=0, code=code)
    assert (seen["reporter"]["text"], seen["reporter"]["text_erased"]) == (None, True)
    assert [step["words"] for step in seen["history"] if step["words"]] == []


async def live(platform: Platform, witness: Witness) -> tuple[str, str, dict[str, str]]:
    """A complaint with all that somebody can leave behind; it ends closed. The ticket, its code and photos by name."""
    answer = await platform.submit(**COMPLAINT)
    ticket, code = answer.json()["ticket"], answer.json()["tracking_code"]
    await platform.read(ticket, after=1)
    photos = {name: await a_photo(platform, number) for number, name in enumerate(("own", "evidence"))}
    photos["redacted"] = await a_photo(platform, 2, of=photos["own"])
    await follow_up(platform, ticket, code, "supplements", {"text": MORE})
    await supplement_with_photo(platform, ticket, photos["own"])
    await ask_to_follow(platform, "email", EMAIL, case=ticket)
    await act(platform, ticket, "accept")
    await act(platform, ticket, "progress", text=OFFICERS)
    await act(platform, ticket, "note", text=NOTED)
    await until(lambda: shows(platform, ticket, photos["own"]))
    await act(platform, ticket, "publish", text=PUBLISHED, photos=[photos["redacted"]])
    await act(platform, ticket, "resolve", text="Jembatan sudah tersambung", photos=[photos["evidence"]])
    await follow_up(platform, ticket, code, "confirmation", {"rating": 4})
    await until(lambda: is_closed(platform, ticket), limit_s=30)
    await witness.settled()
    return ticket, code, photos


async def is_closed(platform: Platform, ticket: str) -> bool:
    return (await platform.read(ticket, wait=0))["status"] == "closed"


async def shows(platform: Platform, ticket: str, photo: str) -> bool:
    """Whether the desk has it among the case's photos."""
    path, coordinator = f"/v1/desk/cases/{ticket}", platform.signed_in("coordinator")
    case = (await platform.http["routing"].get(path, headers=coordinator)).json()
    return photo in {one["name"] for one in case["photos"]}


async def a_photo(platform: Platform, number: int, **original: str) -> str:
    """Of the desk; `of` says of which one it is a redacted copy."""
    signed = platform.signed_in("coordinator") if original else platform.signed_in("officer", "PUPR-52.01")
    files = {"photo": ("rumah.jpg", an_image(size=(64 + number, 48)))}
    answer = await platform.http["intake"].post("/v1/photos", files=files, params=original, headers=signed)
    assert answer.status_code == 201, answer.text
    return answer.json()["name"]


async def supplement_with_photo(platform: Platform, ticket: str, photo: str) -> None:
    """As intake publishes one."""
    at = datetime.now(UTC)
    common: dict[str, Any] = {"ticket": ticket, "occurred_at": at, "part": "f-photo"}
    part = PersonalRecorded(event_id=named_id(ticket, "photo"), text=SHOWN, photos=(photo,), **common)
    event = ComplaintSupplemented(event_id=named_id(ticket, "supplement"), **common)
    await publish_as("intake", platform.kafka, to_record(PERSONAL, part), to_record(COMPLAINTS, event))


async def follow_up(platform: Platform, ticket: str, code: str, what: str, body: dict[str, Any]) -> None:
    path, headers = f"/v1/complaints/{ticket}/{what}", {"X-Tracking-Code": code}
    answer = await platform.http["intake"].post(path, json=body, headers=headers)
    assert answer.status_code == 202, answer.text


async def act(platform: Platform, ticket: str, action: str, **body: Any) -> None:
    """As the case stands: what its reporter sent may come in between."""
    await until(lambda: acted(platform, ticket, action, body))


async def acted(platform: Platform, ticket: str, action: str, body: dict[str, Any]) -> bool:
    coordinator, path = platform.signed_in("coordinator"), f"/v1/desk/cases/{ticket}"
    seen = (await platform.http["routing"].get(path, headers=coordinator)).json()
    who = coordinator if action == "publish" else platform.signed_in("officer", seen["case"]["agency"])
    headers = who | {"If-Match": str(seen["revision"])}
    answer = await platform.http["routing"].post(f"{path}/{action}", json=body, headers=headers)
    assert answer.status_code in {200, 412}, answer.text
    return answer.status_code == 200


async def figures(platform: Platform, ticket: str) -> dict[str, Any]:
    """Answers as they came, byte by byte, and the facts of the case."""
    month = f"{datetime.now(UTC):%Y-%m}"
    agency = (await platform.read(ticket, wait=0))["agency"]
    paths = [f"/v1/statistics?by={by}" for by in ("region", "agency", "category", "month")]
    paths += [f"/v1/statistics?by=day&from={month}-01&to={month}-28"]
    paths += [f"/v1/scorecards/{agency}?period={month}", f"/v1/scorecards?period={month}"]
    answers = {path: await platform.http["reporting"].get(path) for path in paths}
    assert {answer.status_code for answer in answers.values()} == {200}
    told: dict[str, Any] = {path: answer.text for path, answer in answers.items()}
    case = await platform.read(ticket, wait=0)
    return told | {"facts": {name: case[name] for name in FACTS}}


def file_holds(folder: Path, known: Known, *values: str) -> list[str]:
    """Files of the broker and logs that hold any of it, or just these values."""
    wanted = [value.encode() for value in values] or known.wanted
    places = [folder / "kafka", folder / "logs", *folder.glob("mongodb/*.log"), folder / "blobs"]
    files = [file for place in places for file in ([place] if place.is_file() else place.rglob("*"))]
    return [str(file) for file in files if file.is_file() and holds(file, wanted)]


async def in_databases(platform: Platform, uri: str) -> dict[str, list[str]]:
    names = [platform.database(service).database for service in SERVICES if service != "intake"]
    contents = {name: repr(await read_database(uri, name)) for name in names}
    return {name: left for name, text in contents.items() if (left := [one for one in ALL if one in text])}


def places(platform: Platform, folder: Path) -> list[str]:
    databases = [platform.database(service).database for service in SERVICES if service != "intake"]
    named = [part for name in databases for part in ("--database", name)]
    where = ["--kafka-log", f"{folder}/kafka/log", "--photos", f"{folder}/blobs", "--log", f"{folder}/logs"]
    return [*where, *named, "--mongo-uri", platform.mongo.uri, "--blobs", (folder / "blobs").as_uri()]


async def test_given_a_short_retention_when_cases_end_then_only_theirs_is_erased_by_itself(
    own_kafka: KafkaServer, own_mongod: MongodServer, tmp_path: Path
) -> None:
    variables = blobs_in(tmp_path) | SOON | {"INTAKE_JANITOR__KEEP_FOR": "PT2S"}
    async with running_platform(topics_on(own_kafka), own_mongod.uri, tmp_path, **variables) as platform:
        ended, going_on = [(await platform.submit(**COMPLAINT)).json() for _ in range(2)]
        for one in (ended, going_on):
            await platform.read(one["ticket"], after=1)
        await follow_up(platform, ended["ticket"], ended["tracking_code"], "withdrawal", {"text": MORE})

        await until(lambda: text_of(platform, ended, is_there=False), limit_s=60)
        asked = (await platform.read(going_on["ticket"], wait=0, code=going_on["tracking_code"]))["reporter"]
        await follow_up(platform, going_on["ticket"], going_on["tracking_code"], "erasure", {})
        await until(lambda: text_of(platform, going_on, is_there=False), limit_s=60)

        assert asked["text"] == TEXT
        statuses = [(await platform.read(one["ticket"], wait=0))["status"] for one in (ended, going_on)]
        assert statuses == ["withdrawn", "assigned"]
        await until(lambda: nobody_is_known(platform, own_mongod.uri), limit_s=60)


async def text_of(platform: Platform, one: dict[str, str], *, is_there: bool) -> bool:
    told = (await platform.read(one["ticket"], wait=0, code=one["tracking_code"]))["reporter"]
    return told["text_erased"] is not is_there


async def nobody_is_known(platform: Platform, uri: str) -> bool:
    return await in_databases(platform, uri) == {}


async def test_given_many_who_asked_when_intake_is_killed_in_the_middle_of_a_pass_then_the_next_one_does_the_rest(
    own_kafka: KafkaServer, own_mongod: MongodServer, tmp_path: Path
) -> None:
    variables = blobs_in(tmp_path) | SOON
    async with running_platform(topics_on(own_kafka), own_mongod.uri, tmp_path, **variables) as platform:
        complaints = [(await platform.submit(**COMPLAINT)).json() for _ in range(40)]
        async with witnessing(platform) as witness:
            for one in complaints:
                await follow_up(platform, one["ticket"], one["tracking_code"], "erasure", {})
            await until(lambda: has_begun(witness), limit_s=60)
            platform.processes["intake"].kill()
            await platform.processes["intake"].start()

            await until(lambda: is_over(witness, len(complaints)), limit_s=90)
            await witness.settled()

        assert await in_databases(platform, own_mongod.uri) == {}


async def has_begun(witness: Witness) -> bool:
    return any(record.value is None for record in await witness.read(PERSONAL))


async def is_over(witness: Witness, number: int) -> bool:
    """Nothing is there any more, and each was told of under one id."""
    last = {record.key: record.value for record in await witness.read(PERSONAL)}
    kind = b"complaint.erased.v1"
    headers = [(one.key, dict(one.headers)) for one in await witness.read(COMPLAINTS)]
    told = {(key, said["ce_id"]) for key, said in headers if said["ce_type"] == kind}
    return not any(last.values()) and len(told) == len({key for key, _ in told}) == number


async def test_given_nothing_to_erase_when_an_operator_erases_then_that_is_said(
    platform: Platform, tmp_path: Path
) -> None:
    process = await start_ntbcare(platform, "erase", "NTB-C833-HX1X-7X7V-TM", "--blobs", (tmp_path / "b").as_uri())
    _, complaints = await process.communicate()

    assert process.returncode == 2
    assert "Intake knows no complaint NTB-C833-HX1X-7X7V-TM." in complaints.decode()
    nothing_due = await ntbcare(platform, "erase", "--due", "--blobs", (tmp_path / "b").as_uri())
    assert nothing_due == "Erased: 0 tickets, 0 parts, 0 photos.\n"
