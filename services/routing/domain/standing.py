"""How a case stands in the queues of the desk."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from services.routing.domain.table import OPEN
from shared.events.case import CaseSnapshot, Promise, Status

NEVER: Final = datetime(9999, 1, 1, tzinfo=UTC)
"""Sorts behind everything that is due."""
UNFINISHED: Final = frozenset({Status.ASSIGNED, Status.ACCEPTED, Status.IN_PROGRESS})
"""Parts that somebody must still work on."""


@dataclass(frozen=True)
class Standing:
    """What queues are made of."""

    open: bool
    late: bool
    """A promise that is still open was broken."""
    due_at: datetime
    """Of the promise that is due first or was; NEVER where none is."""
    holder: str | None
    """Who has it now."""
    holders: tuple[str, ...]
    """Whose queue it is in: with those who have an unfinished part of it."""


def standing_of(case: CaseSnapshot) -> Standing:
    first = first_due(case)
    last = case.holdings[-1:]
    working = {part.agency for part in case.parts if part.status in UNFINISHED}
    return Standing(
        open=case.status in OPEN,
        late=any(promise.is_open and promise.breached_at is not None for promise in case.promises),
        due_at=first.due_at if first else NEVER,
        holder=next((holding.agency for holding in last if holding.until is None), None),
        holders=tuple(sorted(working | {case.agency} if case.agency else working)),
    )


def first_due(case: CaseSnapshot) -> Promise | None:
    """Of the open promises that are not paused, the one that is due first."""
    running = [promise for promise in case.promises if promise.is_open and not promise.is_paused]
    return min(running, key=lambda promise: promise.due_at, default=None)
