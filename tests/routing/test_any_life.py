"""Whatever people, clocks, replicas and crashes do to cases: the table, the sequences and the promises hold."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count, pairwise
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.routing.desk import CaseNotFound, Desk, NotYours, RevisionStale, Wish
from services.routing.domain.access import DeskRole, Person, allowed_for
from services.routing.domain.case import open_case
from services.routing.domain.deeds import DeedFaulty
from services.routing.domain.follow_ups import ACTIONS
from services.routing.domain.table import TABLE, ActionRefused
from services.routing.following import Following
from services.routing.store.cases import CaseStore
from services.routing.store.documents import Opening
from services.routing.sweeper import Sweeper
from shared.events.case import CaseSnapshot, Status
from shared.events.cases import CaseEscalated, CaseReclassified, CaseReopened, CaseTriaged, PromiseBreached
from shared.events.complaints import ComplaintWithdrawn, FollowUp
from shared.events.envelope import CaseEnvelope
from shared.ids import named_id
from shared.mongo import Database
from shared.outbox import OutboxRelay
from shared.topics import CASES, COMPLAINTS
from shared.waiters import Waiters
from tests.routing.examples import AT, a_complaint, a_ticket, the_rulebook
from tests.routing.test_table import DESK
from tests.shared.fakes import FakePublisher
from tests.shared.received import received

pytestmark = [pytest.mark.integration, pytest.mark.timeout(600)]

REPLICAS = 3
FAR = datetime(2100, 1, 1, tzinfo=UTC)
AGENCIES = ("PUPR-52.03", "PUPR-52.01", "PLN", "BPJN")
PEOPLE = (
    Person("budi", "Budi", frozenset({DeskRole.COORDINATOR}), "BIRO-ORGANISASI"),
    *(Person(f"o-{agency}", "", frozenset({DeskRole.OFFICER}), agency) for agency in AGENCIES),
)
SILENT = {PromiseBreached, CaseEscalated}
"""They change no state."""
_numbers = count(5_000)


@dataclass
class World:
    """Three replicas of routing on one database, with one clock; the broker can be away."""

    database: Database
    publisher: FakePublisher
    at: datetime = AT
    tickets: list[str] = field(default_factory=lambda: [a_ticket(next(_numbers)) for _ in range(2)])
    steps: "count[int]" = field(default_factory=count)

    def __post_init__(self) -> None:
        self.stores = [CaseStore(self.database) for _ in range(REPLICAS)]
        self.relays = [OutboxRelay("routing", store.collection, self.publisher) for store in self.stores]  # type: ignore[arg-type]

    def now(self) -> datetime:
        return self.at

    async def open(self) -> None:
        kinds = ({"category": "road.damage"}, {"category": "other", "answers": {}})
        for ticket, kind in zip(self.tickets, kinds, strict=True):
            complaint = a_complaint(ticket, **kind)
            await self.stores[0].open([Opening(complaint, open_case(complaint, the_rulebook(), AT), "")])

    async def act(self, place: tuple[int, int], who: int, which: int, twice: bool) -> None:  # noqa: FBT001
        """Mostly what is possible for somebody who has it; else whatever it is, which is refused."""
        number, replica = place
        desk = Desk(self.stores[replica], self.relays[replica], Waiters(), the_rulebook, now=self.now)
        ticket, key = self.tickets[number], named_id(next(self.steps), *self.tickets)
        with suppress(ActionRefused, CaseNotFound, DeedFaulty, NotYours):
            seen = await desk.read(ticket, PEOPLE[0])
            having = [person for person in PEOPLE if allowed_for(person, seen.case.snapshot)]
            person = (having or PEOPLE)[who % len(having or PEOPLE)] if who % 5 else PEOPLE[who % len(PEOPLE)]
            possible = allowed_for(person, seen.case.snapshot) or tuple(DESK)
            wish = Wish(DESK[possible[which % len(possible)]], key, seen.revision, "")
            asked = [desk.do(ticket, person, wish) for _ in range(1 + twice)]
            for answer in await asyncio.gather(*asked, return_exceptions=True):
                if isinstance(answer, Exception) and not isinstance(answer, RevisionStale):
                    raise answer

    async def follow(self, place: tuple[int, int], kind: type[FollowUp], twice: bool) -> None:  # noqa: FBT001
        number, replica = place
        fields: dict[str, Any] = {"part": "f-1", "has_contact": True, "ticket": self.tickets[number]}
        step = next(self.steps)
        fields |= {"event_id": named_id(step, *self.tickets), "restricted": bool(step % 2)}
        event = kind.model_validate(fields | {"occurred_at": self.at})
        for store, relay in list(zip(self.stores, self.relays, strict=True))[replica : replica + 1 + twice]:
            await Following(store, relay, the_rulebook).follow([received(COMPLAINTS, event)])

    async def sweep(self) -> None:
        sweepers = [
            Sweeper(store, relay, the_rulebook, self.now) for store, relay in zip(self.stores, self.relays, strict=True)
        ]
        while any(await asyncio.gather(*(sweeper.sweep_once() for sweeper in sweepers))):
            pass

    async def publish(self, replica: int) -> None:
        await self.relays[replica].sweep_once(FAR)

    async def settle(self) -> None:
        self.publisher.reachable = True
        await self.sweep()
        while await self.stores[0].collection.count_documents({"outbox.0": {"$exists": True}}):
            for replica in range(REPLICAS):
                await self.publish(replica)

    def told(self, ticket: str) -> list[CaseEnvelope]:
        """First appearances, in order; what came again must be the same."""
        seen: dict[UUID, CaseEnvelope] = {}
        for record in self.publisher.published:
            if record.key == ticket and record.topic == CASES.name:
                event = CASES.types[record.type].model_validate_json(record.value or b"")
                assert isinstance(event, CaseEnvelope)
                assert seen.setdefault(event.event_id, event) == event
        return list(seen.values())

    async def later(self, hours: int) -> None:
        self.at += timedelta(hours=hours)

    async def broker(self, there: bool) -> None:  # noqa: FBT001
        self.publisher.reachable = there


KINDS = [kind for kind in ACTIONS for _ in range(1 if kind is ComplaintWithdrawn else 6)]
"""Most reporters don't give up."""
replicas = st.integers(0, REPLICAS - 1)
places = st.tuples(st.integers(0, 1), replicas)
twice = st.booleans()
steps = st.one_of(
    st.tuples(st.just("act"), places, st.integers(0, 99), st.integers(0, 99), twice),
    st.tuples(st.just("follow"), places, st.sampled_from(KINDS), twice),
    st.tuples(st.just("later"), st.integers(1, 24 * 6)),
    st.tuples(st.just("sweep")),
    st.tuples(st.just("publish"), replicas),
    st.tuples(st.just("broker"), st.booleans()),
)


@given(done=st.lists(steps, min_size=20, max_size=80))
@settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
async def test_given_any_life_of_cases_when_all_is_told_then_table_sequences_and_promises_hold(
    store: CaseStore, database: Database, publisher: FakePublisher, done: list[tuple[Any, ...]]
) -> None:
    world = World(database, publisher)
    await world.open()

    for name, *values in done:
        await getattr(world, name)(*values)
    await world.settle()

    for ticket in world.tickets:
        told = world.told(ticket)
        assert [event.sequence for event in told] == list(range(1, len(told) + 1))
        for before, after in pairwise(told):
            assert follows_the_table(before.case.status, after), (before, after)
            assert_no_due_time_moved(before.case, after)
        assert_each_breach_once(told)
        stored = await store.load(ticket)
        assert stored is not None
        assert stored.case.sequence == len(told)
        assert stored.case.snapshot.promises == told[-1].case.promises
        assert [line.sequence for line in stored.history if line.sequence] == [event.sequence for event in told]


def follows_the_table(before: Status, event: CaseEnvelope) -> bool:
    after = event.case.status
    if event.sequence == 2 or type(event) in SILENT or event.kind == "follow_up.refused.v1":
        return event.sequence == 2 or before is after
    if isinstance(event, CaseReopened) and event.reason == "overridden":
        # The next event is who has it.
        return before in {Status.RESOLVED, Status.CLOSED, Status.REJECTED}
    if isinstance(event, CaseTriaged):
        # After it was returned.
        return before is after is Status.IN_TRIAGE
    return any(
        type(event) in row.emits and before in row.source and after in (row.to or {before}) for row in TABLE
    ) or (event.kind == "case.unpublished.v1" and before is after)


def assert_no_due_time_moved(before: CaseSnapshot, event: CaseEnvelope) -> None:
    for promise in before.promises:
        now = event.case.promise(promise.kind)
        assert now is not None
        assert now.started_at == promise.started_at
        if now.pauses == promise.pauses and not isinstance(event, CaseReclassified):
            assert now.due_at == promise.due_at
        if promise.breached_at is not None:
            assert (now.due_at, now.breached_at) == (promise.due_at, promise.breached_at)
        assert now.due_at >= promise.due_at or isinstance(event, CaseReclassified)


def assert_each_breach_once(told: list[CaseEnvelope]) -> None:
    breached = [event.promise for event in told if isinstance(event, PromiseBreached)]
    assert len(set(breached)) == len(breached)
    for kind in set(breached):
        climbed = [event.step for event in told if isinstance(event, CaseEscalated) and event.promise is kind]
        assert climbed == list(range(1, len(climbed) + 1))
