"""Events, tickets and a directory to make test data from. What a test is about stands in the test."""

from datetime import UTC, date, datetime, timedelta
from typing import Any, Final
from uuid import UUID, uuid4

from services.reporting.domain.projection import Told
from shared.directory import Directory
from shared.events.case import CaseSnapshot, Promise, PromiseKind, Role, Status
from shared.events.cases import CaseAccepted, CaseAssigned, CaseOpened, CaseProgressed, CaseResolved
from shared.events.complaints import ComplaintErased, ComplaintSubmitted, ComplaintSupplemented, ErasureReason
from shared.events.directory import Agency, AgencyLevel, Category, Label, Region
from shared.events.envelope import CaseEnvelope, UnknownCaseEvent
from shared.events.event import Urgency
from shared.events.notices import NoticeKind, NoticeSent, Recipient
from shared.events.personal import PersonalRecorded
from shared.events.standards import ResolutionClass, Standard
from shared.events.words import WordsKind, WordsRecorded
from shared.ids import draw_ticket, named_id, tracking_code

RECEIVED_AT: Final = datetime(2026, 3, 5, 1, 30, tzinfo=UTC)
"""A Thursday, 09:30 WITA."""
TRACKING_KEYS: Final = {"K": b"secret-of-tests"}


def ticket(number: int) -> str:
    return draw_ticket(b"secret-of-tests", "public", UUID(int=number))


def code_of(number: int) -> dict[str, str]:
    return {"X-Tracking-Code": tracking_code(TRACKING_KEYS, "K", ticket(number))}


def hours(number: float) -> timedelta:
    return timedelta(hours=number)


def a_snapshot(**changes: Any) -> CaseSnapshot:
    """An ordinary case about a damaged road that PUPR of Lombok Timur has."""
    same: dict[str, Any] = {
        "status": Status.ASSIGNED,
        "category": "road.damage",
        "region": "52.03.01.2001",
        "agency": "PUPR-52.03",
        "urgency": Urgency.IMPORTANT,
        "received_at": RECEIVED_AT,
    }
    return CaseSnapshot(**(same | changes))


def a_promise(kind: PromiseKind, due_after: float, met_after: float | None = None) -> Promise:
    """Hours are since receipt."""
    met_at = None if met_after is None else RECEIVED_AT + hours(met_after)
    return Promise(kind=kind, started_at=RECEIVED_AT, due_at=RECEIVED_AT + hours(due_after), met_at=met_at)


def followed_up(met_after: float = 24) -> tuple[Promise, ...]:
    return (a_promise(PromiseKind.FIRST_FOLLOW_UP, 120, met_after),)


_MODELS: Final = {
    "opened": CaseOpened,
    "accepted": CaseAccepted,
    "progressed": CaseProgressed,
    "resolved": CaseResolved,
}


def a_step(number: int, sequence: int, kind: str = "opened", **changes: Any) -> CaseEnvelope:
    """The case event of this sequence, an hour after the one before; `changes` are the snapshot's."""
    of_ticket = ticket(number)
    same: dict[str, Any] = {
        "event_id": named_id(of_ticket, sequence),
        "ticket": of_ticket,
        "occurred_at": changes.pop("occurred_at", RECEIVED_AT + hours(sequence)),
        "case_id": changes.pop("case_id", of_ticket),
        "sequence": sequence,
        "actor": Role.OFFICER,
        "words": changes.pop("words", None),
        "case": a_snapshot(**changes),
    }
    if kind == "assigned":
        return CaseAssigned(**same, agency=same["case"].agency, rule="road-class")
    if kind in _MODELS:
        return _MODELS[kind](**same)
    return UnknownCaseEvent(**same, type=kind)


def a_submission(number: int, **changes: Any) -> ComplaintSubmitted:
    same: dict[str, Any] = {
        "event_id": named_id(ticket(number), "submitted"),
        "ticket": ticket(number),
        "occurred_at": RECEIVED_AT,
        "digest": "d1",
        "part": "p1",
        "category": "road.damage",
        "region": "52.03.01.2001",
        "answers": {"class": "regency"},
        "received_at": RECEIVED_AT,
    }
    return ComplaintSubmitted(**(same | changes))


def a_personal_part(
    number: int, text: str = "Jalan berlubang di depan pasar", part: str = "p1", **person: Any
) -> PersonalRecorded:
    known = {"event_id": uuid4(), "ticket": ticket(number), "occurred_at": RECEIVED_AT, "part": part, "text": text}
    return PersonalRecorded(**known, **person)


def a_supplement(number: int, part: str = "f-1") -> ComplaintSupplemented:
    return ComplaintSupplemented(
        event_id=named_id(ticket(number), part), ticket=ticket(number), occurred_at=RECEIVED_AT + hours(48), part=part
    )


def an_erasure(number: int) -> ComplaintErased:
    return ComplaintErased(
        event_id=named_id(ticket(number), "erased"),
        ticket=ticket(number),
        occurred_at=RECEIVED_AT + hours(50),
        reason=ErasureReason.ASKED,
    )


def some_words(number: int, sequence: int, text: str = "Sudah kami tambal") -> WordsRecorded:
    """Those of the case event of this sequence."""
    return WordsRecorded(
        event_id=named_id(ticket(number), sequence),
        ticket=ticket(number),
        occurred_at=RECEIVED_AT,
        kind=WordsKind.PROGRESS,
        text=text,
    )


def a_notice(number: int, sequence: int) -> NoticeSent:
    return NoticeSent(
        event_id=named_id(ticket(number), sequence, "notice"),
        ticket=ticket(number),
        occurred_at=RECEIVED_AT + hours(sequence),
        cause=named_id(ticket(number), sequence),
        kind=NoticeKind.ASSIGNED,
        recipient=Recipient.REPORTER,
        attempts=1,
    )


def a_lifecycle(number: int, **changes: Any) -> list[Told]:
    """All records of a complaint that was opened, assigned, followed up and resolved."""
    promises, words = followed_up(), some_words(number, 3)
    steps = [
        a_step(number, 1, "opened", **changes | {"status": Status.RECEIVED, "agency": None}),
        a_step(number, 2, "assigned", **changes),
        a_step(
            number, 3, "progressed", words=words.key, **changes | {"status": Status.IN_PROGRESS, "promises": promises}
        ),
        a_step(number, 4, "resolved", **changes | {"status": Status.RESOLVED, "promises": promises}),
    ]
    return [a_submission(number), a_personal_part(number), words, *steps, a_notice(number, 2)]


def of_ticket(*records: Told) -> list[tuple[str, Told]]:
    return [(record.ticket, record) for record in records]


def a_category(name: str) -> Category:
    return Category(
        id=name,
        name=Label(id=f"id {name}", en=f"en {name}"),
        urgency=Urgency.ORDINARY,
        resolution=ResolutionClass.FIELD,
    )


def an_agency(name: str, **changes: Any) -> Agency:
    same: dict[str, Any] = {
        "id": name,
        "name": Label(id=f"id {name}", en=f"en {name}"),
        "level": AgencyLevel.REGENCY,
        "region": "52.03",
    }
    return Agency(**(same | changes))


def a_standard() -> Standard:
    return Standard(
        id="52",
        response={urgency: hours(24) for urgency in Urgency},
        verification_days=3,
        first_follow_up_days=5,
        resolution_days={ResolutionClass.SIMPLE: 5, ResolutionClass.OFFICE: 14, ResolutionClass.FIELD: 60},
    )


def a_directory() -> Directory:
    """A standard, two agencies and the one that PUPR-PERKIM came from, three categories, two regencies."""
    return Directory.of(
        an_agency("PUPR-52.03"),
        an_agency("DINSOS-P3A", level=AgencyLevel.PROVINCE, region="52"),
        an_agency("PUPR-PERKIM", level=AgencyLevel.PROVINCE, region="52", valid_from=date(2026, 1, 2)),
        an_agency("PUPR", region="52", successor="PUPR-PERKIM", valid_before=date(2026, 1, 2)),
        an_agency("PERKIM", region="52", successor="PUPR-PERKIM", valid_before=date(2026, 1, 2)),
        *(a_category(name) for name in ("road.damage", "env.waste", "social.violence")),
        a_standard(),
        Region(id="52", name="Nusa Tenggara Barat", level="province"),
        Region(id="52.02", name="Lombok Tengah", level="regency"),
        Region(id="52.03", name="Lombok Timur", level="regency"),
        Region(id="52.03.01", name="Keruak", level="district"),
        Region(id="52.03.02", name="Sakra", level="district"),
        Region(id="52.03.01.2001", name="Sepit", level="village"),
    )
