"""Who may read a complaint that somebody filed for somebody else, before and after that person took it over."""

from datetime import timedelta
from itertools import permutations

import httpx2
import pytest

from services.reporting.domain.case import StoredCase
from services.reporting.domain.projection import project
from shared.events.complaints import ContactChanged
from shared.ids import named_id, subject_code
from tests.reporting.conftest import Projecting
from tests.reporting.escalated import until_the_ombudsman
from tests.reporting.samples import (
    RECEIVED_AT,
    TRACKING_KEYS,
    a_personal_part,
    a_step,
    a_submission,
    code_of,
    ticket,
)

SUBJECTS = {"X-Tracking-Code": subject_code(TRACKING_KEYS, "K", ticket(1))}
CASE = f"/v1/cases/{ticket(1)}"


def taken_over(number: int = 1) -> ContactChanged:
    return ContactChanged(
        event_id=named_id(ticket(number), "taken over"),
        ticket=ticket(number),
        occurred_at=RECEIVED_AT + timedelta(hours=5),
        part="f-9",
        has_contact=True,
        by_subject=True,
        taken_over=True,
    )


def test_given_all_that_is_said_of_a_case_when_it_comes_in_any_order_then_it_is_taken_over() -> None:
    said = [a_submission(1, proxy="agent", mandate="written"), a_personal_part(1), taken_over(), a_step(1, 1)]

    for order in permutations(said):
        (projection,) = project((ticket(1), record) for record in order).values()
        stored = StoredCase(ticket=ticket(1), follow_ups=projection.follow_ups)
        assert stored.taken_over


@pytest.mark.integration
@pytest.mark.parametrize("mongo", ["motor"], indirect=True)
async def test_given_two_codes_when_nothing_was_taken_over_then_both_open_the_reporters_view(
    client: httpx2.AsyncClient, projecting: Projecting
) -> None:
    await projecting.take(a_submission(1, proxy="agent", mandate="written"), a_personal_part(1), a_step(1, 1))

    answers = [await client.get(CASE, headers=headers) for headers in (code_of(1), SUBJECTS)]

    assert [answer.status_code for answer in answers] == [200, 200]
    assert [answer.json()["reporter"]["text"] for answer in answers] == ["Jalan berlubang di depan pasar"] * 2


@pytest.mark.integration
@pytest.mark.parametrize("mongo", ["motor"], indirect=True)
@pytest.mark.parametrize("late", [False, True])
async def test_given_a_take_over_when_who_filed_it_asks_then_their_code_opens_nothing_and_the_others_everything(
    client: httpx2.AsyncClient, projecting: Projecting, *, late: bool
) -> None:
    records = [*until_the_ombudsman(), taken_over()]
    for record in records if late else reversed(records):
        await projecting.take(record)

    for path in (CASE, f"{CASE}/dossier"):
        own, subjects = [await client.get(path, headers=headers) for headers in (code_of(1), SUBJECTS)]
        assert (own.status_code, own.headers["cache-control"]) == (403, "no-store")
        assert subjects.status_code == 200, subjects.text
    assert (await client.get(CASE)).json()["reporter"] is None


@pytest.mark.integration
@pytest.mark.parametrize("mongo", ["motor"], indirect=True)
async def test_given_a_refusal_when_indonesian_is_asked_for_then_it_is_said_in_indonesian(
    client: httpx2.AsyncClient, projecting: Projecting
) -> None:
    await projecting.take(a_submission(1), a_step(1, 1), taken_over())

    answer = await client.get(CASE, headers=code_of(1) | {"Accept-Language": "id"})

    assert answer.json()["title"] == "Kode ini tidak membuka apa-apa lagi"
