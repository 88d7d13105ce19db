"""What is added up beforehand, on a real MongoDB with both drivers."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from services.reporting.domain.statistics import Counts, Dimension, Question
from services.reporting.refresher import Refresher
from services.reporting.scoring import Scoring
from services.reporting.store import Store
from tests.reporting.conftest import RULES, Projecting
from tests.reporting.samples import a_step

pytestmark = [pytest.mark.integration, pytest.mark.both_drivers]

FIRST = datetime(2026, 3, 5, 4, tzinfo=UTC)
BY_DAY = Question(by=(Dimension.DAY,), first=date(2026, 3, 1), last=date(2026, 3, 28))


async def days(store: Store, question: Question) -> dict[str, int]:
    return {cell["day"]: counts.received for cell, counts in await store.figures.rows(question)}


async def test_given_days_when_figures_are_asked_for_by_day_then_no_bucket_is_read(projecting: Projecting) -> None:
    regions = ("52.03.01", "52.03.02", "52.06.01")
    await projecting.take(
        *(
            a_step(number, 1, received_at=FIRST + timedelta(days=number % 2), region=regions[number % 3])
            for number in range(9)
        )
    )
    await projecting.store.live.collections["buckets"].drop()

    assert await days(projecting.store, BY_DAY) == {"2026-03-05": 5, "2026-03-06": 4}
    of_a_regency = replace(BY_DAY, region="52.03")
    assert await days(projecting.store, of_a_regency) == {"2026-03-05": 3, "2026-03-06": 3}
    to_the_day = Question(by=(Dimension.MONTH,), first=date(2026, 2, 10), last=date(2026, 3, 5))
    by_kind = await projecting.store.figures.table(replace(BY_DAY, by=(Dimension.CATEGORY,)), ("received", "late"))
    assert by_kind == [({"category": "road.damage"}, {"received": 9, "late": 0})]
    assert await projecting.store.figures.rows(to_the_day) == [({"month": "2026-03"}, Counts(received=5))]


async def test_given_few_confidential_cases_when_days_are_told_then_only_the_whole_province_has_them(
    projecting: Projecting,
) -> None:
    few = [a_step(number, 1, received_at=FIRST, confidential=True) for number in range(4)]
    enough = [a_step(number, 1, received_at=FIRST, region="52.06.01", confidential=True) for number in range(10, 15)]
    await projecting.take(a_step(20, 1, received_at=FIRST), *few, *enough)
    to_the_day = Question(first=date(2026, 2, 10), last=date(2026, 3, 5))

    assert await days(projecting.store, BY_DAY) == {"2026-03-05": 6}
    assert (await projecting.store.figures.total(to_the_day)).received == 10
    assert (await projecting.store.figures.total(replace(to_the_day, region="52.03"))).received == 1


async def test_given_sums_that_an_older_version_made_when_a_replica_starts_then_they_are_made_again(
    projecting: Projecting,
) -> None:
    await projecting.take(a_step(1, 1, received_at=FIRST))
    model = projecting.store.live
    await model.collections["rollups"].delete_many({"start": "2026-03-05"})
    await model.collections["marks"].update_many({}, {"$unset": {"made": ""}})
    assert await days(projecting.store, BY_DAY) == {}

    await model.prepare()
    await Refresher(projecting.store, RULES).add_up()

    assert await days(projecting.store, BY_DAY) == {"2026-03-05": 1}
    await model.prepare()
    assert await model.rollups.are_current()


async def test_given_where_it_sits_when_it_is_asked_for_again_then_it_is_worked_out_once_for_the_sums(
    projecting: Projecting,
) -> None:
    scoring = Scoring(projecting.store, RULES.names, lambda: RULES.definitions)
    await projecting.take(a_step(1, 1))
    today = date(2026, 3, 9)

    first, again = await scoring.sitting(today), await scoring.sitting(today)
    a_day_later = await scoring.sitting(today + timedelta(days=1))
    await projecting.take(a_step(2, 1))
    anew = await scoring.sitting(today)

    assert again is first
    assert a_day_later is not first
    assert [sum(stage.now for row in rows for stage in row.stages) for rows in (first, anew)] == [1, 2]


async def test_given_what_is_open_when_it_is_asked_for_again_then_it_is_added_up_once_for_the_sums_as_they_are(
    projecting: Projecting,
) -> None:
    figures, rollups = projecting.store.figures, projecting.store.live.collections["rollups"]
    await projecting.take(a_step(1, 1))

    first = await figures.open_now(by="agency")
    await rollups.update_many({}, {"$unset": {"open": ""}})
    again, of_all = await figures.open_now(by="agency"), await figures.open_now()
    await projecting.take(a_step(2, 1))
    anew = await figures.open_now(by="agency")

    assert [len(first), len(of_all)] == [1, 0]
    assert again is first
    assert [number for numbers in anew.values() for name, number in numbers.items() if name.startswith("sits_")] == [2]
