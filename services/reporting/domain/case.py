"""The read model of one ticket: every topic owns its parts, and every record its place."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from shared.events.case import CaseSnapshot


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
class StoredFollowUp:
    """What the reporter did later; `part` names the personal part that holds what was written."""

    type: str
    at: datetime
    part: str


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
    """All that is known of a ticket. Texts that are None were erased."""

    ticket: str
    submission: Submission | None = None
    head: Head | None = None
    history: Mapping[int, Step] = field(default_factory=dict[int, Step])
    personal: Mapping[str, str | None] = field(default_factory=dict[str, str | None])
    """By part."""
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

    @property
    def messages(self) -> list[Notice]:
        """What became of each message at last, in the order in which that happened.

        By id too: of one moment, which came first in the document depends on the order of arrival.
        """
        told = [notice for _, notice in sorted(self.notices.items(), key=lambda known: (known[1].at, known[0]))]
        last = {notice.message: notice for notice in told if notice.cause}
        return [notice for notice in told if not notice.cause or last[notice.message] is notice]
