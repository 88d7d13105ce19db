"""The collection `cases`: a document a ticket, with its outbox; what changes it and what says so are one write."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID, uuid4

import structlog
from pymongo import UpdateOne
from pymongo.errors import BulkWriteError

from services.routing.domain.clocks import next_due
from services.routing.domain.draft import Case, Change, Entry
from services.routing.domain.search import words_of
from services.routing.domain.standing import standing_of
from shared.batches import Batcher
from shared.events.case import CaseSnapshot
from shared.events.complaints import ComplaintSubmitted, ComplaintSupported
from shared.events.event import Event, region_levels
from shared.events.personal import PersonalRecorded
from shared.events.words import WordsRecorded
from shared.limits import ANSWERS_WITHIN_S, answered_within
from shared.mongo import Collection, Database, Document, only_duplicates
from shared.outbox import from_stored, to_stored
from shared.records import Outgoing, to_record, tombstone
from shared.topics import CASES, WORDS

log = structlog.get_logger(__name__)

_ONE_MILLISECOND: Final = timedelta(milliseconds=1)
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
    """A case as it was read. `version` guards the next write; `revision` counts what officers would want to know."""

    case: Case
    version: int
    revision: int
    part: str
    """The submission's personal part."""
    contact: str
    """The personal part that says who the reporter is and how to reach them."""
    answers: Mapping[str, str]
    personal: Mapping[str, Mapping[str, Any]]
    """What residents wrote, by part: without what did not come yet and what was erased."""
    texts: Mapping[str, str]
    """What officers wrote, by id."""
    history: tuple[Entry, ...]
    outbox: tuple[Outgoing, ...]
    applied: frozenset[str]

    def after(self, save: "Save") -> "StoredCase":
        """As it stands once a change was written."""
        change = save.change
        texts = {key: text for key, text in self.texts.items() if key not in change.erased}
        return replace(
            self,
            case=change.case,
            version=self.version + 1,
            revision=self.revision + save.moves,
            contact=change.contact or self.contact,
            texts={**texts, **change.texts},
            history=self.history + change.history,
            outbox=self.outbox + save.records,
            applied=self.applied | {str(key) for key in save.keys},
        )


@dataclass(frozen=True)
class Save:
    """A guarded write: it happens only while the case is at the version that was read."""

    stored: StoredCase
    keys: tuple[UUID, ...]
    """Of all that is done by it; what a case has applied is not done again."""
    records: tuple[Outgoing, ...]
    change: Change
    moves: bool = False
    """Whether an officer who read the case before must read it again."""
    id: UUID = field(default_factory=uuid4)
    """Of this very attempt: tells it from another replica's with the same key."""


def records_of(change: Change, trace: str) -> tuple[Outgoing, ...]:
    ticket = change.case.ticket
    told = [to_record(_topic_of(event), event, trace) for event in change.events]
    return (*told, *(tombstone(WORDS, f"{ticket}:{words_id}") for words_id in change.erased))


def _topic_of(event: Event) -> Any:
    return WORDS if isinstance(event, WordsRecorded) else CASES


class CaseStore:
    """Every MongoDB call on cases. Reads and writes of one moment are made together."""

    def __init__(self, database: Database) -> None:
        self.collection: Collection = database["cases"]
        self._supports: Collection = database["supports"]
        self._loads = Batcher(self._load_all)
        self._saves = Batcher(self._save_all)

    async def create_indexes(self) -> None:
        # Sparse: a case that nothing is due for is not in it.
        await self.collection.create_index("next_due", sparse=True)
        await self.collection.create_index("received_at", sparse=True)
        await self._supports.create_index("ticket")

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
                    _with_part(part),
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
                key: UpdateOne({"_id": ticket}, _without_part(part), upsert=True)
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

    async def load_many(self, tickets: Sequence[str]) -> dict[str, StoredCase]:
        """Those that are there, but for what can't be read: one case must not keep all others from going on."""
        cursor = self.collection.find({"_id": {"$in": list(tickets)}, "case": {"$exists": True}})
        readable: dict[str, StoredCase] = {}
        for document in await cursor.to_list(None):
            try:
                readable[document["_id"]] = _to_stored_case(document)
            except (KeyError, ValueError):
                log.exception("case_unreadable", ticket=document["_id"])
        return readable

    async def log(self, ticket: str, entry: Entry) -> None:
        """Add a line to the history that changes nothing else."""
        await self.collection.update_one({"_id": ticket}, {"$push": {"history": _to_document(entry)}})

    async def due_before(self, moment: datetime, most: int) -> list[str]:
        """Tickets of cases for which something was due before then, the longest waiting first."""
        cursor = self.collection.find({"next_due": {"$lt": moment}}, {"_id": 1}).sort("next_due").limit(most)
        return [found["_id"] for found in await cursor.to_list(None)]

    async def held_by(self, agencies: Sequence[str], most: int) -> list[str]:
        """Tickets of open cases that one of them has, or has a part of."""
        cursor = self.collection.find({"holders": {"$in": list(agencies)}, "open": True}, {"_id": 1}).limit(most)
        return [found["_id"] for found in await cursor.to_list(None)]

    async def last_submissions(self, most: int) -> list[ComplaintSubmitted]:
        """The newest first."""
        cursor = self.collection.find({"received_at": {"$exists": True}}, {"submission": 1}).sort("received_at", -1)
        return [
            ComplaintSubmitted.model_validate(found["submission"]) for found in await cursor.limit(most).to_list(None)
        ]

    async def await_submission(self, events: Sequence[Event]) -> list[Event]:
        """Keep what follows a submission that did not come yet; returns those whose case is there after all."""
        writes = {
            str(event.event_id): UpdateOne(
                {"_id": event.ticket, "case": {"$exists": False}},
                {"$set": {f"waiting.{event.event_id}": event.model_dump(mode="json", exclude_none=True)}},
                upsert=True,
            )
            for event in events
        }
        late = await self._write_twice(writes)
        return [event for event in events if str(event.event_id) in late]

    async def waiting(self, tickets: Sequence[str]) -> list[Document]:
        """Bodies of what waited for these submissions, as JSON, the first that happened first."""
        cursor = self.collection.find({"_id": {"$in": list(tickets)}, "waiting": {"$exists": True}}, {"waiting": 1})
        bodies = [body for found in await cursor.to_list(None) for body in found["waiting"].values()]
        return sorted(bodies, key=lambda body: (body["occurred_at"], body["event_id"]))

    async def stop_waiting(self, tickets: Sequence[str]) -> None:
        await self.collection.update_many({"_id": {"$in": list(tickets)}}, {"$unset": {"waiting": ""}})

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

    async def save_many(self, saves: Sequence[Save]) -> list[Save]:
        """Those that were written."""
        written = await self._save_all(saves) if saves else []
        return [save for save, is_written in zip(saves, written, strict=True) if is_written]

    async def support(self, supports: Sequence[ComplaintSupported]) -> None:
        """Each once, however often it is told."""
        documents = [
            {"_id": str(support.supporter), "ticket": support.ticket, "at": support.occurred_at} for support in supports
        ]
        try:
            await self._supports.insert_many(documents, ordered=False)
        except BulkWriteError as error:
            only_duplicates(error)

    async def count_supports(self, ticket: str) -> int:
        return await self._supports.count_documents({"ticket": ticket})

    async def _save_all(self, saves: Sequence[Save]) -> list[bool]:
        result = await self.collection.bulk_write([_save_write(save) for save in saves], ordered=False)
        if result.matched_count == len(saves):
            return [True] * len(saves)
        tickets = {save.change.case.ticket for save in saves}
        cursor = self.collection.find({"_id": {"$in": list(tickets)}}, {"applied": 1})
        written = {entry["save"] for found in await cursor.to_list(None) for entry in found.get("applied", ())}
        return [str(save.id) in written for save in saves]


def _with_part(part: PersonalRecorded) -> Document:
    found_by = words_of(f"{part.text} {part.address or ''}")
    kept = part.model_dump(mode="json", exclude_none=True)
    return {
        "$set": {f"personal.{part.part}": kept, f"found_by.{part.part}": found_by},
        "$addToSet": {"words": {"$each": found_by}},
    }


def _without_part(part: str) -> list[Document]:
    """Nothing of it is left, nor is the case found by its words alone any more."""
    left = {"$objectToArray": {"$ifNull": ["$found_by", {}]}}
    words = {"$reduce": {"input": left, "initialValue": [], "in": {"$setUnion": ["$$value", "$$this.v"]}}}
    erased = {"$setUnion": [{"$ifNull": ["$erased", []]}, [part]]}
    return [{"$unset": [f"personal.{part}", f"found_by.{part}"]}, {"$set": {"words": words, "erased": erased}}]


def _opening_write(opening: Opening, records: Sequence[Outgoing]) -> UpdateOne:
    complaint, change = opening.complaint, opening.change
    fields = {
        "submission": complaint.model_dump(mode="json", exclude_none=True),
        "received_at": complaint.received_at,
        **_present(change.case),
        "version": 1,
        "revision": 1,
        "applied": [],
        "history": [_to_document(entry) for entry in change.history],
        "outbox": [to_stored(record) for record in records],
    }
    return UpdateOne({"_id": complaint.ticket, "case": {"$exists": False}}, {"$set": fields}, upsert=True)


def _present(case: Case) -> Document:
    """What a document says of the case as it stands."""
    snapshot = case.snapshot
    due, standing = next_due(snapshot), standing_of(snapshot)
    return {
        "case": snapshot.model_dump(mode="json", exclude_none=True),
        "sequence": case.sequence,
        "at": case.at.isoformat(),
        # MongoDB keeps milliseconds: rounded up, nothing is looked at before it is due.
        "next_due": due and due + _ONE_MILLISECOND,
        "open": standing.open,
        "late": standing.late,
        "due_at": standing.due_at,
        "holder": standing.holder,
        "held_since": snapshot.holdings[-1].since if standing.holder else None,
        "holders": list(standing.holders),
        "regions": list(region_levels(snapshot.region)) if snapshot.region else [],
    }


def _save_write(save: Save) -> UpdateOne:
    change = save.change
    fields = _present(change.case) | {f"texts.{key}": text for key, text in change.texts.items()}
    if change.contact:
        fields["contact"] = change.contact
    push: Document = {
        "applied": {"$each": [{"key": str(key), "save": str(save.id)} for key in save.keys or (save.id,)]},
        "history": {"$each": [_to_document(entry) for entry in change.history]},
        "outbox": {"$each": [to_stored(record) for record in save.records]},
    }
    push["applied"]["$slice"] = -_REMEMBERED
    update: Document = {"$set": fields, "$inc": {"version": 1, "revision": int(save.moves)}, "$push": push}
    if change.erased:
        update["$unset"] = {f"texts.{key}": "" for key in change.erased}
    return UpdateOne({"_id": change.case.ticket, "version": save.stored.version}, update)


def _to_document(entry: Entry) -> Document:
    return entry.model_dump(mode="json", exclude_none=True)


def _to_stored_case(document: Document) -> StoredCase:
    submission = document["submission"]
    snapshot = CaseSnapshot.model_validate(document["case"])
    at = datetime.fromisoformat(document["at"])
    return StoredCase(
        case=Case(document["_id"], document["sequence"], snapshot, at, submission.get("about")),
        version=document["version"],
        revision=document["revision"],
        part=submission["part"],
        contact=document.get("contact", submission["part"]),
        answers=submission.get("answers", {}),
        personal=document.get("personal", {}),
        texts=document.get("texts", {}),
        history=tuple(Entry.model_validate(entry) for entry in document["history"]),
        outbox=tuple(from_stored(stored) for stored in document["outbox"]),
        applied=frozenset(entry["key"] for entry in document["applied"]),
    )
