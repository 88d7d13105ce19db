"""What was due before a moment: breaches, steps of the ladder, the end of a silence. Each happens once."""

from collections.abc import Callable, Iterator
from datetime import datetime
from functools import partial
from typing import Final
from uuid import UUID

from services.routing.domain.draft import CLOCK, Case, Change, Draft
from services.routing.domain.promises import breach, due_next, escalate
from services.routing.domain.rulebook import Rulebook
from shared.events.case import CaseSnapshot, EscalationLevel, Promise, Status
from shared.events.cases import CaseClosed, CaseEscalated, PromiseBreached
from shared.ids import named_id

SILENCE: Final = "silence"
Due = tuple[datetime, Callable[[Draft], None]]


def next_due(case: CaseSnapshot) -> datetime | None:
    """The next moment after which something must happen by itself."""
    times = [moment for moment, _ in _due(case)]
    return min(times) if times else None


def run_clocks(draft: Draft) -> None:
    """Do all that was due before the draft's moment, the earliest first. What is due at that very moment is in time."""
    actor, draft.actor = draft.actor, CLOCK
    while (due := min(_due(draft.case), key=lambda due: due[0], default=None)) and due[0] < draft.at:
        due[1](draft)
    draft.actor = actor


def sweep(case: Case, at: datetime, rulebook: Rulebook) -> Change:
    """The case with all that was due before then."""
    draft = Draft.of(case, CLOCK, UUID(int=0), at, rulebook)
    run_clocks(draft)
    return draft.finish()


def _due(case: CaseSnapshot) -> Iterator[Due]:
    """What was entered afterwards has no clock that could break: it would be late by nature."""
    if case.status is Status.RESOLVED and case.closes_at is not None:
        yield case.closes_at, _close
    for promise in () if case.historical else case.promises:
        moment = due_next(promise)
        if moment is not None:
            yield moment, partial(_break if promise.breached_at is None else _climb, promise=promise)


def _close(draft: Draft) -> None:
    event_id = named_id(draft.ticket, SILENCE, draft.case.closes_at)
    draft.change(status=Status.CLOSED)
    draft.emit(CaseClosed, event_id=event_id, reason=SILENCE)


def _break(draft: Draft, promise: Promise) -> None:
    event_id = _id(draft, promise, "breached")
    draft.change(promises=breach(draft.case.promises, promise.kind, draft.rulebook))
    draft.emit(PromiseBreached, event_id=event_id, promise=promise.kind, due_at=promise.due_at, holder=draft.holder)


def _climb(draft: Draft, promise: Promise) -> None:
    step, ladder = promise.escalations + 1, draft.rulebook.standard.ladder
    if step > len(ladder):
        # It was shortened since the last step.
        draft.change(promises=escalate(draft.case.promises, promise.kind, draft.rulebook))
        return
    level = ladder[promise.escalations].level
    if level is EscalationLevel.AGENCY_HEAD and draft.case.agency is None:
        level = EscalationLevel.COORDINATOR
    event_id = _id(draft, promise, f"escalated/{step}")
    draft.change(promises=escalate(draft.case.promises, promise.kind, draft.rulebook))
    draft.emit(CaseEscalated, event_id=event_id, promise=promise.kind, step=step, level=level, holder=draft.holder)


def _id(draft: Draft, promise: Promise, step: str) -> UUID:
    return named_id(draft.ticket, promise.kind, promise.due_at.isoformat(), step)
