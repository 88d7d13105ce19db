"""What the topics say of erasing: who asked, which cases ended, which parts lie on `ntbcare.personal`."""

from collections.abc import Iterable
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, TypeVar
from uuid import UUID

import structlog
from pydantic import BaseModel, ValidationError

from services.intake.erasing.deciding import Part, Told
from services.intake.erasing.tables import Moments, Names
from shared.events.case import Status
from shared.events.cases import CasePublished, CaseResolved
from shared.events.complaints import ComplaintErased
from shared.events.envelope import CaseEnvelope
from shared.events.event import Fact, Moment
from shared.events.personal import PersonalRecorded
from shared.ids import parse_ticket
from shared.records import Record
from shared.scanning import Scan, key_of, records_of, time_of, type_of
from shared.topics import CASES, COMPLAINTS

Model = TypeVar("Model", bound=BaseModel)
log = structlog.get_logger(__name__)

_ENDED: Final = frozenset({Status.CLOSED, Status.REJECTED, Status.WITHDRAWN})
_ENDS_OR_GOES_ON: Final = frozenset(
    {
        "case.closed.v1",
        "case.rejected.v1",
        "case.withdrawn.v1",
        "case.linked.v1",
        "case.reopened.v1",
        "case.unlinked.v1",
    }
)
_SHOWS_PHOTOS: Final = frozenset({"case.published.v1", "case.resolved.v1"})
_MOST_LINKS: Final = 10
"""Of one case to the next."""


_DECIDES: Final = frozenset({"erasure.requested.v1", "complaint.erased.v1", "contact.changed.v1"})
"""Of these only what the services understand as well counts: nobody is erased by a damaged record."""


class _Named(Fact):
    """What all records of `ntbcare.complaints` have that is of use here."""

    event_id: UUID
    ticket: str
    occurred_at: Moment
    part: str | None = None
    by_subject: bool = False
    taken_over: bool = False


@dataclass
class Complaints:
    """`ntbcare.complaints`, read to its end."""

    names: Names = field(default_factory=Names)
    """Keys of the parts that an event names."""
    requests: dict[str, UUID] = field(default_factory=dict[str, UUID])
    """By ticket: who asked, and was not erased since."""
    taken_over: set[str] = field(default_factory=set[str])
    """Tickets of which the person concerned alone can ask from then on."""
    erased: Moments = field(default_factory=Moments)
    young: dict[str, tuple[ComplaintErased, datetime]] = field(
        default_factory=dict[str, tuple[ComplaintErased, datetime]]
    )
    """The last erasure of a ticket, where it is not long ago, and when it was told last."""

    async def read(self, scan: Scan, young_since: datetime) -> None:
        """Raises KafkaError."""
        async with aclosing(records_of(scan)) as records:
            async for record in records:
                if (ticket := _ticket_of(record)) is not None:
                    self.take(ticket, record, young_since)
        self.names.settle()
        self.erased.settle()

    def take(self, ticket: str, record: Record, young_since: datetime) -> None:
        kind = type_of(record)
        if kind == "complaint.supported.v1" or (named := read_as(_Named, record)) is None or named.ticket != ticket:
            return
        if kind in _DECIDES and read_as(COMPLAINTS.types[kind], record) is None:
            return
        if named.part is not None:
            self.names.put(f"{ticket}:{named.part}")
        if named.taken_over:
            self.taken_over.add(ticket)
        if kind == "erasure.requested.v1" and (named.by_subject or ticket not in self.taken_over):
            self.requests[ticket] = named.event_id
        if kind == "complaint.erased.v1":
            self.requests.pop(ticket, None)
            self.erased.put(ticket, int(named.occurred_at.timestamp()), named.occurred_at)
            event = read_as(ComplaintErased, record) if named.occurred_at >= young_since else None
            if event is not None:
                self.young[ticket] = (event, time_of(record))


@dataclass
class Cases:
    """`ntbcare.cases`, read to its end."""

    ended: Moments = field(default_factory=Moments)
    linked: dict[str, str] = field(default_factory=dict[str, str])
    """Those that another case goes on for."""
    shown: dict[str, set[str]] = field(default_factory=dict[str, set[str]])
    """Photos that were published, by ticket."""
    evidence: dict[str, set[str]] = field(default_factory=dict[str, set[str]])
    """Photos by which an agency showed what it did, by ticket."""

    async def read(self, scan: Scan) -> None:
        """Raises KafkaError."""
        async with aclosing(records_of(scan)) as records:
            async for record in records:
                kind = type_of(record)
                if kind in _ENDS_OR_GOES_ON | _SHOWS_PHOTOS and (ticket := _ticket_of(record)) is not None:
                    self.take(ticket, read_as(CASES.types[kind], record))
        self.ended.settle()

    def take(self, ticket: str, step: BaseModel | None) -> None:
        if not isinstance(step, CaseEnvelope) or step.ticket != ticket:
            return
        if isinstance(step, CasePublished | CaseResolved):
            place = self.shown if isinstance(step, CasePublished) else self.evidence
            if step.photos:
                place.setdefault(ticket, set()).update(step.photos)
            return
        self.ended.put(ticket, step.sequence, step.occurred_at if step.case.status in _ENDED else None)
        if step.case.linked_to is not None:
            self.linked[ticket] = step.case.linked_to
        else:
            self.linked.pop(ticket, None)

    def ended_at(self, ticket: str) -> datetime | None:
        """Since when nobody works on it: of what is linked, since the case that goes on for it ended too."""
        [ended_at] = self.ended.of([ticket])
        for _ in range(_MOST_LINKS):
            next_one = self.linked.get(ticket)
            if next_one is None or ended_at is None:
                return ended_at
            ticket = next_one
            [its] = self.ended.of([ticket])
            ended_at = max(ended_at, its) if its is not None else None
        return None

    def posted(self, tickets: Iterable[str]) -> dict[str, set[str]]:
        """What was published is the resident's, redacted or not; evidence of the work is not."""
        return {ticket: self.shown.get(ticket, set()) - self.evidence.get(ticket, set()) for ticket in tickets}


def told_of(ticket: str, complaints: Complaints, cases: Cases) -> Told:
    [erased_at] = complaints.erased.of([ticket])
    return Told(complaints.requests.get(ticket), cases.ended_at(ticket), erased_at)


def part_of(record: Record, *, has_event: bool, reads_photos: bool) -> Part:
    value = read_as(PersonalRecorded, record) if reads_photos and record.value is not None else None
    photos = value.photos if value is not None else ()
    return Part(key_of(record), time_of(record), record.value is not None, photos, has_event)


def _ticket_of(record: Record) -> str | None:
    try:
        return parse_ticket(key_of(record).partition(":")[0])
    except ValueError:
        return None


def ticket_of_part(record: Record) -> str | None:
    """None where the key is none of ours."""
    ticket, _, part = key_of(record).partition(":")
    return ticket if part and _ticket_of(record) == ticket else None


def read_as(model: type[Model], record: Record) -> Model | None:
    """What nobody can read the services park; of its kind and its key all is known."""
    try:
        return model.model_validate_json(record.value or b"")
    except ValidationError:
        log.warning("janitor_cannot_read", partition=record.partition, offset=record.offset)
        return None
