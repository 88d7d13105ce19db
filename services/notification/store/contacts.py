"""The contact book: one document a ticket."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from pymongo import UpdateOne

from services.notification.domain.contacts import Contact, Person
from shared.events.event import Language
from shared.events.notices import Channel
from shared.limits import ANSWERS_WITHIN_S, within
from shared.mongo import Collection, Database, Document

_OF_THE_FIRST: Final = ("about", "category", "received_at")
"""What the first submission said."""
_ADDRESSES: Final = {
    "$reduce": {
        "input": {"$objectToArray": {"$ifNull": ["$people", {}]}},
        "initialValue": [],
        "in": {"$concatArrays": ["$$value", [{"$toLower": "$$this.v.email"}, {"$ifNull": ["$$this.v.phone", ""]}]]},
    }
}
_REACHED: Final[Document] = {"$set": {"reached": {"$setDifference": [_ADDRESSES, [""]]}}}
"""By which addresses a ticket is found: those of its people who are left, so what is erased is found by none."""
_MOST_FOUND: Final = 500


class Contacts:
    """Collection `contacts`, `_id` is the ticket."""

    def __init__(self, database: Database) -> None:
        self._contacts: Collection = database["contacts"]

    async def learn(self, news: Mapping[str, Contact]) -> None:
        """Add what a batch says, by ticket. What was erased is refused, whenever it comes."""
        if news:
            # The filter names nothing but the id: so two replicas that upsert one ticket never meet a duplicate key.
            writes = [UpdateOne({"_id": ticket}, _merge(contact), upsert=True) for ticket, contact in news.items()]
            await self._contacts.bulk_write(writes, ordered=False)

    async def create_indexes(self) -> None:
        await self._contacts.create_index("reached", sparse=True)

    @within(ANSWERS_WITHIN_S)
    async def reached_at(self, address: str) -> dict[str, Contact]:
        """By ticket: those that anybody gave the address for, also where another one counts by now."""
        cursor = self._contacts.find({"reached": address}).limit(_MOST_FOUND)
        return {stored["_id"]: _contact(stored) for stored in await cursor.to_list(None)}

    async def read(self, tickets: Iterable[str]) -> dict[str, Contact]:
        """What is known; a ticket that nothing is known of is there, and empty."""
        contacts = {ticket: Contact() for ticket in tickets}
        if contacts:
            found = await self._contacts.find({"_id": {"$in": list(contacts)}}).to_list(None)
            contacts |= {stored["_id"]: _contact(stored) for stored in found}
        return contacts


def _merge(news: Contact) -> list[Document]:
    """A pipeline, so that refusing and adding are one step. Marks are kept for ever: tombstones repeat."""
    stages: list[Document] = [{"$set": _told(news) | _known(news)}]
    return [*stages, _REACHED] if news.people or news.erased_parts or news.erased else stages


def _told(news: Contact) -> Document:
    """Facts: the first of the submission, the last of what may change."""
    changes: Document = {}
    if news.part is not None:
        # The body that it is about, and the other facts, stand or fall with the part.
        first = {"$eq": [{"$ifNull": ["$part", None]}, None]}
        changes["part"] = {"$ifNull": ["$part", {"$literal": news.part}]}
        for name in _OF_THE_FIRST:
            changes[name] = {"$cond": [first, {"$literal": getattr(news, name)}, f"${name}"]}
    changes |= {name: True for name in ("hidden", "anonymous", "taken_over") if getattr(news, name)}
    for name, said in (("changed", news.changed), ("own", news.own)):
        if said is not None:
            # The later one, in whatever order they come: MongoDB compares the fields one by one.
            changes[name] = {"$max": [f"${name}", {"$literal": {"at": said[0], "part": said[1]}}]}
    if news.restriction[0]:
        sequence, restricted = news.restriction
        changes["restriction"] = {"$max": ["$restriction", {"$literal": {"at": sequence, "is": restricted}}]}
    return changes


def _known(news: Contact) -> Document:
    """What is personal, and what may be known no more."""
    changes: Document = {}
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
    return changes | {f"words.{event_id}": "$$REMOVE" for event_id in news.erased_words}


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
    changed, own = stored.get("changed"), stored.get("own")
    restriction = stored.get("restriction", {"at": 0, "is": False})
    return Contact(
        part=stored.get("part"),
        about=stored.get("about"),
        category=stored.get("category"),
        received_at=stored.get("received_at"),
        hidden=stored.get("hidden", False),
        anonymous=stored.get("anonymous", False),
        changed=(changed["at"], changed["part"]) if changed else None,
        own=(own["at"], own["part"]) if own else None,
        taken_over=stored.get("taken_over", False),
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
