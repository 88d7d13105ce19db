"""Cases as routing would have published them, made up: their events, to be projected as any others."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from services.routing.seeds import seed_entries
from shared.directory import Directory
from shared.events.case import CaseSnapshot, Holding, Promise, PromiseKind, Role, Status
from shared.events.cases import CaseAssigned, CaseClosed, CaseOpened, CaseProgressed, CaseResolved
from shared.events.complaints import ComplaintSubmitted
from shared.events.directory import Region
from shared.events.envelope import CaseEnvelope
from shared.events.event import Urgency
from shared.ids import draw_ticket

YEARS: Final = 5
OPEN: Final = 0.04
_SECRET: Final = b"made-up-cases"
_HOUR: Final = timedelta(hours=1)
_DUE: Final = {
    PromiseKind.RESPONSE: 24 * _HOUR,
    PromiseKind.VERIFICATION: 72 * _HOUR,
    PromiseKind.FIRST_FOLLOW_UP: 168 * _HOUR,
    PromiseKind.RESOLUTION: 480 * _HOUR,
}


Act = tuple[type[CaseEnvelope], Status, datetime, dict[str, Any]]
"""What happens, how the case stands then, when, and what its event says besides."""
Told = ComplaintSubmitted | CaseEnvelope


@dataclass(frozen=True)
class Maker:
    """Always the same cases, each by its number, over five years that end now; one in 25 is open, most are young."""

    directory: Directory
    random: random.Random
    now: datetime
    bodies: dict[str, list[str]] = field(default_factory=dict[str, list[str]])

    @classmethod
    def seeded(cls) -> "Maker":
        now = datetime.now(UTC)
        return cls(Directory.of(*seed_entries(range(now.year, now.year + 1))), random.Random(), now)

    def cases(self, first: int, number: int) -> Iterator[list[Told]]:
        """The events of each."""
        villages = [region for region in self.directory.regions.values() if region.level == "village"]
        categories = sorted(self.directory.categories)
        for one in range(first, first + number):
            self.random.seed(one)
            yield list(self._events(one, self.random.choice(villages), self._category(categories)))

    def _category(self, categories: list[str]) -> str:
        """Some are far more common than others."""
        return categories[min(int(self.random.expovariate(6) * len(categories)), len(categories) - 1)]

    def _events(self, number: int, village: Region, category: str) -> Iterator[Told]:
        is_open = self.random.random() < OPEN
        age = self.random.expovariate(1 / 20) if is_open else self.random.uniform(5, 365 * YEARS)
        received_at = self.now - timedelta(days=min(age, 365 * YEARS))
        ticket = ticket_of(number)
        yield ComplaintSubmitted.model_construct(
            event_id=UUID(int=number * 16),
            ticket=ticket,
            occurred_at=received_at,
            digest="d",
            part="s-1",
            category=category,
            region=village.id,
            received_at=received_at,
        )
        south, west = -8.9 + self.random.randint(0, 30) * 0.02, 116 + self.random.randint(0, 150) * 0.02
        agency = self._agency(village.id[:5], category)
        whole = CaseSnapshot.model_construct(
            status=Status.RECEIVED,
            category=category,
            region=village.id,
            cell=f"{south:.2f},{west:06.2f}",
            urgency=Urgency.URGENT if number % 19 == 0 else Urgency.IMPORTANT,
            confidential=number % 23 == 0,
            received_at=received_at,
            holdings=(Holding.model_construct(agency=agency, since=received_at + _HOUR, until=None),),
        )
        acts = list(self._acts(received_at, is_open=is_open))
        for sequence, act in enumerate(acts, 1):
            promises = tuple(self._promises(received_at, acts[:sequence]))
            had_by = None if act[1] is Status.RECEIVED else agency
            case = whole.model_copy(update={"status": act[1], "agency": had_by, "promises": promises})
            yield act[0].model_construct(
                event_id=UUID(int=number * 16 + sequence),
                ticket=ticket,
                occurred_at=act[2],
                case_id=ticket,
                sequence=sequence,
                actor=Role.OFFICER,
                actor_agency=agency,
                case=case,
                **act[3],
            )

    def _agency(self, regency: str, category: str) -> str:
        """A third goes to bodies of the province; each category to one."""
        of = self._bodies_of(regency if hash_of(category) % 3 else "52")
        return of[hash_of(category) % len(of)]

    def _bodies_of(self, region: str) -> list[str]:
        if region not in self.bodies:
            agencies = self.directory.agencies.values()
            self.bodies[region] = sorted(agency.id for agency in agencies if agency.region == region)
        return self.bodies[region]

    def _acts(self, received_at: datetime, *, is_open: bool) -> Iterator[Act]:
        at = received_at
        yield CaseOpened, Status.RECEIVED, at, {}
        at += self.random.expovariate(1 / 20) * _HOUR
        yield CaseAssigned, Status.ASSIGNED, at, {"agency": "A", "rule": "made-up"}
        if is_open and self.random.random() < 0.5:
            return
        at += self.random.expovariate(1 / 60) * _HOUR
        yield CaseProgressed, Status.IN_PROGRESS, at, {}
        if is_open:
            return
        at += self.random.expovariate(1 / 200) * _HOUR
        yield CaseResolved, Status.RESOLVED, at, {}
        if self.random.random() < 0.9:
            rating = self.random.choice([None, 3, 4, 5])
            reason = "confirmed" if rating else "silence"
            yield CaseClosed, Status.CLOSED, at + 240 * _HOUR, {"reason": reason, "rating": rating}

    def _promises(self, received_at: datetime, acts: list[Act]) -> Iterator[Promise]:
        met_by: dict[PromiseKind, tuple[type[CaseEnvelope], ...]] = {
            PromiseKind.RESPONSE: (CaseProgressed, CaseResolved),
            PromiseKind.VERIFICATION: (CaseAssigned,),
            PromiseKind.FIRST_FOLLOW_UP: (CaseProgressed, CaseResolved),
            PromiseKind.RESOLUTION: (CaseResolved,),
        }
        for kind, due in _DUE.items():
            met_at = next((when for model, _, when, _ in acts if model in met_by[kind]), None)
            due_at = received_at + due
            is_broken = (met_at or self.now) > due_at
            yield Promise.model_construct(
                kind=kind,
                started_at=received_at,
                due_at=due_at,
                met_at=met_at,
                breached_at=due_at if is_broken else None,
            )


def ticket_of(number: int) -> str:
    return draw_ticket(_SECRET, "public", UUID(int=number))


def hash_of(name: str) -> int:
    """The same on every machine."""
    return sum(map(ord, name))
