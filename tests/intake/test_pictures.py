"""What is kept of a photo that was sent, and what is not taken."""

import time
import zipfile
from io import BytesIO

import pytest
from PIL import Image, ImageCms, ImageOps

from services.intake.pictures import redraw
from shared.problems import Problem
from tests.intake.images import (
    a_jpeg_of_many_scans,
    a_large_jpeg,
    a_large_webp,
    a_photo,
    an_empty_png,
    encoded,
    opened,
)

ORIENTATION, MAKER, GPS = 0x0112, 0x010F, 0x8825
RED, BLUE, WHITE = (255, 0, 0), (0, 0, 255), (255, 255, 255)


def an_exif(orientation: int = 1) -> Image.Exif:
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    exif[MAKER] = "Telepon Sitti"
    exif.get_ifd(GPS).update({1: "S", 2: (8.0, 35.0, 0.0), 3: "E", 4: (116.0, 7.0, 0.0)})
    return exif


def refused(content: bytes) -> Problem:
    with pytest.raises(Problem) as problem:
        redraw(content)
    return problem.value


def is_near(seen: object, wanted: tuple[int, int, int]) -> bool:
    assert isinstance(seen, tuple)
    return all(abs(one - other) < 12 for one, other in zip(seen, wanted, strict=True))


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_given_a_large_photo_when_it_is_redrawn_then_it_is_a_smaller_jpeg_with_a_thumbnail(kind: str) -> None:
    picture = redraw(a_photo(kind, size=(3000, 2000)))

    photo, thumbnail = opened(picture.photo), opened(picture.thumbnail)
    assert (photo.format, photo.size, thumbnail.format, thumbnail.size) == ("JPEG", (2048, 1365), "JPEG", (320, 213))
    assert (picture.width, picture.height) == photo.size
    for image in (photo, thumbnail):
        assert is_near(image.getpixel((5, 5)), RED)
        assert is_near(image.getpixel((image.width - 5, 5)), BLUE)


def test_given_a_small_photo_when_it_is_redrawn_then_it_is_not_made_larger() -> None:
    picture = redraw(a_photo(size=(60, 40)))

    assert (picture.width, picture.height, opened(picture.thumbnail).size) == (60, 40, (60, 40))


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_given_a_photo_that_says_where_it_was_taken_when_it_is_redrawn_then_nothing_says_so(kind: str) -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    sent = a_photo(kind, exif=an_exif(), comment=b"rumah Sitti", xmp=b"<x>rumah Sitti</x>", icc_profile=profile)
    assert dict(opened(sent).getexif().get_ifd(GPS))

    picture = redraw(sent)

    for kept in (picture.photo, picture.thumbnail):
        image = opened(kept)
        assert dict(image.getexif()) == {}
        assert set(image.info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}
        assert not any(word in kept for word in (b"Exif", b"Sitti", b"ICC_PROFILE", b"http"))


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_given_a_turned_photo_when_it_is_redrawn_then_it_is_upright(kind: str, orientation: int) -> None:
    sent = a_photo(kind, exif=an_exif(orientation))
    upright = ImageOps.exif_transpose(opened(sent))

    photo = opened(redraw(sent).photo)

    assert photo.size == upright.size
    for corner in [(4, 4), (photo.width - 5, 4), (4, photo.height - 5), (photo.width - 5, photo.height - 5)]:
        wanted = upright.convert("RGB").getpixel(corner)
        assert isinstance(wanted, tuple)
        assert is_near(photo.getpixel(corner), (int(wanted[0]), int(wanted[1]), int(wanted[2])))


@pytest.mark.parametrize("orientation", [0, 9, 65_535])
def test_given_an_orientation_that_means_nothing_when_redrawn_then_the_photo_stays_as_it_is(orientation: int) -> None:
    picture = redraw(a_photo(exif=an_exif(orientation)))

    assert (picture.width, picture.height) == (60, 40)


@pytest.mark.filterwarnings("ignore:Corrupt EXIF data")
def test_given_damaged_exif_when_the_photo_is_redrawn_then_it_is_taken_without() -> None:
    picture = redraw(a_photo(exif=b"Exif\x00\x00II*\x00\xff\xff\xff\xff"))

    assert (picture.width, picture.height) == (60, 40)


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "CMYK"])
def test_given_colours_of_any_kind_when_a_photo_is_redrawn_then_it_has_three(mode: str) -> None:
    photo = opened(redraw(a_photo("JPEG" if mode == "CMYK" else "PNG", mode=mode)).photo)

    assert (photo.mode, photo.size) == ("RGB", (60, 40))


def test_given_sixteen_bits_of_grey_when_redrawn_then_grey_stays_grey() -> None:
    sent = encoded(Image.new("I;16", (60, 40), 32_768), "PNG")

    photo = opened(redraw(sent).photo)

    assert is_near(photo.getpixel((9, 9)), (128, 128, 128))


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_given_what_is_transparent_when_it_is_redrawn_then_it_is_white(kind: str) -> None:
    photo = opened(redraw(encoded(Image.new("RGBA", (60, 40), (255, 0, 0, 0)), kind, exact=True)).photo)

    assert is_near(photo.getpixel((9, 9)), WHITE)


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "MPO"])
def test_given_several_frames_when_redrawn_then_the_first_one_counts(kind: str) -> None:
    first, second = Image.new("RGB", (60, 40), "red"), Image.new("RGB", (60, 40), "blue")
    sent = encoded(first, kind, save_all=True, append_images=[second])

    photo = opened(redraw(sent).photo)

    assert is_near(photo.getpixel((9, 9)), RED)


@pytest.mark.parametrize(
    "content",
    [
        a_photo("GIF"),
        a_photo("BMP"),
        a_photo("TIFF"),
        a_photo("AVIF"),
        b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
        b"%PDF-1.7\n",
        b"Jalan rusak parah",
        b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic",
        b"<html>" + a_photo(),
        b"GIF89a" + a_photo(),
        b"\xff\xd8\xff",
        b"\x89PNG\r\n\x1a\n",
    ],
    ids=lambda content: repr(content[:12]),
)
def test_given_what_is_no_photo_of_the_three_kinds_when_it_is_sent_then_the_problem_says_which_are(
    content: bytes,
) -> None:
    problem = refused(content)

    assert (problem.status, str(problem.body["detail"])[:25]) == (415, "Send a JPEG, PNG or WebP.")


def test_given_nothing_when_it_is_sent_then_it_is_refused() -> None:
    assert refused(b"").body["title"] == "The photo is empty"


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("part", [0.4, 0.8, 0.97])
def test_given_a_part_of_a_photo_when_it_is_sent_then_it_is_refused(kind: str, part: float) -> None:
    sent = a_photo(kind, size=(600, 400))

    problem = refused(sent[: int(len(sent) * part)])

    assert (problem.status, problem.body["title"]) == (422, "The photo cannot be read")


@pytest.mark.parametrize("behind", [b"<script>alert(1)</script>", b"<?php exit;", b"PK\x03\x04"])
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_given_something_behind_a_photo_when_it_is_redrawn_then_only_the_photo_is_kept(
    kind: str, behind: bytes
) -> None:
    picture = redraw(a_photo(kind) + behind)

    assert behind not in picture.photo + picture.thumbnail


def test_given_an_archive_that_is_a_photo_too_when_it_is_redrawn_then_it_is_no_archive() -> None:
    sent = BytesIO(a_photo())
    with zipfile.ZipFile(sent, "a") as archive:
        archive.writestr("index.html", "<script>alert(1)</script>")
    assert zipfile.is_zipfile(sent)

    picture = redraw(sent.getvalue())

    assert not zipfile.is_zipfile(BytesIO(picture.photo))


@pytest.mark.parametrize(
    "content",
    [
        an_empty_png(5_000, 4_001),
        an_empty_png(10_000, 10_000),
        an_empty_png(60_000, 60_000),
        an_empty_png(2_000_000_000, 1),
        a_large_jpeg(8_000, 5_001),
        a_large_jpeg(65_000, 65_000),
        a_large_webp(5_000, 4_001),
        a_large_webp(16_383, 16_383),
    ],
    ids=lambda content: repr(content[:4]),
)
def test_given_a_small_file_of_very_many_pixels_when_it_is_sent_then_they_are_not_decoded(content: bytes) -> None:
    started = time.perf_counter()

    problem = refused(content)

    assert len(content) < 2_000
    assert time.perf_counter() - started < 0.5
    assert (problem.status, problem.body["title"]) == (422, "The photo has too many pixels")


def test_given_a_jpeg_of_very_many_scans_when_it_is_sent_then_they_are_not_decoded() -> None:
    problem = refused(a_jpeg_of_many_scans(101))

    assert (problem.status, problem.body["title"]) == (422, "The photo is made in an unusual way")


def test_given_a_jpeg_of_several_scans_with_something_behind_when_it_is_sent_then_it_is_taken() -> None:
    picture = redraw(a_jpeg_of_many_scans(20) + b"\xff\xda" * 200)

    assert (picture.width, picture.height) == (60, 40)
