"""Cases as documents: what is read of one, and the writes that change one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID, uuid4

from pymongo import UpdateOne

from services.routing.domain.clocks import next_due
from services.routing.domain.draft import Case, Change, Entry
from services.routing.domain.search import words_of
from services.routing.domain.standing import standing_of
from services.routing.store.marks import compared_by, mark_family, spot_of_part, unsettled
from shared.events.case import CaseSnapshot
from shared.events.complaints import ComplaintSubmitted
from shared.events.event import Event, region_levels
from shared.events.personal import PersonalRecorded
from shared.events.words import WordsRecorded
from shared.mongo import Document
from shared.outbox import from_stored, to_stored
from shared.records import Outgoing, to_record, tombstone
from shared.topics import CASES, WORDS

_ONE_MILLISECOND: Final = timedelta(milliseconds=1)
REMEMBERED: Final = 200
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
    mandate: str | None = None
    """How the person concerned said that somebody else may file."""
    leads: bool = False
    """Others are or were linked to it."""
    parted: frozenset[str] = frozenset()
    """Those that it was unlinked from: no rule links it to them again."""

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


def with_part(part: PersonalRecorded) -> Document:
    found_by = words_of(f"{part.text} {part.address or ''}")
    kept = part.model_dump(mode="json", exclude_none=True)
    return {
        "$set": {f"personal.{part.part}": kept, f"found_by.{part.part}": found_by, **compared_by(part)},
        "$addToSet": {"words": {"$each": found_by}, "spots": spot_of_part(part)},
    }


def without_part(part: str) -> list[Document]:
    """Nothing of it is left, nor is the case found by its words alone any more."""
    left = {"$objectToArray": {"$ifNull": ["$found_by", {}]}}
    words = {"$reduce": {"input": left, "initialValue": [], "in": {"$setUnion": ["$$value", "$$this.v"]}}}
    erased = {"$setUnion": [{"$ifNull": ["$erased", []]}, [part]]}
    gone = [f"personal.{part}", f"found_by.{part}", f"alike.{part}", "spots"]
    return [{"$unset": gone}, {"$set": {"words": words, "erased": erased}}]


WITHOUT_PARTS: Final[list[Document]] = [
    {"$unset": ["personal", "found_by", "alike", "spots"]},
    {"$set": {"words": list[str](), "all_erased": True}},
]
"""Nothing of any part is left, and none may come again."""


def opening_write(opening: Opening, records: Sequence[Outgoing]) -> UpdateOne:
    complaint, change = opening.complaint, opening.change
    fields = {
        "submission": complaint.model_dump(mode="json", exclude_none=True),
        "received_at": complaint.received_at,
        **present(change.case),
        "version": 1,
        "revision": 1,
        "unsettled": unsettled(),
        "applied": [],
        "history": [to_document(entry) for entry in change.history],
        "outbox": [to_stored(record) for record in records],
    }
    return UpdateOne({"_id": complaint.ticket, "case": {"$exists": False}}, {"$set": fields}, upsert=True)


def present(case: Case) -> Document:
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


def save_write(save: Save) -> UpdateOne:
    change = save.change
    fields = present(change.case) | {f"texts.{key}": text for key, text in change.texts.items()}
    if change.contact:
        fields["contact"] = change.contact
    push: Document = {
        "applied": {"$each": [{"key": str(key), "save": str(save.id)} for key in save.keys or (save.id,)]},
        "history": {"$each": [to_document(entry) for entry in change.history]},
        "outbox": {"$each": [to_stored(record) for record in save.records]},
    }
    push["applied"]["$slice"] = -REMEMBERED
    update: Document = {"$set": fields, "$inc": {"version": 1, "revision": int(save.moves)}, "$push": push}
    if change.erased:
        update["$unset"] = {f"texts.{key}": "" for key in change.erased}
    mark_family(update, change, leads=save.stored.leads)
    return UpdateOne({"_id": change.case.ticket, "version": save.stored.version}, update)


def to_document(entry: Entry) -> Document:
    return entry.model_dump(mode="json", exclude_none=True)


def to_stored_case(document: Document) -> StoredCase:
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
        mandate=submission.get("mandate"),
        leads=document.get("leads", False),
        parted=frozenset(document.get("parted", ())),
    )
