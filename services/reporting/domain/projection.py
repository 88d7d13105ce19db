"""What a batch says about each ticket, in pieces that can be applied in any order and any number of times."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, assert_never
from uuid import UUID

from services.reporting.domain.case import Head, Notice, Personal, Step, StoredFollowUp, Submission
from services.reporting.domain.figures import levels_of
from services.reporting.domain.ordering import place_of
from shared.errors import Rejected
from shared.events.complaints import (
    Afterwards,
    ComplaintErased,
    ComplaintEvent,
    ComplaintSubmitted,
    ComplaintSupported,
    ContactChanged,
    FollowUp,
)
from shared.events.envelope import CaseEnvelope
from shared.events.notices import NoticeDelivered, NoticeEvent, NoticeFailed, NoticeSent, NoticeSuppressed
from shared.events.personal import PersonalRecorded
from shared.events.words import WordsRecorded
from shared.wita import day_of

Told = ComplaintEvent | PersonalRecorded | CaseEnvelope | WordsRecorded | NoticeEvent

_NO_FACTS: Final = {*CaseEnvelope.model_fields, "type", "officer", "stands_in_for"}
"""What a step tells anyway, and who of an agency's people has a case."""
_PART: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,40}")


@dataclass(frozen=True, slots=True)
class Erased:
    """A tombstone: nothing may be kept under this key of `personal` or `words`, now or later."""

    topic: str
    key: str
    at: datetime | None = None
    """When it was written."""


@dataclass(slots=True)
class Projection:
    """What a batch says about one ticket."""

    ticket: str
    submission: Submission | None = None
    newest: CaseEnvelope | None = None
    """The event of the highest sequence that tells of the whole case."""
    history: dict[int, Step] = field(default_factory=dict[int, Step])
    erased: bool = False
    """No personal part may be kept, now or later. Words go one by one, by their tombstones."""
    personal: dict[str, Personal | None] = field(default_factory=dict[str, Personal | None])
    erased_at: dict[str, datetime] = field(default_factory=dict[str, datetime])
    """By part, the first time."""
    words: dict[str, str | None] = field(default_factory=dict[str, str | None])
    """None: erased, which no text replaces."""
    follow_ups: dict[str, StoredFollowUp] = field(default_factory=dict[str, StoredFollowUp])
    notices: dict[str, Notice] = field(default_factory=dict[str, Notice])
    supporters: set[str] = field(default_factory=set[str])

    @property
    def is_silent(self) -> bool:
        """Whether nothing is kept of it: the reporter confirmed without a word."""
        told = self.submission, self.history, self.personal, self.words, self.follow_ups, self.notices
        return not any((*told, self.supporters, self.erased))

    @property
    def tells_of_the_case(self) -> bool:
        """Whether what follows from the whole case may be another now: its figures, and what it is found by."""
        return bool(self.history or self.words or self.supporters)

    @property
    def ends_waits(self) -> bool:
        """Whether somebody may wait for what it tells."""
        return bool(self.history or self.follow_ups or self.personal)

    @property
    def head(self) -> Head | None:
        """How the case stands since the newest event; made when asked for, as only the last of a batch counts."""
        return _head(self.newest) if self.newest else None

    def take(self, told: Told | Erased) -> None:
        """Raises Rejected where a tombstone's key names nothing that can be erased."""
        match told:
            case ComplaintSubmitted():
                self.submission = self.submission or _submission(told)
            case PersonalRecorded():
                self._take_part(told.part, _personal(told))
            case ComplaintErased():
                self.erased = True
                self.personal.clear()
            case WordsRecorded():
                self._take_words(str(told.event_id), told.text)
            case CaseEnvelope():
                self._take_step(told)
            case NoticeSent() | NoticeDelivered() | NoticeFailed() | NoticeSuppressed():
                self.notices[str(told.event_id)] = _notice(told)
            case Erased():
                self._erase(told)
            case ComplaintSupported():
                self.supporters.add(str(told.supporter))
            case Afterwards():
                self._take_follow_up(told)
            case _:
                assert_never(told)

    def _take_part(self, part: str, known: Personal) -> None:
        if not self.erased:
            had = self.personal.setdefault(part, known)
            if had is not None and had != known:
                self.personal[part] = min(had, known, key=_place)

    def _take_words(self, event_id: str, text: str) -> None:
        had = self.words.get(event_id, text)
        self.words[event_id] = None if had is None else min(had, text)

    def _take_step(self, event: CaseEnvelope) -> None:
        self.history[event.sequence] = _step(event)
        if self.newest is None or event.sequence > self.newest.sequence:
            self.newest = event
        elif event.sequence == self.newest.sequence and event != self.newest:
            self.newest = max(self.newest, event, key=lambda one: _place(_head(one)))

    def _take_follow_up(self, event: FollowUp) -> None:
        """When which words were written; what became of it routing says."""
        if event.part is not None:
            taken_over = isinstance(event, ContactChanged) and event.taken_over
            done = StoredFollowUp(event.type, event.occurred_at, event.part, taken_over)
            self.follow_ups[str(event.event_id)] = done

    def _erase(self, erased: Erased) -> None:
        name = erased.key.partition(":")[2]
        if erased.topic == "words":
            self.words[_event_id(name)] = None
        elif _PART.fullmatch(name):
            if not self.erased:
                self.personal[name] = None
            if erased.at is not None:
                self.erased_at[name] = min(erased.at, self.erased_at.get(name, erased.at))
        else:
            raise Rejected("the key names no part")


def project(batch: Iterable[tuple[str, Told | Erased]]) -> dict[str, Projection]:
    """Collapse (ticket, event) pairs to one projection a ticket. Raises Rejected."""
    projections: dict[str, Projection] = {}
    for ticket, told in batch:
        projections.setdefault(ticket, Projection(ticket)).take(told)
    return projections


def _place(value: Personal | Head) -> tuple[Any, ...]:
    """Fields in the order in which they are stored; see there."""
    return place_of({name: getattr(value, name) for name in value.__slots__})


def _event_id(name: str) -> str:
    try:
        return str(UUID(name))
    except ValueError:
        raise Rejected("the key names no event") from None


def _submission(event: ComplaintSubmitted) -> Submission:
    return Submission(
        part=event.part,
        category=event.category,
        region=event.region,
        answers=dict(event.answers),
        anonymous=event.anonymous,
        confidential=event.confidential,
        received_at=event.received_at,
    )


def _personal(part: PersonalRecorded) -> Personal:
    return Personal(
        text=part.text,
        language=part.language.value,
        name=part.name,
        email=part.email,
        phone=part.phone,
        prefers=part.prefers.value if part.prefers else None,
        latitude=part.latitude,
        longitude=part.longitude,
        address=part.address,
        photos=list(part.photos),
        subject=part.subject.model_dump() if part.subject else None,
        source=part.source,
    )


def _step(event: CaseEnvelope) -> Step:
    return Step(
        case_id=event.case_id,
        type=event.kind,
        at=event.occurred_at,
        event_id=str(event.event_id),
        actor=event.actor.value,
        actor_agency=event.actor_agency,
        agency=event.case.agency,
        status=event.case.status.value,
        words=event.words.partition(":")[2] if event.words else None,
        facts=event.model_dump(mode="json", exclude=_NO_FACTS, exclude_none=True),
        public=not event.case.confidential,
    )


def _head(event: CaseEnvelope) -> Head:
    return Head(
        sequence=event.sequence,
        at=event.occurred_at,
        public=not event.case.confidential,
        day=day_of(event.case.received_at).isoformat(),
        regions=list(levels_of(event.case.region)),
        case=event.case.model_dump(mode="json"),
    )


def _notice(event: NoticeSent | NoticeDelivered | NoticeFailed | NoticeSuppressed) -> Notice:
    return Notice(
        type=event.type,
        at=event.occurred_at,
        kind=event.kind.value,
        recipient=event.recipient.value,
        agency=event.agency,
        channel=event.channel.value,
        reason=event.reason if isinstance(event, NoticeFailed | NoticeSuppressed) else None,
        cause=str(event.cause),
    )
