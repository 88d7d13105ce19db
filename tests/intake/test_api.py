import hashlib
import json
from collections.abc import AsyncGenerator
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any
from uuid import UUID

import httpx2
import pytest

from services.intake.api import Intake, Options, create_router
from services.intake.photos import Photos
from services.intake.places import Places, load_places
from services.intake.settings import Settings
from services.intake.uploads import Uploads
from services.routing.seeds import seed_entries
from shared.access import make_token
from shared.directory import Directory
from shared.events.complaints import ComplaintSubmitted
from shared.events.directory import Client, ClientRole
from shared.events.personal import PersonalRecorded
from shared.ids import parse_ticket, tracking_code_fits
from shared.problems import ProblemApp
from tests.shared.fakes import FakePublisher

KEY = "00000000-0000-4000-8000-000000000001"
MATARAM = {"latitude": -8.583, "longitude": 116.116}
BALI = {"latitude": -8.65, "longitude": 115.22}


def a_client(client_id: str, role: ClientRole, *, revoked: bool = False) -> tuple[Client, dict[str, str]]:
    token, digest = make_token(client_id)
    now = datetime.now(UTC)
    client = Client(
        id=client_id,
        name=client_id,
        role=role,
        token_digest=digest,
        issued_at=now,
        revoked_at=now if revoked else None,
    )
    return client, {"Authorization": f"Bearer {token}"}


POST, AS_POST = a_client("lombok-post", ClientRole.INTEGRATOR)
CLERK, AS_CLERK = a_client("setda", ClientRole.OPERATOR)
GONE, AS_GONE = a_client("gone", ClientRole.OPERATOR, revoked=True)


@cache
def the_places() -> Places:
    return load_places()


def the_settings() -> Settings:
    secrets = {"ticket_secret": "dev-ticket", "photo_secret": "dev-photo"}
    return Settings.model_validate({"tracking_secrets": {"1": "dev-tracking"}, **secrets})


def the_uploads() -> Uploads:
    return Uploads(the_settings(), Photos(the_settings()), the_places().region_at, {})


@pytest.fixture
async def intake(publisher: FakePublisher) -> AsyncGenerator[httpx2.AsyncClient]:
    directory = Directory.of(*seed_entries(range(2026, 2028)), POST, CLERK, GONE)
    app = ProblemApp(max_body_size=64 * 1024)
    intake = Intake(the_settings(), directory, the_places(), publisher, the_uploads())  # type: ignore[arg-type]
    app.router.routes.extend(create_router(intake, Options(directory)).routes)
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://intake") as client:
        yield client


def a_body(**fields: Any) -> dict[str, Any]:
    body = {
        "category": "road.damage",
        "text": "Jalan rusak parah di depan pasar",
        "location": MATARAM,
        "answers": {"road_class": "regency"},
        "reporter": {"name": "Sitti", "email": "sitti@mail.example"},
    }
    return {name: value for name, value in (body | fields).items() if value is not None}


def submitted(publisher: FakePublisher) -> tuple[PersonalRecorded, ComplaintSubmitted]:
    personal, facts = publisher.published
    assert (personal.topic, facts.topic) == ("personal", "complaints")
    return (
        PersonalRecorded.model_validate_json(personal.value or b""),
        ComplaintSubmitted.model_validate_json(facts.value or b""),
    )


async def test_given_a_complaint_when_it_is_posted_then_it_is_published_and_can_be_followed(
    intake: httpx2.AsyncClient, publisher: FakePublisher
) -> None:
    answer = await intake.post("/v1/complaints", json=a_body())

    assert answer.status_code == 202
    ticket = parse_ticket(answer.json()["ticket"])
    assert answer.headers["location"] == f"/v1/cases/{ticket}"
    assert tracking_code_fits(the_settings().tracking_keys(), ticket, answer.json()["tracking_code"])
    personal, facts = submitted(publisher)
    assert (personal.text, personal.name, personal.part) == ("Jalan rusak parah di depan pasar", "Sitti", facts.part)
    assert (facts.region, facts.cell, facts.has_contact) == ("52.71.02.1011", "-8.60,116.10", True)
    assert (facts.historical, facts.client, facts.channel) == (False, "public", "api")


async def test_given_what_a_person_is_and_wrote_when_it_is_published_then_the_facts_hold_none_of_it(
    intake: httpx2.AsyncClient, publisher: FakePublisher
) -> None:
    reporter = {"name": "Sitti Aminah", "email": "sitti@mail.example", "phone": "0812-3456-789"}
    location = MATARAM | {"address": "Jalan Pejanggik 47"}

    await intake.post("/v1/complaints", json=a_body(reporter=reporter, location=location))

    facts = (publisher.published[1].value or b"").decode()
    for secret in ("Sitti", "mail.example", "0812-3456", "8123456789", "Pejanggik", "pasar", "-8.583"):
        assert secret not in facts
    personal, _ = submitted(publisher)
    assert (personal.phone, personal.address) == ("+628123456789", "Jalan Pejanggik 47")


@pytest.mark.parametrize(
    ("contact", "prefers"),
    [
        ({"email": "sitti@mail.example"}, "email"),
        ({"phone": "0812-3456-789"}, "whatsapp"),
        ({"email": "sitti@mail.example", "phone": "0812-3456-789"}, "sms"),
        ({"email": "sitti@mail.example"}, None),
    ],
)
async def test_given_a_preferred_way_when_a_complaint_is_posted_then_it_stands_beside_its_address(
    intake: httpx2.AsyncClient, publisher: FakePublisher, contact: dict[str, str], prefers: str | None
) -> None:
    reporter = {"name": "Sitti", "prefers": prefers} | contact

    answer = await intake.post("/v1/complaints", json=a_body(reporter=reporter))

    assert answer.status_code == 202, answer.text
    personal, facts = submitted(publisher)
    assert personal.prefers == prefers
    assert "prefers" not in facts.model_dump()


@pytest.mark.parametrize(
    ("reporter", "field", "detail"),
    [
        ({"phone": "0812-3456-789", "prefers": "email"}, "reporter.prefers", "email needs email"),
        ({"email": "sitti@mail.example", "prefers": "sms"}, "reporter.prefers", "sms needs phone"),
        ({"prefers": "whatsapp"}, "reporter.prefers", "whatsapp needs phone"),
        ({"email": "nobody", "prefers": "email"}, "reporter.email", "value is not a valid email address"),
        ({"email": "sitti@mail.example", "prefers": "webhook"}, "reporter.prefers", "Input should be"),
    ],
)
async def test_given_a_preferred_way_that_cannot_be_when_it_is_posted_then_its_field_is_named(
    intake: httpx2.AsyncClient, publisher: FakePublisher, reporter: dict[str, str], field: str, detail: str
) -> None:
    answer = await intake.post("/v1/complaints", json=a_body(reporter={"name": "Sitti"} | reporter))

    assert answer.status_code == 422
    (error,) = answer.json()["errors"]
    assert (error["field"], error["detail"].startswith(detail)) == (field, True), error
    assert publisher.published == []


async def test_given_one_key_when_a_complaint_is_sent_twice_then_it_is_the_same_complaint(
    intake: httpx2.AsyncClient, publisher: FakePublisher
) -> None:
    answers = [await intake.post("/v1/complaints", json=a_body(), headers={"Idempotency-Key": KEY}) for _ in range(2)]

    assert answers[0].json() == answers[1].json()
    assert publisher.published[0].key == publisher.published[2].key
    assert publisher.published[1].id == publisher.published[3].id


async def test_given_one_key_when_another_body_is_sent_then_it_overwrites_nothing(
    intake: httpx2.AsyncClient, publisher: FakePublisher
) -> None:
    for text in ("Jalan rusak di depan pasar", "Jalan rusak di depan sekolah"):
        await intake.post("/v1/complaints", json=a_body(text=text), headers={"Idempotency-Key": KEY})

    first, second = publisher.published[0], publisher.published[2]
    assert first.key.partition(":")[0] == second.key.partition(":")[0]
    assert first.key != second.key
    assert publisher.published[1].id != publisher.published[3].id


async def test_given_no_key_when_the_broker_is_away_then_the_answer_gives_one_to_retry_with(
    intake: httpx2.AsyncClient, publisher: FakePublisher
) -> None:
    publisher.reachable = False

    answer = await intake.post("/v1/complaints", json=a_body())

    assert (answer.status_code, answer.headers["content-type"]) == (503, "application/problem+json")
    assert int(answer.headers["retry-after"]) > 0
    assert UUID(answer.json()["idempotency_key"])


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"category": "road.flying"}, "category"),
        ({"text": "too short"}, "text"),
        ({"text": "x" * 5_001}, "text"),
        ({"text": 7}, "text"),
        ({"text": " " * 50}, "text"),
        ({"location": {}}, "location"),
        ({"location": {"latitude": -8.5}}, "location"),
        ({"location": BALI}, "location"),
        ({"location": {"latitude": "here", "longitude": 116.1}}, "location.latitude"),
        ({"location": {"latitude": -91, "longitude": 116.1}}, "location.latitude"),
        ({"location": {"region": "52.99"}}, "location.region"),
        ({"location": {"region": "51.01"}}, "location.region"),
        ({"location": MATARAM | {"region": "52.06"}}, "location"),
        ({"answers": {"colour": "red"}}, "answers.colour"),
        ({"answers": {"road_class": "galactic"}}, "answers.road_class"),
        ({"about": "NOBODY"}, "about"),
        ({"reporter": {"email": "sitti@mail.example"}}, "reporter.name"),
        ({"reporter": {"name": "Sitti", "email": "sitti"}}, "reporter.email"),
        ({"reporter": {"name": "Sitti", "phone": "12"}}, "reporter.phone"),
        ({"reporter": {"name": "Sitti", "language": "fr"}}, "reporter.language"),
        ({"occurred_at": "2999-01-01T00:00:00Z"}, "occurred_at"),
        ({"occurred_at": "2026-01-01T00:00:00"}, "occurred_at"),
        ({"occurred_at": "0001-01-01T00:00:00+23:59"}, "occurred_at"),
        ({"received_at": "9999-12-31T23:59:59-23:59"}, "received_at"),
        ({"channel": "radio"}, "channel"),
        ({"received_at": "2026-01-01T00:00:00Z"}, "received_at"),
        ({"colour": "red"}, "colour"),
    ],
)
async def test_given_a_wrong_field_when_a_complaint_is_posted_then_the_problem_names_it(
    intake: httpx2.AsyncClient, publisher: FakePublisher, changed: dict[str, Any], field: str
) -> None:
    answer = await intake.post("/v1/complaints", json=a_body(**changed))

    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")
    assert [error["field"] for error in answer.json()["errors"]] == [field]
    assert publisher.published == []


async def test_given_several_wrong_fields_when_posted_then_all_are_named_at_once(intake: httpx2.AsyncClient) -> None:
    answer = await intake.post("/v1/complaints", json=a_body(category="x", about="NOBODY", location=BALI))

    assert {error["field"] for error in answer.json()["errors"]} == {"category", "location", "about"}
    assert "outside Nusa Tenggara Barat" in answer.text


async def test_given_a_point_outside_when_posted_then_the_problem_says_so(intake: httpx2.AsyncClient) -> None:
    answer = await intake.post("/v1/complaints", json=a_body(location=BALI))

    assert answer.json()["errors"] == [{"field": "location", "detail": "the point lies outside Nusa Tenggara Barat"}]


@pytest.mark.parametrize(
    ("content", "status"),
    [(b"{", 400), (b"", 422), (b"[]", 422), (b'"hello"', 422), (b"{" + b" " * 70_000 + b"}", 413), (b"\xff\xfe", 400)],
)
async def test_given_a_bad_body_when_it_is_posted_then_the_answer_is_a_problem(
    intake: httpx2.AsyncClient, publisher: FakePublisher, content: bytes, status: int
) -> None:
    answer = await intake.post("/v1/complaints", content=content, headers={"Content-Type": "application/json"})

    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    assert answer.json()["title"]
    assert publisher.published == []


@pytest.mark.parametrize("key", ["seven", "00000000-0000-0000-0000-000000000000", "f" * 32])
async def test_given_a_key_that_is_no_random_uuid_when_posted_then_the_problem_names_the_header(
    intake: httpx2.AsyncClient, key: str
) -> None:
    answer = await intake.post("/v1/complaints", json=a_body(), headers={"Idempotency-Key": key})

    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "idempotency-key")


async def test_given_an_anonymous_complaint_when_posted_then_nobody_need_be_named(
    intake: httpx2.AsyncClient, publisher: FakePublisher
) -> None:
    answer = await intake.post("/v1/complaints", json=a_body(anonymous=True, reporter=None))

    assert answer.status_code == 202
    personal, facts = submitted(publisher)
    assert (personal.name, facts.anonymous, facts.has_contact) == (None, True, False)


@pytest.mark.parametrize(
    ("category", "anonymous", "confidential"),
    [("road.damage", False, False), ("social.violence", False, True), ("integrity.whistle", True, True)],
)
async def test_given_a_category_that_forces_switches_when_posted_then_they_are_on(
    intake: httpx2.AsyncClient, publisher: FakePublisher, category: str, *, anonymous: bool, confidential: bool
) -> None:
    await intake.post("/v1/complaints", json=a_body(category=category, answers={}))

    _, facts = submitted(publisher)
    assert (facts.anonymous, facts.confidential) == (anonymous, confidential)


async def test_given_only_an_address_when_posted_then_the_region_stays_open(
    intake: httpx2.AsyncClient, publisher: FakePublisher
) -> None:
    await intake.post("/v1/complaints", json=a_body(location={"address": "Depan pasar Selong"}))

    _, facts = submitted(publisher)
    assert (facts.region, facts.cell) == (None, None)


@pytest.mark.parametrize(("region", "located"), [("52.71", "52.71.02.1011"), ("52.71.01", "52.71.01")])
async def test_given_a_point_and_a_region_when_posted_then_the_finer_of_what_agrees_holds(
    intake: httpx2.AsyncClient, publisher: FakePublisher, region: str, located: str
) -> None:
    await intake.post("/v1/complaints", json=a_body(location=MATARAM | {"region": region}))

    _, facts = submitted(publisher)
    assert facts.region == located


async def test_given_an_operator_when_a_paper_of_last_week_is_entered_then_it_is_historical(
    intake: httpx2.AsyncClient, publisher: FakePublisher
) -> None:
    received_at = (datetime.now(UTC) - timedelta(days=9)).isoformat()

    answer = await intake.post(
        "/v1/complaints", json=a_body(channel="letter", received_at=received_at), headers=AS_CLERK
    )

    assert answer.status_code == 202
    _, facts = submitted(publisher)
    assert (facts.historical, facts.channel, facts.client) == (True, "letter", "setda")
    assert facts.received_at == datetime.fromisoformat(received_at)


@pytest.mark.parametrize(("days", "status"), [(1, 202), (9, 422)])
async def test_given_an_integrator_when_a_complaint_comes_late_then_a_week_is_the_limit_and_it_is_not_historical(
    intake: httpx2.AsyncClient, publisher: FakePublisher, days: int, status: int
) -> None:
    received_at = (datetime.now(UTC) - timedelta(days=days)).isoformat()

    answer = await intake.post("/v1/complaints", json=a_body(received_at=received_at), headers=AS_POST)

    assert answer.status_code == status
    if status == 202:
        assert not submitted(publisher)[1].historical


@pytest.mark.parametrize(
    "headers", [AS_GONE, {"Authorization": "Bearer ntb_setda_wrong"}, {"Authorization": "Basic x"}]
)
async def test_given_a_wrong_or_revoked_token_when_posted_then_it_is_refused(
    intake: httpx2.AsyncClient, publisher: FakePublisher, headers: dict[str, str]
) -> None:
    answer = await intake.post("/v1/complaints", json=a_body(), headers=headers)

    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
    assert publisher.published == []


async def test_given_two_clients_when_they_use_one_key_then_they_have_two_tickets(intake: httpx2.AsyncClient) -> None:
    headers = {"Idempotency-Key": KEY}

    public = await intake.post("/v1/complaints", json=a_body(), headers=headers)
    post = await intake.post("/v1/complaints", json=a_body(), headers=headers | AS_POST)

    assert public.json()["ticket"] != post.json()["ticket"]


async def test_given_the_directory_when_options_are_asked_then_categories_questions_and_regions_are_told(
    intake: httpx2.AsyncClient,
) -> None:
    answer = await intake.get("/v1/complaints/options")

    options = answer.json()
    road = next(category for category in options["categories"] if category["id"] == "road.damage")
    assert [question["code"] for question in road["questions"]] == ["road_class"]
    assert len(options["regions"]) == 1_294
    assert {"id": "52.71", "name": "Kota Mataram", "level": "regency"} in options["regions"]
    assert answer.headers["etag"] == f'"{hashlib.sha256(answer.content).hexdigest()[:32]}"'


async def test_given_known_options_when_they_are_asked_again_then_nothing_is_sent(intake: httpx2.AsyncClient) -> None:
    tag = (await intake.get("/v1/complaints/options")).headers["etag"]

    again = await intake.get("/v1/complaints/options", headers={"If-None-Match": tag})

    assert (again.status_code, again.content) == (304, b"")


async def test_given_a_trace_of_the_caller_when_posted_then_the_records_carry_it(
    intake: httpx2.AsyncClient, publisher: FakePublisher
) -> None:
    trace = "0af7651916cd43dd8448eb211c80319c"

    await intake.post("/v1/complaints", json=a_body(), headers={"traceparent": f"00-{trace}-b7ad6b7169203331-01"})

    assert {record.trace for record in publisher.published} == {trace}
    assert json.loads(publisher.published[0].value or b"")["ticket"]


async def test_given_a_category_that_ended_when_it_redirects_then_the_complaint_counts_as_the_other(
    publisher: FakePublisher,
) -> None:
    entries = seed_entries(range(2026, 2028))
    light = next(entry for entry in entries if entry.kind == "category" and entry.id == "road.light")
    ended = light.model_copy(update={"valid_before": date(2026, 1, 1), "redirect": "road.damage"})
    directory = Directory.of(*(ended if entry is light else entry for entry in entries))
    app = ProblemApp()
    intake = Intake(the_settings(), directory, the_places(), publisher, the_uploads())  # type: ignore[arg-type]
    app.router.routes.extend(create_router(intake, Options(directory)).routes)

    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://intake") as client:
        answers = {"road_class": "regency", "lamp": "off"}
        answer = await client.post("/v1/complaints", json=a_body(category="road.light", answers=answers))

    assert answer.status_code == 202, answer.text
    facts = submitted(publisher)[1]
    assert (facts.category, facts.answers) == ("road.damage", {"road_class": "regency"})
