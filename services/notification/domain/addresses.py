"""Addresses: what can be sent to, and how they are counted without being kept."""

import hashlib
import hmac
import re

from shared.events.notices import Channel

_LOCAL = re.compile(r"[!#$%&'*+/=?^_`{|}~0-9A-Za-z-]+(\.[!#$%&'*+/=?^_`{|}~0-9A-Za-z-]+)*")
_DOMAIN = re.compile(r"[0-9A-Za-z]([0-9A-Za-z.-]*[0-9A-Za-z])?")
_LONGEST_LOCAL, _LONGEST = 64, 254


def on_the_wire(address: str) -> str | None:
    """The address as SMTP and a header take it, its domain in ASCII; None where no mail can be sent to it."""
    local, _, domain = address.strip().rpartition("@")
    try:
        domain = domain.encode("idna").decode()
    except UnicodeError:
        return None
    if not _LOCAL.fullmatch(local) or not _DOMAIN.fullmatch(domain) or ".." in domain:
        return None
    wire = f"{local}@{domain}"
    return wire if len(local) <= _LONGEST_LOCAL and len(wire) <= _LONGEST else None


def address_id(secret: bytes, channel: Channel, address: str) -> str:
    """Under which an address is known without being kept: `email:<digest>`."""
    return f"{channel}:{digest(secret, address)}"


def channel_of(address: str) -> str:
    """Of an address's id."""
    return address.partition(":")[0]


def digest(secret: bytes, address: str) -> str:
    """Keyed, and the same for all spellings of an address that usually reach one mailbox."""
    local, _, domain = address.strip().casefold().rpartition("@")
    mailbox = f"{local.partition('+')[0]}@{domain}"
    return hmac.digest(secret, mailbox.encode(), hashlib.sha256).hex()
