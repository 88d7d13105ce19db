"""How far a long work is, for whoever waits for it."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Moment:
    """What is being done now, and how much of it."""

    step: StrEnum
    """In words."""
    done: int = 0
    total: int = 0
    """0: nobody knows."""
    per_second: float = 0.0
    seconds_left: float | None = None
    waits: str | None = None
    """Why it stands still."""


Tell = Callable[[Moment], None]
