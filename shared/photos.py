"""Addresses of photos: signed, so that every service can show one without asking intake, and good for a time."""

import base64
import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

PATH: Final = "/v1/photos"
_HALF: Final = 16
"""Letters of a copy's name that are its own; as many follow that tell of what it is one."""


@dataclass(frozen=True)
class PhotoKey:
    """What a service that shows photos does with intake's secret."""

    secret: bytes
    now: Callable[[], datetime] = lambda: datetime.now(UTC)

    def address(self, name: str, *, thumbnail: bool = False) -> str:
        """Good until the end of the next hour: the same for all who look meanwhile."""
        until = self.now().replace(minute=0, second=0, microsecond=0) + timedelta(hours=2)
        return sign_photo(self.secret, name, until, thumbnail=thumbnail)

    def is_copy(self, name: str, original: str) -> bool:
        return hmac.compare_digest(name_copy(self.secret, original, name).encode(), name.encode())


def name_copy(secret: bytes, original: str, name: str) -> str:
    """Of a redacted copy, made of the `name` that it would have else: whoever has the secret knows whose copy it is."""
    own = name[:_HALF]
    mark = hmac.digest(secret, f"copy\n{original}\n{own}".encode(), hashlib.sha256)
    return own + base64.b32encode(mark).decode().lower()[:_HALF]


def sign_photo(secret: bytes, name: str, expires_at: datetime, *, thumbnail: bool = False) -> str:
    """Path and query under which intake shows the photo until `expires_at` (aware; whole seconds count).

    A browser that has a photo knows it again by its address: of times that were rounded, many give the same one.
    """
    expires = str(int(expires_at.timestamp()))
    signature = _signature(secret, name, expires, thumbnail=thumbnail)
    return f"{PATH}/{name}{'/thumbnail' if thumbnail else ''}?expires={expires}&signature={signature}"


def is_signed(secret: bytes, name: str, expires: str, signature: str, *, thumbnail: bool = False) -> bool:
    """Whether this is an address of ours, with `expires` and `signature` as its query has them.

    Then `expires` is Unix time in seconds; whether that has passed is another question.
    """
    ours = _signature(secret, name, expires, thumbnail=thumbnail)
    return hmac.compare_digest(ours.encode(), signature.encode())


def _signature(secret: bytes, name: str, expires: str, *, thumbnail: bool) -> str:
    message = f"{'thumbnail' if thumbnail else 'photo'}\n{name}\n{expires}"
    return hmac.digest(secret, message.encode(), hashlib.sha256).hex()
