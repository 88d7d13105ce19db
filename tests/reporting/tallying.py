"""Stored cases to tally, and their figures told shortly."""

from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from services.reporting.domain.case import Head, Step, StoredCase
from services.reporting.domain.definitions import Definitions
from services.reporting.domain.tallies import Tallied, tally
from services.reporting.shipped import shipped_definitions
from shared.events.case import CaseSnapshot, Holding
from tests.reporting.samples import RECEIVED_AT, hours, ticket

DEFINITIONS: Final[Definitions] = shipped_definitions()


def first_definitions() -> Definitions:
    """Version 1, as generations hold it that were filled by it: theirs stay as they were."""
    return Definitions.model_validate_json(Path(__file__).with_name("definitions_1.json").read_text(encoding="utf-8"))


def a_stored_case(case: CaseSnapshot, *steps: Step) -> StoredCase:
    head = Head(
        sequence=max(1, len(steps)),
        at=RECEIVED_AT,
        public=not case.confidential,
        day="2026-03-05",
        regions=[],
        case=case.model_dump(mode="json"),
    )
    return StoredCase(ticket=ticket(1), head=head, history=dict(enumerate(steps, 1)))


def a_holding(agency: str, since: float, until: float | None = None) -> Holding:
    """Hours are since receipt."""
    return Holding(
        agency=agency, since=RECEIVED_AT + hours(since), until=None if until is None else RECEIVED_AT + hours(until)
    )


def a_turn(after: float, agency: str | None, status: str, kind: str = "case.progressed.v1", **facts: Any) -> Step:
    """Hours are since receipt; `actor_agency` may be among the facts."""
    return Step(
        case_id=ticket(1),
        type=kind,
        at=RECEIVED_AT + timedelta(hours=after),
        event_id="e",
        actor="officer",
        actor_agency=facts.pop("actor_agency", None),
        agency=agency,
        status=status,
        words=None,
        facts=facts,
    )


def counted(stored: StoredCase) -> dict[str, set[str]]:
    """Figures by agency; `-` is nobody."""
    return {tally.agency or "-": set(tally.figures) for tally in tallied(stored).tallies}


def tallied(stored: StoredCase) -> Tallied:
    return tally(stored, DEFINITIONS)
