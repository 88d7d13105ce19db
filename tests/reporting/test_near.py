"""What may have been reported already, for those who are about to report it."""

from datetime import timedelta
from typing import Any

import httpx2
import pytest

from services.reporting.domain.case import Head
from services.reporting.domain.near import OFFERED, Place, may_be_offered, rank
from services.reporting.domain.projection import Told, project
from shared.events.case import Status
from shared.events.complaints import ComplaintSupported
from shared.ids import named_id
from shared.mongo import MongoSettings, connected
from tests.profiler import watch, watched
from tests.reporting.conftest import Projecting
from tests.reporting.escalated import NOW
from tests.reporting.samples import RECEIVED_AT, a_step, some_words, ticket

CELL = "-8.64,116.54"
HERE = {"category": "road.damage", "latitude": -8.6297, "longitude": 116.5502}
POINT = Place(-8.6297, 116.5502)


def a_head(number: int, **case: Any) -> Head:
    head = project([(ticket(number), a_step(number, 1, **{"cell": CELL} | case))])[ticket(number)].head
    assert head is not None
    return head


def a_case(number: int, **case: Any) -> list[Told]:
    """With words that a coordinator published."""
    words = some_words(number, 2, "Lubang besar di depan pasar Selong")
    told: dict[str, Any] = {"cell": CELL, "publication": words.key} | case
    return [a_step(number, 1, **told), words, a_step(number, 2, "case.published.v1", words=words.key, **told)]


@pytest.mark.parametrize(
    "case",
    [
        {"confidential": True},
        {"historical": True},
        {"linked_to": ticket(9), "status": Status.CLOSED},
        {"status": Status.REJECTED},
        {"status": Status.CLOSED, "resolved_at": NOW - timedelta(days=15)},
    ],
)
def test_given_a_case_that_nobody_should_be_led_to_when_asked_then_it_is_not_offered(case: dict[str, Any]) -> None:
    offered = may_be_offered(a_head(1, **case), NOW)

    assert not offered


def test_given_a_case_that_was_resolved_last_week_when_asked_then_it_is_offered() -> None:
    offered = may_be_offered(a_head(1, status=Status.CLOSED, resolved_at=NOW - timedelta(days=6)), NOW)

    assert offered


def test_given_a_near_and_a_far_case_when_ranked_then_the_nearer_comes_first() -> None:
    far, near = (ticket(1), a_head(1, cell="-8.66,116.54")), (ticket(2), a_head(2))

    ranked = rank([far, near], POINT, NOW)

    assert [one.ticket for one in ranked] == [ticket(2), ticket(1)]
    assert ranked[0].kilometres == 1


@pytest.mark.parametrize(("latitude", "longitude"), [(-8.6297, 116.5502), (-8.64, 116.54), (-8.62001, 116.55999)])
def test_given_any_point_of_a_cell_when_looked_around_then_the_cell_is_in_it(latitude: float, longitude: float) -> None:
    cells = Place(latitude, longitude).cells

    assert len(set(cells)) == 9
    assert CELL in cells


@pytest.mark.integration
async def test_given_cases_near_when_asked_with_words_then_the_most_alike_come_with_their_reasons(
    client: httpx2.AsyncClient, projecting: Projecting
) -> None:
    for number in range(8):
        await projecting.take(*a_case(number))
    await projecting.take(*a_case(20, confidential=True), *a_case(21, category="env.waste"))

    answer = await client.post("/v1/cases/near", json={**HERE, "text": "lobang dpn psr selong"})
    without = await client.get("/v1/cases/near", params=HERE)

    items = answer.json()["items"]
    assert len(items) == len(without.json()["items"]) == OFFERED
    assert items[0]["similarity"] > 0.5
    assert items[0]["kilometres"] == 1
    assert answer.headers["cache-control"] == "no-store"
    assert {item["case"]["category"] for item in items} == {"road.damage"}
    assert without.json()["items"][0]["similarity"] is None


@pytest.mark.integration
async def test_given_a_case_that_others_support_when_asked_then_how_many_have_it_and_how_it_stands_are_told_in_words(
    client: httpx2.AsyncClient, projecting: Projecting
) -> None:
    supports = [
        ComplaintSupported(
            event_id=named_id(ticket(1), str(number)),
            ticket=ticket(1),
            occurred_at=RECEIVED_AT,
            supporter=named_id("supporter", str(number)),
        )
        for number in range(2)
    ]
    await projecting.take(*a_case(1), *supports)

    items = [(await client.get("/v1/cases/near", params=HERE)).json()["items"]]
    items += [(await client.post("/v1/cases/near", json={**HERE, "text": "lubang"})).json()["items"]]

    assert [[one["reporters"] for one in found] for found in items] == [[3], [3]]
    assert items[0][0]["status_name"] == {"id": "diteruskan", "en": "passed on"}


@pytest.mark.integration
async def test_given_a_sensitive_category_when_asked_then_nothing_is_told(
    client: httpx2.AsyncClient, projecting: Projecting
) -> None:
    await projecting.take(*a_case(1, category="social.violence"))

    answer = await client.get("/v1/cases/near", params={**HERE, "category": "social.violence"})

    assert answer.json() == {"items": []}


@pytest.mark.integration
async def test_given_a_village_when_asked_then_its_cases_are_found_and_a_regency_finds_none(
    client: httpx2.AsyncClient, projecting: Projecting
) -> None:
    await projecting.take(*a_case(1, region="52.03.01.2001"))

    village = await client.get("/v1/cases/near", params={"category": "road.damage", "region": "52.03.01.2001"})
    regency = await client.get("/v1/cases/near", params={"category": "road.damage", "region": "52.03"})

    assert [item["case"]["ticket"] for item in village.json()["items"]] == [ticket(1)]
    assert regency.json()["items"] == []


@pytest.mark.integration
@pytest.mark.parametrize("where", [HERE, {"category": "road.damage", "region": "52.03.01.2001"}])
async def test_given_cases_when_near_ones_are_looked_for_then_an_index_finds_them(
    client: httpx2.AsyncClient, projecting: Projecting, mongo: MongoSettings, where: dict[str, Any]
) -> None:
    for number in range(30):
        await projecting.take(*a_case(number, region="52.03.01.2001", received_at=RECEIVED_AT))
    async with connected(mongo) as database:
        await watch(database)

    await client.get("/v1/cases/near", params=where)

    async with connected(mongo) as database:
        plans = await watched(database)
    assert plans
    assert [plan["planSummary"] for plan in plans if "IXSCAN" not in plan["planSummary"]] == []
    looked = [plan["planSummary"] for plan in plans if "head.case.category" in plan["planSummary"]]
    assert looked
    assert all("IXSCAN { head.public: 1, head.case.category: 1, head." in plan for plan in looked)
    assert [plan for plan in plans if plan.get("hasSortStage")] == []


@pytest.mark.integration
async def test_given_the_forms_button_when_it_is_pressed_without_a_script_then_near_cases_can_be_supported(
    public: httpx2.AsyncClient, projecting: Projecting
) -> None:
    await projecting.take(*a_case(1), *a_case(2, status=Status.RESOLVED, resolved_at=NOW - timedelta(days=1)))
    form = {"kategori": "road.damage", "lintang": "-8.6297", "bujur": "116.5502", "isi": "lubang", "nama": "Sitti"}

    page = await public.post("/aduan/mirip", data=form)

    assert page.status_code == 200
    assert page.headers["cache-control"] == "no-store"
    assert f'action="/lapor/{ticket(1)}/support"' in page.text
    assert f'action="/lapor/{ticket(2)}/support"' not in page.text
    assert ticket(2) in page.text
    assert "Sitti" not in page.text


@pytest.mark.integration
async def test_given_a_form_that_says_no_place_when_it_is_pressed_then_the_page_says_what_is_missing(
    public: httpx2.AsyncClient,
) -> None:
    answer = await public.post("/aduan/mirip", data={"isi": "lubang"})

    assert answer.status_code == 422
    assert "Pilih dahulu kategori" in answer.text


@pytest.mark.integration
async def test_given_an_open_case_when_its_page_is_read_then_me_too_is_asked_with_a_key_of_each_reader(
    public: httpx2.AsyncClient, projecting: Projecting
) -> None:
    await projecting.take(*a_case(1), *a_case(2, status=Status.REJECTED))

    case, asked = await public.get(f"/aduan/{ticket(1)}"), await public.get(f"/aduan/{ticket(1)}/juga")
    again, over = await public.get(f"/aduan/{ticket(1)}/juga"), await public.get(f"/aduan/{ticket(2)}")

    assert f'href="/aduan/{ticket(1)}/juga"' in case.text
    assert "/juga" not in over.text
    assert asked.headers["cache-control"] == "no-store"
    assert asked.text != again.text
    assert (await public.get(f"/aduan/{ticket(2)}/juga")).status_code == 404
