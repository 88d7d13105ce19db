"""The collection `recovery_records`: all that the topics hold, side by side by ticket, while cases are recovered.

Topics have their own partitions and orders, and no memory holds them all. What lies here is dropped at the end.
"""

import json
from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError
from pymongo import UpdateOne

from services.routing.domain.told import Heard, Told
from shared.events.cases import CaseEvent
from shared.events.complaints import ComplaintEvent
from shared.events.envelope import CaseEnvelope, UnknownCaseEvent
from shared.events.personal import PersonalRecorded
from shared.events.words import WordsRecorded
from shared.mongo import Collection, Database, Document
from shared.records import Received
from shared.topics import CASES, COMPLAINTS, PERSONAL, WORDS

_COMPLAINT: Final[TypeAdapter[Any]] = TypeAdapter(ComplaintEvent)
_CASE: Final[TypeAdapter[Any]] = TypeAdapter(CaseEvent)
_TICKETS_AT_ONCE: Final = 200
_DOCUMENTS_AT_ONCE: Final = 2_000


@dataclass(frozen=True)
class Staged:
    """All of one ticket."""

    ticket: str
    told: Told
    parts: Mapping[str, PersonalRecorded] = field(default_factory=dict[str, PersonalRecorded])
    """What residents wrote, by part."""
    erased_parts: frozenset[str] = frozenset()


class Staging:
    """Every MongoDB call on them."""

    def __init__(self, database: Database) -> None:
        self._records: Collection = database["recovery_records"]

    async def clear(self) -> None:
        await self._records.drop()

    async def add(self, received: Sequence[Received], handled: Sequence[bool]) -> None:
        """`handled`: whether the consumers are done with it. Added again it changes nothing."""
        writes = [_write(one, is_handled) for one, is_handled in zip(received, handled, strict=True)]
        if writes:
            # In order: of a key of a compacted topic the last holds.
            await self._records.bulk_write(writes, ordered=True)

    async def count(self) -> int:
        return await self._records.estimated_document_count()

    async def pages(self) -> AsyncGenerator[list[Staged]]:
        """By ticket, some at once."""
        page, documents = list[Staged](), list[Document]()
        async for document in self._records.find().sort("_id").batch_size(_DOCUMENTS_AT_ONCE):
            if documents and _ticket(documents[0]) != _ticket(document):
                page.append(_to_staged(documents))
                documents = []
                if len(page) == _TICKETS_AT_ONCE:
                    yield page
                    page = []
            documents.append(document)
        if documents:
            yield [*page, _to_staged(documents)]


def _write(received: Received, is_handled: bool) -> UpdateOne:  # noqa: FBT001 - one of a column of flags
    value = received.record.value
    kept = {"value": value.decode() if value is not None else None}
    match received.topic.name:
        case COMPLAINTS.name:
            name = f"{received.ticket}/complaint/{received.event.event_id}"
            kept |= {"offset": received.record.offset, "handled": is_handled}
        case CASES.name:
            name = f"{received.ticket}/case/{received.event.sequence:09}"
        case topic:
            name = f"{received.ticket}/{topic}/{received.key.partition(':')[2]}"
            return UpdateOne({"_id": name}, {"$set": kept}, upsert=True)
    # What was published again is the same, and comes later.
    return UpdateOne({"_id": name}, {"$setOnInsert": kept}, upsert=True)


def _ticket(document: Mapping[str, Any]) -> str:
    return document["_id"].partition("/")[0]


def _to_staged(documents: Sequence[Document]) -> Staged:
    kinds = {
        kind: list(group) for kind, group in groupby(documents, key=lambda document: document["_id"].split("/")[1])
    }
    heard = sorted(kinds.get("complaint", ()), key=lambda document: document["offset"])
    words, parts = kinds.get(WORDS.name, ()), kinds.get(PERSONAL.name, ())
    told = Told(
        heard=tuple(Heard(_COMPLAINT.validate_json(one["value"]), one["handled"]) for one in heard),
        events=tuple(_to_event(one["value"]) for one in kinds.get("case", ())),
        words={name: WordsRecorded.model_validate_json(value) for name, value in _values(words) if value is not None},
    )
    return Staged(
        _ticket(documents[0]),
        told,
        {name: PersonalRecorded.model_validate_json(value) for name, value in _values(parts) if value is not None},
        frozenset(name for name, value in _values(parts) if value is None),
    )


def _to_event(value: str) -> CaseEnvelope:
    """Of a newer replica's event what all have in common."""
    try:
        return _CASE.validate_json(value)
    except ValidationError:
        return UnknownCaseEvent.model_validate(json.loads(value))


def _values(documents: Iterable[Document]) -> list[tuple[str, str | None]]:
    return [(document["_id"].split("/")[2], document["value"]) for document in documents]
