"""Two hundred people report one hole: one work item, and every one of them hears that it is mended, once."""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any, Final

import pytest
from pymongo import AsyncMongoClient

from shared.settings import KafkaSettings
from tests.services import Platform, running_platform
from tests.waiting import until

pytestmark = [pytest.mark.system, pytest.mark.timeout(600)]

PEOPLE: Final = 200
TEXTS: Final = (
    "Jalan berlubang besar di depan Pasar Selong, sudah dua bulan belum ditambal",
    "Ada lobang besar di jalan depan pasar selong, tlg ditambal",
    "Lubang besar jalan depan pasar Selong belum ditambal juga",
)


@pytest.fixture
async def platform(topics: KafkaSettings, mongo_uri: str, tmp_path: Path) -> AsyncGenerator[Platform]:
    """Two replicas of routing."""
    joining = {"ROUTING_ALIKE__DAYS": "21"}
    async with running_platform(topics, mongo_uri, tmp_path, **joining) as platform:
        await platform.add("routing", "routing-2", **joining)
        yield platform


async def test_given_two_hundred_alike_complaints_when_their_one_case_is_resolved_then_each_reporter_hears_it_once(
    platform: Platform,
) -> None:
    accepted = [await report(platform, number) for number in range(PEOPLE)]
    lead = await until(lambda: the_lead(platform), limit_s=60)

    await until(lambda: press(platform, lead, "resolve", {"text": "Sudah ditambal pada hari Selasa."}), limit_s=30)
    await until(lambda: all_told(platform), limit_s=120)
    case = await until(lambda: whole_case(platform, lead), limit_s=30)

    assert lead in accepted
    told = Counter(str(mail["To"]) for mail in platform.mail.taken if "dinyatakan selesai" in str(mail["Subject"]))
    assert told == {f"warga{number}@mail.example": 1 for number in range(PEOPLE)}
    assert case["reporters"] == PEOPLE


async def report(platform: Platform, number: int) -> str:
    """Within some metres of each other, each in words of their own kind."""
    body: dict[str, Any] = {
        "text": TEXTS[number % len(TEXTS)],
        "location": {"latitude": -8.6497 + number % 10 / 100_000, "longitude": 116.5402 + number // 10 / 100_000},
        "reporter": {"name": "Sitti", "email": f"warga{number}@mail.example"},
    }
    answer = await platform.submit(**body)
    assert answer.status_code == 202, answer.text
    return str(answer.json()["ticket"])


async def the_lead(platform: Platform) -> str | None:
    """The one case that is open, once all others are linked to it."""
    database = platform.database("routing")
    async with AsyncMongoClient[dict[str, Any]](database.uri) as client:
        cases = client[database.database]["cases"]
        linked = await cases.count_documents({"case.linked_to": {"$exists": True}})
        left = await cases.find({"open": True}, {"_id": 1}).to_list(None)
        follows = await cases.count_documents({"case.linked_to": left[0]["_id"]}) if len(left) == 1 else 0
    return str(left[0]["_id"]) if linked == follows == PEOPLE - 1 else None


async def press(platform: Platform, ticket: str, action: str, body: dict[str, Any]) -> bool:
    """Whether it was done; not where something else happened to the case meanwhile."""
    path, officer = f"/v1/desk/cases/{ticket}", platform.signed_in("officer", "PUPR-52.03")
    seen = await platform.http["routing-2"].get(path, headers=officer)
    if seen.json()["reporters"] != PEOPLE:
        return False
    answer = await platform.http["routing-2"].post(
        f"{path}/{action}", json=body, headers=officer | {"If-Match": seen.headers["etag"]}
    )
    assert answer.status_code in {200, 412}, answer.text
    return answer.status_code == 200


async def all_told(platform: Platform) -> bool:
    await asyncio.sleep(0)
    told = [mail for mail in platform.mail.taken if "dinyatakan selesai" in str(mail["Subject"])]
    return len(told) >= PEOPLE


async def whole_case(platform: Platform, ticket: str) -> dict[str, Any] | None:
    case = await platform.read(ticket, wait=0)
    return case if case["status"] == "resolved" and case["reporters"] == PEOPLE else None
