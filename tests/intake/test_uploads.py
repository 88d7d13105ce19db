"""Residents' photos: taken, seen by nobody else, claimed by one complaint, or deleted."""

import asyncio
import os
import re
import time
from collections.abc import AsyncGenerator
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from PIL import ExifTags, Image
from structlog.testing import capture_logs

from tests.intake.images import (
    a_jpeg_of_many_scans,
    a_large_jpeg,
    a_large_webp,
    a_photo,
    an_empty_png,
    encoded,
    opened,
)
from tests.intake.posting import FORM, Sent, is_problem, post
from tests.intake.residents import Door, a_door
from tests.waiting import until

KEY = "00000000-0000-4000-8000-000000000001"
OTHER_KEY = KEY.replace("1", "2")
MOST = 10 * 1024 * 1024


def taken_at(latitude: float, longitude: float) -> bytes:
    """A photo of a telephone that writes down where it is."""
    exif = Image.Exif()
    place = exif.get_ifd(ExifTags.IFD.GPSInfo)
    place[ExifTags.GPS.GPSLatitudeRef], place[ExifTags.GPS.GPSLatitude] = "S", (-latitude or 0.0, 0.0, 0.0)
    place[ExifTags.GPS.GPSLongitudeRef], place[ExifTags.GPS.GPSLongitude] = "E", (longitude, 0.0, 0.0)
    return encoded(Image.new("RGB", (60, 40), "blue"), exif=exif)


@pytest.fixture
async def on_disk(folder: Path) -> AsyncGenerator[Door]:
    door = a_door(folder.as_uri(), unclaimed_lasts="PT1H", unclaimed_looked_at_every="PT0.01S")
    async with door.http:
        yield door


def files_in(folder: Path) -> list[str]:
    return sorted(str(file.relative_to(folder)) for file in folder.rglob("*.jpg"))


async def test_given_anybody_when_they_upload_a_photo_then_only_its_small_address_is_given_out(door: Door) -> None:
    answer = await door.upload(a_photo(size=(3000, 2000)))

    assert (answer.status_code, answer.headers["cache-control"]) == (201, "no-store")
    kept = answer.json()
    assert set(kept) == {"name", "width", "height", "thumbnail_address", "position"}
    seen = await door.http.get(kept["thumbnail_address"])
    assert (opened(seen.content).size, kept["position"]) == ((320, 213), None)
    large = kept["thumbnail_address"].replace("/unclaimed", "").replace("/thumbnail", "")
    assert is_problem(await door.http.get(large), 403)
    assert (await door.http.get("/v1/complaints/photos")).status_code == 405


async def test_given_the_name_of_a_photo_that_belongs_to_a_case_when_it_is_put_into_a_form_then_nobody_sees_it_by_that(
    door: Door,
) -> None:
    await door.submit((await door.upload(a_photo())).json()["name"])
    [claimed] = door.published()[0].photos

    page = await door.http.post("/lapor", data={"photos": claimed, "go": "place"})

    [address] = re.findall(r'src="(/v1/photos/[^"]+)"', page.text)
    shown = [address, address.replace("/unclaimed", "")]
    answers = [await door.http.get(unescape(one)) for one in shown]
    assert [answer.status_code for answer in answers] == [404, 403]


async def test_given_a_photo_that_tells_where_when_it_is_uploaded_then_only_its_uploader_is_told(door: Door) -> None:
    kept = (await door.upload(taken_at(-8.583, 116.116))).json()

    place = "Pejanggik, Mataram, Kota Mataram"
    assert kept["position"] == {"latitude": -8.583, "longitude": 116.116, "region": "52.71.02.1011", "place": place}
    seen = (await door.http.get(kept["thumbnail_address"])).content
    assert not opened(seen).getexif()
    stored = await door.uploads.photos.album.find(kept["name"], thumbnail=False, unclaimed=True)
    assert stored is not None
    assert not opened(stored).getexif()


@pytest.mark.parametrize("place", [(-8.65, 115.22), (0.0, 0.0), (-91.0, 116.0)])
async def test_given_a_photo_of_elsewhere_or_nowhere_when_it_is_uploaded_then_no_place_is_offered(
    door: Door, place: tuple[float, float]
) -> None:
    answer = await door.upload(taken_at(*place))

    assert (answer.status_code, answer.json()["position"]) == (201, None)


async def test_given_a_photo_when_a_complaint_names_it_then_it_is_the_complaints_under_another_name(
    on_disk: Door, folder: Path
) -> None:
    name = (await on_disk.upload(a_photo())).json()["name"]
    assert files_in(folder) == [f"unclaimed/photos/{name}.jpg", f"unclaimed/thumbnails/{name}.jpg"]

    answer = await on_disk.submit(name)

    assert answer.status_code == 202
    personal, facts = on_disk.published()
    [claimed] = personal.photos
    assert (facts.photos, claimed != name) == (1, True)
    assert files_in(folder) == [f"photos/{claimed}.jpg", f"thumbnails/{claimed}.jpg"]
    assert claimed not in facts.model_dump_json()


async def test_given_a_complaint_with_photos_when_it_is_sent_again_then_it_is_the_same(door: Door) -> None:
    names = [(await door.upload(a_photo(size=(60 + number, 40)))).json()["name"] for number in range(5)]

    first = await door.submit(*names, key=KEY)
    before = door.published()
    again = await door.submit(*names, key=KEY)

    assert (first.status_code, again.json()) == (202, first.json())
    assert [part.photos for part in (before[0], door.published()[0])] == [before[0].photos] * 2
    assert len(set(before[0].photos)) == 5


async def test_given_a_broker_that_is_away_when_photos_were_claimed_then_a_mark_says_so_until_they_are_published(
    on_disk: Door, folder: Path
) -> None:
    name = (await on_disk.upload(a_photo())).json()["name"]
    on_disk.publisher.reachable = False

    await on_disk.submit(name, key=KEY)
    marks = claims_in(folder)
    on_disk.publisher.reachable = True
    accepted = await on_disk.submit(name, key=KEY)

    [claimed] = on_disk.published()[0].photos
    assert marks == [f"claims/{accepted.json()['ticket']}/{claimed}"]
    assert claims_in(folder) == []


def claims_in(folder: Path) -> list[str]:
    return [str(file.relative_to(folder)) for file in folder.glob("claims/*/*")]


async def test_given_a_broker_that_is_away_when_it_is_back_then_the_photos_are_still_there(door: Door) -> None:
    name = (await door.upload(a_photo())).json()["name"]
    door.publisher.reachable = False

    refused = await door.submit(name, key=KEY)
    door.publisher.reachable = True
    accepted = await door.submit(name, key=KEY)

    assert is_problem(refused, 503)
    assert (accepted.status_code, len(door.published()[0].photos)) == (202, 1)


async def test_given_a_photo_of_one_complaint_when_another_names_it_then_it_is_refused(door: Door) -> None:
    name = (await door.upload(a_photo())).json()["name"]
    await door.submit(name, key=KEY)
    [claimed] = door.published()[0].photos

    answers = [await door.submit(stolen, key=OTHER_KEY) for stolen in (name, claimed)]

    assert all(is_problem(answer, 422) for answer in answers)
    assert [answer.json()["errors"][0]["field"] for answer in answers] == ["photos.0", "photos.0"]
    assert len(door.publisher.published) == 2


async def test_given_an_officers_photo_when_a_complaint_names_it_then_it_is_refused(door: Door) -> None:
    name = (await post(door.http, a_photo())).json()["name"]

    assert is_problem(await door.submit(name), 422)


@pytest.mark.parametrize(
    ("names", "field"),
    [(["a", "b", "c", "d", "e", "f"], "photos"), (["a", "a"], "photos"), (["../x"], "photos.0"), (["b"], "photos.0")],
)
async def test_given_photos_that_cannot_be_when_a_complaint_names_them_then_the_problem_names_the_field(
    door: Door, names: list[str], field: str
) -> None:
    answer = await door.submit(*names)

    assert is_problem(answer, 422)
    assert answer.json()["errors"][0]["field"] == field


async def test_given_a_category_that_needs_a_photo_when_there_is_none_then_the_field_is_named(door: Door) -> None:
    needs = door.directory.categories["road.damage"].model_copy(update={"photo_required": True})
    door.directory.categories["road.damage"] = needs
    name = (await door.upload(a_photo())).json()["name"]

    refused, accepted = await door.submit(), await door.submit(name)

    assert [error["field"] for error in refused.json()["errors"]] == ["photos"]
    assert (refused.status_code, accepted.status_code) == (422, 202)


async def test_given_a_store_that_is_away_when_a_complaint_has_no_photos_then_it_is_accepted(folder: Path) -> None:
    folder.write_bytes(b"no folder")
    door = a_door(folder.as_uri())
    async with door.http:
        without = await door.submit()
        uploaded = await door.upload(a_photo())
        named = await door.submit("abc")

    assert without.status_code == 202
    assert is_problem(uploaded, 503)
    assert is_problem(named, 503)


async def test_given_unclaimed_photos_when_their_time_is_over_then_only_the_old_are_deleted(
    on_disk: Door, folder: Path
) -> None:
    old, new = [(await on_disk.upload(a_photo())).json()["name"] for _ in range(2)]
    claimed = (await on_disk.upload(a_photo())).json()["name"]
    await on_disk.submit(claimed)
    [kept] = on_disk.published()[0].photos
    hours_ago = time.time() - 2 * 3600
    for file in (*folder.rglob(f"{old}.jpg"), *folder.rglob(f"{kept}.jpg")):
        os.utime(file, (hours_ago, hours_ago))

    await on_disk.uploads.expire()
    await on_disk.uploads.expire()

    assert files_in(folder) == [
        f"photos/{kept}.jpg",
        f"thumbnails/{kept}.jpg",
        f"unclaimed/photos/{new}.jpg",
        f"unclaimed/thumbnails/{new}.jpg",
    ]
    assert is_problem(await on_disk.submit(old), 422)


async def test_given_two_replicas_when_both_let_photos_expire_then_each_is_deleted_and_neither_fails(
    on_disk: Door, folder: Path
) -> None:
    other = a_door(folder.as_uri(), unclaimed_lasts="PT1H")
    names = [(await on_disk.upload(a_photo(size=(60 + number, 40)))).json()["name"] for number in range(8)]
    hours_ago = time.time() - 2 * 3600
    for name in names[1:]:
        for file in folder.rglob(f"{name}.jpg"):
            os.utime(file, (hours_ago, hours_ago))

    with capture_logs() as told:
        await asyncio.gather(*(door.uploads.expire() for door in (on_disk, other, on_disk, other)))
    async with other.http:
        accepted = await other.submit(names[0])

    assert [one for one in told if one["log_level"] != "info"] == []
    assert accepted.status_code == 202
    assert len(files_in(folder)) == 2


async def test_given_the_service_when_it_runs_then_it_looks_for_what_expired_by_itself(
    on_disk: Door, folder: Path
) -> None:
    name = (await on_disk.upload(a_photo())).json()["name"]
    for file in folder.rglob(f"{name}.jpg"):
        os.utime(file, (0, 0))

    looking = asyncio.create_task(on_disk.uploads.run())
    await until(lambda: files_in(folder) == [])
    looking.cancel()
    await asyncio.gather(looking, return_exceptions=True)


HOSTILE: dict[str, tuple[bytes, int]] = {
    "empty": (b"", 422),
    "words": (b"Jalan rusak parah", 415),
    "svg": (b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>', 415),
    "gif": (a_photo("GIF"), 415),
    "pdf": (b"%PDF-1.7\n" + bytes(500), 415),
    "page": (b"<!doctype html><script>alert(1)</script>", 415),
    "half": (a_photo(size=(600, 400))[:900], 422),
    "bomb of a JPEG": (a_large_jpeg(60_000, 60_000), 422),
    "bomb of a PNG": (an_empty_png(50_000, 50_000), 422),
    "bomb of a WebP": (a_large_webp(16_000, 16_000), 422),
    "scans": (a_jpeg_of_many_scans(3_000), 422),
}


@pytest.mark.parametrize("kind", HOSTILE)
async def test_given_a_hostile_file_when_anybody_uploads_it_then_it_is_refused_with_a_reason(
    on_disk: Door, folder: Path, kind: str
) -> None:
    content, status = HOSTILE[kind]

    answer = await on_disk.upload(content)

    assert is_problem(answer, status)
    assert answer.json()["detail"]
    assert files_in(folder) == []


async def test_given_a_photo_that_is_a_page_too_when_it_is_uploaded_then_nothing_of_the_page_is_left(
    door: Door,
) -> None:
    polyglot = a_photo(comment=b"<script>alert(1)</script>") + b"<!doctype html><script>alert(2)</script>PK\x03\x04"

    kept = (await door.upload(polyglot)).json()

    seen = await door.http.get(kept["thumbnail_address"])
    stored = await door.uploads.photos.album.find(kept["name"], thumbnail=False, unclaimed=True)
    assert stored is not None
    assert (b"script" in seen.content + stored, b"PK" in (seen.content + stored)[-8:]) == (False, False)
    assert (seen.headers["content-type"], seen.headers["x-content-type-options"]) == ("image/jpeg", "nosniff")


async def test_given_fifty_megabytes_when_they_are_uploaded_then_they_are_refused_after_ten(door: Door) -> None:
    sent = Sent(chunks=800)

    answer = await door.http.post("/v1/complaints/photos", content=sent, headers=FORM)

    assert is_problem(answer, 413)
    assert sent.chunks_taken <= MOST // (64 * 1024) + 1


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Origin": "https://elsewhere.example"}, 403),
        ({"Sec-Fetch-Site": "same-origin", "Origin": "http://intake"}, 201),
    ],
)
async def test_given_the_page_of_another_site_when_it_uploads_then_it_is_refused(
    door: Door, headers: dict[str, Any], status: int
) -> None:
    assert (await door.upload(a_photo(), **headers)).status_code == status


async def test_given_one_key_when_a_photo_is_uploaded_twice_then_it_is_one(door: Door) -> None:
    names = {(await door.upload(a_photo(), **{"Idempotency-Key": KEY})).json()["name"] for _ in range(2)}

    assert len(names) == 1
