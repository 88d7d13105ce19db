"""Whether the reporter is offered the file for the Ombudsman, and how far the ladder has come."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from services.reporting.domain.case import StoredCase
from services.reporting.domain.promises import is_broken
from shared.events.case import EscalationLevel, Promise

_ESCALATED: Final = "case.escalated.v1"
_LAST: Final = EscalationLevel.OMBUDSMAN.value


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokenPromise:
    """How far it has come on the ladder. `next_step_at` is null where it climbs no more: met, ended or paused."""

    promise: str
    due_at: datetime
    met_at: datetime | None
    steps_taken: int
    level: str | None
    """Who was told last."""
    next_step_at: datetime | None


def offered_at(stored: StoredCase) -> datetime | None:
    """When the ladder first came to the Ombudsman. What was offered stays so, whatever becomes of the case."""
    offers = (
        step.at for step in stored.history.values() if step.type == _ESCALATED and step.facts.get("level") == _LAST
    )
    return min(offers, default=None)


def broken_promises(stored: StoredCase) -> list[BrokenPromise]:
    promises = stored.head.snapshot.promises if stored.head else ()
    return [_broken(promise, stored) for promise in promises if is_broken(promise)]


def _broken(promise: Promise, stored: StoredCase) -> BrokenPromise:
    climbed = [
        step.facts
        for _, step in sorted(stored.history.items())
        if step.type == _ESCALATED and step.facts.get("promise") == promise.kind.value
    ]
    climbs = promise.is_open and not promise.is_paused
    return BrokenPromise(
        promise=promise.kind.value,
        due_at=promise.due_at,
        met_at=promise.met_at,
        steps_taken=promise.escalations,
        level=climbed[-1].get("level") if climbed else None,
        next_step_at=promise.escalates_at if climbs else None,
    )
