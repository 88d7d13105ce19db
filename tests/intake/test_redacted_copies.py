"""Redacted copies of photos: posted by coordinators, bound to their original, and gone with it."""

from pathlib import Path

import httpx2
import pytest

from services.intake.album import delete_photo
from services.intake.blobs import Blobs
from services.intake.settings import BlobSettings
from shared.photos import EVIDENCE, PhotoKey
from tests.intake.images import a_photo, opened
from tests.intake.posting import OFFICER, PHOTO_SECRET, is_problem, post, signed_in

COORDINATOR = signed_in("coordinator", subject="budi")


async def post_copy(
    intake: httpx2.AsyncClient, original: str, headers: dict[str, str] = COORDINATOR
) -> httpx2.Response:
    files = {"photo": ("salinan.jpg", a_photo(size=(400, 300)))}
    return await intake.post("/v1/photos", params={"of": original}, files=files, headers=headers)


async def test_given_a_photo_when_a_coordinator_posts_its_redacted_copy_then_the_copy_has_a_name_that_says_whose_it_is(
    intake: httpx2.AsyncClient,
) -> None:
    original = (await post(intake, a_photo())).json()["name"]

    copies = [(await post_copy(intake, original)).json() for _ in range(2)]

    names = [copy["name"] for copy in copies]
    assert len({original, *names}) == 3
    key = PhotoKey(PHOTO_SECRET.encode())
    assert [key.is_of(name, original) for name in names] == [True, True]
    assert [key.is_of(name, EVIDENCE) for name in (original, *names)] == [True, False, False]
    shown = await intake.get(copies[0]["address"])
    assert (opened(shown.content).size, dict(opened(shown.content).getexif())) == ((400, 300), {})


@pytest.mark.parametrize("roles", [("officer",), ("agency_head",), ("leader",)])
async def test_given_somebody_who_may_not_publish_when_they_post_a_copy_then_it_is_refused(
    intake: httpx2.AsyncClient, roles: tuple[str, ...]
) -> None:
    original = (await post(intake, a_photo(), OFFICER)).json()["name"]

    assert is_problem(await post_copy(intake, original, signed_in(*roles)), 403)


@pytest.mark.parametrize("original", ["a" * 32, "../photos/x", "A"])
async def test_given_no_such_photo_when_its_copy_is_posted_then_nothing_is_kept(
    in_folder: httpx2.AsyncClient, folder: Path, original: str
) -> None:
    assert is_problem(await post_copy(in_folder, original), 422)

    assert [file for file in folder.rglob("*") if file.is_file()] == []


async def test_given_copies_when_their_photo_is_deleted_then_nothing_of_any_is_left(
    in_folder: httpx2.AsyncClient, folder: Path
) -> None:
    original = (await post(in_folder, a_photo())).json()["name"]
    await post_copy(in_folder, original)
    await post_copy(in_folder, original)
    other = (await post(in_folder, a_photo())).json()["name"]

    await delete_photo(Blobs(BlobSettings(url=folder.as_uri())), original)

    assert {file.stem for file in folder.rglob("*") if file.is_file()} == {other}
