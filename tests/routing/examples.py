"""What routing's tests start from: the delivered directory, a complaint, a case."""

from datetime import UTC, datetime
from functools import cache
from typing import Any
from uuid import UUID

from services.routing.app import rulebook_source
from services.routing.domain.case import Action, Case, Change, Deed, open_case
from services.routing.domain.rulebook import Rulebook
from services.routing.seeds import seed_entries
from shared.directory import Directory
from shared.events.cases import Role
from shared.events.complaints import ComplaintSubmitted
from shared.ids import draw_ticket, named_id

AT = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
"""A Tuesday, 10:00 WITA."""
IN_2025 = datetime(2025, 12, 31, 2, 0, tzinfo=UTC)
TICKET = "NTB-C833-HX1X-7X7V-TM"
SELONG = "52.03.07"


@cache
def the_directory() -> Directory:
    return Directory.of(*seed_entries(range(2018, 2029)))


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


def a_deed(action: Action, number: int = 1, *, text: str | None = "Sudah kami tangani", at: datetime = AT) -> Deed:
    return Deed(action, UUID(int=number), Role.OFFICER, "PUPR-52.03", text, at)
