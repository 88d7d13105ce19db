"""`GET /v1/statistics` on the real store."""

import asyncio
from datetime import UTC, datetime

import httpx2
import pytest

from services.reporting.api.statistics import DAYS_AT_ONCE
from services.reporting.domain.statistics import Dimension, Question
from services.reporting.store.figures import FigureStore
from shared.events.case import Status
from tests.reporting.conftest import Projecting
from tests.reporting.samples import a_lifecycle, a_step
from tests.waiting import until

# What the drivers do differently is the store's, and tested there with both.
pytestmark = [pytest.mark.integration, pytest.mark.parametrize("mongo", ["motor"], indirect=True)]


async def test_given_cases_of_two_agencies_when_statistics_are_read_then_rows_have_labels_and_shares(
    client: httpx2.AsyncClient, projecting: Projecting
) -> None:
    await projecting.take(
        *a_lifecycle(1), a_step(2, 1), a_step(3, 1), a_step(4, 1, agency=None, status=Status.IN_TRIAGE)
    )

    answer = await client.get("/v1/statistics?by=agency")

    assert answer.headers["Cache-Control"] == "public, max-age=30"
    assert answer.json() == {
        "by": ["agency"],
        "totals": {
            "received": 4,
            "facts": 4,
            "reporters": 4,
            "followed_up": 1,
            "done": 1,
            "rejected": 0,
            "followed_up_percent": 25.0,
            "done_percent": 25.0,
            "rejected_percent": 0.0,
        },
        "totals_complete": True,
        "rows": [
            {
                "agency": None,
                "agency_name": None,
                "received": 1,
                "facts": 1,
                "reporters": 1,
                "followed_up": 0,
                "done": 0,
                "rejected": 0,
                "followed_up_percent": 0.0,
                "done_percent": 0.0,
                "rejected_percent": 0.0,
            },
            {
                "agency": "PUPR-52.03",
                "agency_name": {"id": "id PUPR-52.03", "en": "en PUPR-52.03"},
                "received": 3,
                "facts": 3,
                "reporters": 3,
                "followed_up": 1,
                "done": 1,
                "rejected": 0,
                "followed_up_percent": 33.3,
                "done_percent": 33.3,
                "rejected_percent": 0.0,
            },
        ],
        "rows_complete": False,
    }


@pytest.mark.parametrize("by", ["by=region,month", "by=region&by=month"])
async def test_given_two_dimensions_when_statistics_are_read_then_each_row_names_both(
    client: httpx2.AsyncClient, projecting: Projecting, by: str
) -> None:
    await projecting.take(a_step(1, 1), a_step(2, 1, region="52.02", received_at=datetime(2026, 4, 1, tzinfo=UTC)))

    answer = await client.get(f"/v1/statistics?{by}")

    assert [(row["region"], row["region_name"], row["month"], row["received"]) for row in answer.json()["rows"]] == [
        ("52.02", "Lombok Tengah", "2026-04", 1),
        ("52.03", "Lombok Timur", "2026-03", 1),
    ]


async def test_given_days_when_statistics_are_read_by_day_then_rows_say_that_they_may_lack_confidential_cases(
    client: httpx2.AsyncClient, projecting: Projecting
) -> None:
    await projecting.take(a_step(1, 1), a_step(2, 1, confidential=True))

    answer = await client.get("/v1/statistics?by=day&from=2026-03-01&to=2026-03-31&region=52.03")

    told = answer.json()
    assert (told["totals"]["received"], told["totals_complete"]) == (2, True)
    assert ([(row["day"], row["received"]) for row in told["rows"]], told["rows_complete"]) == (
        [("2026-03-05", 1)],
        False,
    )


async def test_given_nothing_when_statistics_are_read_then_all_are_zero_and_shares_are_null(
    client: httpx2.AsyncClient,
) -> None:
    answer = await client.get("/v1/statistics?by=category,day&from=2026-03-01&to=2027-03-01")

    assert answer.json()["totals"]["received"] == 0
    assert answer.json()["totals"]["done_percent"] is None
    assert answer.json()["rows"] == []


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("by=colour", "by.0"),
        ("by=region,agency,month", "by"),
        ("level=village", "level"),
        ("region=52.03.01.2001", "region"),
        ("region=52.77", "region"),
        ("agency=NOBODY", "agency"),
        ("category=road.dragons", "category"),
        ("from=2026-02-30", "from"),
        ("by=month&from=9999-12-31", "from"),
        ("by=day&to=0001-01-02", "to"),
        ("from=1999-12-31", "from"),
        ("to=2100-01-02", "to"),
        ("from=2026-03-05&to=2026-03-04", "to"),
        ("until=2026-03-05", "until"),
        ("by=day", "by"),
        ("by=agency,day", "by"),
        ("by=day&from=2026-03-01", "by"),
        ("by=day&to=2026-03-01", "by"),
        ("by=day&from=2026-03-01&to=2027-03-02", "by"),
    ],
)
async def test_given_a_question_that_cannot_be_when_statistics_are_read_then_the_field_is_named(
    client: httpx2.AsyncClient, query: str, field: str
) -> None:
    answer = await client.get(f"/v1/statistics?{query}")

    assert answer.status_code == 422
    assert [fault["field"] for fault in answer.json()["errors"]] == [field]


@pytest.mark.parametrize("by", ["", "by=month&"])
@pytest.mark.parametrize("period", ["from=2000-01-01&to=2100-01-01", "from=2100-01-01", "to=2000-01-01"])
async def test_given_the_first_and_last_day_there_may_be_when_statistics_are_read_then_they_are_taken(
    client: httpx2.AsyncClient, by: str, period: str
) -> None:
    answer = await client.get(f"/v1/statistics?{by}{period}")

    assert answer.status_code == 200


async def test_given_many_questions_by_day_when_asked_at_once_then_only_a_few_are_read_at_one_time(
    client: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    running, seen, may_end = 0, list[int](), asyncio.Event()

    async def rows(_store: FigureStore, question: Question) -> list[object]:
        nonlocal running
        if Dimension.DAY in question.by:
            running += 1
            seen.append(running)
            await may_end.wait()
            running -= 1
        return []

    monkeypatch.setattr(FigureStore, "rows", rows)
    by_day = [
        asyncio.create_task(client.get("/v1/statistics?by=day&from=2026-01-01&to=2026-01-31"))
        for _ in range(DAYS_AT_ONCE + 2)
    ]
    await until(lambda: len(seen) == DAYS_AT_ONCE)
    by_month = await client.get("/v1/statistics?by=month")
    may_end.set()
    answers = await asyncio.gather(*by_day)

    assert by_month.status_code == 200
    assert {answer.status_code for answer in answers} == {200}
    assert (len(seen), max(seen)) == (DAYS_AT_ONCE + 2, DAYS_AT_ONCE)
