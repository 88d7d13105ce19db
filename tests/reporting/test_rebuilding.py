"""A new generation is filled beside the live one and switched to, on a real Kafka and a real MongoDB."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime
from typing import Any, Final

import httpx2
import pytest
from starlette.types import Receive, Scope, Send

from services.reporting.domain.generations import Comparison, GenerationRefused, State
from services.reporting.domain.projection import Told
from services.reporting.domain.statistics import Dimension, Question
from services.reporting.following import OneGeneration
from services.reporting.rebuilding.dropping import drop
from services.reporting.rebuilding.filling import Filling
from services.reporting.rebuilding.lease import leased
from services.reporting.rebuilding.rebuild import Rebuild, generation_to_fill
from services.reporting.rebuilding.verifying import verify_cases, verify_figures
from services.reporting.settings import Settings
from services.reporting.store import Store
from services.reporting.store.contents import documents_of, is_counted
from services.reporting.store.generations import Lease
from shared.cluster import Cluster, looking_at
from shared.mongo import MongoSettings
from shared.progress import Moment
from shared.publisher import Publisher
from shared.settings import KafkaSettings
from shared.topics import DEAD_LETTERS
from tests.reporting.running import prepared, publish, records_of, started
from tests.reporting.samples import RECEIVED_AT, a_lifecycle, a_step, ticket
from tests.servers import Kafka
from tests.waiting import until

pytestmark = [pytest.mark.integration, pytest.mark.parametrize("mongo", ["motor"], indirect=True)]


NEVER: Final = datetime(2999, 1, 1, tzinfo=UTC)


@pytest.fixture
async def settings(kafka: Kafka, mongo: MongoSettings, topic_prefix: str) -> Settings:
    names = KafkaSettings(bootstrap=kafka.bootstrap, namespace=topic_prefix.rstrip("."), partitions=2)
    return await prepared(names, mongo)


@pytest.fixture
async def store(settings: Settings) -> AsyncGenerator[Store]:
    """As a command opens it, once a service has run."""
    async with Store(settings.mongo).open() as opened:
        yield opened


@pytest.fixture
async def cluster(settings: Settings) -> AsyncGenerator[Cluster]:
    async with looking_at(settings.kafka) as looking:
        yield looking


@pytest.fixture
async def running(settings: Settings) -> AsyncGenerator[httpx2.AsyncClient]:
    async with started(settings) as client:
        yield client


async def publish_cases(settings: Settings, numbers: range) -> None:
    events: list[Told] = [event for number in numbers for event in a_lifecycle(number)]
    await publish(settings.kafka, *records_of(events))


async def counted(store: Store, cases: int, generation: str = "1") -> None:
    """Until the generation has so many cases, and none to count."""
    model = store.of((await store.generations.read()).find(generation))

    async def done() -> bool:
        return await model.collections["cases"].count_documents({}) == cases and await is_counted(model)

    await until(done, limit_s=40)


@asynccontextmanager
async def rebuilding(store: Store, cluster: Cluster, moments: list[Moment] | None = None) -> AsyncGenerator[Rebuild]:
    told = [] if moments is None else moments
    work = Rebuild(store, cluster, await generation_to_fill(store, None, None), told.append)
    async with work.running():
        yield work


async def rebuild(store: Store, cluster: Cluster) -> Comparison:
    """Whole, and handed over to whoever runs."""
    async with rebuilding(store, cluster) as work:
        await work.fill()
        comparison = await work.compare()
        await work.hand_over()
    return comparison


async def test_given_several_replicas_when_they_start_at_once_then_there_is_one_generation_and_it_is_live(
    settings: Settings,
) -> None:
    async def start() -> str:
        async with Store(settings.mongo).open() as opened:
            known = await opened.generations.read()
            return f"{known.live} of {sorted(known.generations)}"

    answers = await asyncio.gather(*(start() for _ in range(8)))

    assert set(answers) == {"1 of ['1']"}


async def test_given_a_live_generation_when_another_is_built_beside_it_then_nothing_differs_and_replicas_take_it_over(
    running: httpx2.AsyncClient, settings: Settings, store: Store, cluster: Cluster
) -> None:
    await publish_cases(settings, range(30))
    await counted(store, 30)

    async with rebuilding(store, cluster) as work:
        await work.fill()
        comparison = await work.compare()
        taken_over = await work.hand_over()
    await publish_cases(settings, range(30, 35))
    await counted(store, 35, "2")
    await counted(store, 35, "1")

    assert comparison.is_equal
    assert comparison.is_settled
    assert (comparison.new.cases, comparison.sampled) == (30, 30)
    assert comparison.new.totals["2026-03"]["received"] == 30
    assert taken_over
    assert await cluster.lag("reporting.2") == await cluster.lag("reporting.1") == 0
    assert (await running.get("/readyz")).status_code == 200
    assert (await running.get("/asyncapi")).json()["channels"]


async def test_given_readers_when_generations_are_switched_to_and_fro_then_each_answer_is_whole_and_of_one_of_them(
    running: httpx2.AsyncClient, settings: Settings, store: Store, cluster: Cluster
) -> None:
    await publish_cases(settings, range(20))
    await counted(store, 20)
    await rebuild(store, cluster)
    sums = store.of((await store.generations.read()).find("2")).collections["rollups"]
    await sums.update_many({}, [{"$set": {"counts.received": {"$multiply": ["$counts.received", 10]}}}])
    seen: list[tuple[int, int, int]] = []

    async def read() -> None:
        while True:
            answer = await running.get("/v1/statistics?by=region")
            told: Any = answer.json() if answer.status_code == 200 else {"totals": {"received": -1}, "rows": []}
            rows = sum(row["received"] for row in told["rows"])
            seen.append((answer.status_code, told["totals"]["received"], rows))

    readers = [asyncio.create_task(read()) for _ in range(4)]
    for name, received in (("2", 200), ("1", 20), ("2", 200)):
        await store.generations.point_to(name, RECEIVED_AT)
        await until(lambda received=received: seen and seen[-1][1] == received, limit_s=3)
        assert (await running.get("/readyz")).status_code == 200
    for reader in readers:
        reader.cancel()
    await asyncio.gather(*readers, return_exceptions=True)

    assert set(seen) == {(200, 20, 20), (200, 200, 200)}


async def test_given_an_answer_under_way_when_another_generation_becomes_live_then_it_ends_with_the_one_it_began_with(
    store: Store, cluster: Cluster
) -> None:
    await rebuild(store, cluster)
    await store.of((await store.generations.read()).find("2")).collections["cases"].insert_one({"_id": "A"})
    found: list[bool] = []

    async def switching(scope: Scope, receive: Receive, send: Send) -> None:
        """Reads, and is overtaken by a switch, and reads on."""
        found.append("A" in await store.cases.read(["A"]))
        await store.generations.point_to("2", RECEIVED_AT)
        store.follow(await store.generations.read())
        found.append("A" in await store.cases.read(["A"]))

    app: Any = OneGeneration(switching, store)
    await app({"type": "http"}, None, None)
    await app({"type": "http"}, None, None)

    assert found == [False, False, True, True]


async def test_given_somebody_who_waits_when_the_generation_is_switched_then_the_next_event_answers(
    running: httpx2.AsyncClient, settings: Settings, store: Store, cluster: Cluster
) -> None:
    await publish(settings.kafka, *records_of([a_step(1, 1)]))
    await counted(store, 1)
    await rebuild(store, cluster)

    waiting = asyncio.create_task(running.get(f"/v1/cases/{ticket(1)}?wait=30&after=1"))
    await store.generations.point_to("2", RECEIVED_AT)
    await until(lambda: drop_succeeds(store, cluster, "1"), limit_s=30)
    await publish(settings.kafka, *records_of([a_step(1, 2)]))
    answer = await waiting

    assert answer.json()["sequence"] == 2


async def drop_succeeds(store: Store, cluster: Cluster, name: str) -> bool:
    await drop(store, cluster, name)
    return True


async def test_given_a_rebuild_that_was_killed_when_it_is_begun_again_then_it_goes_on_where_it_was(
    settings: Settings, store: Store, cluster: Cluster
) -> None:
    await publish_cases(settings, range(40))
    generation = await generation_to_fill(store, None, None)
    await store.generations.make(generation)
    filling = Filling(settings.kafka, store.of(generation))
    places = await cluster.places()
    ends = await cluster.ends(places)
    half = {place: end if place.topic.endswith((".cases", ".words")) else 0 for place, end in ends.items()}
    async with filling.open(places):
        await filling.read_to(half)
        read = sum(filling.read.values())
    await store.generations.claim(Lease("killed", generation.id, 3), instead_of=None)
    claimed = {"_id": "2026-03", "marked": True, "version": 1, "claim": "killed", "claimed_until": NEVER}
    await store.of(generation).collections["marks"].insert_one(claimed)

    moments: list[Moment] = []
    async with rebuilding(store, cluster, moments) as work:
        await until(lambda: moments)
        await work.fill()

    assert 0 < read < sum(ends.values())
    assert (moments[0].done, moments[0].total) == (read, sum(ends.values()))
    assert work.model.generation.id == generation.id == "2"
    assert await is_counted(work.model)
    await counted(store, 40, "2")


async def test_given_a_rebuild_killed_after_counting_when_a_case_moved_meanwhile_then_its_old_place_is_empty(
    running: httpx2.AsyncClient, settings: Settings, store: Store, cluster: Cluster
) -> None:
    received = datetime(2026, 4, 7, tzinfo=UTC)
    await publish(settings.kafka, *records_of([a_step(1, 1, agency=None), a_step(2, 1, received_at=received)]))
    async with rebuilding(store, cluster) as work:
        await work.fill()
    await publish(settings.kafka, *records_of([a_step(1, 2), a_step(2, 2, received_at=received, agency="PERKIM")]))
    await counted(store, 2)

    async with rebuilding(store, cluster) as again:
        await again.fill()
        comparison = await again.compare()

    month = Question(by=(Dimension.AGENCY,), first=date(2026, 3, 1), last=date(2026, 4, 30))
    rows = await again.model.figures.rows(month)
    assert [(cell["agency"], counts.received) for cell, counts in rows] == [("PERKIM", 1), ("PUPR-52.03", 1)]
    assert comparison.is_equal
    assert await verify_figures(again.model, unheard) == (2, [])


async def test_given_a_sum_of_months_that_nothing_adds_up_to_when_generations_are_compared_then_it_is_told(
    running: httpx2.AsyncClient, settings: Settings, store: Store, cluster: Cluster
) -> None:
    await publish_cases(settings, range(3))
    await counted(store, 3)

    async with rebuilding(store, cluster) as work:
        await work.fill()
        right = await work.compare()
        cell = {"_id": "2026-03|regency|52.02|PERKIM|*", "start": "2026-03", "level": "regency", "agency": "PERKIM"}
        left = cell | {"region": "52.02", "category": "*", "counts": {"received": 4, "confidential_received": 9}}
        await work.model.collections["rollups"].insert_one(left)
        wrong = await work.compare()

    assert right.is_equal
    assert not wrong.is_equal
    assert [(one.where, one.figure, one.new - one.old) for one in wrong.new.wrong_sums] == [
        ("2026-03", "regency|agencies|*", 4)
    ]


async def test_given_a_rebuild_under_way_when_a_second_one_begins_then_it_is_refused_and_the_first_goes_on(
    settings: Settings, store: Store, cluster: Cluster
) -> None:
    await publish_cases(settings, range(3))

    async with rebuilding(store, cluster) as work:
        for wanted in (None, "other"):
            second = Rebuild(store, cluster, await generation_to_fill(store, wanted, None), lambda _: None)
            with pytest.raises(GenerationRefused, match="Another process is rebuilding generation 2 now"):
                async with second.running():
                    pass
        await work.fill()

    await counted(store, 3, "2")
    assert sorted((await store.generations.read()).generations) == ["1", "2"]


async def test_given_a_rebuild_that_stood_still_when_another_took_it_over_then_it_ends_and_says_so(
    store: Store,
) -> None:
    async def nothing() -> None: ...

    async def stand_still() -> None:
        async with leased(store.generations, "2", nothing):
            await asyncio.Event().wait()

    first = asyncio.create_task(stand_still())

    async def taken_over() -> bool:
        mine = await store.generations.lease()
        return mine is not None and await store.generations.claim(Lease("other", "2", 0), instead_of=mine)

    await until(taken_over)
    with pytest.raises(GenerationRefused, match="Another process took the rebuild of generation 2 over"):
        await first

    found = await store.generations.lease()
    assert found is not None
    assert found.holder == "other"


async def test_given_poison_that_the_live_generation_parked_when_it_is_rebuilt_then_it_is_skipped_and_not_parked_again(
    running: httpx2.AsyncClient, settings: Settings, store: Store, cluster: Cluster
) -> None:
    publisher = Publisher("routing", settings.kafka)
    await publisher.start()
    await publisher.send("cases", b"T", b"{", [("ce_type", b"case.opened.v1")])
    await publisher.stop()
    await publish_cases(settings, range(3))
    await counted(store, 3)

    async with rebuilding(store, cluster) as work:
        await work.fill()
        comparison = await work.compare()

    assert work.skipped == 1
    assert comparison.is_equal
    assert await parked(settings, cluster) == 1


async def parked(settings: Settings, cluster: Cluster) -> int:
    letters = DEAD_LETTERS["reporting"].full_name(settings.kafka.namespace)
    places = [type(place)(letters, number) for place in await cluster.places() for number in range(3)]
    return sum((await cluster.ends(set(places))).values())


async def test_given_a_generation_that_says_otherwise_when_compared_then_old_and_new_are_told(
    running: httpx2.AsyncClient, settings: Settings, store: Store, cluster: Cluster
) -> None:
    await publish_cases(settings, range(5))
    await counted(store, 5)
    live = store.live.collections
    await live["buckets"].update_one({"period": "month", "counts.done": 5}, {"$set": {"counts.done": 4}})
    await live["cases"].update_one({"_id": ticket(2)}, {"$set": {"head.case.status": "closed"}})

    comparison = await rebuild(store, cluster)

    assert not comparison.is_equal
    assert comparison.is_settled
    assert [(one.figure, one.old, one.new) for one in comparison.totals] == [("done", 4, 5)]
    assert [(one.where, one.figure, one.old, one.new) for one in comparison.months] == [("2026-03", "done", 4, 5)]
    assert [(one.ticket, one.fields) for one in comparison.unlike] == [(ticket(2), ("head",))]


async def test_given_generations_when_one_is_dropped_then_its_collections_and_group_go_and_the_live_one_cannot(
    running: httpx2.AsyncClient, settings: Settings, store: Store, cluster: Cluster
) -> None:
    await publish_cases(settings, range(3))
    await counted(store, 3)
    await rebuild(store, cluster)

    with pytest.raises(GenerationRefused, match="Generation 1 is live"):
        await drop(store, cluster, "1")
    await drop(store, cluster, "2")

    names = await store.live.collections["cases"].database.list_collection_names()
    assert set(names) == {"generations", "migrations", "cases_1", "buckets_1", "rollups_1", "marks_1", "supports_1"}
    assert list((await store.generations.read()).generations) == ["1"]
    assert await cluster.members("reporting.2") == 0
    assert await cluster.lag("reporting.2") > await cluster.lag("reporting.1") == 0
    with pytest.raises(GenerationRefused, match="There is no generation 2"):
        (await store.generations.read()).check_switch("2")


async def test_given_a_generation_that_is_being_dropped_when_it_is_switched_to_then_that_is_refused(
    store: Store, cluster: Cluster
) -> None:
    await rebuild(store, cluster)
    await store.generations.begin_drop("2")

    with pytest.raises(GenerationRefused, match="Generation 2 is being dropped"):
        await store.generations.point_to("2", RECEIVED_AT)

    known = await store.generations.read()
    assert (known.live, known.generations["2"].state) == ("1", State.DROPPING)


async def test_given_what_somebody_changed_by_hand_when_it_is_verified_then_bucket_sum_and_case_are_named(
    running: httpx2.AsyncClient, settings: Settings, store: Store, cluster: Cluster
) -> None:
    await publish_cases(settings, range(10))
    await counted(store, 10)
    right = await verified(store, cluster)

    live = store.live.collections
    bucket = await live["buckets"].find_one_and_update(
        {"period": "day", "counts.done": 10}, {"$set": {"counts.done": 3}}
    )
    await live["cases"].update_one({"_id": ticket(4)}, {"$set": {"history.2.words": "somebody-elses"}})
    await live["rollups"].update_one({"_id": "2026-03|province|52|*|*"}, {"$set": {"counts.done": 11}})
    wrong = await verified(store, cluster)

    assert bucket is not None
    assert right == ([], [])
    assert wrong == (
        [(bucket["_id"], "done", 3, 10), ("2026-03|province|52|*|*", "done", 11, 10)],
        [(ticket(4), ("history",))],
    )


def unheard(done: int, total: int) -> None: ...


async def verified(store: Store, cluster: Cluster) -> tuple[list[Any], list[Any]]:
    """What is wrong with figures, and with cases."""
    _, figures = await verify_figures(store.live, unheard)
    sampled, cases = await verify_cases(store.live, cluster, 10, unheard)
    assert sampled == 10
    told = [(one.where, one.figure, one.old, one.new) for one in figures]
    return told, [(one.ticket, one.fields) for one in cases]


async def test_given_marks_of_what_was_erased_when_cases_are_compared_then_a_topic_may_have_forgotten_them(
    store: Store,
) -> None:
    await store.live.collections["cases"].insert_one({"_id": "A", "personal": {"p1": None}, "stale": RECEIVED_AT})

    assert await documents_of(store.live, ["A"], RECEIVED_AT) == [{"_id": "A"}]
