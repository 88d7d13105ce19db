"""What notification's tests start from: one complaint, what was said of it, and the delivery that follows."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from services.notification.domain.contacts import Contact, Person
from services.notification.domain.deliveries import CaseFacts, Delivery, Due
from services.notification.domain.judging import Retry, Rules
from services.notification.domain.kinds import Kind
from services.notification.domain.known import Known
from services.notification.domain.offices import Offices
from services.notification.settings import Settings
from shared.directory import Directory
from shared.events.case import CaseSnapshot, Promise, PromiseKind, Role, Status
from shared.events.cases import CaseAssigned, CaseOpened, CaseResolved
from shared.events.complaints import ComplaintErased, ComplaintSubmitted, ContactChanged, ErasureReason
from shared.events.directory import Agency, AgencyLevel, Category, Label, Region
from shared.events.event import Language, Urgency
from shared.events.notices import Channel, NoticeKind, Recipient
from shared.events.personal import PersonalRecorded
from shared.events.standards import ResolutionClass
from shared.events.words import WordsKind, WordsRecorded
from shared.ids import draw_ticket, named_id

AT = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
"""A Tuesday, 10:00 WITA."""
TICKET = "NTB-C833-HX1X-7X7V-TM"
AGENCY = "PUPR-52.03"
AGENCY_ADDRESS = "aduan@pupr-lotim.example"
REPORTER_ADDRESS = "siti@example.id"
WRITTEN = "Jalan sudah ditambal."
BY_PHONE = Retry(timedelta(seconds=15), timedelta(minutes=15), timedelta(days=1))

RULES = Rules(
    old_after=timedelta(days=7),
    wait_at_most=timedelta(seconds=60),
    retries={channel: BY_PHONE if channel in {Channel.SMS, Channel.WHATSAPP} else Retry() for channel in Channel},
    address_secret=b"secret",
    enabled=frozenset({Channel.EMAIL, Channel.SMS, Channel.WHATSAPP}),
)


def a_ticket(number: int) -> str:
    return draw_ticket(b"tests", "public", UUID(int=number))


def settings(**fields: Any) -> Settings:
    known: dict[str, Any] = {
        "address_secret": "secret",
        "link_secret": "link",
        "tracking_secrets": {"1": "tracking"},
        "public_url": "https://care.example",
        # At whatever hour: what the hours do is tested where it is said so.
        "timing": {"quiet_from": None, "digests": [], "most_an_hour": 1_000},
    }
    return Settings.model_validate(known | fields)


def the_offices() -> Offices:
    directory = a_directory()
    return Offices(directory.agencies, directory.officers)


def what_is_known(contact: Contact | None = None, **fields: Any) -> Known:
    return Known(contact=contact or Contact(), offices=the_offices(), **fields)


def envelope(sequence: int, status: Status, ticket: str = TICKET, **case: Any) -> dict[str, Any]:
    """What every case event is made with."""
    return _envelope(ticket, sequence, AT) | {"actor": Role.OFFICER, "case": a_snapshot(status, **case)}


def a_directory() -> Directory:
    return Directory.of(
        Agency(
            id=AGENCY,
            name=Label(id="Dinas PUPR Lombok Timur", en="Public Works of East Lombok"),
            level=AgencyLevel.REGENCY,
            region="52.03",
            email=AGENCY_ADDRESS,
        ),
        Category(
            id="road.damage",
            name=Label(id="Jalan rusak", en="Damaged road"),
            urgency=Urgency.IMPORTANT,
            resolution=ResolutionClass.FIELD,
        ),
        Region(id="52.03", name="Lombok Timur", level="regency"),
        Region(id="52.03.07", name="Selong", level="district"),
    )


def a_submission(ticket: str = TICKET, part: str = "s-1") -> ComplaintSubmitted:
    return ComplaintSubmitted(
        event_id=named_id(ticket, part, "submitted"),
        ticket=ticket,
        occurred_at=AT,
        digest=part,
        part=part,
        category="road.damage",
        has_contact=True,
        received_at=AT,
    )


def a_person(ticket: str = TICKET, part: str = "s-1", **fields: Any) -> PersonalRecorded:
    known: dict[str, Any] = {"email": REPORTER_ADDRESS, "name": "Siti Aminah", "text": "Lubang besar di depan sekolah."}
    recorded = {"event_id": named_id(ticket, part, "personal"), "ticket": ticket, "occurred_at": AT, "part": part}
    return PersonalRecorded(**recorded, **known | fields)


def an_erasure(ticket: str) -> ComplaintErased:
    event_id = named_id(ticket, "erased")
    return ComplaintErased(event_id=event_id, ticket=ticket, occurred_at=AT, reason=ErasureReason.ASKED)


def a_new_contact(part: str, hours: int) -> ContactChanged:
    """Of the one ticket."""
    at = AT + timedelta(hours=hours)
    return ContactChanged(event_id=named_id(part), ticket=TICKET, occurred_at=at, part=part, has_contact=True)


def a_snapshot(status: Status, **fields: Any) -> CaseSnapshot:
    known: dict[str, Any] = {
        "status": status,
        "category": "road.damage",
        "region": "52.03.07",
        "agency": None if status is Status.RECEIVED else AGENCY,
        "urgency": Urgency.IMPORTANT,
        "has_contact": True,
        "received_at": AT,
        "promises": (
            Promise(kind=PromiseKind.RESPONSE, started_at=AT, due_at=AT + timedelta(days=1)),
            Promise(kind=PromiseKind.VERIFICATION, started_at=AT, due_at=AT + timedelta(days=3), met_at=AT),
            Promise(kind=PromiseKind.RESOLUTION, started_at=AT, due_at=AT + timedelta(days=20, hours=6)),
        ),
    }
    return CaseSnapshot(**known | fields)


def an_opening(ticket: str = TICKET, at: datetime = AT, **case: Any) -> CaseOpened:
    return CaseOpened(**_envelope(ticket, 1, at), actor=Role.RULE, case=a_snapshot(Status.RECEIVED, **case))


def an_assignment(ticket: str = TICKET, at: datetime = AT, **case: Any) -> CaseAssigned:
    snapshot = a_snapshot(Status.ASSIGNED, **case)
    return CaseAssigned(**_envelope(ticket, 2, at), actor=Role.RULE, case=snapshot, agency=AGENCY, rule="road")


def a_resolution(ticket: str = TICKET, at: datetime = AT, **case: Any) -> CaseResolved:
    envelope = _envelope(ticket, 3, at)
    words = f"{ticket}:{envelope['event_id']}"
    return CaseResolved(**envelope, actor=Role.OFFICER, words=words, case=a_snapshot(Status.RESOLVED, **case))


def the_words(kind: WordsKind = WordsKind.RESOLUTION, ticket: str = TICKET) -> WordsRecorded:
    event_id = a_resolution(ticket).event_id
    return WordsRecorded(event_id=event_id, ticket=ticket, occurred_at=AT, kind=kind, text=WRITTEN)


def a_delivery(
    kind: Kind = NoticeKind.RECEIVED, number: int = 0, facts: CaseFacts | None = None, **fields: Any
) -> Delivery:
    recipient = Recipient.AGENCY if kind is NoticeKind.NEW_CASE else Recipient.REPORTER
    known: dict[str, Any] = {
        "id": named_id(kind, number),
        "ticket": a_ticket(number),
        "kind": kind,
        "recipient": recipient,
        "agency": None if kind is NoticeKind.RECEIVED else AGENCY,
        "told": AGENCY if recipient is Recipient.AGENCY else None,
        "cause": named_id(kind, number, "cause"),
        "occurred_at": AT,
        "facts": facts or the_facts(),
        "words": None,
        "created_at": AT,
    }
    return Delivery(**known | fields)


def the_facts(**fields: Any) -> CaseFacts:
    known: dict[str, Any] = {
        "category": "road.damage",
        "region": "52.03.07",
        "urgency": Urgency.IMPORTANT,
        "language": Language.INDONESIAN,
        "received_at": AT,
        "anonymous": False,
        "confidential": False,
        "historical": False,
        "due": (
            Due(PromiseKind.RESPONSE, AT + timedelta(days=1)),
            Due(PromiseKind.RESOLUTION, AT + timedelta(days=20, hours=6)),
        ),
    }
    return CaseFacts(**known | fields)


def a_contact(language: Language = Language.INDONESIAN, **fields: Any) -> Contact:
    person = Person(REPORTER_ADDRESS, "Siti Aminah", language)
    known: dict[str, Any] = {"part": "s-1", "people": {"s-1": person}}
    return Contact(**known | fields)


def _envelope(ticket: str, sequence: int, at: datetime) -> dict[str, Any]:
    return {
        "event_id": named_id(ticket, sequence),
        "ticket": ticket,
        "occurred_at": at,
        "case_id": ticket,
        "sequence": sequence,
    }
