"""The collection `cases`: a document a ticket, with its outbox; what changes it and what says so are one write."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final
from uuid import UUID, uuid4

from pymongo import UpdateOne
from pymongo.errors import BulkWriteError

from services.routing.domain.case import Case, Change
from shared.batches import Batcher
from shared.events.cases import CaseSnapshot
from shared.events.complaints import ComplaintSubmitted
from shared.events.event import Event
from shared.events.personal import PersonalRecorded
from shared.events.words import WordsRecorded
from shared.limits import ANSWERS_WITHIN_S, answered_within
from shared.mongo import Collection, Database, Document, only_duplicates
from shared.outbox import from_stored, to_stored
from shared.records import Outgoing, to_record
from shared.topics import CASES, WORDS

_REMEMBERED: Final = 200
"""So many of the newest keys of deeds a case remembers, so that a deed asked for twice is done once."""


@dataclass(frozen=True)
class Opening:
    """A complaint and the case that it opens."""

    complaint: ComplaintSubmitted
    change: Change
    trace: str


@dataclass(frozen=True)
class StoredCase:
    """A case as it was read; `version` guards the next write."""

    case: Case
    version: int
    about: str | None
    part: str
    answers: Mapping[str, str]
    personal: Mapping[str, Any] | None
    """The submission's personal part; None before it came and after it was erased."""
    outbox: tuple[Outgoing, ...]
    applied: frozenset[str]

    def after(self, case: Case) -> "StoredCase":
        """As it stands once a change was written."""
        return replace(self, case=case, version=self.version + 1)


@dataclass(frozen=True)
class Save:
    """A guarded write: it happens only while the case is at the version that was read."""

    stored: StoredCase
    key: UUID
    records: tuple[Outgoing, ...]
    case: Case
    id: UUID = field(default_factory=uuid4)
    """Of this very attempt: tells it from another replica's with the same key."""


def records_of(change: Change, trace: str) -> tuple[Outgoing, ...]:
    return tuple(to_record(_topic_of(event), event, trace) for event in change.events)


def _topic_of(event: Event) -> Any:
    return WORDS if isinstance(event, WordsRecorded) else CASES


class CaseStore:
    """Every MongoDB call on cases. Reads and writes of one moment are made together."""

    def __init__(self, database: Database) -> None:
        self.collection: Collection = database["cases"]
        self._loads = Batcher(self._load_all)
        self._saves = Batcher(self._save_all)

    async def open(self, openings: Sequence[Opening]) -> dict[str, list[Outgoing]]:
        """Store those whose ticket has no case yet; returns their outboxes by ticket.

        The first submission of a ticket wins; raises what MongoDB raises.
        """
        records = {o.complaint.ticket: list(records_of(o.change, o.trace)) for o in openings}
        writes = {o.complaint.ticket: _opening_write(o, records[o.complaint.ticket]) for o in openings}
        late = await self._write_twice(writes)
        return {ticket: outbox for ticket, outbox in records.items() if ticket not in late}

    async def digests(self, tickets: Sequence[str]) -> dict[str, str]:
        """The digests of the submissions that won."""
        cursor = self.collection.find({"_id": {"$in": list(tickets)}}, {"submission.digest": 1})
        return {found["_id"]: found["submission"]["digest"] for found in await cursor.to_list(None)}

    async def record_personal(self, parts: Sequence[PersonalRecorded]) -> None:
        """Keep the parts, whether their case is there yet or not; an erased part is refused."""
        await self._write_twice(
            {
                part.key: UpdateOne(
                    {"_id": part.ticket, "erased": {"$ne": part.part}},
                    {"$set": {f"personal.{part.part}": part.model_dump(mode="json", exclude_none=True)}},
                    upsert=True,
                )
                for part in parts
            }
        )

    async def erase_personal(self, keys: Sequence[str]) -> None:
        """Remove the parts `<ticket>:<part>` and refuse them from now on."""
        places = {key: key.partition(":")[::2] for key in keys}
        await self._write_twice(
            {
                key: UpdateOne(
                    {"_id": ticket}, {"$unset": {f"personal.{part}": ""}, "$addToSet": {"erased": part}}, upsert=True
                )
                for key, (ticket, part) in places.items()
            }
        )

    async def _write_twice(self, writes: Mapping[str, UpdateOne]) -> set[str]:
        """Upsert all, and again what met a document already there; returns what is refused for good.

        Two writes may insert one document at once, and the one that comes second is told of a duplicate although its
        filter would match now: only the second time that means what it says.
        """
        left = dict(writes)
        for _ in range(2):
            if not left:
                break
            try:
                await self.collection.bulk_write(list(left.values()), ordered=False)
            except BulkWriteError as error:
                keys = list(left)
                left = {keys[index]: left[keys[index]] for index in only_duplicates(error)}
            else:
                left = {}
        return set(left)

    async def load(self, ticket: str) -> StoredCase | None:
        """Raises NetworkTimeout where the database does not answer soon."""
        async with answered_within(ANSWERS_WITHIN_S):
            return await self._loads.add(ticket)

    async def _load_all(self, tickets: Sequence[str]) -> list[StoredCase | None]:
        cursor = self.collection.find({"_id": {"$in": list(set(tickets))}, "case": {"$exists": True}})
        found = {document["_id"]: document for document in await cursor.to_list(None)}
        return [_to_stored_case(found[ticket]) if ticket in found else None for ticket in tickets]

    async def save(self, save: Save) -> bool:
        """Write the change; False when this attempt wrote nothing, because somebody else was first.

        Raises NetworkTimeout where the database does not answer soon; it may still be written.
        """
        async with answered_within(ANSWERS_WITHIN_S):
            return await self._saves.add(save)

    async def _save_all(self, saves: Sequence[Save]) -> list[bool]:
        result = await self.collection.bulk_write([_save_write(save) for save in saves], ordered=False)
        if result.matched_count == len(saves):
            return [True] * len(saves)
        tickets = {save.case.ticket for save in saves}
        cursor = self.collection.find({"_id": {"$in": list(tickets)}}, {"applied": 1})
        written = {entry["save"] for found in await cursor.to_list(None) for entry in found.get("applied", ())}
        return [str(save.id) in written for save in saves]


def _opening_write(opening: Opening, records: Sequence[Outgoing]) -> UpdateOne:
    complaint, case = opening.complaint, opening.change.case
    fields = {
        "submission": complaint.model_dump(mode="json", exclude_none=True),
        "case": case.snapshot.model_dump(mode="json", exclude_none=True),
        "sequence": case.sequence,
        "version": 1,
        "applied": [],
        "outbox": [to_stored(record) for record in records],
    }
    return UpdateOne({"_id": complaint.ticket, "case": {"$exists": False}}, {"$set": fields}, upsert=True)


def _save_write(save: Save) -> UpdateOne:
    return UpdateOne(
        {"_id": save.case.ticket, "version": save.stored.version},
        {
            "$set": {
                "case": save.case.snapshot.model_dump(mode="json", exclude_none=True),
                "sequence": save.case.sequence,
            },
            "$inc": {"version": 1},
            "$push": {
                "outbox": {"$each": [to_stored(record) for record in save.records]},
                "applied": {"$each": [{"key": str(save.key), "save": str(save.id)}], "$slice": -_REMEMBERED},
            },
        },
    )


def _to_stored_case(document: Document) -> StoredCase:
    submission = document["submission"]
    return StoredCase(
        case=Case(document["_id"], document["sequence"], CaseSnapshot.model_validate(document["case"])),
        version=document["version"],
        about=submission.get("about"),
        part=submission["part"],
        answers=submission.get("answers", {}),
        personal=document.get("personal", {}).get(submission["part"]),
        outbox=tuple(from_stored(stored) for stored in document["outbox"]),
        applied=frozenset(entry["key"] for entry in document["applied"]),
    )
