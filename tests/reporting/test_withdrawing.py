"""Cases that are public no more: what an integrator is told, and what nobody is."""

import httpx2
import pytest

from services.reporting.domain.case import StoredCase
from services.reporting.domain.projection import project
from services.reporting.domain.withdrawing import withdrawn_at
from shared.events.case import Status
from tests.reporting.conftest import Projecting
from tests.reporting.samples import RECEIVED_AT, a_step, hours, ticket
from tests.reporting.tallying import a_stored_case, a_turn

SINCE = RECEIVED_AT.isoformat()


@pytest.mark.parametrize(
    ("confidential", "expected"),
    [
        ([False, False], None),
        ([True, True], None),
        ([False, True, True], 2),
        ([False, True, False], None),
        ([False, True, False, True, True], 4),
    ],
)
def test_given_switches_of_a_case_when_they_are_looked_at_then_the_first_secret_step_after_the_public_ones_counts(
    confidential: list[bool], expected: int | None
) -> None:
    steps = [a_step(1, number, confidential=secret) for number, secret in enumerate(confidential, 1)]
    projection = project((step.ticket, step) for step in steps)[ticket(1)]

    moment = withdrawn_at(StoredCase(ticket=ticket(1), head=projection.head, history=projection.history))

    assert moment == (None if expected is None else RECEIVED_AT + hours(expected))


def test_given_two_steps_of_one_sequence_that_contradict_each_other_when_looked_at_then_the_present_counts() -> None:
    steps = [a_step(1, 1, confidential=False), a_step(1, 2, confidential=False, occurred_at=RECEIVED_AT)]
    later = a_step(1, 2, confidential=True, occurred_at=RECEIVED_AT + hours(1))
    history = project((step.ticket, step) for step in steps)[ticket(1)].history

    head = project([(later.ticket, later)])[ticket(1)].head

    assert withdrawn_at(StoredCase(ticket=ticket(1), head=head, history=history)) == RECEIVED_AT + hours(1)


def test_given_steps_of_which_it_is_not_known_when_they_are_looked_at_then_nothing_was_public() -> None:
    secret = a_stored_case(a_step(1, 1, confidential=True).case, a_turn(1, None, "received"))

    assert withdrawn_at(secret) is None


async def follow(client: httpx2.AsyncClient, **filters: str) -> list[dict[str, object]]:
    """All pages of two."""
    link: str | None = "/v1/cases"
    asked: dict[str, str] | None = {"updated_after": SINCE, "limit": "2"} | filters
    items: list[dict[str, object]] = []
    while link:
        answer = (await client.get(link, params=asked)).json()
        items += answer["items"]
        link, asked = answer["next"], None
    return items


@pytest.mark.integration
@pytest.mark.parametrize("mongo", ["motor"], indirect=True)
async def test_given_a_case_that_became_confidential_when_changes_are_followed_then_it_is_to_be_dropped(
    client: httpx2.AsyncClient, projecting: Projecting
) -> None:
    await projecting.take(*(a_step(number, number) for number in range(1, 6)))
    await projecting.take(a_step(2, 3, "case.restricted.v1", confidential=True))
    await projecting.take(a_step(2, 4, "resolved", confidential=True, status=Status.RESOLVED))
    await projecting.take(a_step(6, 1, confidential=True))

    items = await follow(client)

    assert [item["ticket"] for item in items if "status" in item] == [ticket(number) for number in (1, 3, 4, 5)]
    [gone] = [item for item in items if "status" not in item]
    assert gone == {"ticket": ticket(2), "withdrawn_from_public": True, "updated_at": "2026-03-05T04:30:00Z"}
    moments = [str(item["updated_at"]) for item in items]
    assert moments == sorted(moments)


@pytest.mark.integration
@pytest.mark.parametrize("mongo", ["motor"], indirect=True)
async def test_given_filters_when_changes_are_followed_then_what_was_withdrawn_comes_whatever_they_are(
    client: httpx2.AsyncClient, projecting: Projecting
) -> None:
    await projecting.take(a_step(1, 1), a_step(1, 2, "case.restricted.v1", confidential=True, agency="DINSOS-P3A"))

    here, there = await follow(client, agency="PUPR-52.03"), await follow(client, agency="DINSOS-P3A")

    assert here == there
    assert [item["ticket"] for item in here] == [ticket(1)]


@pytest.mark.integration
@pytest.mark.parametrize("mongo", ["motor"], indirect=True)
async def test_given_a_withdrawn_case_when_it_is_public_again_then_it_is_told_as_one(
    client: httpx2.AsyncClient, projecting: Projecting
) -> None:
    await projecting.take(a_step(1, 1), a_step(1, 2, confidential=True))

    await projecting.take(a_step(1, 3))

    assert [item.get("sequence") for item in await follow(client)] == [3]


@pytest.mark.integration
@pytest.mark.parametrize("mongo", ["motor"], indirect=True)
async def test_given_a_withdrawn_case_when_the_list_is_read_from_the_newest_then_it_is_not_there(
    client: httpx2.AsyncClient, projecting: Projecting
) -> None:
    await projecting.take(a_step(1, 1), a_step(1, 2, confidential=True))

    assert (await client.get("/v1/cases")).json()["items"] == []


@pytest.mark.integration
@pytest.mark.parametrize("mongo", ["motor"], indirect=True)
async def test_given_steps_in_the_wrong_order_when_all_have_come_then_the_moment_is_right(
    client: httpx2.AsyncClient, projecting: Projecting
) -> None:
    for sequence in (4, 3, 1, 2):
        await projecting.take(a_step(1, sequence, confidential=sequence > 2))

    [gone] = await follow(client)

    assert gone["updated_at"] == "2026-03-05T04:30:00Z"
