"""Keeping photos. What this imports takes memory, so it is imported when there is a photo to keep or show.

What residents send lies in a folder of its own until a complaint names it. Then it is copied to where it stays, under
a name that follows from the old one and the ticket: the same complaint sent again finds it there, no other complaint
can have it, and whoever knows a name that was shown can do nothing with it.

Until that complaint is published a mark lies beside, `claims/<ticket>/<name>`: where it never was, the janitor finds
the photo by it.

Beside each redacted copy lies a mark, `copies/<original>/<copy>`: whoever deletes the original finds the copies by it.
"""

import asyncio
import base64
import hashlib
import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final
from uuid import UUID

from starlette.datastructures import UploadFile

from services.intake.blobs import Blobs
from services.intake.settings import Settings
from shared.photos import EVIDENCE, UNCLAIMED, marked_name
from shared.problems import Problem, field_problem

if TYPE_CHECKING:
    from services.intake.pictures import Picture

_NAME_BYTES: Final = 20
_CLAIMS: Final = "claims"


@dataclass(frozen=True)
class Kept:
    """A photo that is safe. It is `width` times `height` pixels."""

    name: str
    width: int
    height: int
    position: tuple[float, float] | None = None
    """Latitude and longitude that the camera wrote into it. The photo that is kept has them no more."""


@dataclass(frozen=True)
class Owner:
    """Who sends a photo, and with which key."""

    name: str
    key: UUID | None = None
    is_resident: bool = False
    """Then it lies unclaimed."""
    original: str | None = None
    """Of which photo it is a redacted copy."""


class Album:
    """Takes photos in and hands them out, by names that say nothing."""

    def __init__(self, settings: Settings) -> None:
        self._blobs = Blobs(settings.blobs)
        self._secret = settings.photo_key()
        self._at_once = asyncio.Semaphore(settings.photos_at_once)

    async def keep(self, sent: UploadFile, owner: Owner) -> Kept:
        """The same owner's same photo with the same key is kept once. Raises a 415, 422 or 503 Problem."""
        if owner.original is not None and not await self._has(owner.original):
            raise _no_original()
        # Another 20 MB, which those do not need who only look for what expired.
        from services.intake.pictures import redraw  # noqa: PLC0415 - it says why

        def draw(content: bytes) -> "tuple[str, Picture]":
            return name_photo(self._secret, owner.name, owner.key, content), redraw(content)

        async with self._at_once:
            name, picture = await asyncio.to_thread(draw, await sent.read())
        if not owner.is_resident:
            name = marked_name(self._secret, owner.original or EVIDENCE, name)
        if owner.original is not None:
            await self._blobs.put(f"{_copies_of(owner.original)}/{name}", b"")
        folder = f"{UNCLAIMED}/" if owner.is_resident else ""
        # The photo last: while it is not there, nobody was told the name.
        await self._blobs.put(folder + _place(name, thumbnail=True), picture.thumbnail)
        await self._blobs.put(folder + _place(name, thumbnail=False), picture.photo)
        if owner.original is not None and not await self._has(owner.original):
            # It was erased meanwhile, by somebody who may not have seen the copy.
            await delete_photo(self._blobs, owner.original)
            raise _no_original()
        return Kept(name, picture.width, picture.height, picture.position)

    async def _has(self, name: str) -> bool:
        return await self._blobs.has(_place(name, thumbnail=False))

    async def find(self, name: str, *, thumbnail: bool, unclaimed: bool = False) -> bytes | None:
        """A JPEG. Raises a 503 Problem."""
        place = _place(name, thumbnail=thumbnail)
        return await self._blobs.get(f"{UNCLAIMED}/{place}" if unclaimed else place)

    async def claim(self, name: str, ticket: str) -> str | None:
        """The name that an unclaimed photo has from now on; None where there is none. Raises a 503 Problem."""
        claimed = claimed_name(self._secret, name, ticket)
        await self._blobs.put(_claim_of(claimed, ticket), b"")
        for thumbnail in (True, False):
            place, target = _place(name, thumbnail=thumbnail), _place(claimed, thumbnail=thumbnail)
            copied = await self._blobs.copy(f"{UNCLAIMED}/{place}", target)
            if not copied and not await self._blobs.has(target):
                await self._blobs.delete(_claim_of(claimed, ticket))
                return None
        return claimed

    async def let_go(self, names: Sequence[str], ticket: str) -> None:
        """Of a published complaint: delete what it claimed from where it lay before. Raises a 503 Problem."""
        for name in names:
            await self._blobs.delete(_claim_of(claimed_name(self._secret, name, ticket), ticket))
            for thumbnail in (False, True):
                await self._blobs.delete(f"{UNCLAIMED}/{_place(name, thumbnail=thumbnail)}")

    async def expire(self, age: timedelta) -> int:
        """Delete what nobody claimed for so long, whichever replica comes first. Raises a 503 Problem."""
        expired = await self._blobs.keys_in(UNCLAIMED, before=datetime.now(UTC) - age)
        for key in expired:
            await self._blobs.delete(key)
        return len(expired)


def name_photo(secret: bytes, owner: str, key: UUID | None, content: bytes) -> str:
    """32 letters and digits: random, or derived from all four where there is a key."""
    if key is None:
        return _spelled(secrets.token_bytes(_NAME_BYTES))
    return _derived(secret, f"name\n{key}\n{hashlib.sha256(content).hexdigest()}\n{owner}")


def claimed_name(secret: bytes, name: str, ticket: str) -> str:
    """Of a photo once it belongs to a complaint."""
    return _derived(secret, f"claimed\n{name}\n{ticket}")


def _derived(secret: bytes, message: str) -> str:
    return _spelled(hmac.digest(secret, message.encode(), hashlib.sha256)[:_NAME_BYTES])


def _spelled(chosen: bytes) -> str:
    return base64.b32encode(chosen).decode().lower()


def _place(name: str, *, thumbnail: bool) -> str:
    return f"{'thumbnails' if thumbnail else 'photos'}/{name}.jpg"


def _no_original() -> Problem:
    return field_problem(("of", "is no photo (any more)"))


def _claim_of(name: str, ticket: str) -> str:
    return f"{_CLAIMS}/{ticket}/{name}"


async def find_claims(blobs: Blobs, before: datetime) -> dict[str, str]:
    """Names of photos that were claimed before, each with its ticket, where nobody knows whether it was published.

    Raises a 503 Problem.
    """
    marks = [mark.split("/") for mark in await blobs.keys_in(_CLAIMS, before=before)]
    return {name: ticket for _, ticket, name in marks}


async def forget_claim(blobs: Blobs, name: str, ticket: str, *, deletes_photo: bool) -> None:
    """The mark last: whoever is killed in between begins again. Raises a 503 Problem."""
    if deletes_photo:
        await delete_photo(blobs, name)
    await blobs.delete(_claim_of(name, ticket))


def _copies_of(name: str) -> str:
    return f"copies/{name}"


async def delete_photo(blobs: Blobs, name: str) -> None:
    """All that is kept of it, redacted copies included. Raises a 503 Problem."""
    for thumbnail in (False, True):
        await blobs.delete(_place(name, thumbnail=thumbnail))
    for mark in await blobs.keys_in(_copies_of(name)):
        await delete_photo(blobs, mark.rpartition("/")[2])
        await blobs.delete(mark)
