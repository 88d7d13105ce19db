from collections.abc import AsyncGenerator
from typing import Any

import httpx2
import pytest

from services.intake.follow_ups import FollowUps, create_follow_up_router
from services.intake.settings import Settings
from shared.events.complaints import ContactChanged
from shared.events.event import Event
from shared.events.personal import PersonalRecorded
from shared.ids import tracking_code
from shared.problems import ProblemApp
from shared.topics import COMPLAINTS, PERSONAL
from shared.tracking import CodeCheck
from tests.shared.fakes import FakePublisher

TICKET = "NTB-C833-HX1X-7X7V-TM"
SETTINGS = Settings.model_validate(
    {"tracking_secrets": {"1": "dev-tracking"}, "ticket_secret": "dev-ticket", "photo_secret": "dev-photo"}
)
CODE = {"X-Tracking-Code": tracking_code(SETTINGS.tracking_keys(), "1", TICKET)}
KEY = {"Idempotency-Key": "00000000-0000-4000-8000-000000000001"}
OTHER_KEY = {"Idempotency-Key": "00000000-0000-4000-8000-000000000002"}


@pytest.fixture
async def intake(publisher: FakePublisher) -> AsyncGenerator[httpx2.AsyncClient]:
    app = ProblemApp(max_body_size=64 * 1024)
    follow_ups = FollowUps(SETTINGS, publisher, CodeCheck(SETTINGS.tracking_keys()))  # type: ignore[arg-type]
    app.include_router(create_follow_up_router(follow_ups))
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://intake") as client:
        yield client


def told(publisher: FakePublisher) -> list[Event]:
    models: dict[str, Any] = COMPLAINTS.types | PERSONAL.types
    return [models[record.type].model_validate_json(record.value or b"") for record in publisher.published]


@pytest.mark.parametrize(
    ("path", "body", "type_", "text"),
    [
        ("supplements", {"text": "Sudah dua minggu"}, "complaint.supplemented.v1", "Sudah dua minggu"),
        ("answers", {"text": "Di sisi utara"}, "question.answered.v1", "Di sisi utara"),
        ("dispute", {"text": "Masih berlubang"}, "resolution.disputed.v1", "Masih berlubang"),
        ("confirmation", {"rating": 5, "text": "Terima kasih"}, "resolution.confirmed.v1", "Terima kasih"),
        ("confirmation", {}, "resolution.confirmed.v1", None),
        ("withdrawal", {}, "complaint.withdrawn.v1", None),
        ("withdrawal", {"text": "Salah alamat"}, "complaint.withdrawn.v1", "Salah alamat"),
        ("contact", {"email": "siti@mail.example"}, "contact.changed.v1", ""),
        ("restriction", {"restricted": True}, "processing.restricted.v1", None),
        ("restriction", {"restricted": False}, "processing.restricted.v1", None),
        ("erasure", {}, "erasure.requested.v1", None),
    ],
)
async def test_given_a_right_code_when_a_reporter_follows_up_then_words_and_fact_are_published_apart(
    intake: httpx2.AsyncClient, publisher: FakePublisher, path: str, body: dict[str, Any], type_: str, text: str | None
) -> None:
    answer = await intake.post(f"/v1/complaints/{TICKET}/{path}", json=body, headers=CODE)

    assert answer.status_code == 202, answer.text
    *words, fact = told(publisher)
    assert publisher.kinds()[-1] == type_
    assert str(fact.event_id) == answer.json()["follow_up_id"]
    assert [part.text for part in words if isinstance(part, PersonalRecorded)] == ([] if text is None else [text])
    assert not text or text.encode() not in (publisher.published[-1].value or b"")
    assert getattr(fact, "part", None) == (words[0].part if words else None)  # type: ignore[attr-defined]


async def test_given_another_contact_when_it_is_told_then_the_whole_of_it_is_in_the_part(
    intake: httpx2.AsyncClient, publisher: FakePublisher
) -> None:
    body = {"name": "Siti", "phone": "0812 3456 7890", "language": "en"}

    await intake.post(f"/v1/complaints/{TICKET}/contact", json=body, headers=CODE)

    person, fact = told(publisher)
    assert isinstance(person, PersonalRecorded)
    assert isinstance(fact, ContactChanged)
    assert (person.name, person.phone, person.email, person.language) == ("Siti", "+6281234567890", None, "en")
    assert (fact.has_contact, fact.part, fact.language) == (True, person.part, "en")


async def test_given_a_preferred_way_when_a_contact_is_told_then_it_stands_beside_its_address(
    intake: httpx2.AsyncClient, publisher: FakePublisher
) -> None:
    body = {"name": "Siti", "phone": "0812 3456 7890", "prefers": "sms"}

    answer = await intake.post(f"/v1/complaints/{TICKET}/contact", json=body, headers=CODE)

    assert answer.status_code == 202, answer.text
    person, fact = told(publisher)
    assert isinstance(person, PersonalRecorded)
    assert person.prefers == "sms"
    assert "sms" not in fact.model_dump_json()


async def test_given_a_preferred_way_without_an_address_when_a_contact_is_told_then_the_field_is_named(
    intake: httpx2.AsyncClient, publisher: FakePublisher
) -> None:
    body = {"name": "Siti", "email": "siti@mail.example", "prefers": "whatsapp"}

    answer = await intake.post(f"/v1/complaints/{TICKET}/contact", json=body, headers=CODE)

    assert answer.status_code == 422
    assert answer.json()["errors"] == [{"field": "prefers", "detail": "whatsapp needs phone"}]
    assert publisher.published == []


async def test_given_one_key_when_a_follow_up_is_sent_twice_then_it_is_the_same_and_another_body_is_another(
    intake: httpx2.AsyncClient, publisher: FakePublisher
) -> None:
    path = f"/v1/complaints/{TICKET}/supplements"
    for text in ("Sudah dua minggu", "Sudah dua minggu", "Sudah tiga minggu"):
        await intake.post(path, json={"text": text}, headers=CODE | KEY)

    first, again, other = [record for record in publisher.published if record.topic == "complaints"]

    assert first.id == again.id != other.id
    assert len({record.key for record in publisher.published if record.topic == "personal"}) == 2


async def test_given_somebody_else_when_they_support_then_no_code_is_needed_and_a_key_counts_once(
    intake: httpx2.AsyncClient, publisher: FakePublisher
) -> None:
    for headers in (KEY, KEY, OTHER_KEY):
        answer = await intake.post(f"/v1/complaints/{TICKET}/support", headers=headers)
        assert answer.status_code == 202, answer.text

    supporters = [event.supporter for event in told(publisher)]  # type: ignore[attr-defined]

    assert supporters[0] == supporters[1] != supporters[2]


@pytest.mark.parametrize(
    ("path", "body", "headers", "status"),
    [
        (f"{TICKET}/supplements", {"text": "x"}, {}, 422),
        (f"{TICKET}/supplements", {"text": "x"}, {"X-Tracking-Code": "1000-0000-0000"}, 403),
        ("NTB-0000-0000-0000-00/supplements", {"text": "x"}, CODE, 404),
        (f"{TICKET}/supplements", {"text": " "}, CODE, 422),
        (f"{TICKET}/supplements", {}, CODE, 422),
        (f"{TICKET}/supplements", {"text": "x", "photo": "y"}, CODE, 422),
        (f"{TICKET}/confirmation", {"rating": 6}, CODE, 422),
        (f"{TICKET}/contact", {"email": "nobody"}, CODE, 422),
        (f"{TICKET}/restriction", {}, CODE, 422),
        (f"{TICKET}/restriction", {"restricted": True}, {}, 422),
        (f"{TICKET}/erasure", {}, {"X-Tracking-Code": "1000-0000-0000"}, 403),
        (f"{TICKET}/support", {"text": "x"}, {}, 422),
        (f"{TICKET}/supplements", {"text": "x"}, CODE | {"Idempotency-Key": "7"}, 422),
    ],
)
async def test_given_a_wrong_follow_up_when_it_is_sent_then_nothing_is_published(
    intake: httpx2.AsyncClient,
    publisher: FakePublisher,
    path: str,
    body: dict[str, Any],
    headers: dict[str, str],
    status: int,
) -> None:
    answer = await intake.post(f"/v1/complaints/{path}", json=body, headers=headers)

    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    assert publisher.published == []


async def test_given_ten_wrong_codes_when_an_eleventh_comes_then_it_is_slowed_down_but_the_right_one_is_not(
    intake: httpx2.AsyncClient,
) -> None:
    path, body = f"/v1/complaints/{TICKET}/supplements", {"text": "x"}
    for number in range(10):
        await intake.post(path, json=body, headers={"X-Tracking-Code": f"1000-0000-000{number}"})

    wrong = await intake.post(path, json=body, headers={"X-Tracking-Code": "1000-0000-0000"})
    right = await intake.post(path, json=body, headers=CODE)

    assert (wrong.status_code, right.status_code) == (429, 202)


async def test_given_no_broker_when_a_reporter_follows_up_then_the_key_to_try_again_with_is_returned(
    intake: httpx2.AsyncClient, publisher: FakePublisher
) -> None:
    publisher.reachable = False

    answer = await intake.post(f"/v1/complaints/{TICKET}/dispute", json={"text": "x"}, headers=CODE)

    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert answer.json()["idempotency_key"]
