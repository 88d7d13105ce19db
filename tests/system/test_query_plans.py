"""No query scans a collection, whatever anybody does: MongoDB's own profiler watches the platform from its start."""

import asyncio
import re
from collections import Counter
from collections.abc import AsyncGenerator, Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from itertools import product
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import pytest
from pymongo import AsyncMongoClient

from shared.mongo import Document
from shared.records import tombstone
from shared.settings import KafkaSettings
from shared.topics import PERSONAL, WORDS
from shared.wita import day_of
from tests.profiler import watch, watched
from tests.services import SERVICES, Platform, running_platform
from tests.system.errands import SECRETS, follow_all, look_back, register, tell_arrivals
from tests.system.leases import WAYS
from tests.system.outside import ntbcare, publish_as, see
from tests.system.receivers import Receivers, receiving
from tests.system.witness import Witness, witnessing

pytestmark = [pytest.mark.system, pytest.mark.timeout(600)]

KINDS: Final[tuple[dict[str, Any], ...]] = (
    {},
    {"reporter": {"name": "Sitti"}},
    {"category": "integrity.whistle", "answers": {}},
    {"category": "other", "answers": {}, "location": {"latitude": -8.5833, "longitude": 116.1167}},
)
INDEXES: Final = {
    ("routing", "cases"): {"_id", "case.linked_to", "holders", "next_due", "outbox.queued_at", "unsettled"},
    ("routing", "supports"): {"ticket"},
    ("routing", "directory"): {"_id", "recorded_at"},
    ("routing", "directory_edits"): {"revision"},
    ("routing", "migrations"): {"_id"},
    ("routing", "upkeep"): {"_id"},
    ("notification", "migrations"): {"_id"},
    ("reporting", "migrations"): {"_id"},
    ("notification", "contacts"): {"_id"},
    ("notification", "deliveries"): {"_id", "outbox.queued_at", "ticket", "to", "state", "message"},
    ("notification", "addresses"): {"_id", "channel"},
    ("notification", "receipts"): {"_id"},
    ("notification", "subscriptions"): {"_id", "target", "to"},
    ("notification", "subscription_requests"): {"_id"},
    ("notification", "public_events"): {"_id", "targets", "ticket"},
    ("notification", "webhooks"): {"_id", "agency"},
    ("reporting", "cases_1"): {
        "withdrawn_at",
        "_id",
        "stale",
        "head.public",
        "head.case.linked_to",
        "tallies.bucket",
        "listed",
    },
    ("reporting", "buckets_1"): {"_id", "period", "regions", "agency", "month"},
    ("reporting", "rollups_1"): {"_id", "level"},
    ("reporting", "marks_1"): {"_id", "marked"},
    ("reporting", "generations"): {"_id"},
}
"""First field of every index that must have been used, by service and collection: so no path was left out."""
FILTERS: Final = (
    "",
    "region=52.03",
    "agency=PUPR-52.03",
    "agency=-",
    "category=road.damage",
    "status=resolved",
    "q=jalan+rusak+di+Lombok+Timur",
    "region=52.03.01&q=jalan",
    "from=2026-01-01&to=2030-01-01",
    "updated_after=2026-01-01T00:00:00Z",
    "region=52.03&agency=PUPR-52.03&category=road.damage&status=assigned&from=2026-01-01",
)
CUTS: Final = (
    "",
    "region=52.03",
    "region=52",
    "agency=PUPR-52.03",
    "category=road.damage",
    "from=2026-01-02&to=2030-01-03",
)
_TODAY: Final = day_of(datetime.now(UTC))
_YEAR: Final = f"&from={_TODAY - timedelta(days=300)}&to={_TODAY + timedelta(days=1)}"
BY: Final = (
    "",
    "&by=region",
    "&by=agency,month",
    f"&by=category,day{_YEAR}",
    f"&by=region,day&level=district{_YEAR}",
)


@pytest.fixture
async def profiled(topics: KafkaSettings, mongo_uri: str) -> AsyncGenerator[AsyncMongoClient[Document]]:
    """The profiler watches before any service starts."""
    async with AsyncMongoClient[Document](mongo_uri) as client:
        for service in SERVICES:
            await watch(client[f"{topics.namespace}-{service}"])
        yield client


@pytest.fixture
async def receivers(tmp_path: Path) -> AsyncGenerator[Receivers]:
    async with receiving(tmp_path / "arrivals") as receivers:
        yield receivers


@pytest.fixture
async def platform(
    topics: KafkaSettings,
    mongo_uri: str,
    tmp_path: Path,
    profiled: AsyncMongoClient[Document],
    receivers: Receivers,
) -> AsyncGenerator[Platform]:
    variables = SECRETS | receivers.gateways() | {f"NOTIFICATION_{way}__FIRST_DELAY": "PT1S" for way in WAYS}
    async with running_platform(topics, mongo_uri, tmp_path, **variables) as platform:
        yield platform


async def test_given_a_profiler_when_everything_is_done_that_can_be_done_then_no_query_scanned_a_collection(
    platform: Platform, profiled: AsyncMongoClient[Document], receivers: Receivers
) -> None:
    platform.mail.answer("sitti1@mail.example", "451 4.2.1 later")
    platform.mail.answer("sitti2@mail.example", "550 5.1.1 no such user")

    async with witnessing(platform) as witness:
        follower, webhook = await follow_all(platform, receivers), await register(platform, receivers)
        told = await asyncio.gather(*(complain(platform, number) for number in range(60)))
        await witness.settled()
        await erase(witness, dict(told[:10]))
        await issue_and_revoke(platform)
        await asyncio.gather(*(ask(platform, path, code) for path, code in questions(dict(told))))
        await asyncio.gather(*(see_page(platform, path) for path in pages(dict(told))))
        await look_back(platform, webhook, list(dict(told)))
        await tell_arrivals(platform, receivers)
        await follower.leave()
        await witness.settled()
    # What the test itself asks for has another name.
    plans = {
        service: await watched(profiled[platform.database(service).database], appName="ntbcare") for service in SERVICES
    }

    assert [plan for found in plans.values() for plan in found if scans(plan)] == []
    used = {(service, plan["ns"].partition(".")[2]): set[str]() for service, found in plans.items() for plan in found}
    for service, found in plans.items():
        for plan in found:
            used[service, plan["ns"].partition(".")[2]] |= indexes_of(plan["planSummary"])
    assert used == INDEXES
    assert Counter({service: len(found) for service, found in plans.items()}) > Counter(
        {"routing": 500, "notification": 200, "reporting": 500}
    )


async def complain(platform: Platform, number: int) -> tuple[str, str]:
    """Submit and act at the desk; returns the ticket and its tracking code."""
    reporter = {"name": "Sitti", "email": f"sitti{number % 20}@mail.example"}
    headers = {"Idempotency-Key": str(UUID(int=number, version=4))}
    fields = {"reporter": reporter, "headers": headers} | KINDS[number % len(KINDS)]
    answers = [await platform.submit(**fields), await platform.submit(**fields, text="Yang lain kalah")]
    assert [answer.status_code for answer in answers] == [202, 202]
    accepted = answers[0].json()
    await act_as_possible(platform, accepted["ticket"])
    return accepted["ticket"], accepted["tracking_code"]


async def act_as_possible(platform: Platform, ticket: str) -> None:
    """What is not possible is refused; `accept` is asked for twice."""
    desk, path = platform.http["routing"], f"/v1/desk/cases/{ticket}"
    person, revision = await see(platform, ticket)
    for action in ("accept", "accept", "progress", "note", "resolve"):
        headers = {"Idempotency-Key": str(UUID(int=7, version=4)), "If-Match": str(revision)}
        answer = await desk.post(f"{path}/{action}", json={"text": "Sudah diperiksa"}, headers=person | headers)
        revision = answer.json().get("revision", revision)
    for place in (path, f"{path}/identity"):
        await desk.get(place, headers=person)


async def erase(witness: Witness, tickets: Mapping[str, str]) -> None:
    for topic in (PERSONAL, WORDS):
        keys = {(record.key or b"").decode() for record in await witness.read(topic)}
        gone = [tombstone(topic, key) for key in keys if key.partition(":")[0] in tickets]
        await publish_as(topic.writer, witness.platform.kafka, *gone)


async def issue_and_revoke(platform: Platform) -> None:
    """The commands that work on routing's database."""
    await ntbcare(platform, "clients", "issue", "--name", "Ani", "--role", "operator", "--agency", "PUPR-52.03")
    assert "ani" in await ntbcare(platform, "clients", "list")
    await ntbcare(platform, "clients", "revoke", "ani")


def questions(codes: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Paths of reporting, each with a tracking code or none."""
    for ticket, code in codes.items():
        yield f"/v1/cases/{ticket}", code
    for filters, page in product(FILTERS, ("", "&limit=3")):
        yield f"/v1/cases?{filters}{page}", ""
    for cut, by in product(CUTS, BY):
        yield f"/v1/statistics?{cut}{by}", ""
    for file in ("cases.jsonl", "cases.csv?region=52.03", "figures.parquet", "figures.json?agency=PUPR-52.03"):
        yield f"/data/{file}", ""
    yield "/data", ""
    yield "/v1/scorecards/PUPR-52.03?period=2026-01", ""


def pages(tickets: Iterable[str]) -> Iterator[str]:
    """The public pages, in every time and with every figure."""
    yield from ("/macet", "/pagi", "/pagi.txt", "/aduan", "/aduan?angka=late", "/aduan?q=keruak+jalan")
    yield from ("/rapor/PUPR-52.03", "/rapor/PUPR-52.03?month=2026-01&garis=1", "/aduan?angka=done&instansi=PUPR-52.03")
    for when in ("30-hari", "bulan-ini", "12-bulan", "semua"):
        yield from (f"/?waktu={when}", f"/instansi?waktu={when}", f"/peta?waktu={when}")
        yield from (f"/peta/52.03?waktu={when}&angka={figure}" for figure in ("diterima", "segi-enam"))
    yield from (
        "/open311/v2/requests.json?status=open&service_code=road.damage,other",
        "/open311/v2/requests.xml?page=2",
    )
    yield from ("/open311/v2/requests.json?updated_after=2026-01-01T00:00:00Z", "/open311/v2/servicerequestupdates.xml")
    for ticket in tickets:
        yield f"/aduan/{ticket}"
        yield f"/open311/v2/requests.json?service_request_id={ticket}"
        yield f"/open311/v2/servicerequestupdates.json?service_request_id={ticket}"


async def see_page(platform: Platform, path: str) -> None:
    answer = await platform.http["reporting"].get(path)
    assert answer.status_code in {200, 404}, f"{path}: {answer.text}"


async def ask(platform: Platform, path: str, code: str) -> None:
    """With all pages that follow."""
    headers = {"X-Tracking-Code": code} if code else {}
    answer = await platform.http["reporting"].get(path, headers=headers)
    assert answer.status_code == 200, answer.text
    if path.startswith("/v1/") and answer.json().get("next"):
        await ask(platform, answer.json()["next"], code)


def scans(plan: Mapping[str, Any]) -> bool:
    """Of generations there are one or two, and all of them are wanted."""
    return "COLLSCAN" in plan["planSummary"] and not plan["ns"].endswith(".generations")


def indexes_of(plan: str) -> set[str]:
    """First fields of the indexes that a plan names. What has an id by its filter needs none to be named."""
    return set(re.findall(r"{ ([\w.]+):", plan)) | ({"_id"} if "IDHACK" in plan else set())
