"""Finds the public cases that may be what somebody is about to report."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from services.reporting.domain.near import LOOKED_BACK, OFFERED, Near, Place, rank, rank_by_words
from services.reporting.domain.sheltering import is_below_regency, is_sensitive
from services.reporting.store import Store
from shared.directory import Directory
from shared.wita import day_of

_COMPARED: Final = 30
"""The words of so many are read."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What is asked is kept nowhere."""

    store: Store
    names: Directory
    now: Callable[[], datetime]

    async def near(self, category: str, place: Place, text: str | None = None) -> list[Near]:
        """At most five; none of a category that may name a household, nor where no place is known."""
        if is_sensitive(category, self.names) or not (place.cells or is_below_regency(place.region)):
            return []
        now = self.now()
        since = day_of(now - LOOKED_BACK).isoformat()
        found = rank(await self.store.cases.near(category, place, since), place, now)
        found = found[: _COMPARED if text else OFFERED]
        if not found:
            return []
        stored = await self.store.cases.read([one.ticket for one in found])
        return rank_by_words(found, stored, text or "")[:OFFERED]
