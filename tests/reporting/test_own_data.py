"""Everything that is held about a reporter, as JSON for the reporter."""

from typing import Any

import httpx2
import pytest

from services.reporting.domain.projection import Erased
from shared.events.personal import PersonalRecorded
from tests.reporting.conftest import Projecting
from tests.reporting.samples import a_lifecycle, a_personal_part, a_step, a_submission, a_supplement, code_of, ticket

pytestmark = pytest.mark.integration

PERSON: dict[str, Any] = {
    "name": "Baiq Sitti",
    "email": "sitti@mail.example",
    "phone": "+6281234567890",
    "prefers": "sms",
    "latitude": -8.6497,
    "longitude": 116.5402,
    "address": "Gang Cempaka 17",
    "photos": ["p-1"],
    "source": "surat 12/2026",
}
SUBJECT = {"name": "Inaq Rohani", "email": None, "phone": "+6281900000000"}


async def held(client: httpx2.AsyncClient, number: int = 1, **query: str) -> Any:
    answer = await client.get(f"/v1/cases/{ticket(number)}/own-data", headers=code_of(number), params=query)
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store"), answer.text
    return answer.json()


async def test_given_all_that_a_person_gave_when_they_read_what_is_held_then_every_field_of_it_is_there(
    client: httpx2.AsyncClient, projecting: Projecting
) -> None:
    part = a_personal_part(1, **PERSON, subject=SUBJECT)
    await projecting.take(
        *[record for record in a_lifecycle(1, confidential=True) if not isinstance(record, PersonalRecorded)], part
    )
    await projecting.take(a_supplement(1), a_personal_part(1, "Makin dalam", "f-1"))

    told = await held(client)

    first, second = told["personal"]
    text = {"text": "Jalan berlubang di depan pasar", "language": "id"}
    assert first["held"] == text | PERSON | {"subject": SUBJECT}
    assert (first["title"], second["title"], second["held"]["text"]) == (
        "Isi aduan",
        "Tambahan keterangan",
        "Makin dalam",
    )
    assert told["facts"]["answers"] == [{"question": "class", "answer": "regency"}]
    assert [line["words"] for line in told["history"] if line["words"]] == ["Sudah kami tambal"]
    assert [message["outcome"] for message in told["messages"]] == ["terkirim"]
    assert {service for kind in told["kept"] for service in kind["services"]} == {
        "intake",
        "routing",
        "notification",
        "reporting",
    }


async def test_given_an_erased_part_when_what_is_held_is_read_then_it_says_when_it_was_erased_and_nothing_of_it(
    client: httpx2.AsyncClient, projecting: Projecting
) -> None:
    await projecting.take(a_submission(1), a_personal_part(1, **PERSON), a_step(1, 1))

    await projecting.take(Erased("personal", f"{ticket(1)}:p1"))

    [part] = (await held(client))["personal"]
    assert (part["erased"], part["held"]) == (True, {})
    assert part["erased_at"] == "2026-11-18T11:06:40Z"


async def test_given_a_language_when_what_is_held_is_read_then_names_are_in_it(
    client: httpx2.AsyncClient, projecting: Projecting
) -> None:
    await projecting.take(*a_lifecycle(1))

    told = await held(client, language="en")

    assert told["personal"][0]["title"] == "The complaint"
    assert told["kept"][2]["what"] == "Photos"


@pytest.mark.parametrize(("number", "headers", "status"), [(1, code_of(2), 403), (1, {}, 422), (3, code_of(3), 404)])
async def test_given_no_right_code_or_no_such_case_when_what_is_held_is_asked_for_then_nothing_is_told(
    client: httpx2.AsyncClient, projecting: Projecting, number: int, headers: dict[str, str], status: int
) -> None:
    await projecting.take(*a_lifecycle(1))

    answer = await client.get(f"/v1/cases/{ticket(number)}/own-data", headers=headers)

    assert answer.status_code == status
    assert "pasar" not in answer.text


async def test_given_own_data_in_the_store_when_anybody_else_reads_the_case_then_none_of_it_is_told(
    client: httpx2.AsyncClient, public: httpx2.AsyncClient, projecting: Projecting
) -> None:
    part = a_personal_part(1, **PERSON, subject=SUBJECT)
    await projecting.take(*[record for record in a_lifecycle(1) if not isinstance(record, PersonalRecorded)], part)
    api = ("/v1/cases", f"/v1/cases/{ticket(1)}", "/v1/statistics", "/v1/exports/cases.json")
    pages = ("/", "/aduan", f"/aduan/{ticket(1)}", "/macet", "/pagi", "/peta?waktu=semua")

    answers = [await client.get(path) for path in api] + [await public.get(path) for path in pages]

    private = [value for value in (*map(str, PERSON.values()), "Inaq", "pasar", "p-1") if value != "sms"]
    assert [(str(one.url), value) for one in answers for value in private if value in one.text] == []
