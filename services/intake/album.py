"""Keeping photos. What this imports takes 20 MB of memory, so it is imported when there is a photo to keep or show."""

import asyncio
import base64
import hashlib
import hmac
import secrets
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from starlette.datastructures import UploadFile

from services.intake.blobs import Blobs
from services.intake.pictures import Picture, redraw
from services.intake.settings import Settings

_NAME_BYTES: Final = 20


@dataclass(frozen=True)
class Kept:
    """A photo that is safe. It is `width` times `height` pixels."""

    name: str
    width: int
    height: int


class Album:
    """Takes photos in and hands them out, by names that say nothing."""

    def __init__(self, settings: Settings) -> None:
        self._blobs = Blobs(settings.blobs)
        self._secret = settings.photo_key()
        self._at_once = asyncio.Semaphore(settings.photos_at_once)

    async def keep(self, sent: UploadFile, owner: str, key: UUID | None) -> Kept:
        """The same owner's same photo with the same key is kept once. Raises a 415, 422 or 503 Problem."""

        def draw(content: bytes) -> tuple[str, Picture]:
            return name_photo(self._secret, owner, key, content), redraw(content)

        async with self._at_once:
            name, picture = await asyncio.to_thread(draw, await sent.read())
        # The photo last: while it is not there, nobody was told the name.
        await self._blobs.put(_place(name, thumbnail=True), picture.thumbnail)
        await self._blobs.put(_place(name, thumbnail=False), picture.photo)
        return Kept(name, picture.width, picture.height)

    async def find(self, name: str, *, thumbnail: bool) -> bytes | None:
        """A JPEG. Raises a 503 Problem."""
        return await self._blobs.get(_place(name, thumbnail=thumbnail))


def name_photo(secret: bytes, owner: str, key: UUID | None, content: bytes) -> str:
    """32 letters and digits: random, or derived from all four where there is a key."""
    if key is None:
        chosen = secrets.token_bytes(_NAME_BYTES)
    else:
        message = f"name\n{key}\n{hashlib.sha256(content).hexdigest()}\n{owner}"
        chosen = hmac.digest(secret, message.encode(), hashlib.sha256)[:_NAME_BYTES]
    return base64.b32encode(chosen).decode().lower()


def _place(name: str, *, thumbnail: bool) -> str:
    return f"{'thumbnails' if thumbnail else 'photos'}/{name}.jpg"


def places_of(name: str) -> tuple[str, str]:
    """Keys of all that is kept of a photo."""
    return _place(name, thumbnail=False), _place(name, thumbnail=True)
