"""The contact book: who a ticket's reporter is and what officers wrote to them."""

from dataclasses import dataclass, field
from datetime import UTC, datetime

from shared.events.event import Language


@dataclass(frozen=True, slots=True)
class Person:
    """What mail needs to know of somebody, and no more."""

    email: str | None
    name: str | None
    language: Language


@dataclass(slots=True)
class Contact:
    """What is known of one ticket, or what a batch of records adds to it.

    Learning twice is learning once. The order over the topics makes no difference; within one key the last record
    counts, and what was erased stays erased.
    """

    part: str | None = None
    """The personal part that the first submission named."""
    changed: tuple[str, str] | None = None
    """When the reporter last said how to be reached now (ISO 8601, UTC), and in which part."""
    people: dict[str, Person] = field(default_factory=dict[str, Person])
    """By personal part."""
    words: dict[str, str] = field(default_factory=dict[str, str])
    """By the id of the event that they belong to."""
    erased_parts: set[str] = field(default_factory=set[str])
    erased_words: set[str] = field(default_factory=set[str])

    @property
    def valid_part(self) -> str | None:
        """Of other parts nothing is ever used."""
        return self.changed[1] if self.changed else self.part

    @property
    def reporter(self) -> Person | None:
        return None if self.valid_part is None else self.people.get(self.valid_part)

    @property
    def reporter_is_erased(self) -> bool:
        return self.valid_part in self.erased_parts

    def names_part(self, part: str) -> None:
        if self.part is None:
            self.part = part

    def changes_contact(self, at: datetime, part: str) -> None:
        self.changed = max(self.changed or ("", ""), (at.astimezone(UTC).isoformat(timespec="microseconds"), part))

    def knows_person(self, part: str, person: Person) -> None:
        if part not in self.erased_parts:
            self.people[part] = person

    def forgets_person(self, part: str) -> None:
        self.people.pop(part, None)
        self.erased_parts.add(part)

    def knows_words(self, event_id: str, text: str) -> None:
        if event_id not in self.erased_words:
            self.words[event_id] = text

    def forgets_words(self, event_id: str) -> None:
        self.words.pop(event_id, None)
        self.erased_words.add(event_id)

    def lacks_words(self, event_id: str) -> bool:
        """Whether they may still come."""
        return event_id not in self.words and event_id not in self.erased_words
