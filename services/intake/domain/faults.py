"""What is wrong with a complaint: pure, the clock and the directory are arguments."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Self

from services.intake.domain.complaints import Complaint, Known, Place, answers_to, category_of
from shared.events.directory import Client, ClientRole
from shared.events.event import regency_of

_SKEW: Final = timedelta(minutes=5)
"""So far a sender's clock may be ahead."""
_INTEGRATOR_DELAY: Final = timedelta(days=7)
"""What an integrator received longer ago is entered by an operator."""

Fault = tuple[str, str]
"""The dotted path of a field, and what is wrong with it."""


@dataclass(frozen=True)
class Needed:
    """What a complaint must have at least, besides a category and a place."""

    letters: int = 10
    """Of its text."""
    name: bool = True
    """Of who says so, unless it is anonymous."""
    photo: bool = True
    """Where the category requires one."""

    @classmethod
    def of(cls, *, urgent: bool, disaster: bool) -> Self:
        """In a disaster who reports an emergency has a few words and no time."""
        return cls(letters=3, name=False, photo=False) if urgent and disaster else cls()


AS_USUAL: Final = Needed()


def find_faults(
    complaint: Complaint, known: Known, client: Client | None, now: datetime, *, needed: Needed = AS_USUAL
) -> list[Fault]:
    """Everything that is wrong with it, field by field."""
    return [
        *_category_faults(complaint, known, now),
        *_text_faults(complaint, needed),
        *_photo_faults(complaint, known, client, now, needed=needed),
        *_place_faults(complaint.place, known),
        *_time_faults(complaint, client, now),
        *_person_faults(complaint, known, needed),
        *_token_faults(complaint, client),
    ]


def _category_faults(complaint: Complaint, known: Known, now: datetime) -> Iterator[Fault]:
    category = category_of(complaint, known, now)
    if category is None:
        yield "category", "is not a category; GET /v1/complaints/options lists them"
        return
    if complaint.suggested is not None and complaint.suggested not in known.categories:
        yield "suggested", "is not a category"
    questions = {question.code: question for question in category.questions}
    for code, answer in answers_to(category, complaint).items():
        if code not in questions:
            yield f"answers.{code}", f"is not a question of {category.id}"
        elif answer not in (options := [option.code for option in questions[code].options]):
            yield f"answers.{code}", f"must be one of: {', '.join(options)}"


def _text_faults(complaint: Complaint, needed: Needed) -> Iterator[Fault]:
    if len(complaint.text) < needed.letters:
        yield "text", f"should have at least {needed.letters} characters"


def _photo_faults(
    complaint: Complaint, known: Known, client: Client | None, now: datetime, *, needed: Needed
) -> Iterator[Fault]:
    """Integrators and operators enter what came in other ways."""
    category = category_of(complaint, known, now)
    if needed.photo and client is None and category is not None and category.photo_required and not complaint.photos:
        yield "photos", f"at least one is needed for {category.id}"


def _place_faults(place: Place, known: Known) -> Iterator[Fault]:
    if place.region is not None and place.region not in known.regions:
        yield "location.region", "is not a region of Nusa Tenggara Barat"
    if place.latitude is None or place.longitude is None:
        return
    found = known.region_at(place.latitude, place.longitude)
    if found is None:
        yield "location", "the point lies outside Nusa Tenggara Barat"
    elif place.region in known.regions and regency_of(found) != (regency_of(place.region) or regency_of(found)):
        yield "location", f"the point lies in {regency_of(found)}, not in {place.region}"


def _time_faults(complaint: Complaint, client: Client | None, now: datetime) -> Iterator[Fault]:
    for field, moment in (("occurred_at", complaint.incident_at), ("received_at", complaint.received_at)):
        if moment is not None and moment > now + _SKEW:
            yield field, "lies in the future"
    late = complaint.received_at is not None and now - complaint.received_at > _INTEGRATOR_DELAY
    if late and client is not None and client.role is ClientRole.INTEGRATOR:
        yield "received_at", "lies more than 7 days back, which takes an operator's token"


def _person_faults(complaint: Complaint, known: Known, needed: Needed) -> Iterator[Fault]:
    if complaint.about is not None and complaint.about not in known.agencies:
        yield "about", "is not a known body"
    if complaint.reporter is not None and complaint.reporter.name:
        return
    if complaint.filed_for is not None:
        # Anonymous or not: a mandate that nobody has is none. The agency sees neither name where it is anonymous.
        yield "reporter.name", "is needed where somebody files for somebody else"
    elif needed.name and not complaint.anonymous:
        yield "reporter.name", "is needed unless the complaint is anonymous"


def _token_faults(complaint: Complaint, client: Client | None) -> Iterator[Fault]:
    role = client.role if client is not None else None
    if complaint.source is not None and role is not ClientRole.OPERATOR:
        yield "source", "takes an operator's token"
    if role in {ClientRole.INTEGRATOR, ClientRole.OPERATOR}:
        return
    for field, value in (("channel", complaint.channel), ("received_at", complaint.received_at)):
        if value is not None:
            yield field, "takes an integrator's or an operator's token"
