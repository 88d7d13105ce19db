"""`ntbcare erase --proof`: what was known of somebody before, looked for afterwards wherever it could lie."""

import asyncio
import json
from collections.abc import Collection, Iterable, Iterator
from contextlib import aclosing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError
from pymongo import AsyncMongoClient

from shared.events.personal import PersonalRecorded
from shared.events.words import WordsRecorded
from shared.scanning import Scan, key_of, records_of
from shared.settings import KafkaSettings
from shared.topics import PERSONAL, WORDS

_CHUNK: Final = 8 * 1024 * 1024
_SHORTEST: Final = 4
"""What is shorter is found everywhere."""


KINDS: Final = ("Kafka's log", "databases", "photos", "logs")
"""Of places."""


@dataclass
class Known:
    """What lies in the log of a ticket: of every record, also of those that newer ones replace."""

    values: set[str] = field(default_factory=set[str])
    """Names, addresses, numbers, texts, coordinates."""
    photos: set[str] = field(default_factory=set[str])

    @property
    def wanted(self) -> list[bytes]:
        """As they stand in files: plain, and as JSON writes them."""
        spelled = {value for value in self.values if len(value) >= _SHORTEST}
        spelled |= {json.dumps(value)[1:-1] for value in spelled}
        spelled |= {json.dumps(value, ensure_ascii=False)[1:-1] for value in spelled}
        return [value.encode() for value in sorted(spelled)]


@dataclass(frozen=True)
class Places:
    """Where it could lie."""

    kafka: tuple[Path, ...] = ()
    """Folders of the broker's log."""
    mongo_uri: str | None = None
    databases: tuple[str, ...] = ("routing", "notification", "reporting")
    blobs: tuple[Path, ...] = ()
    logs: tuple[Path, ...] = ()
    """Files, or folders of files `*.log*`."""


@dataclass(frozen=True)
class Looked:
    """One kind of place: how much was looked through, and where something was found."""

    what: str
    looked_at: str
    found: tuple[str, ...]


async def known_of(kafka: KafkaSettings, ticket: str) -> Known:
    """Raises KafkaError."""
    known = Known()
    for topic in (PERSONAL, WORDS):
        async with aclosing(records_of(Scan(kafka, topic))) as records:
            async for record in records:
                if record.value is not None and key_of(record).partition(":")[0] == ticket:
                    _note(known, record.value)
    return known


def _note(known: Known, value: bytes) -> None:
    try:
        part = PersonalRecorded.model_validate_json(value)
    except ValidationError:
        # Of officers; what nobody can read, nobody can look for.
        with suppress(ValidationError):
            known.values.add(WordsRecorded.model_validate_json(value).text)
        return
    said = [part.text, part.name, part.email, part.phone, part.address, part.source]
    said += [part.subject.name, part.subject.email, part.subject.phone] if part.subject else []
    said += [repr(degrees) for degrees in (part.latitude, part.longitude) if degrees is not None]
    known.values.update(one for one in said if one)
    known.photos.update(part.photos)


async def look(known: Known, places: Places) -> list[Looked]:
    """Everywhere. Raises PyMongoError and OSError."""
    segments = [file for folder in places.kafka for file in sorted(folder.rglob("*")) if ".log" in file.name]
    logs = [file for place in places.logs for file in _logs(place)]
    photos = [file for folder in places.blobs for file in sorted(folder.rglob("*.jpg"))]
    looked: list[Looked] = []
    if places.kafka:
        looked.append(await asyncio.to_thread(_in_files, "Kafka's log", segments, known.wanted))
    if places.mongo_uri is not None:
        looked.append(await _in_databases(known, places.mongo_uri, places.databases))
    if places.blobs:
        marks = [file for folder in places.blobs for file in sorted(folder.glob("copies/*/*"))]
        left = tuple(str(file) for file in photos if file.stem in known.photos)
        left += tuple(str(file) for file in marks if file.parent.name in known.photos)
        looked.append(Looked("photos", f"{len(photos)} files", left))
    if places.logs:
        looked.append(await asyncio.to_thread(_in_files, "logs", logs, known.wanted))
    return looked


def _logs(place: Path) -> Iterable[Path]:
    return sorted(place.rglob("*.log*")) if place.is_dir() else [place]


def _in_files(what: str, files: Collection[Path], wanted: Collection[bytes]) -> Looked:
    found = tuple(str(file) for file in files if holds(file, wanted))
    return Looked(what, f"{len(files)} files", found)


def holds(file: Path, wanted: Collection[bytes], at_once: int = _CHUNK) -> bool:
    """Whether one of these stands in it. A file that is deleted meanwhile holds nothing. `at_once`: bytes."""
    overlap = max(map(len, wanted), default=1) - 1
    try:
        with file.open("rb") as opened:
            return any(word in chunk for chunk in _chunks(opened, at_once, overlap) for word in wanted)
    except FileNotFoundError:
        return False


def _chunks(opened: Any, at_once: int, overlap: int) -> Iterator[bytes]:
    before = b""
    while read := opened.read(at_once):
        yield before + read
        before = (before + read)[-overlap:] if overlap else b""


async def _in_databases(known: Known, uri: str, names: Collection[str]) -> Looked:
    values, documents, found = [one for one in known.values if len(one) >= _SHORTEST], 0, set[str]()
    async with AsyncMongoClient[dict[str, Any]](uri, serverSelectionTimeoutMS=3_000, tz_aware=True) as client:
        for name in names:
            for collection in await client[name].list_collection_names():
                async for document in client[name][collection].find():
                    documents += 1
                    text = "\n".join(_texts(document))
                    if any(value in text for value in values):
                        found.add(f"{name}.{collection}")
    return Looked("databases", f"{documents} documents", tuple(sorted(found)))


def _texts(value: Any) -> Iterator[str]:
    """All that a document says: as it is, whatever quotes or escapes would make of it."""
    match value:
        case dict():
            for name, inner in value.items():  # type: ignore[reportUnknownVariableType]
                yield str(name)  # type: ignore[reportUnknownArgumentType]
                yield from _texts(inner)
        case list():
            for inner in value:  # type: ignore[reportUnknownVariableType]
                yield from _texts(inner)
        case bytes():
            yield value.decode(errors="replace")
        case _:
            yield str(value)
