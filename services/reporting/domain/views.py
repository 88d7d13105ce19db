"""What is told of a case, and to whom."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from services.reporting.domain.case import Head, Notice, Step, StoredCase
from services.reporting.domain.publications import public_photos, public_words
from services.reporting.domain.sheltering import told_cell
from shared.directory import Directory
from shared.events.case import Promise
from shared.events.directory import Label
from shared.sheltering import told_region

RECEIVED: Final = "received"


@dataclass(frozen=True, slots=True)
class PromiseView:
    """One clock. `kept` is null until it is met; a promise met after it was due is late, so not kept."""

    kind: str
    started_at: datetime
    due_at: datetime
    met_at: datetime | None
    kept: bool | None
    breached_at: datetime | None
    ended_at: datetime | None
    """The case ended without it."""
    paused: bool
    """It waits for the reporter; `due_at` will be later."""


@dataclass(frozen=True, slots=True)
class StepView:
    """One thing that happened, and who has the case and how it stands since.

    Words are the reporter's to read, but for progress and publications: these are everybody's.
    """

    sequence: int
    type: str
    at: datetime
    actor: str
    actor_agency: str | None
    agency: str | None
    agency_name: Label | None
    status: str
    words: str | None
    facts: Mapping[str, Any]
    """What the type of the step says besides: reasons, promises, levels."""


@dataclass(frozen=True, slots=True)
class PhotoView:
    """A photo; both addresses show it for an hour at least. Without the key of photos they are null."""

    name: str
    address: str | None = None
    thumbnail_address: str | None = None


@dataclass(frozen=True, slots=True)
class ReporterView:
    """What only the reporter sees. `text` is null before it is here, and after it was erased."""

    confidential: bool
    anonymous: bool
    text: str | None
    text_erased: bool
    answers: Mapping[str, str]
    notices: list[Notice]
    photos: list[PhotoView]
    """Their own, published or not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseFacts:
    """The facts of a case. Null where they are not known; names are those of today."""

    ticket: str
    status: str
    category: str | None
    category_name: Label | None
    region: str | None
    region_name: str | None
    cell: str | None = None
    agency: str | None = None
    agency_name: Label | None = None
    urgency: str | None = None
    historical: bool = False
    received_at: datetime | None
    updated_at: datetime | None = None
    """Time of the newest event."""
    sequence: int = 0
    """Of the newest event; 0 before the first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseView(CaseFacts):
    """A case with its clocks and its history; `reporter` is null without a tracking code."""

    promises: list[PromiseView]
    history: list[StepView]
    reporters: int = 1
    """People who have the trouble: who complained of it, here or in a linked case, and supporters."""
    photos: list[PhotoView] = field(default_factory=list[PhotoView])
    """Those that a coordinator published."""
    reporter: ReporterView | None = None


def is_public(stored: StoredCase | None) -> bool:
    return stored is not None and stored.head is not None and stored.head.public


def has_passed(stored: StoredCase | None, sequence: int) -> bool:
    """Whether the case is projected beyond the sequence; 0 asks for its first event."""
    return stored is not None and stored.head is not None and stored.head.sequence > sequence


def list_facts(ticket: str, head: Head, names: Directory) -> CaseFacts:
    """What everybody is told."""
    return CaseFacts(**_facts(ticket, head, names, roughly=True))


def view_publicly(stored: StoredCase, names: Directory) -> CaseView | None:
    """None where nothing of the case is public."""
    if stored.head is None or not stored.head.public:
        return None
    return _view(stored, stored.head, names, reporter=None)


def view_as_reporter(ticket: str, stored: StoredCase | None, names: Directory) -> CaseView:
    """A valid tracking code is proof enough that the complaint was received, even before anything is here."""
    stored = stored or StoredCase(ticket=ticket)
    reporter = _reporter_view(stored)
    if stored.head is not None:
        return _view(stored, stored.head, names, reporter)
    told = stored.submission
    return CaseView(
        ticket=ticket,
        status=RECEIVED,
        category=told.category if told else None,
        category_name=category_name(names, told.category if told else None),
        region=told.region if told else None,
        region_name=region_name(names, told.region if told else None),
        received_at=told.received_at if told else None,
        promises=[],
        history=[],
        reporters=stored.reporters,
        reporter=reporter,
    )


def _view(stored: StoredCase, head: Head, names: Directory, reporter: ReporterView | None) -> CaseView:
    words = stored.words if reporter else public_words(stored)
    return CaseView(
        **_facts(stored.ticket, head, names, roughly=reporter is None),
        promises=[_promise_view(promise) for promise in head.snapshot.promises],
        history=[_step_view(sequence, step, names, words) for sequence, step in sorted(stored.history.items())],
        reporters=stored.reporters,
        photos=[PhotoView(name) for name in public_photos(stored, words)],
        reporter=reporter,
    )


def _facts(ticket: str, head: Head, names: Directory, *, roughly: bool) -> dict[str, Any]:
    """`roughly`: of a sensitive case only the regency."""
    case = head.snapshot
    region = told_region(case.region, case.category, names) if roughly else case.region
    return {
        "ticket": ticket,
        "status": case.status.value,
        "category": case.category,
        "category_name": category_name(names, case.category),
        "region": region,
        "region_name": region_name(names, region),
        "cell": told_cell(case.cell, case.category, names) if roughly else case.cell,
        "agency": case.agency,
        "agency_name": agency_name(names, case.agency),
        "urgency": case.urgency.value,
        "historical": case.historical,
        "received_at": case.received_at,
        "updated_at": head.at,
        "sequence": head.sequence,
    }


def _promise_view(promise: Promise) -> PromiseView:
    kept = None if promise.met_at is None else promise.met_at <= promise.due_at
    return PromiseView(
        kind=promise.kind.value,
        started_at=promise.started_at,
        due_at=promise.due_at,
        met_at=promise.met_at,
        kept=kept,
        breached_at=promise.breached_at,
        ended_at=promise.ended_at,
        paused=promise.is_open and promise.is_paused,
    )


def _step_view(sequence: int, step: Step, names: Directory, words: Mapping[str, str | None]) -> StepView:
    return StepView(
        sequence=sequence,
        type=step.type,
        at=step.at,
        actor=step.actor,
        actor_agency=step.actor_agency,
        agency=step.agency,
        agency_name=agency_name(names, step.agency),
        status=step.status,
        words=words.get(step.words) if step.words else None,
        facts=step.facts,
    )


def _reporter_view(stored: StoredCase) -> ReporterView:
    told, case = stored.submission, stored.head.snapshot if stored.head else None
    part = told.part if told else ""
    return ReporterView(
        confidential=case.confidential if case else bool(told and told.confidential),
        anonymous=case.anonymous if case else bool(told and told.anonymous),
        text=stored.text_of(part),
        text_erased=stored.is_erased(part),
        answers=told.answers if told else {},
        notices=stored.messages,
        photos=[PhotoView(name) for name in stored.own_photos],
    )


def agency_name(names: Directory, agency: str | None) -> Label | None:
    known = names.agencies.get(agency) if agency else None
    return known.name if known else None


def category_name(names: Directory, category: str | None) -> Label | None:
    known = names.categories.get(category) if category else None
    return known.name if known else None


def region_name(names: Directory, region: str | None) -> str | None:
    known = names.regions.get(region) if region else None
    return known.name if known else None
