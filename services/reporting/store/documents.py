"""Projections as updates, documents as stored cases.

Only operators whose result does not depend on order or repetition are used, so any interleaving of the topics gives
one document: a place of its own for every record, `$max` for the present, `$push` with `$slice: 1` for the first
submission, and `$min` for what may be erased, because MongoDB orders null, which marks that, before every text and
every document. Of a ticket that was erased as a whole no part may stay, so `WITHOUT_PARTS` follows each write of one.
"""

from datetime import datetime
from typing import Any

from pymongo import UpdateOne

from services.reporting.domain.case import Head, Notice, Personal, Step, StoredCase, StoredFollowUp, Submission
from services.reporting.domain.projection import Projection
from shared.mongo import Document

ERASED: Document = {"erased": True}
WITHOUT_PARTS: Document = {"$unset": {"personal": ""}}


def to_update(projection: Projection, at: datetime, supports: int = 0) -> UpdateOne:
    """`at` only marks what follows from the document as stale; nothing that is told depends on it.

    `supports`: how many there are by now.
    """
    update: Document = {"$set": _records(projection), "$min": _erasable(projection)}
    if projection.submission:
        update["$push"] = {"submission": {"$each": [to_document(projection.submission)], "$slice": 1}}
    if projection.erased:
        update["$set"]["erased"] = True
    head = projection.head
    update["$max"] = ({"head": to_document(head)} if head else {}) | ({"supports": supports} if supports else {})
    if projection.tells_of_the_case:
        update["$set"]["stale"] = at
        update["$inc"] = {"version": 1}
    update = {operator: values for operator, values in update.items() if values}
    return UpdateOne({"_id": projection.ticket}, update, upsert=True)


def _records(projection: Projection) -> Document:
    steps = {f"history.{sequence}": to_document(step) for sequence, step in projection.history.items()}
    notices = {f"notices.{event_id}": to_document(notice) for event_id, notice in projection.notices.items()}
    follow_ups = {f"follow_ups.{event_id}": to_document(done) for event_id, done in projection.follow_ups.items()}
    return steps | notices | follow_ups


def _erasable(projection: Projection) -> Document:
    personal = {f"personal.{part}": known and to_document(known) for part, known in projection.personal.items()}
    erased_at = {f"erased_at.{part}": at for part, at in projection.erased_at.items()}
    return personal | erased_at | {f"words.{event_id}": text for event_id, text in projection.words.items()}


def to_document(value: Submission | Step | Head | Personal | StoredFollowUp | Notice) -> Document:
    stored = {name: getattr(value, name) for name in value.__slots__}
    if isinstance(value, StoredFollowUp) and not value.taken_over:
        # As those have it that were stored before anything could be taken over.
        del stored["taken_over"]
    return stored


def to_case(document: Document) -> StoredCase:
    head = document.get("head")
    return StoredCase(
        ticket=document["_id"],
        submission=next((Submission(**submission) for submission in document.get("submission", ())), None),
        head=Head(**head) if head else None,
        history={int(sequence): Step(**step) for sequence, step in _items(document, "history")},
        erased=document.get("erased", False),
        personal={part: _personal(known) for part, known in _items(document, "personal")},
        erased_at=document.get("erased_at", {}),
        words=document.get("words", {}),
        follow_ups={event_id: StoredFollowUp(**done) for event_id, done in _items(document, "follow_ups")},
        notices={event_id: Notice(**notice) for event_id, notice in _items(document, "notices")},
        supports=document.get("supports", 0),
    )


def _personal(known: Any) -> Personal | None:
    """A generation that an older release began holds the text alone, until it is made anew."""
    if isinstance(known, str):
        return Personal(known)
    return Personal(**known) if known else None


def _items(document: Document, name: str) -> Any:
    return document.get(name, {}).items()
