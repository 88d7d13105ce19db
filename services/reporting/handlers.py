"""Kafka in: batches of all topics become one bulk write."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Protocol

from services.reporting.domain.projection import Erased, Told, project
from services.reporting.store.read_model import Parts
from shared.records import Received
from shared.waiters import Waiters


class Touched(Protocol):
    """Hears which cases were written."""

    def touch(self, tickets: Iterable[str]) -> None: ...


class Projector:
    """Writes what a batch says into one generation, then tells those who wait for it."""

    def __init__(self, store: Parts, waiters: Waiters, refresher: Touched) -> None:
        self._store = store
        self._waiters = waiters
        self._refresher = refresher

    async def handle(self, batch: Sequence[Received]) -> None:
        """Raises Rejected where a record can never be projected."""
        projections = project((received.ticket, told(received)) for received in batch)
        await self._store.cases.apply(projections.values(), at=datetime.now(UTC))
        # An event of the case, or something from its reporter, may end a wait; words change what a case is found by.
        self._waiters.wake(ticket for ticket, projection in projections.items() if projection.ends_waits)
        self._refresher.touch(ticket for ticket, projection in projections.items() if projection.tells_of_the_case)


def told(received: Received) -> Told | Erased:
    if received.event is not None:
        return received.event
    return Erased(received.topic.name, received.key, datetime.fromtimestamp(received.record.timestamp / 1000, UTC))
