"""What the page after leaving carries, so that leaving can be undone although nothing of it is kept here."""

import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib import import_module
from typing import Any, Final
from uuid import UUID

from services.notification.domain.addresses import address_id
from services.notification.domain.following import Subscription
from services.notification.domain.links import LinkExpired, LinkInvalid
from shared.events.event import Language
from shared.events.notices import Channel

_HEADER: Final = {"alg": "dir", "enc": "A256GCM"}
_SAID: Final = ("id", "channel", "address", "language", "target")
_LASTS: Final = timedelta(days=1)
_LONGEST: Final = 30_000
"""More than fifty subscriptions take."""


@dataclass(frozen=True, slots=True)
class Keepsakes:
    """Only this service can read them: they hold an address."""

    secret: bytes
    """Of links."""
    address_secret: bytes

    def of(self, left: Sequence[Subscription], at: datetime) -> str:
        """Good for a day."""
        each = [{name: str(getattr(one, name)) for name in _SAID} for one in left]
        said = {"left": each, "until": (at + _LASTS).timestamp()}
        return _loaded("jwe").encrypt_compact(_HEADER, json.dumps(said).encode(), self._key())

    def read(self, keepsake: str, at: datetime) -> list[Subscription]:
        """What was left. Raises LinkInvalid and LinkExpired."""
        if len(keepsake) > _LONGEST:
            raise LinkInvalid
        try:
            said = json.loads(_loaded("jwe").decrypt_compact(keepsake, self._key()).plaintext)
        except (_loaded("errors").JoseError, ValueError):
            raise LinkInvalid from None
        if at.timestamp() >= said["until"]:
            raise LinkExpired
        return [self._subscription(one, at) for one in said["left"]]

    def _subscription(self, said: Mapping[str, str], at: datetime) -> Subscription:
        channel = Channel(said["channel"])
        return Subscription(
            id=UUID(said["id"]),
            channel=channel,
            address=said["address"],
            to=address_id(self.address_secret, channel, said["address"]),
            language=Language(said["language"]),
            target=said["target"],
            created_at=at,
        )

    def _key(self) -> Any:
        return _loaded("jwk").OctKey.import_key(hmac.digest(self.secret, b"keepsake", hashlib.sha256))


def _loaded(module: str) -> Any:
    # Not before somebody leaves: with all that it needs it takes megabytes.
    return import_module(f"joserfc.{module}")
