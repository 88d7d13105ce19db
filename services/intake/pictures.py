"""Photos as they are kept: decoded with care, upright, not too large, and without a word of who took them where."""

import io
import math
import re
from dataclasses import dataclass
from typing import Any, Final

from PIL import ExifTags, Image, UnidentifiedImageError

from shared.problems import Problem

LONGEST_SIDE: Final = 2048
"""Pixels."""
THUMBNAIL_SIDE: Final = 320
MOST_SCANS: Final = 100
"""Of one JPEG. Cameras write ten at most; each takes 90 bytes to send and a pass over the whole picture to decode."""
_MEGA: Final = 1_000_000
_MOST_PIXELS: Final = {
    "JPEG": 40 * _MEGA,
    # A JPEG with another one behind it, which some telephones write. The first one counts.
    "MPO": 40 * _MEGA,
    # These are decoded at full size, and transparent ones take twice the memory.
    "PNG": 20 * _MEGA,
    "WEBP": 20 * _MEGA,
}
_TAKEN: Final = ("JPEG", "PNG", "WEBP")
_QUALITY: Final = 85
_MARKER: Final = re.compile(rb"\xff([\x01-\xcf\xd8-\xfe])", re.DOTALL)
_SCAN, _END = 0xDA, 0xD9
_BARE: Final = frozenset({0x01, 0xD8})
"""Markers that no length follows."""
_UPRIGHT: Final = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""What undoes each value of EXIF's orientation."""
_SEXAGESIMAL: Final = (1, 60, 3600)
Position = tuple[float, float]
"""Latitude and longitude, degrees of WGS 84."""


@dataclass(frozen=True)
class Picture:
    """Two JPEGs, and the size of the larger one in pixels."""

    photo: bytes
    thumbnail: bytes
    width: int
    height: int
    position: Position | None = None
    """Where the camera says that it was taken. Neither JPEG says so any more."""


def redraw(content: bytes) -> Picture:
    """Decode what was sent, whatever it says that it is, and draw it anew. Of several frames the first counts.

    May take a second and 0.4 GB. Raises a 415, 422 or 503 Problem.
    """
    if not content:
        raise Problem(422, "The photo is empty", "There is nothing in the file. Please choose it again.")
    try:
        image, position = _upright(content)
        return _drawn(image, position)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise _too_large() from None
    except UnidentifiedImageError:
        detail = "Send a JPEG, PNG or WebP. HEIC, AVIF, GIF, SVG, PDF and films are not taken."
        raise Problem(415, "This is no photo that can be taken", detail) from None
    except MemoryError:
        raise Problem(503, "Not enough memory for the photo now", headers={"Retry-After": "30"}) from None
    except Problem:
        raise
    except Exception:  # noqa: BLE001 - on damaged files decoders fail in any way they like
        detail = "It is damaged, or not all of it has arrived. Please send it again."
        raise Problem(422, "The photo cannot be read", detail) from None


def _upright(content: bytes) -> tuple[Image.Image, Position | None]:
    """At most `LONGEST_SIDE` long, of three opaque colours; and where it was taken."""
    with Image.open(io.BytesIO(content), formats=_TAKEN) as sent:
        if sent.width * sent.height > _MOST_PIXELS[sent.format or ""]:
            raise _too_large()
        _refuse_many_scans(content)
        # A JPEG can be decoded at a half, a quarter or an eighth of its size, which saves most of the memory.
        sent.draft(None, (LONGEST_SIDE, LONGEST_SIDE))
        sent.load()
        turn, position = _UPRIGHT.get(_orientation(sent)), _position(sent)
        image = _shrunk(sent, LONGEST_SIDE)
    return (image.transpose(turn) if turn is not None else image), position


def _refuse_many_scans(content: bytes) -> None:
    """Raises a 422 Problem for a JPEG that was made to take minutes."""
    position, scans = 2, 0
    while content.startswith(b"\xff\xd8") and (marker := _MARKER.search(content, position)):
        position, kind = marker.end(), content[marker.end() - 1]
        if kind == _END:
            return
        if kind not in _BARE:
            position += int.from_bytes(content[position : position + 2])
        scans += kind == _SCAN
        if scans > MOST_SCANS:
            detail = f"It is a JPEG of more than {MOST_SCANS} scans. Please save it with another program."
            raise Problem(422, "The photo is made in an unusual way", detail)


def _orientation(image: Image.Image) -> int:
    try:
        return image.getexif().get(ExifTags.Base.Orientation, 1)
    except Exception:  # noqa: BLE001 - a good photo may have damaged EXIF, which is dropped anyway
        return 1


def _position(image: Image.Image) -> Position | None:
    try:
        told = image.getexif().get_ifd(ExifTags.IFD.GPSInfo)
        latitude = _degrees(told[ExifTags.GPS.GPSLatitude], told[ExifTags.GPS.GPSLatitudeRef], "S")
        longitude = _degrees(told[ExifTags.GPS.GPSLongitude], told[ExifTags.GPS.GPSLongitudeRef], "W")
    except Exception:  # noqa: BLE001 - as above: most photos have none, some a damaged one
        return None
    # Some cameras that know nothing write 0, 0. What is not a number is within nothing.
    is_one = abs(latitude) <= 90 and abs(longitude) <= 180 and (latitude, longitude) != (0, 0)  # noqa: PLR2004 - degrees
    return (latitude, longitude) if is_one else None


def _degrees(told: Any, hemisphere: str, negative: str) -> float:
    parts = [float(part) / unit for part, unit in zip(told, _SEXAGESIMAL, strict=True)]
    return math.copysign(round(sum(parts), 6), -1 if hemisphere.strip("\0 ").upper() == negative else 1)


def _shrunk(image: Image.Image, longest_side: int) -> Image.Image:
    if image.mode == "I;16":
        image = image.point(lambda value: value / 256).convert("L")
    if image.has_transparency_data:
        image = image.convert("RGBA")
    elif image.mode not in {"CMYK", "RGB"}:
        image = image.convert("RGB")
    image.thumbnail((longest_side, longest_side))
    if image.mode == "RGBA":
        return Image.alpha_composite(Image.new("RGBA", image.size, "white"), image).convert("RGB")
    return image.convert("RGB")


def _drawn(image: Image.Image, position: Position | None) -> Picture:
    # What is here is saved too: comments, for one.
    image.info.clear()
    thumbnail = _shrunk(image.copy(), THUMBNAIL_SIDE)
    return Picture(_encoded(image), _encoded(thumbnail), image.width, image.height, position)


def _encoded(image: Image.Image) -> bytes:
    target = io.BytesIO()
    image.save(target, "JPEG", quality=_QUALITY, optimize=True)
    return target.getvalue()


def _too_large() -> Problem:
    limits = ", ".join(f"{kind} {_MOST_PIXELS[kind] // _MEGA}" for kind in _TAKEN)
    return Problem(422, "The photo has too many pixels", f"At most so many millions are taken: {limits}.")
