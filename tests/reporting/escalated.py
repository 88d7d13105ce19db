"""A complaint about a road that an agency accepted and then left, until the ladder came to the Ombudsman."""

from datetime import UTC, datetime
from typing import Any, Final

from services.reporting.domain.case import StoredCase
from services.reporting.domain.dossier import Dossier, make_dossier
from services.reporting.domain.projection import Erased, Told, project
from shared.directory import Directory
from shared.events.case import EscalationLevel, Holding, Pause, Promise, PromiseKind, Role, Status
from shared.events.cases import CaseAccepted, CaseAssigned, CaseEscalated, CaseOpened, PromiseBreached
from shared.events.directory import Agency, AgencyLevel, Category, Label, Option, Question, Region
from shared.events.envelope import CaseEnvelope
from shared.events.event import Language, Urgency
from shared.events.standards import ResolutionClass
from shared.ids import named_id
from tests.reporting.samples import (
    RECEIVED_AT,
    a_notice,
    a_personal_part,
    a_snapshot,
    a_standard,
    a_submission,
    a_supplement,
    hours,
    ticket,
)
from tests.reporting.samples import some_words as words_of

NOW: Final = datetime(2026, 4, 10, 2, 0, tzinfo=UTC)
"""A Friday, 10:00 WITA."""
DUE_AT: Final = datetime(2026, 3, 12, 8, 0, tzinfo=UTC)
"""Of the first follow-up: a Thursday, 16:00 WITA."""
OFFERED_AT: Final = datetime(2026, 3, 27, 8, 0, tzinfo=UTC)
TEXT: Final = "Jalan di depan Pasar Keruak berlubang sedalam lutut. Dua anak jatuh minggu ini."
SUPPLEMENT: Final = "Lubangnya sekarang dua kali lebih lebar."
ACCEPTANCE: Final = "Kami akan memeriksa lokasi minggu depan."


def follow_up_promise(**changes: Any) -> Promise:
    """Broken and not met, at the last step of the ladder."""
    same: dict[str, Any] = {
        "kind": PromiseKind.FIRST_FOLLOW_UP,
        "started_at": RECEIVED_AT + hours(1),
        "due_at": DUE_AT,
        "breached_at": DUE_AT,
        "escalations": 4,
    }
    return Promise(**(same | changes))


def resolution_promise(**changes: Any) -> Promise:
    """Open, and paused once."""
    same: dict[str, Any] = {
        "kind": PromiseKind.RESOLUTION,
        "started_at": RECEIVED_AT + hours(1),
        "due_at": datetime(2026, 6, 12, 8, 0, tzinfo=UTC),
        "pauses": (
            Pause(started_at=datetime(2026, 3, 6, 1, 0, tzinfo=UTC), ended_at=datetime(2026, 3, 9, 1, 0, tzinfo=UTC)),
        ),
    }
    return Promise(**(same | changes))


def an_event(model: type[CaseEnvelope], sequence: int, at: datetime, facts: dict[str, Any], **changes: Any) -> Any:
    """`changes` are the snapshot's; facts may also name the actor, the case id and the words."""
    same: dict[str, Any] = {
        "event_id": named_id(ticket(1), sequence),
        "ticket": ticket(1),
        "occurred_at": at,
        "case_id": ticket(1),
        "sequence": sequence,
        "actor": Role.CLOCK,
        "case": a_snapshot(**changes),
    }
    return model(**(same | facts))


def an_escalation(sequence: int, step: int, level: EscalationLevel, at: datetime, **changes: Any) -> CaseEnvelope:
    facts = {"promise": PromiseKind.FIRST_FOLLOW_UP, "step": step, "level": level, "holder": "PUPR-52.03"}
    return an_event(CaseEscalated, sequence, at, facts, **changes)


def until_the_governor() -> list[Told]:
    """All but the last step of the ladder."""
    begun = {
        "status": Status.ACCEPTED,
        "holdings": (Holding(agency="PUPR-52.03", since=RECEIVED_AT + hours(1)),),
        "promises": (follow_up_promise(escalations=3, escalates_at=OFFERED_AT), resolution_promise()),
    }
    officer = {"actor": Role.OFFICER, "actor_agency": "PUPR-52.03"}
    words = words_of(1, 3, ACCEPTANCE)
    breach = {"promise": PromiseKind.FIRST_FOLLOW_UP, "due_at": DUE_AT, "holder": "PUPR-52.03"}
    assignment = {"actor": Role.RULE, "agency": "PUPR-52.03", "rule": "road-class"}
    return [
        a_submission(1, answers={"road_class": "regency"}),
        a_personal_part(1, TEXT),
        words,
        an_event(CaseOpened, 1, RECEIVED_AT, {"actor": Role.RULE}, status=Status.RECEIVED, agency=None),
        an_event(CaseAssigned, 2, RECEIVED_AT + hours(1), assignment),
        an_event(CaseAccepted, 3, RECEIVED_AT + hours(6), officer | {"words": words.key}, **begun),
        an_event(PromiseBreached, 4, DUE_AT, breach, **begun),
        an_escalation(5, 1, EscalationLevel.AGENCY_HEAD, DUE_AT, **begun),
        an_escalation(6, 2, EscalationLevel.SEKDA, datetime(2026, 3, 16, 8, 0, tzinfo=UTC), **begun),
        an_escalation(7, 3, EscalationLevel.GOVERNOR, datetime(2026, 3, 19, 8, 0, tzinfo=UTC), **begun),
        a_notice(1, 2),
    ]


def the_offer(*promises: Promise, **changes: Any) -> CaseEnvelope:
    """The last step of the ladder."""
    same: dict[str, Any] = {
        "status": Status.ACCEPTED,
        "holdings": (Holding(agency="PUPR-52.03", since=RECEIVED_AT + hours(1)),),
        "promises": promises or (follow_up_promise(), resolution_promise()),
    }
    return an_escalation(8, 4, EscalationLevel.OMBUDSMAN, OFFERED_AT, **(same | changes))


def until_the_ombudsman() -> list[Told]:
    """With what the reporter added."""
    return [*until_the_governor(), the_offer(), a_personal_part(1, SUPPLEMENT, part="f-1"), a_supplement(1)]


def as_stored(*records: Told | Erased) -> StoredCase:
    """What the store gives back of ticket 1."""
    projection = project((ticket(1), record) for record in records)[ticket(1)]
    return StoredCase(
        ticket=ticket(1),
        submission=projection.submission,
        head=projection.head,
        history=projection.history,
        personal=projection.personal,
        words=projection.words,
        follow_ups=projection.follow_ups,
        notices=projection.notices,
    )


def a_dossier(*records: Told | Erased, language: Language = Language.INDONESIAN) -> Dossier:
    dossier = make_dossier(as_stored(*records), a_named_directory(), language, NOW)
    assert dossier is not None
    return dossier


def a_named_directory() -> Directory:
    """One agency, one category with a question, three regions, one standard."""
    return Directory.of(
        Agency(
            id="PUPR-52.03",
            name=Label(id="Dinas PUPR Kabupaten Lombok Timur", en="Public Works Agency, Lombok Timur"),
            level=AgencyLevel.REGENCY,
            region="52.03",
        ),
        Category(
            id="road.damage",
            name=Label(id="Jalan rusak", en="Damaged road"),
            urgency=Urgency.IMPORTANT,
            resolution=ResolutionClass.FIELD,
            questions=(
                Question(
                    code="road_class",
                    text=Label(id="Jalan apakah ini?", en="Which kind of road is it?"),
                    options=(Option(code="regency", label=Label(id="Jalan kabupaten", en="Road of the regency")),),
                ),
            ),
        ),
        Region(id="52.03", name="Lombok Timur", level="regency"),
        Region(id="52.03.01", name="Keruak", level="district"),
        Region(id="52.03.01.2001", name="Sepit", level="village"),
        a_standard(),
    )
