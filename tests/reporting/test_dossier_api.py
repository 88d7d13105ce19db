"""`GET /v1/cases/{ticket}/dossier` and `dossier.pdf` on the real store."""

import io

import httpx2
import pytest
from pypdf import PdfReader

from services.reporting.domain.projection import Erased
from shared.events.event import Language
from tests.reporting.conftest import Projecting
from tests.reporting.escalated import SUPPLEMENT, TEXT, the_offer, until_the_governor, until_the_ombudsman
from tests.reporting.samples import a_lifecycle, code_of, ticket

pytestmark = [pytest.mark.integration, pytest.mark.parametrize("mongo", ["motor"], indirect=True)]

PATHS = [f"/v1/cases/{ticket(1)}/dossier", f"/v1/cases/{ticket(1)}/dossier.pdf"]


async def test_given_an_offer_when_the_reporter_asks_then_the_file_is_told(
    client: httpx2.AsyncClient, projecting: Projecting
) -> None:
    await projecting.take(*until_the_ombudsman())

    answer = await client.get(PATHS[0], headers=code_of(1))

    assert answer.status_code == 200
    assert (answer.headers["Cache-Control"], answer.headers["Vary"]) == ("no-store", "X-Tracking-Code")
    told = answer.json()
    assert (told["ticket"], told["language"], told["offered_at"]) == (ticket(1), "id", "2026-03-27T08:00:00Z")
    assert [(writing["kind"], writing["text"]) for writing in told["writings"]] == [
        ("submission", TEXT),
        ("complaint.supplemented.v1", SUPPLEMENT),
    ]
    assert told["writings"][1]["at"] == "2026-03-07T01:30:00Z"
    broken, paused = told["promises"]
    assert (broken["outcome"], broken["late_days"], broken["late"]) == ("broken", 28, "28 hari 18 jam")
    assert paused["pauses"] == [{"started_at": "2026-03-06T01:00:00Z", "ended_at": "2026-03-09T01:00:00Z"}]
    assert [line["sequence"] for line in told["history"]] == list(range(1, 9))


async def test_given_an_offer_when_the_reporter_asks_for_paper_then_it_is_a_pdf(
    client: httpx2.AsyncClient, projecting: Projecting
) -> None:
    await projecting.take(*until_the_ombudsman())

    answer = await client.get(PATHS[1], headers=code_of(1))

    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/pdf"
    assert answer.headers["Content-Disposition"] == f'attachment; filename="ntbcare-{ticket(1)}.pdf"'
    assert (answer.headers["Cache-Control"], answer.headers["Vary"]) == ("no-store", "X-Tracking-Code")
    text = " ".join(page.extract_text() for page in PdfReader(io.BytesIO(answer.content)).pages)
    assert ticket(1) in text
    assert TEXT in text
    assert "tindak lanjut pertama: dilanggar" in text


async def test_given_a_reporter_who_is_written_to_in_english_when_they_ask_then_that_is_the_default(
    client: httpx2.AsyncClient, projecting: Projecting
) -> None:
    await projecting.take(*until_the_governor(), the_offer(language=Language.ENGLISH))

    english = await client.get(PATHS[0], headers=code_of(1))
    indonesian = await client.get(PATHS[0] + "?language=id", headers=code_of(1))
    other = await client.get(PATHS[0] + "?language=nl", headers=code_of(1))

    assert english.json()["status_name"] == "accepted by the agency"
    assert indonesian.json()["status_name"] == "diterima instansi"
    assert other.status_code == 422
    assert other.json()["errors"][0]["field"] == "language"


@pytest.mark.parametrize("path", PATHS)
async def test_given_a_ladder_on_its_way_when_the_file_is_asked_for_then_what_is_missing_is_said(
    client: httpx2.AsyncClient, projecting: Projecting, path: str
) -> None:
    await projecting.take(*until_the_governor())

    answer = await client.get(path, headers=code_of(1))

    assert answer.status_code == 409
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert (answer.headers["Cache-Control"], answer.headers["Vary"]) == ("no-store", "X-Tracking-Code")
    assert "first_follow_up is at step 3" in answer.json()["detail"]
    assert answer.json()["broken"] == [
        {
            "promise": "first_follow_up",
            "due_at": "2026-03-12T08:00:00Z",
            "met_at": None,
            "steps_taken": 3,
            "level": "governor",
            "next_step_at": "2026-03-27T08:00:00Z",
        }
    ]
    assert answer.json()["ladder"][-1] == {"step": 4, "level": "ombudsman", "working_days": 10}


async def test_given_no_broken_promise_when_the_file_is_asked_for_then_that_is_said(
    client: httpx2.AsyncClient, projecting: Projecting
) -> None:
    await projecting.take(*a_lifecycle(1))

    answer = await client.get(PATHS[0], headers=code_of(1))

    assert answer.status_code == 409
    assert answer.json()["broken"] == []
    assert "no promise is broken" in answer.json()["detail"]


@pytest.mark.parametrize("path", PATHS)
async def test_given_no_code_or_a_wrong_one_when_the_file_is_asked_for_then_it_is_refused(
    client: httpx2.AsyncClient, projecting: Projecting, path: str
) -> None:
    await projecting.take(*until_the_ombudsman())

    without = await client.get(path)
    wrong = [await client.get(path, headers=code_of(2)) for _ in range(11)]

    assert without.status_code == 422
    assert without.json()["errors"][0]["field"] == "x-tracking-code"
    assert [answer.status_code for answer in wrong] == [403] * 10 + [429]
    assert all(TEXT not in answer.text for answer in (without, *wrong))
    assert wrong[0].headers["Vary"] == "X-Tracking-Code"


@pytest.mark.parametrize("path", PATHS)
async def test_given_a_valid_code_when_nothing_is_projected_then_there_is_no_such_case(
    client: httpx2.AsyncClient, path: str
) -> None:
    answer = await client.get(path, headers=code_of(1))

    assert answer.status_code == 404
    assert (answer.headers["Cache-Control"], answer.headers["Vary"]) == ("no-store", "X-Tracking-Code")


async def test_given_erased_texts_when_the_file_is_asked_for_then_they_are_gone_and_said_so(
    client: httpx2.AsyncClient, projecting: Projecting
) -> None:
    await projecting.take(*until_the_ombudsman())
    await projecting.take(Erased("personal", f"{ticket(1)}:p1"))

    answer = await client.get(PATHS[0], headers=code_of(1))

    assert TEXT not in answer.text
    assert answer.json()["writings"][0]["erased"] is True
