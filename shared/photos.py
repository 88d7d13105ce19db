"""Addresses of photos: signed, so that every service can show one without asking intake, and good for a time."""

import base64
import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

PATH: Final = "/v1/photos"
UNCLAIMED: Final = "unclaimed"
"""Where intake keeps what no complaint has named yet: a folder, and a part of the addresses."""
EVIDENCE: Final = "evidence"
"""What a photo of the desk is of, where it is no redacted copy."""
_HALF: Final = 16
"""Letters of such a photo's name that are its own; as many follow that tell what it is of."""


@dataclass(frozen=True)
class PhotoKey:
    """What a service that shows photos does with intake's secret."""

    secret: bytes
    now: Callable[[], datetime] = lambda: datetime.now(UTC)

    def address(self, name: str, *, thumbnail: bool = False) -> str:
        """Good until the end of the next hour: the same for all who look meanwhile."""
        until = self.now().replace(minute=0, second=0, microsecond=0) + timedelta(hours=2)
        return sign_photo(self.secret, name, until, thumbnail=thumbnail)

    def is_of(self, name: str, of: str) -> bool:
        """`of`: the photo whose redacted copy it is, or `EVIDENCE`. What residents sent is of nothing."""
        return hmac.compare_digest(marked_name(self.secret, of, name).encode(), name.encode())


def marked_name(secret: bytes, of: str, name: str) -> str:
    """Made of the `name` that it would have else: whoever has the secret can tell from it what it is of."""
    own = name[:_HALF]
    mark = hmac.digest(secret, f"of\n{of}\n{own}".encode(), hashlib.sha256)
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
