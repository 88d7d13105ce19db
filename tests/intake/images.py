"""Images for tests, good and bad."""

import io
import struct
import zlib
from typing import Any

from PIL import Image


def a_photo(kind: str = "JPEG", size: tuple[int, int] = (60, 40), mode: str = "RGB", **options: Any) -> bytes:
    """Its upper left quarter is red, the rest blue."""
    image = Image.new("RGB", size, "blue")
    image.paste("red", (0, 0, size[0] // 2, size[1] // 2))
    return encoded(image.convert(mode), kind, **options)


def encoded(image: Image.Image, kind: str = "JPEG", **options: Any) -> bytes:
    target = io.BytesIO()
    image.save(target, kind, **options)
    return target.getvalue()


def opened(content: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(content))
    image.load()
    return image


def an_empty_png(width: int, height: int) -> bytes:
    """One bit a pixel, all of them missing."""
    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + _chunk(b"IDAT", zlib.compress(b"")) + _chunk(b"IEND", b"")


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def a_large_jpeg(width: int, height: int) -> bytes:
    """A small one that says it is of this size."""
    small = a_photo()
    frame = small.index(b"\xff\xc0") + 5
    return small[:frame] + struct.pack(">HH", height, width) + small[frame + 4 :]


def a_large_webp(width: int, height: int) -> bytes:
    """Of one colour, which takes 34 bytes at any size."""
    small = encoded(Image.new("RGB", (60, 40)), "WEBP", lossless=True)
    size = struct.pack("<I", (width - 1) | (height - 1) << 14)
    return small[:21] + size + small[25:]


def a_jpeg_of_many_scans(scans: int) -> bytes:
    """Its last scan comes again and again."""
    photo = a_photo(progressive=True)
    last = photo[photo.rindex(b"\xff\xda") : -2]
    return photo[:-2] + last * scans + photo[-2:]
