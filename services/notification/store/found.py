"""Deliveries as they were found."""

from dataclasses import dataclass, field
from datetime import datetime

from services.notification.domain.deliveries import Delivery, State


@dataclass(frozen=True, slots=True)
class Open:
    """A delivery that is not done."""

    delivery: Delivery
    state: State
    next_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Told:
    """A delivery and what became of it."""

    delivery: Delivery
    state: State
    reason: str | None
    next_at: datetime | None
    done_at: datetime | None


@dataclass(slots=True)
class Queue:
    """What is for one address."""

    due: list[Delivery] = field(default_factory=list[Delivery])
    next_at: datetime | None = None
    """When more is due, after what is due already."""
    held_until: datetime | None = None
    """What was put off is tried again then; only what is urgent goes before it."""
    urgent_held_until: datetime | None = None
    """Something urgent was put off, so nothing at all goes before it is tried again then."""
