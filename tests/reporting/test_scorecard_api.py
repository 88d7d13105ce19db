"""`GET /v1/scorecards`, and from their figures down to the cases, on the real store."""

from datetime import UTC, datetime

import httpx2
import pytest

from services.reporting.domain.definitions import COMPARED
from services.reporting.rebuilding.verifying import verify_figures
from shared.events.case import PromiseKind, Status
from tests.reporting.conftest import Projecting
from tests.reporting.samples import RECEIVED_AT, a_lifecycle, a_promise, a_step, hours, ticket
from tests.reporting.tallying import a_holding

pytestmark = pytest.mark.integration

FEBRUARY = datetime(2026, 2, 3, tzinfo=UTC)


@pytest.mark.parametrize("period", ["2000-01", "2099-12", "2026", "2026-Q2"])
async def test_given_any_period_there_may_be_when_a_scorecard_is_read_then_it_is_taken(
    client: httpx2.AsyncClient, period: str
) -> None:
    answer = await client.get(f"/v1/scorecards/PUPR-52.03?period={period}")

    assert (answer.status_code, answer.json()["period"]) == (200, period)


async def test_given_last_months_cases_when_the_scorecard_is_read_then_it_tells_figures_times_and_the_month_before(
    client: httpx2.AsyncClient, projecting: Projecting
) -> None:
    late = (
        a_promise(PromiseKind.RESPONSE, due_after=24, met_after=30),
        a_promise(PromiseKind.FIRST_FOLLOW_UP, 120, 200),
    )
    overdue = a_promise(PromiseKind.RESOLUTION, 400)
    overdue = overdue.model_copy(update={"breached_at": overdue.due_at})
    await projecting.take(
        *a_lifecycle(1),
        a_step(2, 1, category="env.waste", promises=(*late, overdue), holdings=(a_holding("PUPR-52.03", 10),)),
        a_step(3, 1, received_at=datetime(2026, 4, 1, tzinfo=UTC)),
        a_step(4, 1, received_at=FEBRUARY, status=Status.RESOLVED),
        a_step(5, 1, confidential=True),
    )

    answer = await client.get("/v1/scorecards/PUPR-52.03")

    card, figures = answer.json(), answer.json()["figures"]
    assert answer.headers["Cache-Control"] == "public, max-age=300"
    assert (card["period"], card["period_before"], card["definitions"]) == ("2026-03", "2026-02", 2)
    assert (figures["received"]["number"], figures["received"]["before"]) == (2, 1)
    assert (figures["done"]["number"], figures["done"]["percent"], figures["done"]["before"]) == (1, 50.0, 100.0)
    assert (figures["response_late"]["number"], figures["response_in_time"]["percent"]) == (1, 0.0)
    assert (figures["first_follow_up_in_time"]["number"], figures["first_follow_up_in_time"]["of"]) == (1, 2)
    assert (figures["late"]["number"], figures["resolution_missed"]["number"]) == (1, 1)
    assert figures["done"]["few"] is True
    # It had the case from hour 10 to 30 itself: the bin from 12 to 24 hours.
    assert card["times"]["answer"] == {"cases": 1, "median_hours": 18.0, "p90_hours": 22.8}
    assert [(part["id"], part["figures"]["received"]["number"]) for part in card["categories"]] == [
        ("env.waste", 1),
        ("road.damage", 1),
    ]
    assert [(part["id"], part["name"]) for part in card["regions"]] == [("52.03", "Lombok Timur")]


async def test_given_a_figure_when_its_cases_are_asked_for_then_they_are_those_that_it_counts(
    client: httpx2.AsyncClient, projecting: Projecting
) -> None:
    overdue = a_promise(PromiseKind.RESPONSE, 24)
    overdue = overdue.model_copy(update={"breached_at": overdue.due_at})
    await projecting.take(
        *a_lifecycle(1),
        # Broken while PUPR had it, and with DINSOS-P3A by now.
        a_step(
            2,
            1,
            agency="DINSOS-P3A",
            promises=(overdue,),
            holdings=(a_holding("PUPR-52.03", 0, 48), a_holding("DINSOS-P3A", 48)),
        ),
        a_step(3, 1, promises=(overdue,), confidential=True),
        a_step(4, 1, received_at=FEBRUARY, promises=(overdue,)),
    )
    card = (await client.get("/v1/scorecards/PUPR-52.03")).json()

    async def tickets(address: str) -> list[str]:
        return [item["ticket"] for item in (await client.get(address)).json()["items"]]

    assert card["figures"]["response_missed"]["number"] == 1
    assert await tickets(card["figures"]["response_missed"]["cases"]) == [ticket(2)]
    assert await tickets(card["figures"]["done"]["cases"]) == [ticket(1)]
    assert await tickets(card["figures"]["returned"]["cases"]) == []
    assert await tickets("/v1/cases?figure=late") == [ticket(4), ticket(2)]
    assert await tickets("/v1/cases?figure=late&agency=DINSOS-P3A") == [ticket(2)]
    assert await tickets("/v1/cases?figure=received&from=2026-02-01&to=2026-02-28") == [ticket(4)]


@pytest.mark.parametrize(
    "asked",
    [
        "figure=completed",
        "figure=done",
        "figure=done&from=2026-01-01&to=2026-03-31",
        "figure=due_on_x",
        "figure=due_on_20261399",
        "figure=due_on_2026-04-05",
    ],
)
async def test_given_a_figure_that_cannot_be_listed_when_its_cases_are_asked_for_then_the_field_is_named(
    client: httpx2.AsyncClient, asked: str
) -> None:
    answer = await client.get(f"/v1/cases?{asked}")

    assert answer.status_code == 422
    assert [fault["field"] for fault in answer.json()["errors"]] == ["figure"]


async def test_given_a_figure_with_many_cases_when_pages_are_followed_then_each_case_comes_once(
    client: httpx2.AsyncClient, projecting: Projecting
) -> None:
    steps = (a_step(number, 1, occurred_at=RECEIVED_AT + hours(number // 3)) for number in range(7))
    await projecting.take(*steps)
    address, found = "/v1/cases?figure=received&agency=PUPR-52.03&limit=2", list[str]()

    while address:
        page = (await client.get(address)).json()
        found += [item["ticket"] for item in page["items"]]
        address = page["next"]

    assert sorted(found) == sorted(ticket(number) for number in range(7))


async def test_given_a_body_that_two_became_when_its_scorecard_is_read_then_their_figures_can_be_one_line(
    client: httpx2.AsyncClient, projecting: Projecting
) -> None:
    await projecting.take(
        a_step(1, 1, agency="PUPR"), a_step(2, 1, agency="PERKIM"), a_step(3, 1, agency="PUPR-PERKIM")
    )

    alone = (await client.get("/v1/scorecards/PUPR-PERKIM?period=2026-03")).json()
    line = (await client.get("/v1/scorecards/PUPR-PERKIM?period=2026-03&line=true")).json()
    before = (await client.get("/v1/scorecards/PUPR?period=2026-03")).json()
    listed = (await client.get(line["figures"]["received"]["cases"])).json()["items"]
    listed_alone = (await client.get(alone["figures"]["received"]["cases"])).json()["items"]
    held = (await client.get("/v1/cases?agency=PUPR-PERKIM&line=true")).json()["items"]

    assert [relative["agency"] for relative in alone["predecessors"]] == ["PERKIM", "PUPR"]
    assert (alone["figures"]["received"]["number"], alone["bodies"]) == (1, ["PUPR-PERKIM"])
    assert (line["figures"]["received"]["number"], line["bodies"]) == (3, ["PUPR-PERKIM", "PERKIM", "PUPR"])
    assert {case["ticket"] for case in listed} == {ticket(1), ticket(2), ticket(3)}
    assert [case["ticket"] for case in listed_alone] == [ticket(3)]
    assert len(held) == 3
    assert before["successor"]["agency"] == "PUPR-PERKIM"
    assert before["figures"]["received"]["number"] == 1


async def test_given_open_cases_of_december_when_a_successor_takes_them_over_then_decembers_figures_do_not_move(
    client: httpx2.AsyncClient, projecting: Projecting
) -> None:
    received = {"received_at": datetime(2025, 12, 3, tzinfo=UTC)}
    await projecting.take(*(a_step(number, 1, "assigned", agency="PUPR", **received) for number in (1, 2)))

    async def told(agency: str, figure: str) -> int:
        card = (await client.get(f"/v1/scorecards/{agency}?period=2025-12")).json()
        return card["figures"][figure]["number"]

    before = [await told("PUPR", figure) for figure in ("received", "open")]
    taken_over = a_step(1, 2, "assigned", agency="PUPR-PERKIM", **received).model_copy(update={"rule": "successor"})
    decided = a_step(2, 2, "assigned", agency="PUPR-PERKIM", **received)
    await projecting.take(taken_over, decided)

    assert before == [2, 2]
    assert [await told("PUPR", figure) for figure in ("received", "open")] == [1, 0]
    assert [await told("PUPR-PERKIM", figure) for figure in ("received", "open")] == [1, 2]
    assert await verify_figures(projecting.store.live, unheard) == (1, [])
    opened = (await client.get("/v1/cases?figure=received&agency=PUPR&from=2025-12-01&to=2025-12-31")).json()
    assert [(case["ticket"], case["agency"]) for case in opened["items"]] == [(ticket(1), "PUPR-PERKIM")]


def unheard(done: int, total: int) -> None: ...


async def test_given_a_region_and_a_category_when_the_scorecard_is_cut_then_only_their_cases_count(
    client: httpx2.AsyncClient, projecting: Projecting
) -> None:
    await projecting.take(
        a_step(1, 1), a_step(2, 1, category="env.waste"), a_step(3, 1, region="52.03.02", category="env.waste")
    )

    async def received(cut: str) -> int:
        card = (await client.get(f"/v1/scorecards/PUPR-52.03?period=2026-03&{cut}")).json()
        return card["figures"]["received"]["number"]

    assert await received("category=env.waste") == 2
    assert await received("region=52.03.01") == 2
    assert await received("region=52.03.02&category=env.waste") == 1
    assert await received("region=52.02") == 0


async def test_given_what_a_district_does_not_tell_when_its_scorecard_is_read_then_it_says_that_it_is_not_complete(
    client: httpx2.AsyncClient, projecting: Projecting
) -> None:
    await projecting.take(a_step(1, 1), a_step(2, 1, confidential=True), a_step(3, 1, category="social.violence"))

    async def told(cut: str) -> tuple[bool, int, list[tuple[str, int]]]:
        card = (await client.get(f"/v1/scorecards/PUPR-52.03?period=2026-03{cut}")).json()
        regions = [(part["id"], part["figures"]["received"]["number"]) for part in card["regions"]]
        return card["complete"], card["figures"]["received"]["number"], regions

    assert await told("") == (False, 2, [("52.03", 2)])
    assert await told("&region=52.03") == (False, 2, [("52.03", 2)])
    assert await told("&region=52.03.01") == (False, 1, [("52.03.01", 1)])


async def test_given_a_village_when_a_scorecard_is_read_then_the_field_is_named_instead_of_telling_zeros(
    client: httpx2.AsyncClient, projecting: Projecting
) -> None:
    await projecting.take(a_step(1, 1))

    answer = await client.get("/v1/scorecards/PUPR-52.03?period=2026-03&region=52.03.01.2001")

    assert answer.status_code == 422
    assert [fault["field"] for fault in answer.json()["errors"]] == ["region"]


async def test_given_provincial_bodies_when_one_region_is_cut_out_then_peers_are_cut_alike(
    client: httpx2.AsyncClient, projecting: Projecting
) -> None:
    """In Lombok Timur DINSOS-P3A is behind; in Lombok Tengah PUPR-PERKIM has a hundred undone cases of its own."""
    done = [a_step(number, 1, agency="PUPR-PERKIM", status=Status.RESOLVED) for number in range(20)]
    undone = [a_step(number, 1, agency="PUPR-PERKIM", region="52.02") for number in range(20, 120)]
    half = [Status.RESOLVED, Status.ASSIGNED]
    own = [a_step(number, 1, agency="DINSOS-P3A", status=half[number % 2]) for number in range(120, 140)]
    await projecting.take(*done, *undone, *own)

    async def place(cut: str) -> tuple[int | None, int, float | None]:
        told = (await client.get(f"/v1/scorecards/DINSOS-P3A?period=2026-03{cut}")).json()["beside_peers"]["done"]
        return told["place"], told["peers"], told["median_percent"]

    assert await place("") == (1, 2, 33.4)
    assert await place("&region=52.03") == (2, 2, 75.0)


async def test_given_a_successor_told_as_one_line_when_it_was_not_there_yet_then_what_it_came_from_is_no_peer(
    client: httpx2.AsyncClient, projecting: Projecting
) -> None:
    at = datetime(2025, 12, 3, tzinfo=UTC)
    await projecting.take(*(a_step(number, 1, agency="PUPR", received_at=at) for number in range(20)))

    card = (await client.get("/v1/scorecards/PUPR-PERKIM?period=2025-12&line=true")).json()

    assert (card["figures"]["received"]["number"], card["beside_peers"]["done"]["peers"]) == (20, 1)


async def test_given_all_bodies_when_they_are_listed_then_each_has_what_it_is_compared_by(
    client: httpx2.AsyncClient, projecting: Projecting
) -> None:
    await projecting.take(*a_lifecycle(1), a_step(2, 1, agency="DINSOS-P3A"), a_step(3, 1, agency=None))

    table = (await client.get("/v1/scorecards?period=2026-03")).json()
    provincial = (await client.get("/v1/scorecards?period=2026-03&level=province")).json()

    assert [(row["agency"], row["figures"]["received"]["number"]) for row in table["items"]] == [
        ("-", 1),
        ("DINSOS-P3A", 1),
        ("PUPR-52.03", 1),
    ]
    assert [row["agency"] for row in provincial["items"]] == ["DINSOS-P3A"]
    # What is not counted for the table is not told as zero.
    assert set(table["items"][0]["figures"]) == {"received", "late", *COMPARED}


async def test_given_the_figures_when_their_definitions_are_read_then_they_say_for_whom_they_count(
    client: httpx2.AsyncClient,
) -> None:
    told = (await client.get("/v1/scorecards/definitions")).json()

    figures = {figure["id"]: figure for figure in told["figures"]}
    assert (told["version"], figures["returned"]["counts_for"]) == (2, "actor")


async def test_given_no_such_agency_when_its_scorecard_is_read_then_it_is_not_found(client: httpx2.AsyncClient) -> None:
    answer = await client.get("/v1/scorecards/NOBODY")

    assert answer.status_code == 404


@pytest.mark.parametrize(
    "period", ["2026-13", "2026-3", "March", "2026-03-01", "1999-12", "9999-12", "2026-Q5", "20\u0662\u0666-03"]
)
async def test_given_what_is_no_period_when_a_scorecard_is_read_then_the_field_is_named(
    client: httpx2.AsyncClient, period: str
) -> None:
    answer = await client.get(f"/v1/scorecards/PUPR-52.03?period={period}")

    assert answer.status_code == 422
    assert [fault["field"] for fault in answer.json()["errors"]] == ["period"]


async def test_given_cases_that_lie_somewhere_when_it_is_asked_where_it_sits_then_months_and_bodies_are_added_up(
    client: httpx2.AsyncClient, projecting: Projecting
) -> None:
    await projecting.take(
        *a_lifecycle(1),
        a_step(2, 1, occurred_at=datetime(2026, 4, 9, 4, 0, tzinfo=UTC)),
        a_step(3, 1, received_at=FEBRUARY, occurred_at=FEBRUARY),
        a_step(4, 1, agency=None, status=Status.IN_TRIAGE, confidential=True),
        a_step(5, 1, "resolved", status=Status.CLOSED, agency="DINSOS-P3A"),
    )

    told = (await client.get("/v1/statistics/sitting")).json()

    stages = {(row["agency"], stage["status"]): stage for row in told["items"] for stage in row["stages"]}
    assert [(row["agency"], row["days"]) for row in told["items"]] == [("PUPR-52.03", 66 + 1 + 36), (None, 36)]
    assert (stages["PUPR-52.03", "assigned"]["now"], stages["PUPR-52.03", "assigned"]["oldest_days"]) == (2, 66)
    assert (stages["PUPR-52.03", "assigned"]["went_on"], stages["PUPR-52.03", "resolved"]["now"]) == (1, 1)
    assert stages[None, "in_triage"]["now"] == 1
