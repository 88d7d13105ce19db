"""The buckets on a real MongoDB, with both drivers."""

import asyncio
from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any, Literal

import pytest

from services.reporting.domain.projection import project
from services.reporting.domain.statistics import Counts, Dimension, Question, percent
from services.reporting.rebuilding.verifying import verify_figures
from services.reporting.refresher import Refresher
from services.reporting.store import Store
from services.reporting.store.contents import contents_of
from services.reporting.store.rollups import LEASE
from shared.events.case import PromiseKind, Status
from shared.mongo import Document, MongoSettings, connected
from tests.reporting.conftest import RULES, Projecting
from tests.reporting.samples import a_lifecycle, a_promise, a_step, followed_up, of_ticket, ticket
from tests.reporting.tallying import a_holding

pytestmark = [pytest.mark.integration, pytest.mark.both_drivers]

NOW = datetime(2026, 3, 6, tzinfo=UTC)
LATE = a_promise(PromiseKind.RESPONSE, 24).model_copy(update={"breached_at": NOW})
PARTS = ("cases_1", "buckets_1", "rollups_1", "marks_1")
REGIONS = ("52.03.01.2001", "52.03.01", "52.03", "52", None)


def replace_database(mongo: MongoSettings, suffix: str) -> MongoSettings:
    return mongo.model_copy(update={"database": f"{mongo.database}-{suffix}"})


def unheard(done: int, total: int) -> None: ...


async def everything(mongo: MongoSettings) -> dict[str, list[Document]]:
    """All that is stored, less what guards writes."""
    guards = {"version": 0, "revision": 0, "made_at": 0}
    async with connected(mongo) as database:
        found = {name: await database[name].find({}, guards).sort("_id", 1).to_list(None) for name in PARTS}
        await database.client.drop_database(mongo.database)
    return found


async def test_given_the_numbers_of_2021_when_they_are_counted_then_185_of_278_are_66_5_percent(
    projecting: Projecting,
) -> None:
    """January to the first week of October 2021; published as 68 %."""
    first = datetime(2021, 1, 1, 4, 0, tzinfo=UTC)
    await projecting.take(
        *(
            a_step(
                number,
                1,
                received_at=first + timedelta(days=number),
                promises=followed_up() if number < 185 else (),
                confidential=number % 20 == 0,
                historical=True,
            )
            for number in range(278)
        ),
        a_step(900, 1, received_at=datetime(2021, 10, 7, 16, 0, tzinfo=UTC)),
    )
    question = Question(first=date(2021, 1, 1), last=date(2021, 10, 7))

    totals = await projecting.store.figures.total(question)

    assert totals == Counts(received=278, followed_up=185)
    assert totals.followed_up_percent == 66.5


async def test_given_the_numbers_of_2018_when_they_are_counted_then_they_are_as_published(
    projecting: Projecting,
) -> None:
    """16 October 2018 to 12 February 2019: 286, of which approved 237, in process 26, rejected 21; done 163 (56.99 %).

    As printed these are 284 of 286. Nobody says what became of the other two: here they were taken back, which is
    none of the three. Approved is what was verified and passed on, in process what was still being verified.
    """
    first, verified = datetime(2018, 10, 16, 4, 0, tzinfo=UTC), (a_promise(PromiseKind.VERIFICATION, 72, 20),)
    fates = [Status.RESOLVED] * 163 + [Status.IN_PROGRESS] * (237 - 163) + [Status.REJECTED] * 21
    fates += [Status.RECEIVED, Status.IN_TRIAGE] * (26 // 2) + [Status.WITHDRAWN] * 2
    unverified = {Status.RECEIVED, Status.IN_TRIAGE, Status.WITHDRAWN}
    await projecting.take(
        *(
            a_step(
                number,
                1,
                status=fate,
                promises=() if fate in unverified else verified,
                region="52.03.01" if number % 8 == 0 and number < 272 else "52.02",
                received_at=first + timedelta(days=number * 119 // 286),
                historical=True,
            )
            for number, fate in enumerate(fates)
        )
    )
    question = Question(first=date(2018, 10, 16), last=date(2019, 2, 12))

    published = ("received", "approved", "in_verification", "rejected", "done")
    totals = await projecting.store.figures.numbers(question, (*published, "verified", "withdrawn"))
    by_regency = await projecting.store.figures.rows(replace(question, by=(Dimension.REGION,)))

    assert [totals[name] for name in published] == [286, 237, 26, 21, 163]
    assert (totals["verified"], totals["withdrawn"]) == (237 + 21, 286 - 284)
    assert percent(totals["done"], totals["received"]) == 57.0
    assert [(cell["region"], counts.received) for cell, counts in by_regency] == [("52.02", 252), ("52.03", 34)]


async def test_given_a_case_that_moves_when_it_is_counted_again_then_it_left_the_old_bucket(
    projecting: Projecting,
) -> None:
    await projecting.take(a_step(1, 1, agency=None), a_step(2, 1, agency=None))

    await projecting.take(a_step(1, 2, "assigned"))

    rows = await projecting.store.figures.rows(Question(by=(Dimension.AGENCY,)))
    assert rows == [({"agency": "-"}, Counts(received=1)), ({"agency": "PUPR-52.03"}, Counts(received=1))]


async def test_given_open_cases_when_some_figures_are_asked_for_then_they_are_those_of_the_whole(
    projecting: Projecting,
) -> None:
    await projecting.take(
        *(a_step(number, 1, promises=(LATE,), confidential=number % 2 == 0, region="52") for number in range(6))
    )
    figures = projecting.store.figures
    by: list[Literal["agency", "region"] | None] = [None, "agency", "region"]

    whole = [await figures.open_now(by=one) for one in by]
    late = [await figures.open_now(("late",), by=one) for one in by]

    assert whole[0]["*"]["late"] == 6
    assert late == [{name: Counter(late=row["late"]) for name, row in rows.items()} for rows in whole]


async def test_given_the_last_case_of_a_place_when_it_moves_then_no_sum_of_months_holds_it_there(
    projecting: Projecting,
) -> None:
    question = Question(by=(Dimension.AGENCY,), first=date(2026, 3, 1), last=date(2026, 3, 31))
    await projecting.take(a_step(1, 1, agency=None, region="52.02", confidential=True))

    await projecting.take(a_step(1, 2, region="52.03.01"))

    model = projecting.store.live
    assert [(cell, counts.received) for cell, counts in await model.figures.rows(question)] == [
        ({"agency": "PUPR-52.03"}, 1)
    ]
    assert await verify_figures(model, unheard) == (1, [])
    assert (await contents_of(model)).wrong_sums == []


async def test_given_events_that_are_delivered_again_when_they_are_counted_then_nothing_is_counted_twice(
    projecting: Projecting,
) -> None:
    records = a_lifecycle(1)
    await projecting.take(*records)

    await projecting.take(*records)
    await projecting.take(records[-2])

    assert await projecting.store.figures.total(Question()) == Counts(received=1, followed_up=1, done=1)


async def test_given_cases_in_two_dimensions_when_rows_are_asked_for_then_each_cell_has_its_own(
    projecting: Projecting,
) -> None:
    april = datetime(2026, 4, 1, tzinfo=UTC)
    await projecting.take(
        a_step(1, 1),
        a_step(2, 1, region="52.03.02", status=Status.RESOLVED),
        a_step(3, 1, region="52.02", received_at=april, status=Status.RECEIVED),
        a_step(4, 1, region=None, received_at=april),
    )

    async def rows(question: Question) -> list[tuple[dict[str, str], int]]:
        return [(cell, counts.received) for cell, counts in await projecting.store.figures.rows(question)]

    assert await rows(Question(by=(Dimension.REGION, Dimension.MONTH))) == [
        ({"region": "52", "month": "2026-04"}, 1),
        ({"region": "52.02", "month": "2026-04"}, 1),
        ({"region": "52.03", "month": "2026-03"}, 2),
    ]
    assert await rows(Question(by=(Dimension.REGION,), level="district", region="52.03")) == [
        ({"region": "52.03.01"}, 1),
        ({"region": "52.03.02"}, 1),
    ]
    assert await rows(Question(by=(Dimension.DAY,), first=date(2026, 3, 6))) == [({"day": "2026-04-01"}, 2)]
    assert await rows(Question(by=(Dimension.MONTH,), first=date(2026, 3, 5), last=date(2026, 4, 1))) == [
        ({"month": "2026-03"}, 2),
        ({"month": "2026-04"}, 2),
    ]


@pytest.mark.parametrize(
    "period",
    [
        {},
        {"first": date(2026, 3, 1), "last": date(2026, 3, 31)},
        {"first": date(2026, 3, 5), "last": date(2026, 3, 5)},
        {"first": date(2026, 3, 5), "last": date(2026, 4, 2)},
    ],
)
async def test_given_a_district_when_it_is_told_by_region_then_its_row_is_itself_over_months_and_over_days(
    projecting: Projecting, period: dict[str, Any]
) -> None:
    await projecting.take(a_step(1, 1), a_step(2, 1, region="52.03.02"), a_step(3, 1, region="52.03"))
    question = Question(by=(Dimension.REGION,), region="52.03.01", **period)

    rows = await projecting.store.figures.rows(question)

    assert rows == [({"region": "52.03.01"}, Counts(received=1))]


@pytest.mark.parametrize(("confidential", "shown"), [(4, 1), (5, 6)])
async def test_given_confidential_cases_in_one_district_when_it_is_asked_for_then_they_count_from_five_up(
    projecting: Projecting, confidential: int, shown: int
) -> None:
    await projecting.take(
        a_step(0, 1),
        *(
            a_step(number, 1, confidential=True, received_at=datetime(2026, 3, number, tzinfo=UTC))
            for number in range(1, confidential + 1)
        ),
    )
    store = projecting.store.figures

    by_district = await store.rows(Question(by=(Dimension.REGION,), level="district"))
    of_district = await store.total(Question(region="52.03.01"))

    assert [counts.received for _, counts in by_district] == [shown]
    assert of_district.received == shown
    assert (await store.total(Question(region="52.03"))).received == 1 + confidential
    assert [counts.received for _, counts in await store.rows(Question(by=(Dimension.REGION,)))] == [1 + confidential]


@pytest.mark.parametrize(("confidential", "shown"), [(4, 1), (5, 6)])
async def test_given_confidential_cases_at_a_regencys_body_when_any_table_is_read_then_they_count_from_five_up(
    projecting: Projecting, confidential: int, shown: int
) -> None:
    """By its name such a body tells place and matter at once."""
    body, fund = "INSPEKTORAT-52.03", "village.fund"
    holding = (a_holding(body, 0),)
    await projecting.take(
        a_step(0, 1, agency=body, category=fund, holdings=holding),
        *(
            a_step(number, 1, agency=body, category=fund, holdings=holding, confidential=True)
            for number in range(1, confidential + 1)
        ),
    )
    store = projecting.store.figures
    march = Question(first=date(2026, 3, 1), last=date(2026, 3, 31), region="52.03")

    by_body = [
        Question(by=(Dimension.AGENCY,)),
        Question(by=(Dimension.CATEGORY,), agency=body),
        replace(march, by=(Dimension.CATEGORY,)),
        replace(march, by=(Dimension.AGENCY, Dimension.CATEGORY)),
        Question(by=(Dimension.MONTH,), agency=body, category=fund),
    ]
    open_now = (await store.open_now(by="agency"))[body]

    assert [[counts.received for _, counts in await store.rows(question)] for question in by_body] == [[shown]] * 5
    assert [(await store.total(replace(question, by=()))).received for question in by_body[1:2]] == [shown]
    assert sum(number for figure, number in open_now.items() if figure.startswith("sits_")) == shown
    assert (await store.total(march)).received == 1 + confidential
    assert [counts.received for _, counts in await store.rows(Question(by=(Dimension.CATEGORY,)))] == [1 + confidential]


async def test_given_a_confidential_case_at_a_body_of_the_province_when_it_is_asked_for_then_it_counts(
    projecting: Projecting,
) -> None:
    await projecting.take(a_step(0, 1, agency="INSPEKTORAT", category="integrity.levy", confidential=True))

    rows = await projecting.store.figures.rows(Question(by=(Dimension.AGENCY,)))
    in_a_regency = await projecting.store.figures.rows(Question(by=(Dimension.AGENCY,), region="52.03"))

    assert (rows, in_a_regency) == ([({"agency": "INSPEKTORAT"}, Counts(received=1))], [])


@pytest.mark.parametrize(("confidential", "shown"), [(4, 1), (5, 6)])
async def test_given_confidential_cases_on_one_day_when_the_day_is_asked_for_then_they_count_from_five_up(
    projecting: Projecting, confidential: int, shown: int
) -> None:
    await projecting.take(
        a_step(0, 1), *(a_step(number, 1, confidential=True) for number in range(1, confidential + 1))
    )
    store = projecting.store.figures
    day = date(2026, 3, 5)

    by_day = await store.rows(Question(by=(Dimension.DAY,)))
    of_agency = await store.total(Question(first=day, last=day, agency="PUPR-52.03"))

    assert [counts.received for _, counts in by_day] == [shown]
    assert of_agency.received == shown
    assert (await store.total(Question(first=day, last=day))).received == 1 + confidential


async def test_given_a_period_that_is_widened_day_by_day_when_its_figures_are_subtracted_then_no_case_is_isolated(
    projecting: Projecting,
) -> None:
    """Six confidential cases on six days: a threshold on the sum alone would show the sixth as a difference of 1."""
    await projecting.take(
        *(
            a_step(number, 1, confidential=True, received_at=datetime(2026, 3, number, tzinfo=UTC))
            for number in range(1, 7)
        )
    )
    questions = [Question(first=date(2026, 3, 1), last=date(2026, 3, day), region="52.03") for day in range(1, 31)]

    received = [(await projecting.store.figures.total(question)).received for question in questions]

    assert set(received) == {0}


async def test_given_two_replicas_when_they_project_and_count_halves_at_once_then_the_buckets_are_right(
    mongo: MongoSettings,
) -> None:
    halves = [[number for number in range(60) if number % 2 == half] for half in (0, 1)]

    async def work(store: Store, numbers: list[int]) -> None:
        refresher = Refresher(store, RULES)
        for number in numbers:
            projections = project(of_ticket(*a_lifecycle(number)))
            await store.cases.apply(projections.values(), NOW)
            refresher.touch(projections)
            await refresher.refresh_touched()

    async with Store(mongo).open() as first, Store(mongo).open() as second:
        await asyncio.gather(work(first, halves[0]), work(second, halves[1]))
        await asyncio.gather(Refresher(first, RULES).add_up(), Refresher(second, RULES).add_up())
        totals = await first.figures.total(Question())
        days = await first.figures.rows(Question(by=(Dimension.DAY,)))
        left = await first.cases.stale_since(datetime.now(UTC), 100)

    assert totals == Counts(received=60, followed_up=60, done=60)
    assert [counts.received for _, counts in days] == [60]
    assert left == []


async def test_given_marks_that_an_ended_process_left_when_the_sweep_comes_then_they_are_counted(store: Store) -> None:
    await store.cases.apply(project(of_ticket(*a_lifecycle(1))).values(), NOW)
    uncounted = await store.figures.total(Question())

    refresher = Refresher(store, RULES)
    await refresher.sweep(before=NOW + timedelta(seconds=1))
    await refresher.add_up()

    assert uncounted == Counts()
    assert await store.figures.total(Question()) == Counts(received=1, followed_up=1, done=1)
    assert await store.cases.stale_since(NOW + timedelta(days=1), 10) == []


async def test_given_a_case_that_nobody_can_count_when_all_are_counted_then_only_it_counts_nowhere(
    store: Store, mongo: MongoSettings
) -> None:
    """Taken in by an older version that knew less of what a case may say."""
    await store.cases.apply(project(of_ticket(a_step(1, 1), a_step(2, 1))).values(), NOW)
    async with connected(mongo) as database:
        await database["cases_1"].update_one({"_id": ticket(1)}, {"$set": {"head.case.cell": "-99.99,999.99"}})
    refresher = Refresher(store, RULES)

    await refresher.sweep(before=NOW + timedelta(seconds=1))
    await refresher.add_up()

    assert (await store.figures.total(Question())).received == 1
    assert await store.cases.stale_since(NOW + timedelta(days=1), 10) == []


async def test_given_a_case_that_changed_while_it_was_counted_when_the_mark_is_cleared_then_it_stays(
    store: Store,
) -> None:
    await store.cases.apply(project(of_ticket(a_step(1, 1))).values(), NOW)
    stale = await store.cases.stale_among([ticket(1)])
    await store.cases.apply(project(of_ticket(a_step(1, 2))).values(), NOW)

    await store.cases.clear(stale)

    assert [each.version for each in await store.cases.stale_among([ticket(1)])] == [2]


async def test_given_cases_that_were_never_counted_when_all_are_counted_at_one_go_then_nothing_differs(
    mongo: MongoSettings,
) -> None:
    records = [record for number in range(40) for record in a_lifecycle(number, region=REGIONS[number % len(REGIONS)])]
    records += [a_step(number, 1, agency=None, confidential=True) for number in range(40, 50)]
    one_by_one, at_once = replace_database(mongo, "1"), replace_database(mongo, "2")

    async with Store(one_by_one).open() as store:
        await Projecting(store).take(*records)
    async with Store(at_once).open() as store:
        await store.cases.apply(project(of_ticket(*records)).values(), NOW)
        await Refresher(store, RULES).count_everything()
        await Refresher(store, RULES).count_everything()

    assert await everything(at_once) == await everything(one_by_one)


async def test_given_sums_that_took_longer_than_their_lease_when_another_replica_made_them_then_they_are_made_again(
    store: Store,
) -> None:
    rollups = store.rollups
    await rollups.mark(["2026-03"])
    slow = await rollups.claim(NOW, made_before=NOW)
    quick = await rollups.claim(NOW + LEASE, made_before=NOW + LEASE)
    assert slow is not None
    assert quick is not None

    await rollups.make(quick, NOW + LEASE)
    were_current = await rollups.are_current()
    await rollups.make(slow, NOW + LEASE)

    assert were_current
    assert not await rollups.are_current()
    assert await rollups.claim(NOW + LEASE + timedelta(seconds=1), made_before=NOW + 2 * LEASE) is not None
