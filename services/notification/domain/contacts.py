"""The contact book: who a ticket's reporter is and what officers wrote to them."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import UTC, datetime

from shared.events.event import Language
from shared.events.notices import Channel


@dataclass(frozen=True, slots=True)
class Person:
    """What mail needs to know of somebody, and no more."""

    email: str | None
    name: str | None
    language: Language
    phone: str | None = None
    """E.164."""
    prefers: Channel | None = None

    def ways(self, enabled: Collection[Channel]) -> list[tuple[Channel, str]]:
        """Channel and address, the preferred one first."""
        addresses = {Channel.EMAIL: self.email, Channel.WHATSAPP: self.phone, Channel.SMS: self.phone}
        found = [(way, address) for way, address in addresses.items() if address and way in enabled]
        return sorted(found, key=lambda way: way[0] is not self.prefers)


@dataclass(slots=True)
class Contact:
    """What is known of one ticket, or what a batch of records adds to it.

    Learning twice is learning once. The order over the topics makes no difference; within one key the last record
    counts, and what was erased stays erased.
    """

    part: str | None = None
    """The personal part that the first submission named."""
    about: str | None = None
    """The body that it accuses: nobody there is ever told of it."""
    category: str | None = None
    received_at: datetime | None = None
    changed: tuple[str, str] | None = None
    """When the reporter last said how to be reached now (ISO 8601, UTC), and in which part."""
    own: tuple[str, str] | None = None
    """The same of what the person concerned said, where somebody filed for them."""
    taken_over: bool = False
    """The person concerned has taken it over: what who filed for them says counts no more."""
    hidden: bool = False
    """It is confidential by now: nobody who only follows is told any more."""
    anonymous: bool = False
    """The reporter is hidden by now from those who work on it."""
    restriction: tuple[int, bool] = (0, False)
    """The last event by which the reporter decided on the use of their data, and whether it is restricted since."""
    erased: bool = False
    """Nobody may be known any more, whatever part comes. Words go one by one, by their tombstones."""
    people: dict[str, Person] = field(default_factory=dict[str, Person])
    """By personal part."""
    words: dict[str, str] = field(default_factory=dict[str, str])
    """By the id of the event that they belong to."""
    erased_parts: set[str] = field(default_factory=set[str])
    erased_words: set[str] = field(default_factory=set[str])

    @property
    def valid_part(self) -> str | None:
        """Of other parts nothing is ever used."""
        said = self.own if self.taken_over else self.changed
        return said[1] if said else self.part

    @property
    def reporter(self) -> Person | None:
        return None if self.valid_part is None else self.people.get(self.valid_part)

    @property
    def reporter_is_erased(self) -> bool:
        return self.erased or self.valid_part in self.erased_parts

    @property
    def restricted(self) -> bool:
        """The reporter's data are used for nothing but what the law wants."""
        return self.restriction[1]

    def names_part(
        self, part: str, about: str | None = None, category: str | None = None, received_at: datetime | None = None
    ) -> None:
        if self.part is None:
            self.part, self.about, self.category, self.received_at = part, about, category, received_at

    def changes_contact(self, at: datetime, part: str, *, by_subject: bool = False, taken_over: bool = False) -> None:
        said = at.astimezone(UTC).isoformat(timespec="microseconds"), part
        self.changed = max(self.changed or ("", ""), said)
        if by_subject:
            self.own = max(self.own or ("", ""), said)
        self.taken_over |= taken_over

    def decides_on_use(self, sequence: int, *, restricted: bool) -> None:
        self.restriction = max(self.restriction, (sequence, restricted))

    def forgets_everybody(self) -> None:
        self.people.clear()
        self.erased = True

    def knows_person(self, part: str, person: Person) -> None:
        if part not in self.erased_parts and not self.erased:
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
