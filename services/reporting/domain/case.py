"""The read model of one ticket: every topic owns its parts, and every record its place."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from shared.events.case import CaseSnapshot

SUBMISSION: Final = "submission"
CONTACT_CHANGED: Final = "contact.changed.v1"
OTHER: Final = "other"
"""What a personal part belongs to, where that is no event of a follow-up."""


@dataclass(frozen=True, slots=True)
class Submission:
    """The first submission; `part` names the personal part that goes with it."""

    part: str
    category: str
    region: str | None
    answers: Mapping[str, str]
    anonymous: bool
    confidential: bool
    received_at: datetime


@dataclass(frozen=True, slots=True)
class Step:
    """One case event: what happened, and who has the case and how it stands since."""

    case_id: str
    type: str
    at: datetime
    event_id: str
    actor: str
    actor_agency: str | None
    agency: str | None
    status: str
    words: str | None
    """The event id under which its words are kept."""
    facts: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """What its type says besides what all do: reasons, promises, levels. Never who of an agency."""
    public: bool = False
    """Whether the case was, since."""


@dataclass(frozen=True, slots=True)
class Head:
    """The present: the highest sequence wins. `sequence` stands first because MongoDB compares fields in order."""

    sequence: int
    at: datetime
    public: bool
    day: str
    """Of receipt, WITA."""
    regions: list[str]
    """All levels, widest first."""
    case: Mapping[str, Any]
    """The snapshot as JSON."""

    @property
    def snapshot(self) -> CaseSnapshot:
        return CaseSnapshot.model_validate(self.case)


@dataclass(frozen=True, slots=True)
class Personal:
    """One part of what somebody is and wrote. It is kept to be shown to themselves, and to nobody else.

    Without the time: a part that is sent again has another one, and the topic keeps the last alone.
    """

    text: str
    language: str | None = None
    name: str | None = None
    email: str | None = None
    phone: str | None = None
    prefers: str | None = None
    latitude: float | None = None
    longitude: float | None = None
    address: str | None = None
    photos: list[str] = field(default_factory=list[str])
    """Names at intake."""
    subject: Mapping[str, str | None] | None = None
    """The person concerned, where somebody else filed: name, e-mail, telephone."""
    source: str | None = None


@dataclass(frozen=True, slots=True)
class StoredFollowUp:
    """What the reporter did later; `part` names the personal part that holds what was written."""

    type: str
    at: datetime
    part: str
    taken_over: bool = False
    """By the person concerned, from who filed for them."""


@dataclass(frozen=True, slots=True)
class Notice:
    """What became of one message."""

    type: str
    at: datetime
    kind: str
    recipient: str
    agency: str | None
    channel: str
    reason: str | None
    cause: str = ""
    """Id of the event that it tells of."""

    @property
    def message(self) -> tuple[str, ...]:
        """Which one it is: what was sent and then arrived, or failed and was tried again, is one message."""
        return self.cause, self.kind, self.recipient, self.agency or "", self.channel


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredCase:
    """All that is known of a ticket. Parts and words that are None were erased."""

    ticket: str
    submission: Submission | None = None
    head: Head | None = None
    history: Mapping[int, Step] = field(default_factory=dict[int, Step])
    erased: bool = False
    """Nothing personal may be kept of it any more."""
    personal: Mapping[str, Personal | None] = field(default_factory=dict[str, Personal | None])
    """By part."""
    erased_at: Mapping[str, datetime] = field(default_factory=dict[str, datetime])
    """By part: when the tombstone was written, where that is still known."""
    words: Mapping[str, str | None] = field(default_factory=dict[str, str | None])
    """By event id."""
    follow_ups: Mapping[str, StoredFollowUp] = field(default_factory=dict[str, StoredFollowUp])
    """By event id; those with words."""
    notices: Mapping[str, Notice] = field(default_factory=dict[str, Notice])
    """By event id."""
    supports: int = 0
    """Others who said that they have the same trouble, each once."""
    joined: int = 0
    """Who reported, or supports, the cases that are linked to this one."""

    @property
    def reporters(self) -> int:
        """All who have the trouble."""
        return 1 + self.supports + self.joined

    def text_of(self, part: str) -> str | None:
        """None where it is not here yet, or erased."""
        known = self.personal.get(part)
        return known.text if known else None

    def is_erased(self, part: str) -> bool:
        """Rather than not here yet."""
        return self.erased or (part in self.personal and self.personal[part] is None)

    def parts(self) -> list[tuple[str, str, datetime | None]]:
        """Kind, name and time of every part that is or was there: the submission, what followed, what nothing names."""
        told = self.submission
        found = [(SUBMISSION, told.part, told.received_at)] if told else []
        follow_ups = sorted(self.follow_ups.items(), key=lambda known: (known[1].at, known[0]))
        found += [(one.type, one.part, one.at) for _, one in follow_ups]
        known = {part for _, part, _ in found}
        return [*found, *((OTHER, part, None) for part in sorted(self.personal) if part not in known)]

    @property
    def own_photos(self) -> list[str]:
        """Names of those that the reporter sent and that are not erased."""
        known = [self.personal.get(part) for _, part, _ in self.parts()]
        return [name for part in known if part for name in part.photos]

    @property
    def contact(self) -> Personal | None:
        """As the reporter said last how to be reached; None where that is not here or erased."""
        changes = [one for one in self.follow_ups.values() if one.type == CONTACT_CHANGED]
        last = max(changes, key=lambda one: (one.at, one.part), default=None)
        part = last.part if last else self.submission.part if self.submission else ""
        return self.personal.get(part)

    @property
    def taken_over(self) -> bool:
        """Whether the code of who filed it opens nothing any more."""
        return any(done.taken_over for done in self.follow_ups.values())

    @property
    def messages(self) -> list[Notice]:
        """What became of each message at last, in the order in which that happened.

        By id too: of one moment, which came first in the document depends on the order of arrival.
        """
        told = [notice for _, notice in sorted(self.notices.items(), key=lambda known: (known[1].at, known[0]))]
        last = {notice.message: notice for notice in told if notice.cause}
        return [notice for notice in told if not notice.cause or last[notice.message] is notice]
