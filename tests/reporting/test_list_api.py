"""`GET /v1/cases` on the real store."""

import httpx2
import pytest

from shared.events.case import Status
from tests.reporting.conftest import Projecting
from tests.reporting.samples import RECEIVED_AT, a_lifecycle, a_step, hours, ticket

# What the drivers do differently is the store's, and tested there with both.
pytestmark = [pytest.mark.integration, pytest.mark.parametrize("mongo", ["motor"], indirect=True)]


async def test_given_public_and_confidential_cases_when_they_are_listed_then_only_public_facts_are_told(
    client: httpx2.AsyncClient, projecting: Projecting
) -> None:
    await projecting.take(*a_lifecycle(1), *a_lifecycle(2, confidential=True))

    answer = await client.get("/v1/cases")

    assert answer.json()["next"] is None
    [case] = answer.json()["items"]
    assert case["ticket"] == ticket(1)
    assert case["status"] == "resolved"
    assert case["agency_name"] == {"id": "id PUPR-52.03", "en": "en PUPR-52.03"}
    assert "history" not in case
    assert "Jalan berlubang" not in answer.text
    assert ticket(2) not in answer.text


async def test_given_more_cases_than_a_page_holds_when_next_is_followed_then_every_case_comes_once(
    client: httpx2.AsyncClient, projecting: Projecting
) -> None:
    await projecting.take(*(a_step(number, 1, occurred_at=RECEIVED_AT + hours(number // 3)) for number in range(11)))
    await projecting.take(a_step(50, 1, region="52.02"))

    pages: list[list[str]] = []
    link: str | None = "/v1/cases?limit=4&region=52.03&from=2026-03-05"
    while link:
        answer = await client.get(link)
        pages.append([case["ticket"] for case in answer.json()["items"]])
        link = answer.json()["next"]

    assert [len(page) for page in pages] == [4, 4, 3]
    assert sorted(case for page in pages for case in page) == sorted(ticket(number) for number in range(11))


async def test_given_an_incremental_reader_when_it_follows_next_then_it_reads_oldest_first(
    client: httpx2.AsyncClient, projecting: Projecting
) -> None:
    await projecting.take(*(a_step(number, 1, occurred_at=RECEIVED_AT + hours(number)) for number in range(5)))

    first = await client.get("/v1/cases", params={"updated_after": "2026-03-05T10:30:00+08:00", "limit": "2"})
    second = await client.get(first.json()["next"])

    found = [case["ticket"] for answer in (first, second) for case in answer.json()["items"]]
    assert found == [ticket(2), ticket(3), ticket(4)]
    assert second.json()["next"] is None


async def test_given_cases_without_an_agency_when_a_dash_is_asked_for_then_they_are_found(
    client: httpx2.AsyncClient, projecting: Projecting
) -> None:
    await projecting.take(a_step(1, 1), a_step(2, 1, agency=None, status=Status.IN_TRIAGE))

    answer = await client.get("/v1/cases", params={"agency": "-", "status": "in_triage"})

    assert [(case["ticket"], case["agency"]) for case in answer.json()["items"]] == [(ticket(2), None)]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("status=completed", "status"),
        ("region=53", "region"),
        ("region=52.99", "region"),
        ("agency=NOBODY", "agency"),
        ("agency=pupr", "agency"),
        ("category=road.dragons", "category"),
        ("category=Road", "category"),
        ("from=yesterday", "from"),
        ("from=2026-03-05&to=2026-03-04", "to"),
        ("from=1999-12-31", "from"),
        ("from=9999-12-31", "from"),
        ("to=0001-01-01", "to"),
        ("to=2100-01-02", "to"),
        ("updated_after=2026-03-05T10:00:00", "updated_after"),
        ("updated_after=0001-01-01T00:00:00%2B23:59", "updated_after"),
        ("updated_after=9999-12-31T23:59:59-23:59", "updated_after"),
        ("updated_after=2000-01-01T00:00:00%2B00:01", "updated_after"),
        ("updated_after=2100-01-01T00:00:01Z", "updated_after"),
        ("cursor=abc", "cursor"),
        ("cursor=W10", "cursor"),
        ("cursor=WzEsMl0", "cursor"),
        ("cursor=%C3%A9", "cursor"),
        ("cursor=WzFlOTk5LCJOVEIiXQ", "cursor"),
        ("limit=0", "limit"),
        ("limit=201", "limit"),
        ("state=resolved", "state"),
    ],
)
async def test_given_a_filter_that_cannot_be_when_cases_are_listed_then_the_field_is_named(
    client: httpx2.AsyncClient, query: str, field: str
) -> None:
    answer = await client.get(f"/v1/cases?{query}")

    assert answer.status_code == 422
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert [fault["field"] for fault in answer.json()["errors"]] == [field]


@pytest.mark.parametrize(
    "query",
    [
        "from=2000-01-01&to=2100-01-01",
        "updated_after=2000-01-01T00:00:00Z",
        "updated_after=2100-01-01T08:00:00%2B08:00",
    ],
)
async def test_given_the_first_and_last_day_there_may_be_when_cases_are_listed_then_they_are_taken(
    client: httpx2.AsyncClient, query: str
) -> None:
    answer = await client.get(f"/v1/cases?{query}")

    assert answer.status_code == 200


async def test_given_two_values_that_nothing_has_when_cases_are_listed_then_both_fields_are_named(
    client: httpx2.AsyncClient,
) -> None:
    answer = await client.get("/v1/cases?agency=NOBODY&category=road.dragons")

    assert [fault["field"] for fault in answer.json()["errors"]] == ["agency", "category"]
