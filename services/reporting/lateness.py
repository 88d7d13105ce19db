"""How many cases are late now, for whoever runs the platform."""

import asyncio
from typing import Final

from prometheus_client import Gauge

from services.reporting.domain.rollups import ALL
from services.reporting.store import Store
from shared.metrics import REGISTRY

LATE: Final = Gauge(
    "ntbcare_cases_late", "Open cases with a broken promise, in all agencies", ["service"], registry=REGISTRY
)
_EVERY_S: Final = 60.0
_FIGURE: Final = "late"


async def tell_late(store: Store, every_s: float = _EVERY_S) -> None:
    """For ever: what the sums of the live generation say. Raises what MongoDB raises."""
    while True:
        found = await store.figures.open_now([_FIGURE])
        LATE.labels("reporting").set(found[ALL].get(_FIGURE, 0) if ALL in found else 0)
        await asyncio.sleep(every_s)
