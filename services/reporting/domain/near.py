"""Public cases that may be what somebody is about to report: the nearest and most alike first, with the reasons.

Of a case nothing else is used than what everybody may know: its cell, its day, and words that were published.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from services.reporting.domain.case import Head, StoredCase
from services.reporting.domain.publications import public_words
from shared.events.case import CaseSnapshot, Status
from shared.wording import Wording, compare, wording_of

OFFERED: Final = 5
OPEN: Final = (
    Status.RECEIVED,
    Status.IN_TRIAGE,
    Status.ASSIGNED,
    Status.ACCEPTED,
    Status.IN_PROGRESS,
    Status.AWAITING_REPORTER,
)
LOOKED_BACK: Final = timedelta(days=180)
"""To open cases that are older nobody is led: they are another matter by now."""
RECENTLY: Final = timedelta(days=14)
"""So long ago a case may have been resolved."""
_CELL: Final = 0.02
_DEGREE_KM: Final = 111.195
_FAR_KM: Final = 5.0
_WEIGHTS: Final = (0.4, 0.2, 0.4)
"""Of nearness, of how new it is, and of the words."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where it is: a point, or a region where that is all that is known."""

    latitude: float | None = None
    longitude: float | None = None
    region: str | None = None

    @property
    def cells(self) -> list[str]:
        """The cell of the point, and the eight around it; none without a point."""
        if self.latitude is None or self.longitude is None:
            return []
        row, column = math.floor(self.latitude / _CELL), math.floor(self.longitude / _CELL)
        around = ((row + up, column + right) for up in (-1, 0, 1) for right in (-1, 0, 1))
        return [f"{north * _CELL:.2f},{east * _CELL:.2f}" for north, east in around]


@dataclass(frozen=True, slots=True)
class Near:
    """A case that may be the same matter, and why."""

    ticket: str
    head: Head
    kilometres: int | None
    """To the middle of its cell, rounded up; None where no point is known."""
    days: int
    """Since it was received."""
    similarity: float | None
    """Of the words that are public of it, from 0 to 1; None where there are none, or none were given."""
    score: float
    reporters: int = 1
    """People who have the trouble."""

    @property
    def is_open(self) -> bool:
        return self.head.snapshot.status in OPEN


def may_be_offered(head: Head, now: datetime) -> bool:
    """Open, or resolved not long ago; of what is linked its lead is offered instead."""
    case = head.snapshot
    if not head.public or case.historical or case.linked_to is not None:
        return False
    resolved = case.resolved_at
    return case.status in OPEN or (resolved is not None and now - resolved <= RECENTLY)


def rank(found: Iterable[tuple[str, Head]], place: Place, now: datetime) -> list[Near]:
    """Those that may be offered by place and time alone, the nearest first."""
    near = [_near(ticket, head, place, now) for ticket, head in found if may_be_offered(head, now)]
    return sorted(near, key=lambda one: (-one.score, one.ticket))


def rank_by_words(near: Sequence[Near], stored: dict[str, StoredCase], text: str) -> list[Near]:
    """With what the text has in common with the words that are public of them, and with how many have the trouble."""
    asked = wording_of(text)
    compared = [_with_words(one, stored.get(one.ticket), asked) for one in near]
    return sorted(compared, key=lambda one: (-one.score, one.ticket))


def _with_words(near: Near, stored: StoredCase | None, asked: Wording) -> Near:
    if stored is None:
        return near
    near = replace(near, reporters=stored.reporters)
    words = " ".join(text for text in public_words(stored).values() if text)
    if not words or not asked.size:
        return near
    similarity = round(compare(asked, wording_of(words)).alike, 2)
    return replace(near, similarity=similarity, score=near.score + _WEIGHTS[2] * similarity)


def _near(ticket: str, head: Head, place: Place, now: datetime) -> Near:
    case = head.snapshot
    age = max(timedelta(), now - case.received_at)
    kilometres = _kilometres(case, place)
    nearness = 0.5 if kilometres is None else max(0.0, 1 - kilometres / _FAR_KM)
    score = _WEIGHTS[0] * nearness + _WEIGHTS[1] * max(0.0, 1 - age / LOOKED_BACK)
    told = None if kilometres is None else math.ceil(kilometres)
    return Near(ticket, head, told, age.days, None, score)


def _kilometres(case: CaseSnapshot, place: Place) -> float | None:
    if case.cell is None or place.latitude is None or place.longitude is None:
        return None
    south, west = (float(degrees) for degrees in case.cell.split(","))
    up = (south + _CELL / 2 - place.latitude) * _DEGREE_KM
    right = (west + _CELL / 2 - place.longitude) * _DEGREE_KM * math.cos(math.radians(place.latitude))
    return math.hypot(up, right)
