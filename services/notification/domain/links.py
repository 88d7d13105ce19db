"""Links in messages: each does one thing, for one subject, until a moment. Pure.

A token is the first letter of its purpose, what it says, and a MAC over both and the purpose, all of it URL-safe.
"""

import base64
import binascii
import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

_MAC_BYTES: Final = 16
_MAC_LETTERS: Final = 22
_EXPIRY_BYTES: Final = 5
_LONGEST_SUBJECT: Final = 255
_MOST_CODES: Final = 1_000_000


class Purpose(StrEnum):
    """What a link does when its button is pressed."""

    CONFIRM = "confirm"
    """An address is its owner's. Subject: the address's id."""
    STOP = "stop"
    """The address gets no more of a kind. Subject: the address's id; extra: the kind, or `*`."""
    FOLLOW = "follow"
    """A subscription is wanted. Subject: its id."""
    LEAVE = "leave"
    """A subscription is not wanted any more. Subject: its id."""
    TICKETS = "tickets"
    """Tickets and codes of an address are shown. Subject: one of the tickets; extra: where the link was sent."""


LASTS: Final = {
    Purpose.CONFIRM: timedelta(days=7),
    Purpose.STOP: timedelta(days=365),
    Purpose.FOLLOW: timedelta(days=2),
    Purpose.LEAVE: timedelta(days=365),
    Purpose.TICKETS: timedelta(hours=2),
}
"""Messages are kept: what ends something must work long after they came, and what opens something must not."""
PATHS: Final = {Purpose.TICKETS: "/v1/notices/lost/"}
"""Where the page behind a link is, if not among those of subscriptions. Short: an SMS is."""
_PATH: Final = "/v1/subscriptions/links/"


class LinkInvalid(Exception):
    """Not a link that was made here, or not for this."""


class LinkExpired(Exception):
    """It was good until its moment came."""


def sign(secret: bytes, purpose: str, subject: str, expires: datetime, extra: str = "") -> str:
    """Raises ValueError for a subject of more than 255 bytes."""
    content = subject.encode()
    if len(content) > _LONGEST_SUBJECT:
        msg = "the subject is too long"
        raise ValueError(msg)
    said = int(expires.timestamp()).to_bytes(_EXPIRY_BYTES) + bytes([len(content)]) + content + extra.encode()
    body = purpose[0] + _encoded(said)
    return body + _mac(secret, purpose, body)


def read(secret: bytes, purpose: str, token: str, at: datetime) -> tuple[str, str]:
    """Subject and extra. Raises LinkInvalid and LinkExpired."""
    body, mac = token[:-_MAC_LETTERS], token[-_MAC_LETTERS:]
    # As text, letter by letter: several texts decode to the same bytes.
    if not hmac.compare_digest(_mac(secret, purpose, body).encode(), mac.encode(errors="replace")):
        raise LinkInvalid
    said = _decoded(body[1:])
    expires, length = int.from_bytes(said[:_EXPIRY_BYTES]), said[_EXPIRY_BYTES]
    if at.timestamp() >= expires:
        raise LinkExpired
    rest = said[_EXPIRY_BYTES + 1 :]
    return rest[:length].decode(), rest[length:].decode()


def purpose_of(token: str) -> Purpose:
    """What it says that it does; only `read` says whether that is true. Raises LinkInvalid."""
    for purpose in Purpose:
        if token.startswith(purpose[0]):
            return purpose
    raise LinkInvalid


def code_of(secret: bytes, subscription: UUID) -> str:
    """The six digits that confirm it where a link is too long. They follow from the id, so they are kept nowhere."""
    digest = hmac.digest(secret, f"code\n{subscription}".encode(), hashlib.sha256)
    return f"{int.from_bytes(digest[:8]) % _MOST_CODES:06}"


def code_fits(secret: bytes, subscription: UUID, entered: str) -> bool:
    """Compared in constant time; blanks and dashes between digits are forgiven."""
    digits = "".join(letter for letter in entered if letter not in " -")
    return hmac.compare_digest(code_of(secret, subscription).encode(), digits.encode(errors="replace"))


@dataclass(frozen=True, slots=True)
class Link:
    """What a link does, and to what."""

    purpose: Purpose
    subject: str
    extra: str = ""


@dataclass(frozen=True, slots=True)
class Links:
    """Makes and reads whole addresses."""

    secret: bytes
    public_url: str

    def to(self, link: Link, since: datetime) -> str:
        """Good for as long as its purpose lasts; the same whenever it is made for the same moment."""
        token = sign(self.secret, link.purpose, link.subject, since + LASTS[link.purpose], link.extra)
        return f"{self.public_url.rstrip('/')}{PATHS.get(link.purpose, _PATH)}{token}"

    def read(self, token: str, at: datetime) -> Link:
        """Raises LinkInvalid and LinkExpired."""
        purpose = purpose_of(token)
        return Link(purpose, *read(self.secret, purpose, token, at))


def _mac(secret: bytes, purpose: str, body: str) -> str:
    said = f"link\n{purpose}\n{body}".encode(errors="replace")
    return _encoded(hmac.digest(secret, said, hashlib.sha256)[:_MAC_BYTES])


def _encoded(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def _decoded(text: str) -> bytes:
    try:
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (binascii.Error, ValueError):
        raise LinkInvalid from None
