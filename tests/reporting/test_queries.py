"""Every command that the store sends finds an index: MongoDB's own profiler says so."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from itertools import product
from typing import Any

import pytest

from services.reporting.domain.search import ask
from services.reporting.domain.statistics import Dimension, Question
from services.reporting.refresher import Refresher
from services.reporting.store import Store
from services.reporting.store.searches import Search
from shared.cursors import Place
from shared.events.case import Promise, PromiseKind
from shared.mongo import Document, MongoSettings, connected
from tests.profiler import watch, watched
from tests.reporting.conftest import RULES, Projecting
from tests.reporting.samples import RECEIVED_AT, a_lifecycle, a_step, hours, some_words, ticket

pytestmark = [pytest.mark.integration, pytest.mark.both_drivers]

FILTERS: list[dict[str, Any]] = [
    {},
    {"region": "52.03"},
    {"region": "52.03.01.2001"},
    {"agency": "PUPR-52.03"},
    {"agency": ""},
    {"agency": "PUPR-PERKIM", "line": ("PUPR-PERKIM", "PUPR")},
    {"category": "road.damage"},
    {"status": "resolved"},
    {"words": ("tambal",)},
    {"words": ask("Keruak, Lombok: ditambal").words, "region": "52.03"},
    {"region": "52.03.01", "never": ("social.violence",)},
    {"region": "52.03", "agency": "PUPR-52.03", "category": "road.damage", "status": "assigned"},
]
PERIODS: list[dict[str, Any]] = [{}, {"first": "2026-03-05", "last": "2026-03-06"}, {"first": "2026-03-05"}]
PAGES: list[dict[str, Any]] = [
    {},
    {"after": Place(RECEIVED_AT + hours(3), ticket(3))},
    {"updated_after": RECEIVED_AT},
    {"updated_after": RECEIVED_AT, "after": Place(RECEIVED_AT + hours(3), ticket(3))},
]
SPANS: list[dict[str, Any]] = [
    {},
    {"first": date(2026, 1, 1), "last": date(2026, 3, 31)},
    {"first": date(2026, 1, 15), "last": date(2026, 4, 3)},
    {"first": date(2026, 3, 5), "last": date(2026, 3, 5)},
    {"last": date(2026, 3, 5)},
]
CUTS: list[dict[str, Any]] = [
    {},
    {"region": "52"},
    {"region": "52.03"},
    {"region": "52.03.01"},
    {"agency": "PUPR-52.03"},
    {"category": "road.damage"},
    {"region": "52.03", "agency": "PUPR-52.03", "category": "road.damage"},
]


async def profiled(mongo: MongoSettings) -> list[Document]:
    async with connected(mongo) as database:
        return await watched(database)


async def fill(projecting: Projecting, mongo: MongoSettings) -> None:
    """Make some cases, then let the profiler write down every command."""
    await projecting.take(*(record for number in range(40) for record in a_lifecycle(number)))
    await projecting.take(*(a_step(number, 1, agency=None, confidential=True) for number in range(42, 60)))
    async with connected(mongo) as database:
        await watch(database)


async def test_given_any_filters_when_cases_are_searched_then_an_index_finds_them(
    projecting: Projecting, mongo: MongoSettings
) -> None:
    await fill(projecting, mongo)

    for filters, period, page in product(FILTERS, PERIODS, PAGES):
        await projecting.store.cases.search(Search(**filters, **period, **page))

    commands = await profiled(mongo)
    assert Counter(command["op"] for command in commands)["query"] == len(FILTERS) * len(PERIODS) * len(PAGES)
    assert [command for command in commands if "IXSCAN" not in command["planSummary"]] == []


async def test_given_a_rare_and_a_common_word_when_cases_are_searched_then_only_those_of_the_rare_one_are_looked_at(
    projecting: Projecting, mongo: MongoSettings
) -> None:
    words = some_words(41, 1, "Zebra")
    await projecting.take(words, a_step(41, 1, "progressed", words=words.key))
    await fill(projecting, mongo)

    found = await projecting.store.cases.search(Search(words=ask("Keruak zebra").words))

    assert [of for of, _ in found] == [ticket(41)]
    looked_at = [(command["op"], command["docsExamined"]) for command in await profiled(mongo)]
    assert sorted(looked_at) == [("command", 0), ("command", 0), ("query", 1)]


@pytest.mark.parametrize("page", PAGES)
async def test_given_no_period_when_cases_are_searched_then_the_index_gives_the_order_too(
    projecting: Projecting, mongo: MongoSettings, page: dict[str, Any]
) -> None:
    await fill(projecting, mongo)

    for filters in FILTERS:
        await projecting.store.cases.search(Search(**filters, **page))

    assert [command for command in await profiled(mongo) if command.get("hasSortStage")] == []


async def test_given_late_cases_when_the_longest_overdue_are_looked_for_then_an_index_gives_them_in_order(
    projecting: Projecting, mongo: MongoSettings
) -> None:
    due_at = RECEIVED_AT + hours(1)
    late = [Promise(kind=PromiseKind.RESPONSE, started_at=RECEIVED_AT, due_at=due_at, breached_at=due_at)]
    await projecting.take(*(a_step(number, 1, promises=late) for number in range(100, 105)))
    await fill(projecting, mongo)

    found = await projecting.store.cases.overdue(3)
    none = await projecting.store.cases.overdue(3, due_at + hours(1), due_at + hours(2))

    commands = await profiled(mongo)
    assert (len(found), none) == (3, [])
    assert [command["planSummary"] for command in commands] == ["IXSCAN { head.public: 1, late_since: 1, _id: 1 }"] * 2
    assert [command for command in commands if command.get("hasSortStage")] == []


async def test_given_any_question_when_figures_are_added_up_then_an_index_finds_the_buckets(
    projecting: Projecting, mongo: MongoSettings
) -> None:
    await fill(projecting, mongo)
    by = [(), (Dimension.REGION, Dimension.MONTH), (Dimension.AGENCY,), (Dimension.CATEGORY, Dimension.DAY)]

    for dimensions, cut, span in product(by, CUTS, SPANS):
        question = Question(by=dimensions, **cut, **span)
        await projecting.store.figures.total(question)
        if dimensions:
            await projecting.store.figures.rows(question)

    commands = await profiled(mongo)
    assert len(commands) >= (len(by) * 2 - 1) * len(CUTS) * len(SPANS)
    assert [command for command in commands if "COLLSCAN" in command["planSummary"]] == []
    assert {command["ns"].partition(".")[2] for command in commands} == {"buckets_1", "rollups_1"}


async def test_given_a_batch_when_it_is_projected_counted_and_read_then_an_index_finds_everything(
    projecting: Projecting, mongo: MongoSettings
) -> None:
    await fill(projecting, mongo)
    store: Store = projecting.store

    await projecting.take(*(record for number in range(30, 50) for record in a_lifecycle(number)))
    await store.cases.apply([], datetime.now(UTC))
    await Refresher(store, RULES).sweep(datetime.now(UTC) + timedelta(hours=1))
    await store.cases.read([ticket(1), ticket(2)])
    await store.cases.withdrawn(RECEIVED_AT, None, 10)
    await store.cases.withdrawn(RECEIVED_AT, Place(RECEIVED_AT, ticket(1)), 10)
    await store.buckets.having("late", Question(first=date(2026, 3, 1)), ["PUPR-52.03"])
    await store.buckets.having("late", Question(), ["PUPR-52.03", "PERKIM"])
    await store.buckets.having("late", Question(first=date(2026, 3, 1), last=date(2026, 3, 31)))
    await store.cases.search(Search(figure="late"))
    await store.cases.search(Search(figure="late", buckets=["2026-03-05|52.03.01|PUPR-52.03|road.damage"]))

    commands = await profiled(mongo)
    assert {command["op"] for command in commands} >= {"update", "query", "command"}
    assert [command for command in commands if "COLLSCAN" in command["planSummary"]] == []
