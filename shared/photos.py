"""Addresses of photos: signed, so that every service can show one without asking intake, and good for a time."""

import hashlib
import hmac
from datetime import datetime
from typing import Final

PATH: Final = "/v1/photos"


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
