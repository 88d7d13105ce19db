"""How the door of the province is changed: pure."""

from datetime import datetime, timedelta
from typing import Final

from shared.events.directory import Door

LONGEST: Final = timedelta(days=14)
"""So long a disaster may be said to last; then it ends by itself, unless somebody says it again."""
MOST_BLOCKED: Final = 5_000
"""The whole record goes to every replica at each change."""


class DoorFaulty(Exception):
    """It can't be changed so; `field` is what is wrong."""

    def __init__(self, field: str, why: str) -> None:
        super().__init__(why)
        self.field = field
        self.why = why


def with_disaster(door: Door, at: datetime, hours: float | None) -> Door:
    """`hours` from now on; None: it is over. Raises DoorFaulty."""
    # Compared as numbers: no duration holds the largest of them.
    if hours is not None and not 0 < hours <= LONGEST / timedelta(hours=1):
        raise DoorFaulty("hours", f"must be above 0, and at most {LONGEST // timedelta(hours=1)}")
    return door.model_copy(update={"disaster_until": None if hours is None else at + timedelta(hours=hours)})


def with_blocked(door: Door, digest: str) -> Door:
    """Raises DoorFaulty."""
    if digest in door.blocked:
        return door
    if len(door.blocked) >= MOST_BLOCKED:
        raise DoorFaulty("address", f"is one too many: {MOST_BLOCKED} are blocked")
    return door.model_copy(update={"blocked": (*door.blocked, digest)})


def without_blocked(door: Door, digest: str) -> Door:
    """Raises DoorFaulty."""
    if digest not in door.blocked:
        raise DoorFaulty("address", "is not blocked")
    return door.model_copy(update={"blocked": tuple(one for one in door.blocked if one != digest)})
