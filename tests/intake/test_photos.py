"""Posting photos as the desk does."""

from pathlib import Path
from typing import Any

import httpx2
import pytest
from pydantic import TypeAdapter, ValidationError

from services.intake.app import create_app
from services.intake.settings import Settings
from shared.events.event import Slug
from tests.intake.images import a_photo, opened
from tests.intake.posting import DESK_SECRET, FORM, OFFICER, Sent, client_of, is_problem, post, signed_in, the_settings

KEY = "00000000-0000-4000-8000-000000000001"
MOST = 10 * 1024 * 1024


async def test_given_a_photo_when_an_officer_posts_it_then_it_can_be_seen_at_both_addresses(
    intake: httpx2.AsyncClient,
) -> None:
    posted = await post(intake, a_photo("PNG", size=(3000, 2000)))

    assert (posted.status_code, posted.headers["cache-control"]) == (201, "no-store")
    kept = posted.json()
    assert (kept["width"], kept["height"]) == (2048, 1365)
    photo, thumbnail = await intake.get(kept["address"]), await intake.get(kept["thumbnail_address"])
    assert (opened(photo.content).size, opened(thumbnail.content).size) == ((2048, 1365), (320, 213))
    assert "sitti" not in posted.text


@pytest.mark.parametrize("role", ["officer", "agency_head", "coordinator"])
async def test_given_somebody_who_works_on_cases_when_they_post_a_photo_then_it_is_taken(
    intake: httpx2.AsyncClient, role: str
) -> None:
    assert (await post(intake, a_photo(), signed_in("auditor", role))).status_code == 201


@pytest.mark.parametrize("roles", [("leader",), ("auditor",), ("citizen",), ()])
async def test_given_somebody_who_does_not_when_they_post_a_photo_then_it_is_refused(
    intake: httpx2.AsyncClient, roles: tuple[str, ...]
) -> None:
    assert is_problem(await post(intake, a_photo(), signed_in(*roles)), 403)


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer x"}, {"Authorization": "Basic eDp5"}])
async def test_given_no_good_token_when_a_photo_is_posted_then_its_body_is_not_read(
    intake: httpx2.AsyncClient, headers: dict[str, str]
) -> None:
    sent = Sent(chunks=5)

    answer = await intake.post("/v1/photos", content=sent, headers=headers | FORM)

    assert is_problem(answer, 401)
    assert answer.headers["www-authenticate"] == "Bearer"
    assert sent.chunks_taken == 0


async def test_given_one_key_when_the_same_photo_is_posted_twice_then_it_is_kept_once(
    in_folder: httpx2.AsyncClient, folder: Path
) -> None:
    headers = OFFICER | {"Idempotency-Key": KEY}

    names = [(await post(in_folder, a_photo(), headers)).json()["name"] for _ in range(2)]

    assert names[0] == names[1]
    assert sorted(str(file.relative_to(folder)) for file in folder.rglob("*.*")) == [
        f"photos/{names[0]}.jpg",
        f"thumbnails/{names[0]}.jpg",
    ]


async def test_given_another_key_photo_or_person_when_a_photo_is_posted_then_it_has_another_name(
    intake: httpx2.AsyncClient,
) -> None:
    keyed, other_key = {"Idempotency-Key": KEY}, {"Idempotency-Key": KEY.replace("1", "2")}

    answers = [
        await post(intake, a_photo(), OFFICER | keyed),
        await post(intake, a_photo(), OFFICER | other_key),
        await post(intake, a_photo(size=(61, 40)), OFFICER | keyed),
        await post(intake, a_photo(), signed_in("officer", subject="budi") | keyed),
        await post(intake, a_photo(), OFFICER),
        await post(intake, a_photo(), OFFICER),
    ]

    names = [answer.json()["name"] for answer in answers]
    assert len(set(names)) == 6
    assert [TypeAdapter(Slug).validate_python(name) for name in names] == names


async def test_given_a_key_that_is_no_uuid_when_a_photo_is_posted_then_the_problem_names_it(
    intake: httpx2.AsyncClient,
) -> None:
    answer = await post(intake, a_photo(), OFFICER | {"Idempotency-Key": "seven"})

    assert is_problem(answer, 422)
    assert answer.json()["errors"][0]["field"] == "idempotency-key"


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (b"", 422),
        (b"Jalan rusak parah", 415),
        (b'<svg xmlns="http://www.w3.org/2000/svg"/>', 415),
        (a_photo("GIF"), 415),
        (a_photo(size=(600, 400))[:900], 422),
    ],
)
async def test_given_what_is_no_photo_when_it_is_posted_then_the_problem_says_why(
    in_folder: httpx2.AsyncClient, folder: Path, content: bytes, status: int
) -> None:
    answer = await post(in_folder, content)

    assert is_problem(answer, status)
    assert answer.json()["detail"]
    assert list(folder.rglob("*.*")) == []


async def test_given_no_form_when_a_photo_is_posted_then_the_problem_says_how_to(intake: httpx2.AsyncClient) -> None:
    answer = await intake.post("/v1/photos", content=a_photo(), headers=OFFICER | {"Content-Type": "image/jpeg"})

    assert is_problem(answer, 415)
    assert "multipart/form-data" in answer.json()["detail"]


@pytest.mark.parametrize(
    "form",
    [
        {"files": {"picture": a_photo()}},
        {"data": {"photo": "text"}, "files": {"other": b""}},
    ],
)
async def test_given_a_form_without_a_photo_when_it_is_posted_then_the_problem_names_the_field(
    intake: httpx2.AsyncClient, form: dict[str, Any]
) -> None:
    answer = await intake.post("/v1/photos", headers=OFFICER, **form)

    assert is_problem(answer, 422)
    assert [error["field"] for error in answer.json()["errors"]] == ["photo"]


async def test_given_two_photos_in_one_form_when_they_are_posted_then_they_are_refused(
    intake: httpx2.AsyncClient,
) -> None:
    files = [("photo", a_photo()), ("photo", a_photo())]

    answer = await intake.post("/v1/photos", files=files, headers=OFFICER)

    assert is_problem(answer, 400)
    assert "Too many files" in answer.json()["detail"]


async def test_given_an_endless_photo_when_it_is_posted_then_it_is_refused_after_ten_megabytes(
    intake: httpx2.AsyncClient,
) -> None:
    sent = Sent(chunks=10_000)

    answer = await intake.post("/v1/photos", content=sent, headers=OFFICER | FORM)

    assert is_problem(answer, 413)
    assert sent.chunks_taken <= MOST // (64 * 1024) + 1


@pytest.mark.parametrize(("size", "status"), [(MOST, 415), (MOST + 1, 413)])
async def test_given_a_body_of_ten_megabytes_when_it_is_posted_then_one_byte_more_is_too_much(
    intake: httpx2.AsyncClient, size: int, status: int
) -> None:
    head = b'--b\r\nContent-Disposition: form-data; name="photo"; filename="x"\r\n\r\n'
    body = head + b"x" * (size - len(head) - 9) + b"\r\n--b--\r\n"
    assert len(body) == size

    answer = await intake.post("/v1/photos", content=body, headers=OFFICER | FORM)

    assert is_problem(answer, status)


async def test_given_the_whole_service_when_bodies_are_large_then_only_photos_may_be(folder: Path) -> None:
    app = create_app(the_settings(folder.as_uri()))
    photo = a_photo("PNG", size=(400, 400), compress_level=0)

    async with client_of(app) as intake:
        kept = await post(intake, photo)
        complaint = await intake.post("/v1/complaints", json={"text": "x" * len(photo)})

    assert len(photo) > 64 * 1024
    assert kept.status_code == 201
    assert is_problem(complaint, 413)
    assert "multipart/form-data" in app.openapi()["paths"]["/v1/photos"]["post"]["requestBody"]["content"]


async def test_given_a_store_that_fails_when_a_photo_is_posted_or_seen_then_it_is_to_be_tried_again(
    in_folder: httpx2.AsyncClient, folder: Path
) -> None:
    kept = (await post(in_folder, a_photo())).json()
    folder.rename(folder.with_name("away"))
    folder.write_bytes(b"no folder")

    posted = await post(in_folder, a_photo())
    seen = await in_folder.get(kept["address"])

    assert is_problem(posted, 503)
    assert is_problem(seen, 503)
    assert (posted.headers["retry-after"], seen.headers["retry-after"]) == ("10", "10")
    assert str(folder) not in posted.text


@pytest.mark.parametrize("secret", ["photo_secret", "oidc"])
def test_given_a_development_secret_when_it_is_production_then_intake_refuses_to_start(secret: str) -> None:
    real = {"ticket_secret": "real", "photo_secret": "real", "tracking_secrets": {"1": "real"}}
    development = {"photo_secret": "dev-photo", "oidc": {"development_secret": DESK_SECRET}}

    with pytest.raises(ValidationError, match="must not be used in production"):
        Settings.model_validate({**real, secret: development[secret], "environment": "production"})


def test_given_a_store_that_is_not_known_when_settings_are_read_then_they_are_refused() -> None:
    with pytest.raises(ValidationError, match="url"):
        the_settings("ftp://elsewhere.example")
