"""The clocks of many cases, run by several replicas."""

import asyncio
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest

from services.routing.domain.agency import Resolve
from services.routing.domain.rulebook import Rulebook
from services.routing.store.cases import CaseStore
from services.routing.store.documents import Opening, Save, records_of
from services.routing.sweeper import Sweeper
from shared.events.cases import CaseClosed, CaseEscalated, PromiseBreached
from shared.events.envelope import CaseEnvelope
from shared.mongo import Database
from shared.outbox import OutboxRelay
from shared.topics import CASES
from shared.wita import WITA
from tests.routing.examples import AT, TICKET, a_complaint, a_ticket, an_opening, done, the_rulebook
from tests.shared.fakes import FakePublisher

pytestmark = pytest.mark.integration
FAR = datetime(2100, 1, 1, tzinfo=WITA)
CASES_MANY = 10_000


@dataclass
class Replicas:
    """Sweepers on one database, with one clock."""

    database: Database
    publisher: FakePublisher
    at: datetime = AT
    sweepers: list[Sweeper] = field(default_factory=list[Sweeper])
    relays: list[OutboxRelay] = field(default_factory=list[OutboxRelay])

    def add(self, rulebook: Callable[[], Rulebook] = the_rulebook) -> Sweeper:
        store = CaseStore(self.database)
        relay = OutboxRelay("routing", store.collection, self.publisher)  # type: ignore[arg-type]
        self.relays.append(relay)
        self.sweepers.append(Sweeper(store, relay, rulebook, lambda: self.at))
        return self.sweepers[-1]

    async def until_nothing_is_due(self, sweeper: Sweeper, store: CaseStore) -> None:
        while await store.due_before(self.at, 1):
            await sweeper.sweep_once()

    def told(self) -> list[CaseEnvelope]:
        """What was published on the topic of cases, each event once."""
        records = {record.id: record for record in self.publisher.published if record.topic == CASES.name}
        events = [CASES.types[record.type].model_validate_json(record.value or b"") for record in records.values()]
        return [event for event in events if isinstance(event, CaseEnvelope)]


@pytest.fixture
def replicas(database: Database, publisher: FakePublisher, store: CaseStore, relay: OutboxRelay) -> Replicas:
    return Replicas(database, publisher)


async def test_given_clocks_that_fail_when_many_are_due_then_they_are_passed_over_for_a_while(
    replicas: Replicas, store: CaseStore
) -> None:
    await store.open([Opening(a_complaint(), an_opening(), "")])
    broken = [True]

    def rulebook() -> Rulebook:
        if broken:
            raise LookupError("no standard")
        return the_rulebook()

    sweeper = replicas.add(rulebook)
    replicas.at = AT + timedelta(hours=25)

    failed = await sweeper.sweep_once()
    broken.clear()
    soon_after = await sweeper.sweep_once()
    replicas.at += timedelta(minutes=11)
    later = await sweeper.sweep_once()

    assert (failed, soon_after, later) == (0, 0, 1)
    assert await store.due_before(FAR, 10, but=[TICKET]) == []


async def test_given_a_promise_when_its_due_time_comes_then_it_is_broken_after_it_and_not_at_it(
    replicas: Replicas, store: CaseStore
) -> None:
    await store.open([Opening(a_complaint(), an_opening(), "")])
    sweeper = replicas.add()

    replicas.at = AT + timedelta(hours=24)
    at_that_moment = await sweeper.sweep_once()
    replicas.at += timedelta(milliseconds=2)
    after_it = await sweeper.sweep_once()

    assert (at_that_moment, after_it) == (0, 1)
    breached, escalated = replicas.told()[-2:]
    assert isinstance(breached, PromiseBreached)
    assert isinstance(escalated, CaseEscalated)
    assert (breached.promise, breached.due_at, breached.holder) == ("response", AT + timedelta(hours=24), "PUPR-52.03")
    assert (escalated.step, escalated.level, escalated.holder) == (1, "agency_head", "PUPR-52.03")


async def test_given_a_case_in_triage_when_nobody_verifies_it_then_the_coordinator_is_told_first(
    replicas: Replicas, store: CaseStore
) -> None:
    fields: dict[str, Any] = {"category": "other", "answers": {}}
    await store.open([Opening(a_complaint(**fields), an_opening(**fields), "")])
    replicas.at = AT + timedelta(days=60)

    await replicas.add().sweep_once()

    climbed = [event for event in replicas.told() if isinstance(event, CaseEscalated)]
    assert [event.level for event in climbed if event.promise == "verification"] == [
        "coordinator",
        "sekda",
        "governor",
        "ombudsman",
    ]
    assert {event.holder for event in climbed} == {"BIRO-ORGANISASI"}


async def test_given_ten_working_days_of_silence_when_they_are_over_then_a_resolved_case_is_closed(
    replicas: Replicas, store: CaseStore
) -> None:
    await store.open([Opening(a_complaint(), an_opening(), "")])
    stored = await store.load(TICKET)
    assert stored is not None
    change = done(stored.case, Resolve(text="Sudah ditambal"))
    await store.save(Save(stored, (), records_of(change, ""), change))
    # Resolved on Tuesday 24 November: the tenth working day after it is Tuesday 8 December.
    replicas.at = datetime(2026, 12, 8, 16, 0, 1, tzinfo=WITA)

    await replicas.add().sweep_once()

    closed = replicas.told()[-1]
    assert isinstance(closed, CaseClosed)
    assert (closed.reason, closed.case.status) == ("silence", "closed")


async def test_given_a_historical_case_when_its_clocks_would_have_run_out_then_nothing_happens(
    replicas: Replicas, store: CaseStore
) -> None:
    fields: dict[str, Any] = {"historical": True, "received_at": AT - timedelta(days=400)}
    await store.open([Opening(a_complaint(**fields), an_opening(**fields), "")])
    replicas.at = FAR

    assert await replicas.add().sweep_once() == 0


async def test_given_a_case_that_cannot_be_swept_when_others_are_due_then_these_do_not_wait(
    replicas: Replicas, store: CaseStore, database: Database
) -> None:
    tickets = [a_ticket(number) for number in range(3)]
    await store.open([Opening(a_complaint(ticket), an_opening(ticket), "") for ticket in tickets])
    await database["cases"].update_one({"_id": tickets[0]}, {"$set": {"case.holdings": [{"agency": "?"}]}})
    replicas.at = AT + timedelta(days=3)

    await replicas.add().sweep_once()

    assert {event.ticket for event in replicas.told() if isinstance(event, PromiseBreached)} >= set(tickets[1:])


@pytest.mark.timeout(600)
@pytest.mark.parametrize("mongo", ["motor"], indirect=True)
async def test_given_10_000_cases_when_three_replicas_sweep_and_one_is_killed_then_each_step_happens_once(
    replicas: Replicas, store: CaseStore, capsys: pytest.CaptureFixture[str]
) -> None:
    tickets = [a_ticket(number) for number in range(CASES_MANY)]
    for start in range(0, CASES_MANY, 1_000):
        chunk = tickets[start : start + 1_000]
        await store.open([Opening(a_complaint(ticket), an_opening(ticket), "") for ticket in chunk])
    survivors = [replicas.add(), replicas.add()]
    victim = replicas.add()
    began = time.monotonic()

    # Past the response, in the middle of the first follow-up's ladder, and past everything.
    for days in (1.5, 12, 150):
        replicas.at = AT + timedelta(days=days)
        killed = asyncio.create_task(replicas.until_nothing_is_due(victim, store))
        alive = [asyncio.create_task(replicas.until_nothing_is_due(one, store)) for one in survivors]
        await asyncio.sleep(0.3)
        killed.cancel()
        await asyncio.gather(*alive)
    seconds = time.monotonic() - began
    while await replicas.relays[0].sweep_once(FAR):
        pass

    told = replicas.told()
    with capsys.disabled():
        sys.stdout.write(f"\n{len(told)} events of {CASES_MANY} cases, {seconds:.1f} s ")
    clocks = [event for event in told if isinstance(event, PromiseBreached | CaseEscalated)]
    steps = Counter((event.ticket, event.promise, getattr(event, "step", 0)) for event in clocks)
    assert set(steps.values()) == {1}
    kinds = ("response", "first_follow_up", "resolution")
    assert set(steps) == {(ticket, kind, step) for ticket in tickets for kind in kinds for step in range(5)}
    sequences: dict[str, list[int]] = {}
    for event in told:
        sequences.setdefault(event.ticket, []).append(event.sequence)
    assert all(found == list(range(1, 18)) for found in sequences.values())
