"""Any interleaving, repetition and splitting of the topics gives one read model and one set of figures."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pymongo import MongoClient

from services.reporting.domain.case import StoredCase
from services.reporting.domain.projection import Erased, Told, project
from services.reporting.refresher import Refresher
from services.reporting.store import Store
from shared.events.case import Status
from shared.events.complaints import ComplaintErased
from shared.events.envelope import CaseEnvelope
from shared.mongo import MongoSettings
from tests.reporting.conftest import RULES
from tests.reporting.samples import (
    RECEIVED_AT,
    a_notice,
    a_personal_part,
    a_snapshot,
    a_step,
    a_submission,
    a_supplement,
    an_erasure,
    followed_up,
    hours,
    some_words,
    ticket,
)
from tests.reporting.tallying import tallied

pytestmark = [pytest.mark.integration, pytest.mark.timeout(600)]

Pair = tuple[str, Told | Erased]
Stream = list[Pair]
"""The records of one topic and key, in order."""


MIDNIGHT = datetime(2026, 3, 5, 16, tzinfo=UTC) - RECEIVED_AT
"""Where the day turns in WITA, after the first receipt."""
SECOND = timedelta(seconds=1)
HOURS = [timedelta(), MIDNIGHT - SECOND, MIDNIGHT, MIDNIGHT + SECOND]
DAYS = [timedelta(days=number) for number in (0, 1, 26, 27)]
"""The 26th is the last of March: its evening in UTC is in April there."""


@dataclass
class Delivery:
    """What is delivered, in which batches, and after which of them the buckets are counted."""

    streams: list[Stream]
    batches: list[list[Pair]]
    counted_after: list[bool]

    @property
    def erased(self) -> set[str]:
        """Tickets of which nothing personal may be left."""
        return {of for stream in self.streams for of, record in stream if isinstance(record, ComplaintErased)}

    @property
    def last_cases(self) -> Iterator[StoredCase]:
        """As a reader would have them who read every step once and in order."""
        for stream in self.streams:
            if any(isinstance(record, CaseEnvelope) for _, record in stream):
                (projection,) = project(stream).values()
                yield StoredCase(ticket=projection.ticket, head=projection.head, history=projection.history)


@st.composite
def snapshots(draw: st.DrawFn) -> dict[str, Any]:
    return {
        "status": draw(st.sampled_from(list(Status))),
        "agency": draw(st.sampled_from([None, "PUPR-52.03", "DINSOS-P3A"])),
        "region": draw(st.sampled_from([None, "52.03", "52.03.01.2001"])),
        "confidential": draw(st.booleans()),
        "promises": draw(st.sampled_from([(), followed_up(3), followed_up(200)])),
        "received_at": RECEIVED_AT + draw(st.sampled_from(DAYS)) + draw(st.sampled_from(HOURS)),
    }


@st.composite
def streams_of_ticket(draw: st.DrawFn, number: int) -> list[Stream]:
    of = ticket(number)
    steps = draw(st.lists(snapshots(), min_size=0, max_size=4))
    texts: Stream = [(of, a_personal_part(number))]
    words: Stream = [(of, some_words(number, 1))]
    if draw(st.booleans()):
        texts.append((of, Erased("personal", f"{of}:p1")))
    if draw(st.booleans()):
        words.append((of, Erased("words", some_words(number, 1).key)))
    told: Stream = [
        (of, a_submission(number)),
        (of, a_submission(number, part="p2", digest="d2", category="env.waste")),
        (of, a_supplement(number)),
    ]
    if draw(st.booleans()):
        told.append((of, an_erasure(number)))
    return [
        told,
        texts,
        [(of, a_step(number, sequence, **changes)) for sequence, changes in enumerate(steps, start=1)],
        words,
        [(of, a_notice(number, 1)), (of, a_notice(number, 2))],
    ]


@st.composite
def deliveries(draw: st.DrawFn) -> Delivery:
    streams = [stream for number in (1, 2) for stream in draw(streams_of_ticket(number))]
    random = draw(st.randoms(use_true_random=False))
    records = repeat_some(merge(streams, random), random)
    cuts = sorted(random.sample(range(1, len(records)), k=random.randint(0, min(6, len(records) - 1))))
    batches = [records[start:end] for start, end in zip([0, *cuts], [*cuts, len(records)], strict=True)]
    return Delivery(streams, batches, [random.random() < 0.5 for _ in batches])


def merge(streams: list[Stream], random: Random) -> list[Pair]:
    """Any order over the streams; inside each its own."""
    turns = [index for index, stream in enumerate(streams) for _ in stream]
    random.shuffle(turns)
    rest = [iter(stream) for stream in streams]
    return [next(rest[index]) for index in turns]


def repeat_some(records: list[Pair], random: Random) -> list[Pair]:
    """Any record may come again after it came first."""
    repeated = list(records)
    for index in sorted(random.sample(range(len(records)), k=len(records) // 3), reverse=True):
        repeated.insert(random.randint(index + 1, len(repeated)), records[index])
    return repeated


def forget(mongo: MongoSettings) -> None:
    with MongoClient[dict[str, Any]](mongo.uri) as client:
        for name in ("cases_1", "buckets_1", "rollups_1", "marks_1"):
            client[mongo.database][name].delete_many({})


def stored(mongo: MongoSettings) -> tuple[list[Any], list[Any], list[Any]]:
    """All documents without their technical fields."""
    with MongoClient[dict[str, Any]](mongo.uri) as client:
        database = client[mongo.database]
        cases = list(database["cases_1"].find({}, {"version": 0}).sort("_id"))
        buckets = list(database["buckets_1"].find({"counts": {"$ne": {}}}, {"revision": 0}).sort("_id"))
        rollups = list(database["rollups_1"].find({"counts": {"$ne": {}}}).sort("_id"))
    return cases, buckets, rollups


def whole_of(rollups: list[Any]) -> Counter[str]:
    """Every figure of the whole province, over all months."""
    whole: Counter[str] = Counter()
    for rollup in rollups:
        if (rollup["level"], rollup["agency"], rollup["category"]) == ("province", "*", "*"):
            whole.update(rollup["counts"])
    return whole


async def deliver(store: Store, batches: list[list[Pair]], counted_after: list[bool]) -> None:
    refresher = Refresher(store, RULES)
    for batch, counted in zip(batches, counted_after, strict=True):
        projections = project(batch)
        await store.cases.apply(projections.values(), datetime.now(UTC))
        refresher.touch(projections)
        if counted:
            await refresher.refresh_touched()
            await refresher.add_up()
    await refresher.refresh_touched()
    await refresher.add_up()


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(delivery=deliveries())
async def test_given_any_delivery_when_all_is_projected_then_it_equals_the_plain_one(
    store: Store, mongo: MongoSettings, delivery: Delivery
) -> None:
    forget(mongo)
    await deliver(store, [stream for stream in delivery.streams if stream], [True] * sum(map(bool, delivery.streams)))
    plain = stored(mongo)
    forget(mongo)

    await deliver(store, delivery.batches, delivery.counted_after)

    cases, buckets, rollups = stored(mongo)
    assert (cases, buckets, rollups) == plain
    assert {case["_id"] for case in cases if case.get("erased")} == delivery.erased
    assert [case["_id"] for case in cases if case.get("erased") and "personal" in case] == []
    days: Counter[tuple[str, str]] = Counter()
    for case in delivery.last_cases:
        days.update((tally.bucket, figure) for tally in tallied(case).tallies for figure in tally.figures)
    # Once more with a calendar of our own: eight hours ahead.
    received = Counter(
        f"{case.head.snapshot.received_at + hours(8):%Y-%m-%d}" for case in delivery.last_cases if case.head
    )
    told: Counter[str] = Counter()
    for (key, figure), number in days.items():
        told[key[:10]] += number if figure.removeprefix("confidential_") == "received" else 0
    assert +told == received
    counted = {
        (bucket["_id"], figure): number
        for bucket in buckets
        if bucket["period"] == "day"
        for figure, number in bucket["counts"].items()
    }
    assert counted == days
    assert whole_of(rollups) == Counter(figure for (_, figure), number in days.items() for _ in range(number))


CONTRADICTING: list[Pair] = [
    (ticket(1), record)
    for record in (
        a_personal_part(1, text="b"),
        a_personal_part(1, text="a", photos=["2"]),
        a_personal_part(1, text="a", photos=["1", "2"]),
        a_personal_part(1, text="a", photos=["1", "2"], latitude=-8.5, longitude=116.4),
        a_step(1, 1, status=Status.RESOLVED, agency=None),
        a_step(1, 1, status=Status.RESOLVED),
        a_step(1, 1, confidential=True),
        a_step(1, 1, occurred_at=RECEIVED_AT + timedelta(microseconds=1_900), region="52.03"),
        a_step(1, 1, occurred_at=RECEIVED_AT + timedelta(microseconds=1_100), region="52.03.01"),
        some_words(1, 1, text="b"),
        some_words(1, 1, text="\U0001f525"),
        some_words(1, 1, text="\uffff"),
    )
]
"""All of one part, one step and one event's words."""


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(records=st.permutations(CONTRADICTING), cuts=st.sets(st.integers(1, len(CONTRADICTING) - 1)))
async def test_given_records_that_contradict_each_other_when_batches_begin_elsewhere_then_the_same_is_kept(
    store: Store, mongo: MongoSettings, records: list[Pair], cuts: set[int]
) -> None:
    forget(mongo)
    await deliver(store, [[record] for record in records], [True] * len(records))
    one_by_one = stored(mongo)
    forget(mongo)
    ends = [*sorted(cuts), len(records)]

    await deliver(store, [records[a:b] for a, b in zip([0, *ends], ends, strict=False)], [True] * len(ends))

    assert stored(mongo) == one_by_one


@pytest.mark.parametrize("order", [1, -1])
async def test_given_a_second_step_of_the_same_moment_when_order_turns_then_the_sequence_decides(
    store: Store, order: int
) -> None:
    at = RECEIVED_AT + hours(1)
    steps = [a_step(1, 1, occurred_at=at), a_step(1, 2, occurred_at=at, status=Status.RESOLVED)][::order]

    await deliver(store, [[(step.ticket, step)] for step in steps], [False, True])

    case = (await store.cases.read([ticket(1)]))[ticket(1)]
    assert case.head is not None
    assert case.head.snapshot == a_snapshot(status=Status.RESOLVED)
