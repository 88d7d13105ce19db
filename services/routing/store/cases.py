"""The collection `cases`: a document a ticket, with its outbox; what changes it and what says so are one write."""

from collections.abc import Collection as Many
from collections.abc import Mapping, Sequence
from datetime import datetime

import structlog
from pymongo import UpdateOne
from pymongo.errors import BulkWriteError

from services.routing.domain.draft import Entry
from services.routing.store.documents import (
    WITHOUT_PARTS,
    Opening,
    Save,
    StoredCase,
    opening_write,
    records_of,
    save_write,
    to_document,
    to_stored_case,
    with_part,
    without_part,
)
from services.routing.store.families import FamilyStore
from shared.batches import Batcher
from shared.events.complaints import ComplaintSubmitted, ComplaintSupported
from shared.events.event import Event
from shared.events.personal import PersonalRecorded
from shared.limits import ANSWERS_WITHIN_S, answered_within
from shared.mongo import Collection, Database, Document, only_duplicates
from shared.records import Outgoing

log = structlog.get_logger(__name__)


class CaseStore:
    """Every MongoDB call on cases. Reads and writes of one moment are made together."""

    def __init__(self, database: Database) -> None:
        self.collection: Collection = database["cases"]
        self._supports: Collection = database["supports"]
        self.families = FamilyStore(self.collection)
        self._loads = Batcher(self._load_all)
        self._saves = Batcher(self._save_all)

    async def create_indexes(self) -> None:
        # Sparse: a case that nothing is due for is not in it.
        await self.collection.create_index("next_due", sparse=True)
        await self.collection.create_index("received_at", sparse=True)
        await self._supports.create_index("ticket")
        await self.families.create_indexes()

    async def open(self, openings: Sequence[Opening]) -> dict[str, list[Outgoing]]:
        """Store those whose ticket has no case yet; returns their outboxes by ticket.

        The first submission of a ticket wins; raises what MongoDB raises.
        """
        records = {o.complaint.ticket: list(records_of(o.change, o.trace)) for o in openings}
        writes = {o.complaint.ticket: opening_write(o, records[o.complaint.ticket]) for o in openings}
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
                    {"_id": part.ticket, "erased": {"$ne": part.part}, "all_erased": {"$ne": True}},
                    with_part(part),
                    upsert=True,
                )
                for part in parts
            }
        )

    async def erase_personal(self, keys: Sequence[str]) -> None:
        """Remove the parts `<ticket>:<part>` and refuse them from now on."""
        places = {key: key.partition(":")[::2] for key in keys}
        await self._write_twice(
            {key: UpdateOne({"_id": ticket}, without_part(part), upsert=True) for key, (ticket, part) in places.items()}
        )

    async def erase_all_personal(self, tickets: Many[str]) -> None:
        """Remove all parts of these tickets and refuse every one from now on."""
        await self._write_twice({ticket: UpdateOne({"_id": ticket}, WITHOUT_PARTS, upsert=True) for ticket in tickets})

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
        readable: dict[str, StoredCase] = {}
        for document in await self._documents(tickets):
            try:
                readable[document["_id"]] = to_stored_case(document)
            except (KeyError, ValueError):
                log.exception("case_unreadable", ticket=document["_id"])
        return readable

    async def log(self, ticket: str, entry: Entry) -> None:
        """Add a line to the history that changes nothing else."""
        await self.collection.update_one({"_id": ticket}, {"$push": {"history": to_document(entry)}})

    async def due_before(self, moment: datetime, most: int, but: Sequence[str] = ()) -> list[str]:
        """Tickets of cases for which something was due before then, but for these, the longest waiting first."""
        wanted: Document = {"next_due": {"$lt": moment}}
        if but:
            wanted["_id"] = {"$nin": list(but)}
        cursor = self.collection.find(wanted, {"_id": 1}).sort("next_due").limit(most)
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
        found = {document["_id"]: document for document in await self._documents(tickets)}
        return [to_stored_case(found[ticket]) if ticket in found else None for ticket in tickets]

    async def _documents(self, tickets: Sequence[str]) -> list[Document]:
        cursor = self.collection.find({"_id": {"$in": list(set(tickets))}, "case": {"$exists": True}})
        return await cursor.to_list(None)

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
        if not documents:
            return
        try:
            await self._supports.insert_many(documents, ordered=False)
        except BulkWriteError as error:
            only_duplicates(error)

    async def count_supports(self, *tickets: str) -> int:
        return await self._supports.count_documents({"ticket": {"$in": list(tickets)}})

    async def _save_all(self, saves: Sequence[Save]) -> list[bool]:
        result = await self.collection.bulk_write([save_write(save) for save in saves], ordered=False)
        if result.matched_count == len(saves):
            return [True] * len(saves)
        tickets = {save.change.case.ticket for save in saves}
        cursor = self.collection.find({"_id": {"$in": list(tickets)}}, {"applied": 1})
        written = {entry["save"] for found in await cursor.to_list(None) for entry in found.get("applied", ())}
        return [str(save.id) in written for save in saves]
