"""From what somebody sent to the events that say it: pure, the clock and the directory are arguments."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from shared.events.complaints import ComplaintSubmitted, Mandate, Proxy
from shared.events.directory import Agency, Category, Client, ClientRole, Region
from shared.events.event import Language, Urgency, region_levels
from shared.events.notices import Channel
from shared.events.personal import PersonalRecorded, Subject
from shared.ids import named_id
from shared.wita import day_of

_PUBLIC: Final = "public"


@dataclass(frozen=True)
class Place:
    """Where it is: at least one of the three."""

    latitude: float | None = None
    longitude: float | None = None
    region: str | None = None
    address: str | None = None


@dataclass(frozen=True)
class Person:
    """Who says so."""

    name: str | None = None
    email: str | None = None
    phone: str | None = None
    language: Language = Language.INDONESIAN
    prefers: Channel | None = None

    @property
    def reachable(self) -> bool:
        return bool(self.email or self.phone)


@dataclass(frozen=True)
class FiledFor:
    """For whom somebody else files, and by what right."""

    kind: Proxy
    mandate: Mandate
    subject: Subject


@dataclass(frozen=True)
class Complaint:
    """What was sent, well-formed but not yet held against the directory."""

    category: str
    text: str
    place: Place
    digest: str
    """SHA-256 of all that was sent, hexadecimal."""
    answers: Mapping[str, str]
    about: str | None = None
    reporter: Person | None = None
    anonymous: bool = False
    confidential: bool = False
    incident_at: datetime | None = None
    channel: str | None = None
    received_at: datetime | None = None
    filed_for: FiledFor | None = None
    source: str | None = None
    """Where an operator has it from."""
    photos: tuple[str, ...] = ()
    """Names: as they were sent, and in what is published as the ticket's own."""
    suggested: str | None = None
    """The category that the form suggested from the words."""
    entrance: str = "api"
    """What the channel is where none is named."""


@dataclass(frozen=True)
class Known:
    """What it is held against."""

    categories: Mapping[str, Category]
    agencies: Mapping[str, Agency]
    regions: Mapping[str, Region]
    region_at: Callable[[float, float], str | None]
    cell_of: Callable[[float, float], str]


def category_of(complaint: Complaint, known: Known, now: datetime) -> Category | None:
    """The one that was named or, where that ended, the one that it redirects to."""
    day, name, seen = day_of(complaint.received_at or now), complaint.category, set[str]()
    while (category := known.categories.get(name)) is not None and not category.valid_on(day) and name not in seen:
        seen.add(name)
        name = category.redirect or ""
    return category if category is not None and category.valid_on(day) else None


def is_urgent(complaint: Complaint, known: Known, now: datetime) -> bool:
    """By its category and what was answered; what it names is not held against anything else."""
    category = category_of(complaint, known, now)
    return category is not None and category.urgency_for(answers_to(category, complaint)) is Urgency.URGENT


def answers_to(category: Category, complaint: Complaint) -> dict[str, str]:
    """What was answered; of another category's questions, what this one asks too."""
    if category.id == complaint.category:
        return dict(complaint.answers)
    asked = {question.code: {option.code for option in question.options} for question in category.questions}
    return {code: answer for code, answer in complaint.answers.items() if answer in asked.get(code, ())}


def submit(
    complaint: Complaint, ticket: str, known: Known, *, client: Client | None, at: datetime
) -> tuple[PersonalRecorded, ComplaintSubmitted]:
    """The personal part and the facts of a complaint without faults, to be published in this order."""
    event_id = named_id(ticket, complaint.digest, "submitted")
    part = f"s-{complaint.digest[:16]}"
    category, place = category_of(complaint, known, at) or known.categories[complaint.category], complaint.place
    reporter = complaint.reporter or Person()
    received_at = complaint.received_at or at
    facts = ComplaintSubmitted(
        event_id=event_id,
        ticket=ticket,
        occurred_at=at,
        digest=complaint.digest,
        part=part,
        category=category.id,
        region=locate(place, known),
        cell=_cell(place, known),
        answers=answers_to(category, complaint),
        about=complaint.about,
        anonymous=complaint.anonymous or category.anonymous,
        confidential=complaint.confidential or category.confidential,
        channel=complaint.channel or complaint.entrance,
        client=client.id if client else _PUBLIC,
        language=reporter.language,
        has_contact=reporter.reachable,
        incident_at=complaint.incident_at,
        received_at=received_at,
        historical=_is_historical(received_at, client, at),
        proxy=complaint.filed_for.kind if complaint.filed_for else None,
        mandate=complaint.filed_for.mandate if complaint.filed_for else None,
        photos=len(complaint.photos),
        suggested=complaint.suggested,
    )
    return _personal(complaint, reporter, facts), facts


def _personal(complaint: Complaint, reporter: Person, facts: ComplaintSubmitted) -> PersonalRecorded:
    return PersonalRecorded(
        event_id=named_id(facts.ticket, facts.part),
        ticket=facts.ticket,
        occurred_at=facts.occurred_at,
        part=facts.part,
        text=complaint.text,
        language=reporter.language,
        name=reporter.name,
        email=reporter.email,
        phone=reporter.phone,
        prefers=reporter.prefers,
        latitude=complaint.place.latitude,
        longitude=complaint.place.longitude,
        address=complaint.place.address,
        subject=complaint.filed_for.subject if complaint.filed_for else None,
        source=complaint.source,
        photos=complaint.photos,
    )


def locate(place: Place, known: Known) -> str | None:
    """The finest region known: the point's, unless the sender named one that the point's is not inside."""
    found = None
    if place.latitude is not None and place.longitude is not None:
        found = known.region_at(place.latitude, place.longitude)
    if found is None or place.region is None:
        return found or place.region
    return found if place.region in region_levels(found) else place.region


def _cell(place: Place, known: Known) -> str | None:
    if place.latitude is None or place.longitude is None:
        return None
    return known.cell_of(place.latitude, place.longitude)


def _is_historical(received_at: datetime, client: Client | None, now: datetime) -> bool:
    """Entered afterwards by an operator: it came on an earlier day."""
    entered = client is not None and client.role is ClientRole.OPERATOR
    return entered and day_of(received_at) < day_of(now)
