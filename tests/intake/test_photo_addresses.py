"""Seeing photos at signed addresses."""

from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest

from shared.photos import sign_photo
from tests.intake.images import a_photo
from tests.intake.posting import PHOTO_SECRET, is_problem, post

GONE = "a" * 32


async def test_given_a_photo_when_it_is_seen_then_the_browser_is_told_to_do_nothing_else_with_it(
    intake: httpx2.AsyncClient,
) -> None:
    kept = (await post(intake, a_photo())).json()

    headers = (await intake.get(kept["address"])).headers

    assert {name: headers[name] for name in headers if name not in {"content-length", "cache-control"}} == {
        "content-type": "image/jpeg",
        "etag": f'"{kept["name"]}"',
        "x-content-type-options": "nosniff",
        "content-security-policy": "default-src 'none'",
        "content-disposition": "inline",
        "cross-origin-resource-policy": "same-origin",
    }
    private, _, age = headers["cache-control"].partition(", max-age=")
    assert private == "private"
    assert 3590 <= int(age) <= 3600


async def test_given_a_photo_that_is_known_when_it_is_asked_for_again_then_nothing_is_sent(
    intake: httpx2.AsyncClient,
) -> None:
    kept = (await post(intake, a_photo())).json()

    again = await intake.get(kept["address"], headers={"If-None-Match": f'"{kept["name"]}"'})

    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", f'"{kept["name"]}"')


async def test_given_an_address_that_expired_when_it_is_opened_then_it_is_gone(intake: httpx2.AsyncClient) -> None:
    name = (await post(intake, a_photo())).json()["name"]
    address = sign_photo(PHOTO_SECRET.encode(), name, datetime.now(UTC) - timedelta(seconds=1))

    assert is_problem(await intake.get(address), 410)


async def test_given_an_address_of_no_photo_when_it_is_opened_then_there_is_none(intake: httpx2.AsyncClient) -> None:
    address = sign_photo(PHOTO_SECRET.encode(), GONE, datetime.now(UTC) + timedelta(hours=1), thumbnail=True)

    assert is_problem(await intake.get(address), 404)


@pytest.mark.parametrize(
    "change",
    [
        {"expires": "9999999999"},
        {"expires": ""},
        {"signature": ""},
        {"signature": "ü"},
        {"signature": "0" * 64},
    ],
)
@pytest.mark.parametrize("end", ["", "/thumbnail"])
async def test_given_a_changed_address_when_it_is_opened_then_it_is_refused(
    intake: httpx2.AsyncClient, change: dict[str, str], end: str
) -> None:
    kept = (await post(intake, a_photo())).json()
    right = {name: values[0] for name, values in parse_qs(urlsplit(kept["address"]).query).items()}

    answer = await intake.get(f"/v1/photos/{kept['name']}{end}", params=right | change)

    assert is_problem(answer, 403)


async def test_given_a_photos_address_when_its_thumbnail_or_another_photo_is_asked_for_then_it_is_refused(
    intake: httpx2.AsyncClient,
) -> None:
    kept, other = [(await post(intake, a_photo())).json() for _ in range(2)]
    query = urlsplit(kept["address"]).query

    for path in (f"{kept['name']}/thumbnail", other["name"], "%00"):
        assert is_problem(await intake.get(f"/v1/photos/{path}?{query}"), 403)
