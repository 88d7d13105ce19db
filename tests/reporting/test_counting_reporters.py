"""Reporters and matters are counted apart."""

from typing import Any
from uuid import UUID

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.reporting.domain.case import StoredCase
from services.reporting.domain.projection import project
from services.reporting.domain.statistics import Counts
from services.reporting.domain.tallies import tally
from services.reporting.store.contents import documents_of, expected_of
from shared.events.case import Status
from shared.events.complaints import ComplaintSupported
from tests.reporting.conftest import RULES, Projecting
from tests.reporting.samples import RECEIVED_AT, a_step, of_ticket, ticket
from tests.reporting.test_near import a_head


def a_support(number: int, who: int) -> ComplaintSupported:
    same: dict[str, Any] = {"event_id": UUID(int=who), "ticket": ticket(number), "occurred_at": RECEIVED_AT}
    return ComplaintSupported(**same, supporter=UUID(int=1_000 * number + who))


@given(supports=st.lists(st.integers(0, 4_095), min_size=1, max_size=8))
def test_given_any_numbers_of_supporters_when_cases_are_counted_then_they_add_up_to_all(supports: list[int]) -> None:
    figures: dict[str, int] = {}
    for number in supports:
        case = StoredCase(ticket=ticket(1), head=a_head(1), supports=number)
        for one in tally(case, RULES.definitions).tallies:
            for figure in one.figures:
                figures[figure] = figures.get(figure, 0) + 1

    counts = Counts.of(figures)

    assert counts.supports == sum(supports)
    assert counts.reporters == sum(supports) + len(supports)


@pytest.mark.integration
async def test_given_linked_cases_and_supports_when_read_then_people_and_matters_are_told_apart(
    client: httpx2.AsyncClient, public: httpx2.AsyncClient, projecting: Projecting
) -> None:
    linked: dict[str, Any] = {"status": Status.CLOSED, "linked_to": ticket(1)}
    await projecting.take(a_step(1, 1), a_step(2, 1, **linked), a_step(3, 1, **linked), a_step(4, 1))
    await projecting.take(*(a_support(1, who) for who in range(3)), a_support(2, 7))
    await projecting.take(a_support(1, 0), a_support(1, 2))

    case = (await client.get(f"/v1/cases/{ticket(1)}")).json()
    totals = (await client.get("/v1/statistics?by=region")).json()
    page = await public.get(f"/aduan/{ticket(1)}")

    assert case["reporters"] == 1 + 3 + 2 + 1
    assert (totals["totals"]["received"], totals["totals"]["facts"], totals["totals"]["reporters"]) == (4, 2, 8)
    assert [(row["facts"], row["reporters"]) for row in totals["rows"]] == [(2, 8)]
    assert "7 orang mengadukan hal yang sama." in page.text


@pytest.mark.integration
async def test_given_supports_in_any_batches_when_projected_then_the_store_has_what_the_topic_says(
    projecting: Projecting,
) -> None:
    records = [a_support(1, 5), a_step(1, 1), a_support(1, 6), a_support(1, 5)]
    for record in records:
        await projecting.take(record)

    stored = await documents_of(projecting.store.live, [ticket(1)], RECEIVED_AT)

    assert stored == expected_of(project(of_ticket(*records)).values(), RECEIVED_AT)
    assert stored[0]["supports"] == 2
