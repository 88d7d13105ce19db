"""The contact book: one document a ticket."""

from collections.abc import Iterable, Mapping
from typing import Any

from pymongo import UpdateOne

from services.notification.domain.contacts import Contact, Person
from shared.events.event import Language
from shared.events.notices import Channel
from shared.mongo import Collection, Database, Document


class Contacts:
    """Collection `contacts`, `_id` is the ticket."""

    def __init__(self, database: Database) -> None:
        self._contacts: Collection = database["contacts"]

    async def learn(self, news: Mapping[str, Contact]) -> None:
        """Add what a batch says, by ticket. What was erased is refused, whenever it comes."""
        if news:
            # The filter names nothing but the id: so two replicas that upsert one ticket never meet a duplicate key.
            writes = [UpdateOne({"_id": ticket}, [_merge(contact)], upsert=True) for ticket, contact in news.items()]
            await self._contacts.bulk_write(writes, ordered=False)

    async def read(self, tickets: Iterable[str]) -> dict[str, Contact]:
        """What is known; a ticket that nothing is known of is there, and empty."""
        contacts = {ticket: Contact() for ticket in tickets}
        if contacts:
            found = await self._contacts.find({"_id": {"$in": list(contacts)}}).to_list(None)
            contacts |= {stored["_id"]: _contact(stored) for stored in found}
        return contacts


def _merge(news: Contact) -> Document:
    """One pipeline stage, so that refusing and adding are one step. Marks are kept for ever: tombstones repeat."""
    changes: Document = {}
    if news.part is not None:
        # What the first submission said: the body that it is about stands or falls with its part.
        first = {"$eq": [{"$ifNull": ["$part", None]}, None]}
        changes["part"] = {"$ifNull": ["$part", {"$literal": news.part}]}
        changes["about"] = {"$cond": [first, {"$literal": news.about}, "$about"]}
    changes |= {name: True for name in ("hidden", "anonymous") if getattr(news, name)}
    if news.changed is not None:
        at, part = news.changed
        # The later one, in whatever order they come: MongoDB compares the fields one by one.
        changes["changed"] = {"$max": ["$changed", {"$literal": {"at": at, "part": part}}]}
    if news.restriction[0]:
        sequence, restricted = news.restriction
        changes["restriction"] = {"$max": ["$restriction", {"$literal": {"at": sequence, "is": restricted}}]}
    for field, erased in (("erased_parts", news.erased_parts), ("erased_words", news.erased_words)):
        if erased:
            changes[field] = {"$setUnion": [_or_empty(field), {"$literal": sorted(erased)}]}
    for part, person in news.people.items():
        gone = {"$or": [{"$in": [{"$literal": part}, _or_empty("erased_parts")]}, {"$eq": ["$erased", True]}]}
        changes[f"people.{part}"] = _unless(gone, _stored_person(person))
    for event_id, text in news.words.items():
        gone = {"$in": [{"$literal": event_id}, _or_empty("erased_words")]}
        changes[f"words.{event_id}"] = _unless(gone, text)
    if news.erased:
        changes |= {"people": "$$REMOVE", "erased": True}
    else:
        changes |= {f"people.{part}": "$$REMOVE" for part in news.erased_parts}
    changes |= {f"words.{event_id}": "$$REMOVE" for event_id in news.erased_words}
    return {"$set": changes}


def _unless(gone: Document, value: Any) -> Document:
    return {"$cond": [gone, "$$REMOVE", {"$literal": value}]}


def _or_empty(field: str) -> Document:
    return {"$ifNull": [f"${field}", []]}


def _stored_person(person: Person) -> Document:
    prefers = person.prefers.value if person.prefers else None
    known = {"email": person.email, "name": person.name, "language": person.language.value}
    return known | {"phone": person.phone, "prefers": prefers}


def _contact(stored: Document) -> Contact:
    people = {part: _person(person) for part, person in stored.get("people", {}).items()}
    changed, restriction = stored.get("changed"), stored.get("restriction", {"at": 0, "is": False})
    return Contact(
        part=stored.get("part"),
        about=stored.get("about"),
        hidden=stored.get("hidden", False),
        anonymous=stored.get("anonymous", False),
        changed=(changed["at"], changed["part"]) if changed else None,
        restriction=(restriction["at"], restriction["is"]),
        erased=stored.get("erased", False),
        people=people,
        words=stored.get("words", {}),
        erased_parts=set(stored.get("erased_parts", ())),
        erased_words=set(stored.get("erased_words", ())),
    )


def _person(stored: Document) -> Person:
    prefers = Channel(stored["prefers"]) if stored["prefers"] else None
    return Person(stored["email"], stored["name"], Language(stored["language"]), stored["phone"], prefers)
