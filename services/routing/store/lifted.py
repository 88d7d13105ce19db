"""Stored cases brought up to what the topics tell: what of a document changes, and what stays as it is."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from pymongo import UpdateOne

from services.routing.domain.draft import Case, Entry
from services.routing.domain.lifting import Lifted
from services.routing.domain.told import Kept, Told
from services.routing.store.documents import REMEMBERED, present, to_document
from services.routing.store.marks import unsettled
from shared.events.case import CaseSnapshot
from shared.events.complaints import ComplaintSubmitted
from shared.mongo import Document
from shared.outbox import from_stored, to_stored
from shared.records import tombstone
from shared.topics import CASES, WORDS

_REVISIONS_SKIPPED: Final = 1_000
"""So many steps an officer may have seen that no topic tells of: an old page must not fit a new state."""
_COMPARED: Final = ("case", "sequence", "at", "history", "texts", "contact", "applied", "outbox", "parted")
"""All that the rest of a case follows from."""


@dataclass(frozen=True)
class KeptDocument:
    """A case's document and what the topic lacks of its outbox."""

    document: Document
    outbox: list[Document]

    @classmethod
    def of(cls, document: Document, told: Told) -> "KeptDocument":
        unsent = {one["id"] for one in document["outbox"] if _sequence(one) > told.top}
        # What erases may be published again; words are told before what names them.
        left = [one for one in document["outbox"] if one["id"] in unsent or one["value"] is None]
        return cls(document, left)

    @property
    def submission(self) -> ComplaintSubmitted:
        return ComplaintSubmitted.model_validate(self.document["submission"])

    def to_kept(self) -> Kept:
        found = self.document
        snapshot = CaseSnapshot.model_validate(found["case"])
        case = Case(
            found["_id"],
            found["sequence"],
            snapshot,
            datetime.fromisoformat(found["at"]),
            found["submission"].get("about"),
        )
        return Kept(
            case=case,
            history=tuple(Entry.model_validate(entry) for entry in found["history"]),
            texts=found.get("texts", {}),
            applied=tuple(entry["key"] for entry in found["applied"]),
            unsent=frozenset(one["id"] for one in self.outbox if one["value"] is not None),
        )


def lift_write(lifted: Lifted, told: Told, kept: KeptDocument | None) -> UpdateOne | None:
    """None where the database has all of it."""
    ticket, before = lifted.case.ticket, kept.document if kept else {}
    fields = _fields(lifted, told, kept)
    if all(fields.get(name, before.get(name)) == before.get(name) for name in _COMPARED):
        return None
    # Those of the same matter must be told of its end, if they were not.
    fields["unsettled"] = unsettled()
    if kept is None:
        fields |= {"version": 1, "revision": lifted.case.sequence + _REVISIONS_SKIPPED, "compared": True}
        return UpdateOne({"_id": ticket, "case": {"$exists": False}}, {"$set": fields}, upsert=True)
    fields["revision"] = max(before["revision"], lifted.case.sequence) + _REVISIONS_SKIPPED
    return UpdateOne({"_id": ticket, "version": before["version"]}, {"$set": fields, "$inc": {"version": 1}})


def _fields(lifted: Lifted, told: Told, kept: KeptDocument | None) -> Document:
    before = kept.document if kept else {}
    fields: Document = {
        "submission": before.get("submission") or lifted.submission.model_dump(mode="json", exclude_none=True),
        "received_at": lifted.submission.received_at,
        **present(lifted.case),
        "history": [to_document(entry) for entry in lifted.history],
        "applied": _applied(lifted.applied, before.get("applied", ())),
        "outbox": [*(kept.outbox if kept else ()), *_tombstones(lifted, kept)],
    }
    if lifted.texts or before.get("texts"):
        fields["texts"] = dict(lifted.texts)
    if lifted.contact != lifted.submission.part or "contact" in before:
        fields["contact"] = lifted.contact
    if parted := [*before.get("parted", ()), *(one for one in lifted.parted if one not in before.get("parted", ()))]:
        fields["parted"] = parted
    if kept is None or told.top > before["sequence"]:
        fields |= _outcome(lifted, before)
    return fields


def _outcome(lifted: Lifted, before: Document) -> Document:
    outcome = lifted.outcome
    if outcome is None:
        return {"outcome": None} if before.get("outcome") else {}
    reason = outcome.reason.value if outcome.reason else None
    return {"outcome": {"event_id": str(outcome.event_id), "ending": outcome.ending, "reason": reason}}


def _applied(keys: Sequence[str], before: Sequence[Document]) -> list[Document]:
    new = [{"key": key, "save": key} for key in keys[len(before) :]]
    return [*before, *new][-REMEMBERED:]


def _tombstones(lifted: Lifted, kept: KeptDocument | None) -> list[Document]:
    keys = [f"{lifted.case.ticket}:{words_id}" for words_id in lifted.gone]
    there = {one["key"] for one in (kept.outbox if kept else ()) if one["value"] is None}
    return [to_stored(tombstone(WORDS, key)) for key in keys if key not in there]


def _sequence(stored: Document) -> int:
    """Of a case event; 0 of anything else."""
    record = from_stored(stored)
    return json.loads(record.value)["sequence"] if record.topic == CASES.name and record.value else 0
