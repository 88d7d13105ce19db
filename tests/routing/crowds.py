"""Complaints of many people about one matter, and replicas of routing that join them."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from services.routing.clustering import Clustering
from services.routing.handlers import ComplaintHandler
from services.routing.settings import AlikeSettings
from services.routing.store.cases import CaseStore
from shared.directory import Directory
from shared.events.envelope import CaseEnvelope
from shared.events.personal import PersonalRecorded
from shared.ids import named_id
from shared.mongo import Database
from shared.outbox import OutboxRelay
from shared.records import Received
from shared.topics import CASES, COMPLAINTS, PERSONAL
from shared.waiters import Waiters
from tests.routing.desks import on_the_day
from tests.routing.examples import AT, a_complaint, a_ticket, the_directory, the_rulebook
from tests.shared.fakes import FakePublisher
from tests.shared.received import received

HOLE: Final = "Jalan berlubang besar di depan Pasar Selong, sudah dua bulan belum ditambal"
POINT: Final = (-8.6497, 116.5402)
FAR: Final = datetime(2100, 1, 1, tzinfo=UTC)


def a_submission(number: int, **fields: Any) -> Received:
    """The later the higher the number is."""
    at = AT - timedelta(days=1) + timedelta(minutes=number)
    return received(COMPLAINTS, a_complaint(a_ticket(number), **{"received_at": at} | fields))


def a_personal_part(number: int, text: str = HOLE, point: tuple[float, float] | None = POINT) -> Received:
    ticket = a_ticket(number)
    where: dict[str, Any] = {"latitude": point[0], "longitude": point[1]} if point else {}
    fields: dict[str, Any] = {"event_id": named_id(ticket, "s-1"), "ticket": ticket, "occurred_at": AT, "part": "s-1"}
    return received(PERSONAL, PersonalRecorded(text=text, **fields | where))


@dataclass
class Replica:
    """One of routing's."""

    database: Database
    publisher: FakePublisher
    directory: Directory = field(default_factory=the_directory)
    settings: AlikeSettings = field(default_factory=AlikeSettings)

    def __post_init__(self) -> None:
        self.store = CaseStore(self.database)
        self.relay = OutboxRelay("routing", self.store.collection, self.publisher)  # type: ignore[arg-type]
        self.handle = ComplaintHandler(self.store, self.relay, the_rulebook, Waiters(), now=on_the_day)
        self.clustering = Clustering(
            self.store, self.store.families, self.relay, the_rulebook, self.directory, self.settings, now=on_the_day
        )
        self.handle.clustering = self.clustering

    async def settle(self) -> None:
        """Until nothing is left to be looked at."""
        while await self.store.families.unsettled(FAR, 1):
            await self.clustering.sweep_once(FAR)

    async def leads(self, numbers: Iterable[int]) -> dict[int, int | None]:
        """To which each is linked."""
        by_ticket = {a_ticket(number): number for number in numbers}
        stored = await self.store.load_many(list(by_ticket))
        linked = {ticket: stored[ticket].case.snapshot.linked_to for ticket in by_ticket}
        return {by_ticket[ticket]: by_ticket[to] if to else None for ticket, to in linked.items()}


def told(publisher: FakePublisher, kind: str) -> Counter[str]:
    """How many different events of a type each ticket has."""
    events: dict[UUID, CaseEnvelope] = {}
    for record in publisher.published:
        if record.topic == CASES.name and record.type == kind:
            event = CASES.types[record.type].model_validate_json(record.value or b"")
            assert isinstance(event, CaseEnvelope)
            assert events.setdefault(event.event_id, event) == event
    return Counter(event.ticket for event in events.values())


def clusters(leads: dict[int, int | None]) -> set[frozenset[int]]:
    """Which belong together."""
    return {
        frozenset({lead, *(one for one, to in leads.items() if to == lead)}) for lead, to in leads.items() if to is None
    }


def all_of(numbers: Sequence[int], **fields: Any) -> list[Received]:
    return [record for number in numbers for record in (a_personal_part(number), a_submission(number, **fields))]
