"""What routing's tests start from: the delivered directory, a complaint, a case."""

from dataclasses import replace
from datetime import UTC, date, datetime
from functools import cache
from typing import Any
from uuid import UUID

from services.routing.domain.agency import Accept
from services.routing.domain.case import By, act, open_case
from services.routing.domain.deeds import Deed
from services.routing.domain.draft import Actor, Case, Change
from services.routing.domain.rulebook import Rulebook
from services.routing.rulebooks import rulebook_source
from services.routing.seeds import seed_entries
from shared.directory import Directory
from shared.events.case import CaseSnapshot, Role
from shared.events.complaints import ComplaintSubmitted
from shared.events.directory import Absence, Officer
from shared.ids import draw_ticket, named_id

AT = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
"""A Tuesday, 10:00 WITA."""
IN_2025 = datetime(2025, 12, 31, 2, 0, tzinfo=UTC)
TICKET = "NTB-C833-HX1X-7X7V-TM"
SELONG = "52.03.07"


OFFICERS = (
    Officer(id="ani", name="Ani", agency="PUPR-52.03"),
    Officer(
        id="dedi",
        name="Dedi",
        agency="PUPR-52.03",
        absences=(Absence(absent_from=date(2026, 11, 23), absent_before=date(2026, 11, 28), stand_in="ani"),),
    ),
)


@cache
def the_directory() -> Directory:
    return Directory.of(*seed_entries(range(2018, 2029)), *OFFICERS)


@cache
def the_rulebook() -> Rulebook:
    return rulebook_source(the_directory(), [])()


def a_complaint(ticket: str = TICKET, **fields: Any) -> ComplaintSubmitted:
    defaults: dict[str, Any] = {
        "event_id": named_id(ticket, "submitted"),
        "ticket": ticket,
        "occurred_at": AT,
        "digest": "d" * 64,
        "part": "s-1",
        "category": "road.damage",
        "region": SELONG,
        "answers": {"road_class": "regency"},
        "received_at": fields.get("received_at", AT),
        "has_contact": True,
    }
    return ComplaintSubmitted(**defaults | fields)


def a_ticket(number: int) -> str:
    return draw_ticket(b"tests", "public", UUID(int=number))


def an_opening(ticket: str = TICKET, **fields: Any) -> Change:
    return open_case(a_complaint(ticket, **fields), the_rulebook(), AT)


def an_assigned_case() -> Case:
    return an_opening().case


PUPR = Actor(Role.OFFICER, "ani", "PUPR-52.03")
SETDA = Actor(Role.COORDINATOR, "budi", "BIRO-ORGANISASI")


def by(actor: Actor = PUPR, number: int = 1, *, at: datetime = AT) -> By:
    return By(actor, UUID(int=number), at)


def done(case: Case, *deeds: Deed, actor: Actor = PUPR, at: datetime = AT) -> Change:
    """The last change of doing them one after another."""
    change = Change(case)
    for deed in deeds:
        change = act(change.case, deed, By(actor, named_id(change.case.sequence, deed.action), at), the_rulebook())
    return change


def an_accepted_case() -> Case:
    return done(an_assigned_case(), Accept()).case


def standing(**fields: Any) -> Case:
    """An assigned case of which something is different."""
    case = an_assigned_case()
    return replace(case, snapshot=CaseSnapshot.model_validate(case.snapshot.model_dump() | fields))
