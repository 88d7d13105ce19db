"""Every list of the desk with a million cases: queues, filters, search, pages, counts and the board, over HTTP."""

import asyncio
import os
import random
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from urllib.parse import urlencode

from pymongo import AsyncMongoClient

from services.routing.domain.agency import Accept, Delegate, Resolve
from services.routing.domain.case import By, act, open_case
from services.routing.domain.deeds import Ask
from services.routing.domain.draft import Actor, Change
from services.routing.domain.search import words_of
from services.routing.store.documents import Opening, opening_write
from services.routing.store.queues import BOARD_INDEX, INDEXES
from shared.events.case import Role
from shared.events.complaints import ComplaintSubmitted
from shared.ids import named_id
from shared.mongo import Collection, Document
from tests.bench.client import Connection, connected_to
from tests.bench.figures import percentiles
from tests.bench.stage import Stage, running_stage
from tests.routing.examples import a_complaint, a_ticket, the_directory, the_rulebook

CASES: Final = int(os.environ.get("CASES", "1000000"))
CALLS: Final = 60
CLIENTS: Final = 2
_TEMPLATES: Final = 600
_AT_ONCE: Final = 4_000
_COMMON: Final = ("jalan", "rusak", "depan", "pasar", "macet", "lampu", "mati", "sampah", "desa", "sudah", "lama")
_FIRST: Final = ("kuta", "praya", "selong", "dompu", "bima", "sape", "lewa")
_SECOND: Final = ("andiro", "mentari", "sungkar", "bengkel", "tanjung")
_RARE: Final = tuple(first + second for first in _FIRST for second in _SECOND)
AGENCY: Final = "PUPR-52.03"

QUERIES: Final[dict[str, dict[str, str]]] = {
    "open": {},
    "all": {"queue": "all"},
    "triage": {"queue": "triage"},
    "late": {"queue": "late"},
    "due soon": {"queue": "due_soon"},
    "awaiting": {"queue": "awaiting"},
    "mine": {"queue": "mine"},
    "agency": {"queue": "agency"},
    "by regency": {"region": "52.03"},
    "by district": {"region": "52.03.07"},
    "by category": {"category": "road.damage"},
    "by category and regency": {"category": "road.damage", "region": "52.06"},
    "by agency": {"agency": AGENCY},
    "by urgency": {"urgency": "urgent"},
    "by status": {"queue": "all", "status": "resolved"},
    "a common word": {"q": "jalan"},
    "a rare word": {"q": "prayabengkel"},
    "a common and a rare word": {"q": "jalan sapetanjung"},
    "a word of one agency": {"q": "pasar", "agency": AGENCY},
}


async def run() -> dict[str, Any]:
    async with running_stage() as stage:
        async with stage.database("routing") as database:
            began = time.perf_counter()
            await _fill(database["cases"])
            await _build_indexes(stage)
            print(f"{CASES} cases in {time.perf_counter() - began:.0f} s")
        return await _measure(stage)


async def _measure(stage: Stage) -> dict[str, Any]:
    who = {
        "coordinator": stage.platform.signed_in("coordinator"),
        "officer": stage.platform.signed_in("officer", AGENCY),
    }
    asked = [
        (f"{role}: {name}", "/v1/desk/cases?" + urlencode(query), headers)
        for role, headers in who.items()
        for name, query in QUERIES.items()
    ]
    for role, headers in who.items():
        asked += [(f"{role}: counts", "/v1/desk/counts", headers), (f"{role}: board", "/v1/desk/board", headers)]
        asked.append((f"{role}: tenth page", await _tenth_page(stage, headers), headers))
    seconds, errors = list[float](), 0
    slowest: dict[str, dict[str, float]] = {}
    for name, path, headers in asked:
        took, failed = await _ask_often(stage, path, headers)
        slowest[name] = percentiles(took)
        seconds, errors = seconds + took, errors + failed
        print(f"{name:45} p50 {slowest[name]['p50_ms']:7.1f} ms  p95 {slowest[name]['p95_ms']:7.1f} ms")
    worst = max(slowest, key=lambda name: slowest[name]["p95_ms"])
    return {**percentiles(seconds), "errors": errors, "cases": CASES, "worst": {worst: slowest[worst]}}


async def _ask_often(stage: Stage, path: str, headers: dict[str, str]) -> tuple[list[float], int]:
    left, seconds, failed = iter(range(CALLS)), list[float](), 0

    async def one() -> None:
        nonlocal failed
        async with connected_to(stage.port("routing")) as connection:
            await connection.ask("GET", path, None, headers)
            for _ in left:
                began = time.perf_counter()
                answer = await connection.ask("GET", path, None, headers)
                seconds.append(time.perf_counter() - began)
                failed += answer.status != 200

    await asyncio.gather(*(one() for _ in range(CLIENTS)))
    return seconds, failed


async def _tenth_page(stage: Stage, headers: dict[str, str]) -> str:
    path = "/v1/desk/cases"
    async with connected_to(stage.port("routing")) as connection:
        for _ in range(9):
            path = (await _json(connection, path, headers))["next"] or path
    return path


async def _json(connection: Connection, path: str, headers: dict[str, str]) -> Any:
    answer = await connection.ask("GET", path, None, headers)
    assert answer.status == 200, answer.body
    return answer.json()


async def _fill(cases: Collection) -> None:
    """Cases as routing writes them, each like one of some hundred that its own decisions made."""
    # Indexes are built once at the end: kept up insert by insert they take most of the time.
    await cases.drop_indexes()
    templates, number = list(_templates()), 0
    while number < CASES:
        batch = [_like(random.choice(templates), number + one) for one in range(min(_AT_ONCE, CASES - number))]
        number += len(batch)
        await cases.insert_many(batch, ordered=False)


async def _build_indexes(stage: Stage) -> None:
    """The services' own connections would not wait so long."""
    settings = stage.platform.database("routing")
    async with AsyncMongoClient[Document](settings.uri, directConnection=True) as client:
        cases = client[settings.database]["cases"]
        for index in (*INDEXES, BOARD_INDEX):
            await cases.create_indexes([index])
        for name in ("next_due", "received_at", "outbox.queued_at"):
            await cases.create_index(name, sparse=True)


def _templates() -> Iterator[Document]:
    random.seed(1)
    now, directory = datetime.now(UTC), the_directory()
    categories = list(directory.categories)
    places = [region.id for region in directory.regions.values() if region.level == "district"]
    for number in range(_TEMPLATES):
        at = now - timedelta(days=random.uniform(0, 40))
        complaint = a_complaint(
            a_ticket(number),
            category=random.choice(categories),
            region=random.choice(places),
            answers={"road_class": random.choice(["regency", "provincial"])},
            occurred_at=at,
            received_at=at,
        )
        change = _lived(open_case(complaint, the_rulebook(), at), at)
        yield _document(complaint, change)


def _lived(change: Change, at: datetime) -> Change:
    """A third stays open, in some state."""
    case, agency = change.case, change.case.snapshot.agency
    if agency is None:
        return change
    by = By(Actor(Role.OFFICER, "officer", agency), named_id(case.ticket), at)
    deeds: list[Any] = [Resolve(text="Selesai")] if random.random() < 0.66 else []
    if not deeds and random.random() < 0.5:
        deeds = [
            Accept(),
            *([Delegate(officer="ani")] if agency == AGENCY else []),
            *([Ask(text="Di mana?")] if random.random() < 0.3 else []),
        ]
    for deed in deeds:
        change = change.then(act(change.case, deed, by, the_rulebook()))
    return change


def _document(complaint: ComplaintSubmitted, change: Change) -> Document:
    write: Any = opening_write(Opening(complaint, change, ""), ())
    late = random.random() < 0.1 and any(promise.is_open for promise in change.case.snapshot.promises)
    return {**write._doc["$set"], "late": late, "next_due": None, "texts": change.texts}


def _like(template: Document, number: int) -> Document:
    moved = timedelta(minutes=random.randint(-20_000, 20_000))
    words = [*random.sample(_COMMON, 6), *random.sample(_RARE, 2)]
    text = " ".join(words)
    part = {"text": text, "name": "Sitti", "email": "sitti@mail.example", "part": "s-1"}
    due = template["due_at"]
    return template | {
        "_id": a_ticket(number),
        "due_at": due if due.year > 3000 else due + moved,
        "received_at": template["received_at"] + moved,
        "personal": {"s-1": part},
        "found_by": {"s-1": words_of(text)},
        "words": words_of(text),
    }
