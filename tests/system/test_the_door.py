"""The door as operators open and close it, and what comes through it by files: whole processes, commands as typed."""

import csv
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import pytest
import pytest_asyncio
from aiokafka import AIOKafkaConsumer

from deploy.commands.mongo import directory_store
from deploy.issuing import Wish, issue, until_known
from shared.access import make_token
from shared.events.directory import ClientRole
from shared.settings import KafkaSettings
from shared.topics import COMPLAINTS
from tests.servers import Kafka, Mongod
from tests.services import DESK_SECRET, SERVICES, Platform, running_platform
from tests.system.outside import drop_database
from tests.waiting import until

pytestmark = [pytest.mark.system, pytest.mark.timeout(600), pytest.mark.asyncio(loop_scope="module")]

ROWS: Final = int(os.environ.get("NTBCARE_IMPORT_ROWS", "300"))
BAD: Final = {number: {"kategori": "road.unknown"} for number in range(10, ROWS, 33)}
"""3 percent."""
COLUMNS: Final[list[str]] = ["nomor", "kategori", "isi", "wilayah", "nama", "surel", "tanggal", "saluran", "sumber"]
URGENT: Final[dict[str, Any]] = {"category": "disaster.flood", "answers": {}}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def platform(kafka: Kafka, mongod: Mongod, tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Platform]:
    """One for all tests here; an address may send two complaints in an hour."""
    topics = KafkaSettings(bootstrap=kafka.bootstrap, namespace=f"system-{uuid4().hex[:8]}", partitions=3)
    few = {"INTAKE_LIMITS": json.dumps({"complaints": "2/hour", "clients": "100/second", "contacts": "1000000/hour"})}
    async with running_platform(topics, mongod.uri, tmp_path_factory.mktemp("door"), **few) as platform:
        yield platform
    for service in SERVICES:
        await drop_database(mongod.uri, platform.database(service).database)


def typed(platform: Platform, service: str, *words: str, **variables: str) -> list[str]:
    """The command, and its environment before it."""
    url = str(platform.http[service].base_url)
    told = {"ROUTING_OIDC__DEVELOPMENT_SECRET": DESK_SECRET, "NTBCARE_URL": url, **variables}
    command = [str(Path(sys.executable).with_name("ntbcare")), *words]
    return ["/usr/bin/env", *(f"{name}={value}" for name, value in told.items()), *command]


def run(platform: Platform, service: str, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        typed(platform, service, *words, **variables), capture_output=True, text=True, check=False, timeout=120
    )


async def urgent_status(platform: Platform) -> int:
    return (await platform.submit(**URGENT, reporter={"name": "Sitti"})).status_code


async def test_given_too_much_of_one_address_when_it_is_a_disaster_then_what_is_urgent_comes_in_until_it_is_over(
    platform: Platform,
) -> None:
    before = [await urgent_status(platform) for _ in range(3)]
    begun = run(platform, "routing", "door", "disaster", "--hours", "1", "--reason", "Banjir bandang di Bima")
    await until(lambda: _told(platform))

    during = [await urgent_status(platform) for _ in range(5)]
    other = await platform.submit()
    ended = run(platform, "routing", "door", "disaster", "off", "--reason", "Air surut")

    assert before == [202, 202, 429]
    assert begun.returncode == 0, begun.stderr
    assert "Disaster mode until" in begun.stdout
    assert during == [202] * 5
    assert (other.status_code, int(other.headers["retry-after"]) > 3000) == (429, True)
    assert ended.returncode == 0, ended.stderr
    await until(lambda: _is_refused(platform))
    told = run(platform, "routing", "door", "status").stdout
    assert "operator: Banjir bandang di Bima" in told
    assert "As usual" in told


async def _told(platform: Platform) -> bool:
    options = (await platform.http["intake"].get("/v1/complaints/options")).json()
    return options["disaster_until"] is not None


async def _is_refused(platform: Platform) -> bool:
    return await urgent_status(platform) == 429


async def test_given_a_blocked_address_when_it_complains_then_it_is_refused_until_it_is_unblocked(
    platform: Platform,
) -> None:
    reason = ("--reason", "Ancaman berulang")
    blocked = run(platform, "routing", "door", "block", "0812 3456 7890", *reason)

    async def status() -> int:
        reporter = {"name": "Orang", "phone": "+62 812-3456-7890"}
        token = await _token(platform, ClientRole.INTEGRATOR)
        headers = {"Authorization": f"Bearer {token}"}
        return (await platform.submit(reporter=reporter, headers=headers)).status_code

    assert blocked.returncode == 0, blocked.stderr
    await until(lambda: _becomes(status, 403), every_s=0.1)
    unblocked = run(platform, "routing", "door", "unblock", "+6281234567890", *reason)
    assert unblocked.returncode == 0, unblocked.stderr
    await until(lambda: _becomes(status, 202), every_s=0.1)


async def _becomes(status: Any, wanted: int) -> bool:
    return await status() == wanted


_tokens: dict[tuple[str, ClientRole], str] = {}


async def _token(platform: Platform, role: ClientRole) -> str:
    known = platform.mongo.database, role
    if known not in _tokens:
        token, digest = make_token(f"test-{role}")
        async with directory_store(platform.mongo.uri, platform.mongo.database) as store:
            await issue(store, Wish(f"test-{role}", f"Test {role}", role, None), digest)
        assert await until_known(platform.http["intake"], token)
        _tokens[known] = token
    return _tokens[known]


def a_file(folder: Path) -> Path:
    """As Excel writes it in Indonesia: semicolons, a mark, days before months."""
    path = folder / "aduan-lama.csv"
    with path.open("w", encoding="utf-8-sig", newline="") as target:
        writer = csv.DictWriter(target, COLUMNS, delimiter=";")
        writer.writeheader()
        for number in range(ROWS):
            row = {
                "nomor": f"2021/{number}",
                "kategori": "Jalan rusak",
                "isi": f"Jalan berlubang nomor {number}; sudah lama",
                "wilayah": "Lombok Timur",
                "nama": f"Pelapor {number}",
                "surel": f"pelapor{number}@mail.example",
                "tanggal": f"{number % 28 + 1} Agustus 2021",
                "saluran": "letter",
                "sumber": f"Buku tamu {number}",
            }
            writer.writerow(row | BAD.get(number, {}))
    return path


async def test_given_a_file_with_bad_rows_when_it_is_checked_killed_and_run_again_then_every_good_row_is_in_once(
    platform: Platform, tmp_path: Path
) -> None:
    token = await _token(platform, ClientRole.OPERATOR)
    file, good = a_file(tmp_path), ROWS - len(BAD)
    before = len(await tickets_of(platform))
    accepted, refused = tmp_path / "aduan-lama.csv.accepted.csv", tmp_path / "aduan-lama.csv.refused.csv"
    words = ("intake", "import", str(file), "--at-once", "4")

    checked = run(platform, "intake", *words, "--dry-run", NTBCARE_OPERATOR_TOKEN=token)
    assert (checked.returncode, f"{good} would be accepted, {len(BAD)} refused" in checked.stdout) == (3, True)
    assert not accepted.exists()

    command = typed(platform, "intake", *words, NTBCARE_OPERATOR_TOKEN=token)
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as import_:
        await until(lambda: accepted.exists() and accepted.read_text().count("\n") > ROWS // 3)
        import_.send_signal(signal.SIGKILL)
    some = accepted.read_text().count("\n") - 1
    again = run(platform, "intake", *words, NTBCARE_OPERATOR_TOKEN=token)
    third = run(platform, "intake", *words, NTBCARE_OPERATOR_TOKEN=token)

    assert 0 < some < good
    assert (again.returncode, "accepted by an earlier run" in again.stdout) == (3, True), again.stderr
    assert f"{good} accepted by an earlier run, {len(BAD)} refused" in third.stdout
    tickets = await tickets_of(platform)
    assert len(tickets) - before == good
    with accepted.open(newline="") as source:
        told = list(csv.DictReader(source))
    assert {row["ticket"] for row in told} <= tickets
    assert len({row["ticket"] for row in told}) == len(told) == good
    with refused.open(encoding="utf-8-sig", newline="") as source:
        wrong = list(csv.DictReader(source, delimiter=";"))
    assert [(row["nomor"], int(row["line"])) for row in wrong] == [(f"2021/{number}", number + 2) for number in BAD]
    assert all(row["reason"].startswith("kategori: is not a category") for row in wrong)
    assert (await platform.read(told[-1]["ticket"]))["historical"]
    mended = tmp_path / "mended.csv"
    mended.write_text(refused.read_text(encoding="utf-8-sig").replace("road.unknown", "road.damage"))
    fixed = run(platform, "intake", "intake", "import", str(mended), NTBCARE_OPERATOR_TOKEN=token)
    assert (fixed.returncode, f"{len(BAD)} accepted" in fixed.stdout) == (0, True), fixed.stderr


async def tickets_of(platform: Platform) -> set[str]:
    """All that were ever submitted: the keys of the topic."""
    name = COMPLAINTS.full_name(platform.kafka.namespace)
    consumer = AIOKafkaConsumer(
        name, bootstrap_servers=platform.kafka.bootstrap, auto_offset_reset="earliest", enable_auto_commit=False
    )
    await consumer.start()
    try:
        ends = await consumer.end_offsets(consumer.assignment())
        found: set[str] = set()
        while any([await consumer.position(place) < end for place, end in ends.items()]):
            for records in (await consumer.getmany(timeout_ms=500)).values():
                found |= {(record.key or b"").decode() for record in records}
        return found
    finally:
        await consumer.stop()


async def test_given_a_complaint_filed_for_somebody_when_they_take_it_over_then_who_filed_it_is_out_everywhere(
    platform: Platform,
) -> None:
    token = await _token(platform, ClientRole.INTEGRATOR)
    proxy = {"kind": "village_head", "mandate": "spoken", "subject": {"name": "Inaq Sahnim"}}
    reporter = {"name": "Kepala Desa", "email": "kades@mail.example"}
    told = (await platform.submit(proxy=proxy, reporter=reporter, headers={"Authorization": f"Bearer {token}"})).json()
    ticket, path = told["ticket"], f"/v1/complaints/{told['ticket']}"
    head, inaq = {"X-Tracking-Code": told["tracking_code"]}, {"X-Tracking-Code": told["subject_code"]}
    await platform.read(ticket, after=1)
    coordinator = platform.signed_in("coordinator")
    filed = (await platform.http["routing"].get(f"/v1/desk/cases/{ticket}?wait=10", headers=coordinator)).json()

    contact = {"name": "Inaq Sahnim", "email": "inaq@mail.example"}
    taken = await platform.http["intake"].post(f"{path}/take-over", json=contact, headers=inaq)
    await platform.http["intake"].post(f"{path}/withdrawal", json={}, headers=head)
    refused = await until(lambda: _refusal(platform, ticket, coordinator), limit_s=30)

    assert (filed["case"]["proxy"], filed["mandate"]) == ("village_head", "spoken")
    assert taken.status_code == 202
    assert refused["facts"]["taken_over"] is True
    await until(lambda: _is_shut(platform, ticket, head))
    assert (await platform.http["reporting"].get(f"/v1/cases/{ticket}", headers=inaq)).status_code == 200
    case = (await platform.http["routing"].get(f"/v1/desk/cases/{ticket}", headers=coordinator)).json()
    assert (case["case"]["status"], case["case"].get("proxy"), case["case"]["taken_over"]) == ("assigned", None, True)
    identity = (await platform.http["routing"].get(f"/v1/desk/cases/{ticket}/identity", headers=coordinator)).json()
    assert (identity["name"], identity["subject"]["name"]) == ("Inaq Sahnim", "Inaq Sahnim")


async def _refusal(platform: Platform, ticket: str, coordinator: dict[str, str]) -> dict[str, Any] | None:
    case = (await platform.http["routing"].get(f"/v1/desk/cases/{ticket}", headers=coordinator)).json()
    return next((line for line in case["history"] if line["type"] == "follow_up.refused.v1"), None)


async def _is_shut(platform: Platform, ticket: str, code: dict[str, str]) -> bool:
    return (await platform.http["reporting"].get(f"/v1/cases/{ticket}", headers=code)).status_code == 403
