"""An agency that ended hands its open cases to the one that took over; figures of the past stay where they were."""

from datetime import date, datetime

from services.routing.domain.clocks import run_clocks
from services.routing.domain.draft import RULE, Case, Change, Draft
from services.routing.domain.rulebook import Rulebook
from services.routing.domain.standing import UNFINISHED
from services.routing.domain.table import WAITING, WORKED_ON
from shared.events.case import SubCase
from shared.events.cases import CaseAssigned
from shared.ids import named_id
from shared.wita import day_of

SUCCESSOR = "successor"


def ended_bodies(rulebook: Rulebook, day: date) -> list[str]:
    """Those that are no more and have a successor that is there."""
    return [agency for agency in rulebook.agencies if successor_of(rulebook, agency, day) is not None]


def successor_of(rulebook: Rulebook, agency: str, day: date) -> str | None:
    """Who has its cases on the day, by and by; None while it is there itself, and where nobody took over."""
    known, seen = rulebook.agencies.get(agency), set[str]()
    while known is not None and not known.valid_on(day) and known.id not in seen:
        seen.add(known.id)
        known = rulebook.agencies.get(known.successor) if known.successor else None
    return known.id if known is not None and known.id != agency and known.valid_on(day) else None


def hand_over(case: Case, rulebook: Rulebook, at: datetime) -> Change:
    """The state stays, and so does every clock."""
    draft = Draft.of(case, RULE, named_id(case.ticket, SUCCESSOR, case.sequence), at, rulebook)
    run_clocks(draft)
    if draft.case.status in WORKED_ON | WAITING:
        _hand_over_whole(draft)
        for part in draft.case.parts:
            _hand_over_part(draft, part)
    return draft.finish()


def _hand_over_whole(draft: Draft) -> None:
    agency = draft.case.agency
    successor = successor_of(draft.rulebook, agency, day_of(draft.at)) if agency else None
    if successor is not None:
        draft.hold(successor)
        draft.change(agency=successor, officer=None)
        event_id = named_id(draft.ticket, agency, successor, draft.sequence)
        draft.emit(CaseAssigned, event_id=event_id, agency=successor, rule=SUCCESSOR)


def _hand_over_part(draft: Draft, part: SubCase) -> None:
    successor = successor_of(draft.rulebook, part.agency, day_of(draft.at))
    if successor is None or part.status not in UNFINISHED:
        return
    draft.change_part(part, agency=successor)
    event_id = named_id(part.case_id, part.agency, successor, draft.sequence)
    draft.emit(CaseAssigned, part=part.case_id, event_id=event_id, agency=successor, rule=SUCCESSOR)
