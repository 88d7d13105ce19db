"""`GET /v1/cases/{ticket}` on the real store."""

import asyncio

import httpx2
import pytest

from services.reporting.domain.projection import Erased
from shared.events.case import PromiseKind
from tests.reporting.conftest import Projecting
from tests.reporting.samples import (
    a_lifecycle,
    a_promise,
    a_step,
    code_of,
    some_words,
    ticket,
)

# What the drivers do differently is the store's, and tested there with both.
pytestmark = [pytest.mark.integration, pytest.mark.parametrize("mongo", ["motor"], indirect=True)]

TEXT = "Jalan berlubang di depan pasar"
WORDS = "Sudah kami tambal"


async def test_given_a_lifecycle_when_anyone_reads_the_case_then_facts_history_and_progress_are_told(
    client: httpx2.AsyncClient, projecting: Projecting
) -> None:
    await projecting.take(*a_lifecycle(1))

    answer = await client.get(f"/v1/cases/{ticket(1)}")

    assert answer.status_code == 200
    assert answer.headers["Vary"] == "X-Tracking-Code"
    case = answer.json()
    assert TEXT not in answer.text
    assert [step["words"] for step in case["history"]] == [None, None, WORDS, None]
    assert case["reporter"] is None
    assert case["status"] == "resolved"
    assert case["category_name"] == {"id": "id road.damage", "en": "en road.damage"}
    assert case["region_name"] == "Sepit"
    assert case["agency_name"] == {"id": "id PUPR-52.03", "en": "en PUPR-52.03"}
    assert case["sequence"] == 4
    assert case["updated_at"] == "2026-03-05T05:30:00Z"
    assert [(step["type"], step["agency"]) for step in case["history"]] == [
        ("case.opened.v1", None),
        ("case.assigned.v1", "PUPR-52.03"),
        ("case.progressed.v1", "PUPR-52.03"),
        ("case.resolved.v1", "PUPR-52.03"),
    ]
    assert case["promises"] == [
        {
            "kind": "first_follow_up",
            "started_at": "2026-03-05T01:30:00Z",
            "due_at": "2026-03-10T01:30:00Z",
            "met_at": "2026-03-06T01:30:00Z",
            "kept": True,
            "breached_at": None,
            "ended_at": None,
            "paused": False,
        }
    ]


@pytest.mark.parametrize("is_published", [True, False])
async def test_given_words_of_a_resolution_and_a_publication_when_anyone_reads_then_only_what_is_published_is_told(
    client: httpx2.AsyncClient, projecting: Projecting, *, is_published: bool
) -> None:
    answered, published = some_words(1, 2, "Untuk pelapor"), some_words(1, 3, "Untuk semua")
    key = published.key if is_published else None
    steps = [
        a_step(1, 1),
        a_step(1, 2, "case.resolved.v1", words=answered.key),
        a_step(1, 3, "case.published.v1", words=published.key, publication=key),
    ]

    await projecting.take(answered, published, *steps)

    history = (await client.get(f"/v1/cases/{ticket(1)}")).json()["history"]
    assert [step["words"] for step in history] == [None, None, "Untuk semua" if is_published else None]


async def test_given_promises_that_are_late_and_open_when_the_case_is_read_then_it_says_so(
    client: httpx2.AsyncClient, projecting: Projecting
) -> None:
    promises = (a_promise(PromiseKind.RESPONSE, 24, 25), a_promise(PromiseKind.RESOLUTION, 700))
    await projecting.take(a_step(1, 1, promises=promises))

    answer = await client.get(f"/v1/cases/{ticket(1)}")

    assert [promise["kept"] for promise in answer.json()["promises"]] == [False, None]


async def test_given_a_ticket_as_somebody_wrote_it_down_when_it_is_read_then_look_alikes_are_forgiven(
    client: httpx2.AsyncClient, projecting: Projecting
) -> None:
    await projecting.take(a_step(1, 1))
    entered = ticket(1).lower().replace("-", " ").replace("0", "o").replace("1", "l")

    answer = await client.get(f"/v1/cases/{entered}")

    assert answer.json()["ticket"] == ticket(1)


@pytest.mark.parametrize("entered", ["NTB-1234", "hello", f"{ticket(1)[:-1]}U", "52.03"])
async def test_given_what_is_no_ticket_when_it_is_read_then_the_field_is_named(
    client: httpx2.AsyncClient, entered: str
) -> None:
    answer = await client.get(f"/v1/cases/{entered}")

    assert answer.status_code == 422
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json()["errors"][0]["field"] == "ticket"


async def test_given_the_reporters_code_when_the_case_is_read_then_texts_answers_words_and_notices_are_told(
    client: httpx2.AsyncClient, projecting: Projecting
) -> None:
    await projecting.take(*a_lifecycle(1))

    answer = await client.get(f"/v1/cases/{ticket(1)}", headers=code_of(1))

    case = answer.json()
    assert answer.headers["Cache-Control"] == "no-store"
    assert case["reporter"]["text"] == TEXT
    assert case["reporter"]["answers"] == {"class": "regency"}
    assert [step["words"] for step in case["history"]] == [None, None, WORDS, None]
    assert [(notice["type"], notice["kind"]) for notice in case["reporter"]["notices"]] == [
        ("notice.sent.v1", "assigned")
    ]


async def test_given_a_valid_code_when_nothing_is_projected_then_the_complaint_is_received(
    client: httpx2.AsyncClient,
) -> None:
    answer = await client.get(f"/v1/cases/{ticket(1)}", headers=code_of(1))

    assert answer.status_code == 200
    case = answer.json()
    assert (case["ticket"], case["status"], case["sequence"]) == (ticket(1), "received", 0)
    assert case["category"] is None
    assert case["reporter"]["text"] is None


async def test_given_a_submission_without_a_case_when_it_is_read_then_only_its_reporter_sees_it(
    client: httpx2.AsyncClient, projecting: Projecting
) -> None:
    await projecting.take(*a_lifecycle(1)[:2])

    public = await client.get(f"/v1/cases/{ticket(1)}")
    private = await client.get(f"/v1/cases/{ticket(1)}", headers=code_of(1))

    assert public.status_code == 404
    case = private.json()
    assert (case["status"], case["category"], case["region_name"]) == ("received", "road.damage", "Sepit")
    assert case["reporter"]["text"] == TEXT


async def test_given_a_confidential_case_when_anyone_reads_it_then_it_looks_like_an_unknown_one(
    client: httpx2.AsyncClient, projecting: Projecting
) -> None:
    await projecting.take(*a_lifecycle(1, confidential=True))

    confidential = await client.get(f"/v1/cases/{ticket(1)}")
    unknown = await client.get(f"/v1/cases/{ticket(2)}")
    own = await client.get(f"/v1/cases/{ticket(1)}", headers=code_of(1))

    assert confidential.status_code == unknown.status_code == 404
    assert confidential.json() == unknown.json()
    assert confidential.headers == unknown.headers
    assert confidential.headers["Cache-Control"] == "no-store"
    assert own.json()["reporter"]["confidential"] is True
    assert own.json()["status"] == "resolved"


async def test_given_an_erased_text_when_the_reporter_reads_then_it_is_gone_and_said_so(
    client: httpx2.AsyncClient, projecting: Projecting
) -> None:
    await projecting.take(*a_lifecycle(1))
    await projecting.take(Erased("personal", f"{ticket(1)}:p1"))

    answer = await client.get(f"/v1/cases/{ticket(1)}", headers=code_of(1))

    assert answer.json()["reporter"]["text"] is None
    assert answer.json()["reporter"]["text_erased"] is True


async def test_given_a_wrong_code_when_the_case_is_read_then_it_is_refused_and_not_repeated(
    client: httpx2.AsyncClient, projecting: Projecting
) -> None:
    await projecting.take(*a_lifecycle(1))

    answer = await client.get(f"/v1/cases/{ticket(1)}", headers=code_of(2))

    assert answer.status_code == 403
    assert answer.headers["Cache-Control"] == "no-store"
    assert code_of(2)["X-Tracking-Code"] not in answer.text


async def test_given_ten_wrong_codes_when_another_wrong_one_comes_then_it_must_wait(
    client: httpx2.AsyncClient,
) -> None:
    wrong = [await client.get(f"/v1/cases/{ticket(1)}", headers=code_of(2)) for _ in range(10)]

    answer = await client.get(f"/v1/cases/{ticket(1)}", headers=code_of(2))
    other = await client.get(f"/v1/cases/{ticket(2)}", headers=code_of(1))

    assert {refusal.status_code for refusal in wrong} == {403}
    assert answer.status_code == 429
    assert 3500 < int(answer.headers["Retry-After"]) <= 3600
    assert other.status_code == 403


async def test_given_a_ticket_locked_by_wrong_codes_when_its_reporter_comes_then_the_right_code_is_accepted(
    client: httpx2.AsyncClient, projecting: Projecting
) -> None:
    await projecting.take(*a_lifecycle(1))
    for _ in range(11):
        await client.get(f"/v1/cases/{ticket(1)}", headers=code_of(2))

    answer = await client.get(f"/v1/cases/{ticket(1)}", headers=code_of(1))
    again = await client.get(f"/v1/cases/{ticket(1)}", headers=code_of(2))

    assert answer.status_code == 200
    assert answer.json()["reporter"]["text"] == TEXT
    assert again.status_code == 429


async def test_given_many_readers_at_once_when_they_read_then_all_are_answered(
    client: httpx2.AsyncClient, projecting: Projecting
) -> None:
    await projecting.take(*(a_step(number, 1) for number in range(50)))

    answers = await asyncio.gather(*(client.get(f"/v1/cases/{ticket(number % 50)}") for number in range(200)))

    assert [answer.json()["ticket"] for answer in answers] == [ticket(number % 50) for number in range(200)]
