"""`GET /v1/cases?q=` on the real store."""

import httpx2
import pytest

from services.reporting.domain.projection import Erased
from tests.reporting.conftest import Projecting
from tests.reporting.samples import RECEIVED_AT, a_lifecycle, a_step, hours, some_words, ticket

pytestmark = [pytest.mark.integration, pytest.mark.parametrize("mongo", ["motor"], indirect=True)]


async def found(client: httpx2.AsyncClient, entered: str, **others: str) -> list[str]:
    answer = await client.get("/v1/cases", params={"q": entered} | others)
    assert answer.status_code == 200, answer.text
    return [case["ticket"] for case in answer.json()["items"]]


async def test_given_cases_with_progress_when_words_are_asked_for_then_those_that_have_all_are_found(
    client: httpx2.AsyncClient, projecting: Projecting
) -> None:
    await projecting.take(*a_lifecycle(1), *a_lifecycle(2, region="52.02"), a_step(3, 1))

    assert sorted(await found(client, "tambal")) == sorted([ticket(1), ticket(2)])
    assert await found(client, "ditambal di Keruak") == [ticket(1)]
    assert await found(client, "tambal Lombok Tengah") == [ticket(2)]
    assert await found(client, "tambal", region="52.03") == [ticket(1)]
    assert await found(client, "Jalan berlubang di depan pasar") == []


async def test_given_a_ticket_when_it_is_asked_for_as_somebody_typed_it_then_just_that_case_is_found(
    client: httpx2.AsyncClient, projecting: Projecting
) -> None:
    await projecting.take(*a_lifecycle(1), *a_lifecycle(2), *a_lifecycle(3, confidential=True))

    assert await found(client, ticket(1).lower().replace("-", " ")) == [ticket(1)]
    assert await found(client, ticket(1), status="rejected") == []
    assert await found(client, ticket(3)) == []
    assert await found(client, ticket(4)) == []


async def test_given_a_case_found_by_its_words_when_these_are_erased_then_they_find_it_no_more(
    client: httpx2.AsyncClient, projecting: Projecting
) -> None:
    words = some_words(1, 3)
    await projecting.take(*a_lifecycle(1))
    before = await found(client, "tambal")

    await projecting.take(Erased("words", words.key))

    assert before == [ticket(1)]
    assert await found(client, "tambal") == []
    assert await found(client, "Keruak") == [ticket(1)]


async def test_given_a_case_found_by_its_words_when_it_becomes_confidential_then_nothing_finds_it(
    client: httpx2.AsyncClient, projecting: Projecting
) -> None:
    await projecting.take(*a_lifecycle(1))

    await projecting.take(a_step(1, 5, "case.restricted.v1", confidential=True))

    assert await found(client, "tambal") == []


async def test_given_more_found_than_a_page_holds_when_next_is_followed_then_every_case_comes_once(
    client: httpx2.AsyncClient, projecting: Projecting
) -> None:
    await projecting.take(*(a_step(number, 1, occurred_at=RECEIVED_AT + hours(number // 2)) for number in range(7)))

    pages: list[list[str]] = []
    link: str | None = "/v1/cases?limit=3&q=keruak+sepit"
    while link:
        answer = await client.get(link)
        pages.append([case["ticket"] for case in answer.json()["items"]])
        link = answer.json()["next"]

    assert [len(page) for page in pages] == [3, 3, 1]
    assert sorted(case for page in pages for case in page) == sorted(ticket(number) for number in range(7))


async def test_given_a_question_without_words_when_it_is_asked_then_it_is_refused(client: httpx2.AsyncClient) -> None:
    answer = await client.get("/v1/cases", params={"q": "di dan"})

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "q"


async def test_given_a_sensitive_case_when_it_is_told_then_its_place_is_its_regency(
    client: httpx2.AsyncClient, projecting: Projecting
) -> None:
    await projecting.take(
        a_step(1, 1, category="health.nutrition", cell="-8.66,116.54"), a_step(2, 1, cell="-8.66,116.54")
    )

    items = {item["ticket"]: item for item in (await client.get("/v1/cases")).json()["items"]}
    alone = (await client.get(f"/v1/cases/{ticket(1)}")).json()

    assert (items[ticket(1)]["region"], items[ticket(1)]["cell"]) == ("52.03", None)
    assert (alone["region"], alone["region_name"], alone["cell"]) == ("52.03", "Lombok Timur", None)
    assert (items[ticket(2)]["region"], items[ticket(2)]["cell"]) == ("52.03.01.2001", "-8.66,116.54")


@pytest.mark.parametrize(("region", "is_listed"), [("52.03", True), ("52.03.01", False), ("52.03.01.2001", False)])
async def test_given_a_sensitive_case_when_its_region_is_asked_for_then_below_the_regency_it_is_not_found(
    client: httpx2.AsyncClient, projecting: Projecting, region: str, *, is_listed: bool
) -> None:
    await projecting.take(a_step(1, 1, category="social.violence"), a_step(2, 1))

    answer = await client.get("/v1/cases", params={"region": region})

    listed = {item["ticket"] for item in answer.json()["items"]}
    assert listed == ({ticket(1), ticket(2)} if is_listed else {ticket(2)})
