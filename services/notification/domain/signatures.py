"""Who really sent it: Standard Webhooks (HMAC-SHA256 of id, time and body), and Meta's way to sign."""

import base64
import hashlib
import hmac
import re
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

TOLERANCE: Final = timedelta(minutes=5)
"""So far the sender's clock may be off; what is older may be a repetition by somebody else."""
_TIMESTAMP: Final = re.compile(r"[0-9]{1,12}")
_VERSION: Final = "v1"
_PREFIX: Final = "whsec_"
_HUB_PREFIX: Final = "sha256="


def sign(secrets: Iterable[bytes], message_id: str, at: datetime, body: bytes) -> str:
    """The header `webhook-signature`: one signature a secret."""
    timestamp = str(int(at.timestamp()))
    return " ".join(_signature(secret, message_id, timestamp, body) for secret in secrets)


def verify(secrets: Iterable[bytes], headers: tuple[str, str, str], body: bytes, now: datetime) -> bool:
    """`headers` are `webhook-id`, `webhook-timestamp` and `webhook-signature`. One signature that fits is enough."""
    message_id, timestamp, signatures = headers
    if not _is_of_now(timestamp, now):
        return False
    expected = [_signature(secret, message_id, timestamp, body).encode() for secret in secrets]
    shown = [one.encode("utf-8", "replace") for one in signatures.split()]
    return any(hmac.compare_digest(one, other) for one in expected for other in shown)


def sign_for_hub(secret: bytes, body: bytes) -> str:
    """The header `X-Hub-Signature-256`."""
    return _HUB_PREFIX + hmac.new(secret, body, hashlib.sha256).hexdigest()


def verify_of_hub(secret: bytes, signature: str, body: bytes) -> bool:
    return hmac.compare_digest(sign_for_hub(secret, body).encode(), signature.encode("utf-8", "replace"))


def secret_of(master: bytes, webhook_id: str, version: int) -> bytes:
    """The webhook's own secret: nobody who has it can tell another's, or the one before or after."""
    return hmac.new(master, f"webhook:{webhook_id}:{version}".encode(), hashlib.sha256).digest()


def printable(secret: bytes) -> str:
    return _PREFIX + base64.b64encode(secret).decode()


def key_of(secret: str) -> bytes:
    """The bytes of a printed secret; any other text stands for itself. Raises ValueError."""
    if not secret.startswith(_PREFIX):
        return secret.encode()
    return base64.b64decode(secret.removeprefix(_PREFIX), validate=True)


def _signature(secret: bytes, message_id: str, timestamp: str, body: bytes) -> str:
    signed = f"{message_id}.{timestamp}.".encode("utf-8", "replace") + body
    digest = hmac.new(secret, signed, hashlib.sha256).digest()
    return f"{_VERSION},{base64.b64encode(digest).decode()}"


def _is_of_now(timestamp: str, now: datetime) -> bool:
    if not _TIMESTAMP.fullmatch(timestamp):
        return False
    return abs(int(timestamp) - now.timestamp()) <= TOLERANCE.total_seconds()
