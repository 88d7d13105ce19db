"""Public cases in the words of Open311 GeoReport v2. Nothing is told that `domain/views.py` does not tell everybody."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from services.reporting.domain.case import StoredCase
from services.reporting.domain.narrator import Narrator
from services.reporting.domain.opendata import centre_of
from services.reporting.domain.terms import STATUSES, named
from services.reporting.domain.views import CaseView, StepView, view_publicly
from shared.directory import Directory
from shared.events.case import PromiseKind, Status
from shared.events.directory import Label
from shared.events.event import Language, region_levels

OPEN: Final = "open"
CLOSED: Final = "closed"
_CLOSED: Final = (Status.RESOLVED, Status.CLOSED, Status.REJECTED, Status.WITHDRAWN)
"""What nobody works on any more, though a resolution can be disputed and a case then open again."""
_STATUSES: Final = {
    OPEN: tuple(status.value for status in Status if status not in _CLOSED),
    CLOSED: tuple(status.value for status in _CLOSED),
}
LONGEST: Final = timedelta(days=90)
"""That a window of time may be, and is where none is asked for."""

_PROGRESSED: Final = "case.progressed.v1"
_PUBLISHED: Final = "case.published.v1"
UPDATES: Final = (
    *("case.opened.v1", "case.triaged.v1", "case.assigned.v1", "case.accepted.v1", "case.returned.v1"),
    *("case.forwarded.v1", "case.reclassified.v1", _PROGRESSED, "case.information_requested.v1"),
    *("case.resumed.v1", "case.resolved.v1", "case.reopened.v1", "case.closed.v1", "case.rejected.v1"),
    *("case.withdrawn.v1", _PUBLISHED, "case.linked.v1", "case.unlinked.v1", "case.split.v1"),
)
"""Steps that somebody who follows a request wants to know of: not who of an office has it, nor clocks."""


@dataclass(frozen=True, slots=True)
class Span:
    """From one moment to another; None is open."""

    start: datetime | None
    end: datetime | None = None


@dataclass(frozen=True, slots=True)
class Voice:
    """In which names and language it is told."""

    names: Directory
    language: Language
    photo_address: Callable[[str], str | None] = lambda _: None
    """Whole, by the photo's name."""

    def say(self, label: Label | None) -> str | None:
        return label.in_language(self.language) if label else None

    @property
    def narrator(self) -> Narrator:
        return Narrator(self.names, self.language)


def state_of(status: str) -> str:
    return CLOSED if status in _STATUSES[CLOSED] else OPEN


def statuses_of(states: Iterable[str]) -> list[str]:
    """Of cases that are in one of the states. Raises KeyError for what is none."""
    return [status for state in states for status in _STATUSES[state]]


def window(start: datetime | None, end: datetime | None, now: datetime) -> Span:
    """What is asked for, or the last 90 days of it. Raises ValueError in words."""
    if start and end and start > end:
        raise ValueError("is after end_date")
    if start and end and end - start > LONGEST:
        raise ValueError(f"lies more than {LONGEST.days} days before end_date")
    if start:
        return Span(start, end or start + LONGEST)
    return Span((end or now) - LONGEST, end)


def to_request(stored: StoredCase, voice: Voice, *, extended: bool = False) -> dict[str, Any] | None:
    """None where nothing of the case is public."""
    view = view_publicly(stored, voice.names)
    if view is None:
        return None
    told = {
        "service_request_id": view.ticket,
        "status": state_of(view.status),
        "status_notes": _notes(stored, view, voice),
        "service_name": voice.say(view.category_name) or view.category,
        "service_code": view.category,
        "description": _published(view),
        "agency_responsible": voice.say(view.agency_name) or view.agency,
        "service_notice": None,
        "requested_datetime": view.received_at,
        "updated_datetime": _updated_at(view),
        "expected_datetime": _expected_at(view),
        **_place(view, voice.names),
        "media_url": next((voice.photo_address(photo.name) for photo in view.photos), None),
    }
    return told | (_extension(stored, view, voice) if extended else {})


def to_update(stored: StoredCase, sequence: int, voice: Voice, *, extended: bool = False) -> dict[str, Any] | None:
    """One step of a public case; None where it is not told."""
    view = view_publicly(stored, voice.names)
    step = next((step for step in view.history if step.sequence == sequence), None) if view else None
    if step is None or step.type not in UPDATES:
        return None
    return {
        "update_id": f"{stored.ticket}-{sequence}",
        "service_request_id": stored.ticket,
        "status": state_of(step.status),
        "description": _describe(stored, step, voice),
        "updated_datetime": step.at,
        "media_url": None,
    } | ({"external_status_code": step.status} if extended else {})


def _told(view: CaseView) -> Sequence[StepView]:
    return [step for step in view.history if step.type in UPDATES]


def _describe(stored: StoredCase, step: StepView, voice: Voice) -> str:
    """What happened, and what was written of it for everybody."""
    told = voice.narrator.tell(stored.history[step.sequence])
    return f"{told} {step.words}" if step.words else told


def _notes(stored: StoredCase, view: CaseView, voice: Voice) -> str | None:
    """What happened last, and the last that was told of progress."""
    steps = _told(view)
    if not steps:
        return None
    told = voice.narrator.tell(stored.history[steps[-1].sequence])
    words = next((step.words for step in reversed(steps) if step.type == _PROGRESSED and step.words), None)
    return f"{told} {words}" if words else told


def _published(view: CaseView) -> str | None:
    """What a coordinator published of the complaint's text."""
    words = (step.words for step in reversed(view.history) if step.type == _PUBLISHED)
    return next((text for text in words if text), None)


def _updated_at(view: CaseView) -> datetime | None:
    """Of the newest event; of a case that is closed, when that was."""
    if state_of(view.status) == OPEN:
        return view.updated_at
    closed_at = None
    for step in view.history:
        closed_at = None if state_of(step.status) == OPEN else closed_at or step.at
    return closed_at or view.updated_at


def _expected_at(view: CaseView) -> datetime | None:
    return next((promise.due_at for promise in view.promises if promise.kind == PromiseKind.RESOLUTION), None)


def _place(view: CaseView, names: Directory) -> dict[str, Any]:
    """The region and the middle of the cell; of what is sensitive only the regency."""
    levels = region_levels(view.region) if view.region else ()
    known = [names.regions[level].name for level in reversed(levels) if level in names.regions]
    latitude, longitude = centre_of(view.cell) if view.cell else (None, None)
    return {
        "address": ", ".join(known) or None,
        "address_id": view.region,
        "zipcode": None,
        "lat": latitude,
        "long": longitude,
    }


def _extension(stored: StoredCase, view: CaseView, voice: Voice) -> dict[str, Any]:
    notes = [
        {"datetime": step.at, "description": _describe(stored, step, voice), "type": step.type} for step in _told(view)
    ]
    own = {
        "status": view.status,
        "status_name": named(STATUSES, view.status, voice.language),
        "urgency": view.urgency,
        "agency": view.agency,
        "historical": view.historical,
        "sequence": view.sequence,
        "last_event_datetime": view.updated_at,
    }
    return {"extended_attributes": own, "notes": notes}
