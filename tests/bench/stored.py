"""Complaints of earlier days in all stores, each like one that the services have just handled themselves.

Their documents are copied with other tickets, ids, addresses and dates; nothing is replayed. What MongoDB would have
deleted by their age is left out. Topics do not hold them, and reporting's sums do not count them: no life reads either.
"""

import random
import re
import struct
import time
import zlib
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from bson import encode
from bson.raw_bson import RawBSONDocument
from pymongo import AsyncMongoClient
from pymongo.asynchronous.database import AsyncDatabase

from shared.ids import draw_ticket
from shared.mongo import Document
from tests.bench.stage import Stage
from tests.services import SERVICES

_YOUNGEST, _OLDEST = timedelta(days=30), timedelta(days=390)
"""Older than what new complaints are compared with; deliveries are kept 400 days."""
_PATTERNS: Final = 300
_AT_ONCE: Final = 4_000
_TO_COME: Final = frozenset({"next_due", "due_at"})
"""Dates that stay: everything would be due at once."""
_TICKET: Final = re.compile(r"NTB-[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{2}")
_ID: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}")
_ADDRESS: Final = re.compile(r"[a-z0-9]+(?=@mail\.example)")
_DAY: Final = re.compile(r"^20\d\d-\d\d-\d\d")
_FIXED: Final = {0x01: 8, 0x07: 12, 0x08: 1, 0x09: 8, 0x0A: 0, 0x10: 4, 0x12: 8}
"""Bytes of BSON values that always have the same size, by type."""


@dataclass(frozen=True)
class Pattern:
    """One document as bytes, and where in it lies what differs from copy to copy."""

    content: bytes
    places: tuple[tuple[int, str], ...]
    """Of strings: offset, and the string there. All replacements are as long."""
    dates: tuple[tuple[int, int], ...]
    """Offset, and milliseconds since 1970."""
    expires_ms: int | None
    """When MongoDB would delete it."""

    def copy(self, names: dict[str, str], earlier_ms: int, salt: int) -> bytes:
        content = bytearray(self.content)
        for offset, found in self.places:
            new = names.get(found) or names.setdefault(found, _renamed(found, earlier_ms, salt))
            content[offset : offset + len(new)] = new.encode()
        for offset, milliseconds in self.dates:
            struct.pack_into("<q", content, offset, milliseconds - earlier_ms)
        return bytes(content)


def _renamed(found: str, earlier_ms: int, salt: int) -> str:
    if _TICKET.fullmatch(found):
        return draw_ticket(b"stored", "public", UUID(int=salt))
    if _ID.fullmatch(found):
        return str(UUID(int=UUID(found).int ^ (salt << 40), version=5))
    if _DAY.match(found):
        return (datetime.fromisoformat(found) - timedelta(milliseconds=earlier_ms)).date().isoformat()
    return _letters(salt * 1_000_003 + zlib.crc32(found.encode()), len(found))


def _letters(number: int, length: int) -> str:
    """The same in each database."""
    found = ""
    while len(found) < length:
        number, one = divmod(number, 26)
        found += chr(ord("a") + one)
    return found


async def fill(stage: Stage, first: int, last: int) -> None:
    """Have complaints of these numbers, the last not among them. The services are stopped meanwhile."""
    began = time.perf_counter()
    await stage.stop(*SERVICES)
    async with AsyncMongoClient[Document](stage.platform.mongo.uri, directConnection=True) as client:
        databases = [client[stage.platform.database(service).database] for service in SERVICES]
        cases = databases[SERVICES.index("routing")]["cases"]
        # Not copies: two copies of one could have one id.
        today = {"received_at": {"$gt": datetime.now(UTC) - timedelta(days=1)}}
        found = await cases.find(today | {"case.status": "resolved"}, {"_id": 1}, limit=_PATTERNS).to_list()
        tickets = sorted(document["_id"] for document in found)
        for database in databases:
            await _fill(database, tickets, range(first, last))
    for service in SERVICES:
        await stage.platform.processes[service].start()
    print(f"{last} stored complaints after {time.perf_counter() - began:.0f} s", flush=True)


async def _fill(database: AsyncDatabase[Document], tickets: list[str], salts: range) -> None:
    """Always the same copies in each database: the same tickets and days."""
    patterns = await _patterns(database, tickets)
    async with _without_indexes(database, list(patterns)):
        for first in range(0, len(salts), _AT_ONCE):
            for collection, documents in _copies(patterns, tickets, salts[first : first + _AT_ONCE]).items():
                await database[collection].insert_many(documents, ordered=False)


def _copies(
    patterns: dict[str, dict[str, list[Pattern]]], tickets: list[str], salts: Sequence[int]
) -> dict[str, list[Any]]:
    now_ms = time.time() * 1_000
    made: dict[str, list[Any]] = {collection: [] for collection in patterns}
    for salt in salts:
        drawn, names = random.Random(salt), dict[str, str]()
        earlier_ms = drawn.randint(_YOUNGEST.days, _OLDEST.days) * 86_400_000
        ticket = drawn.choice(tickets)
        for collection, by_ticket in patterns.items():
            for pattern in by_ticket.get(ticket, ()):
                if pattern.expires_ms is None or pattern.expires_ms - earlier_ms > now_ms:
                    made[collection].append(RawBSONDocument(pattern.copy(names, earlier_ms, salt + 1)))
    return {collection: documents for collection, documents in made.items() if documents}


async def _patterns(database: AsyncDatabase[Document], tickets: list[str]) -> dict[str, dict[str, list[Pattern]]]:
    """By collection and ticket; collections that say nothing of single complaints are left out."""
    found: dict[str, dict[str, list[Pattern]]] = {}
    for name in await database.list_collection_names():
        expiry = await _expiry(database, name)
        by_ticket: dict[str, list[Pattern]] = {}
        async for document in database[name].find():
            content = encode(document)
            ticket = _TICKET.search(content.decode("latin-1"))
            if ticket and ticket[0] in tickets:
                by_ticket.setdefault(ticket[0], []).append(_pattern(content, _expires_ms(document, expiry)))
        if by_ticket:
            found[name] = by_ticket
    return found


async def _expiry(database: AsyncDatabase[Document], name: str) -> tuple[str, int] | None:
    """The field of the collection's index that expires, and its seconds."""
    indexes = await (await database[name].list_indexes()).to_list()
    return next(
        ((next(iter(one["key"])), one["expireAfterSeconds"]) for one in indexes if "expireAfterSeconds" in one), None
    )


def _expires_ms(document: Document, expiry: tuple[str, int] | None) -> int | None:
    at = document.get(expiry[0]) if expiry else None
    return int(at.replace(tzinfo=UTC).timestamp() + expiry[1]) * 1_000 if at and expiry else None


def _pattern(content: bytes, expires_ms: int | None) -> Pattern:
    strings, dates = list[tuple[int, str]](), list[tuple[int, int]]()
    for kind, key, offset, length in _values(content, 0):
        if kind == 0x09 and key not in _TO_COME:
            dates.append((offset, struct.unpack_from("<q", content, offset)[0]))
        if kind == 0x02:
            strings += _in_text(content[offset : offset + length].decode(), offset)
    return Pattern(content, tuple(strings), tuple(dates), expires_ms)


def _in_text(text: str, offset: int) -> Iterator[tuple[int, str]]:
    for pattern in (_TICKET, _ID, _ADDRESS, _DAY):
        for found in pattern.finditer(text):
            yield offset + len(text[: found.start()].encode()), found[0]


def _values(content: bytes, start: int) -> Iterator[tuple[int, str, int, int]]:
    """Type, key, offset and size of each value that is not a document itself, in all depths."""
    (size,) = struct.unpack_from("<i", content, start)
    at, end = start + 4, start + size - 1
    while at < end:
        kind, stop = content[at], content.index(0, at + 1)
        key, at = content[at + 1 : stop].decode(), stop + 1
        if kind in {0x03, 0x04}:
            yield from _values(content, at)
            at += struct.unpack_from("<i", content, at)[0]
        elif kind in {0x02, 0x05}:
            (length,) = struct.unpack_from("<i", content, at)
            head = 4 if kind == 0x02 else 5
            yield kind, key, at + head, length - (kind == 0x02)
            at += head + length
        else:
            yield kind, key, at, _FIXED[kind]
            at += _FIXED[kind]


@asynccontextmanager
async def _without_indexes(database: AsyncDatabase[Document], names: Sequence[str]) -> AsyncGenerator[None]:
    """They are built once at the end: kept up insert by insert they take most of the time."""
    kept: dict[str, list[Document]] = {}
    for name in names:
        indexes = await (await database[name].list_indexes()).to_list()
        kept[name] = [dict(index) for index in indexes if index["name"] != "_id_"]
        await database[name].drop_indexes()
    yield
    for name, indexes in kept.items():
        for index in indexes:
            await database.command("createIndexes", name, indexes=[index])
