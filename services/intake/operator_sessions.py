"""Who is signed in at the counter's page: an operator's token is shown once, a cookie says so for a working day.

The cookie holds no token: it says which client and until when, with a MAC over both and over the digest of the token.
So it is checked without a database, ends by itself, and ends at once where the token is revoked.
"""

import hashlib
import hmac
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Self

from fastapi import Request, Response

from services.intake.settings import Settings
from shared.access import authenticate
from shared.desk_session import form_token
from shared.directory import Directory
from shared.events.directory import Client, ClientRole
from shared.problems import Problem

HOME: Final = "/lapor/loket"
_COOKIE: Final = "ntbcare_loket"
_PARTS: Final = 3


@dataclass(frozen=True)
class OperatorSession:
    """One operator in one browser."""

    client: Client
    token: str

    @property
    def csrf(self) -> str:
        return form_token(self.token)


@dataclass(frozen=True)
class OperatorSessions:
    """The cookie is for the counter's page alone, and never sent from another site; `secure`: only over https."""

    directory: Directory
    key: bytes
    lasts_s: int
    secure: bool
    now: Callable[[], float] = time.time

    @classmethod
    def of(cls, settings: Settings, directory: Directory) -> Self:
        key = hmac.digest(settings.ticket_secret.get_secret_value().encode(), b"operator session", hashlib.sha256)
        lasts_s = int(settings.operator_session_lasts.total_seconds())
        return cls(directory, key, lasts_s, secure=settings.environment == "production")

    def sign_in(self, token: str) -> OperatorSession:
        """Raises a 401 Problem where the token is not good, and a 403 where it is no operator's."""
        client = authenticate(self.directory.clients, f"Bearer {token}")
        if client is None or client.role is not ClientRole.OPERATOR:
            raise Problem(403, "This is not an operator's token")
        expires = str(int(self.now()) + self.lasts_s)
        return OperatorSession(client, f"{client.id}.{expires}.{self._mac(client, expires)}")

    def remember(self, response: Response, session: OperatorSession) -> None:
        response.set_cookie(self._name(), session.token, max_age=self.lasts_s, **self._flags())

    def end(self, response: Response) -> None:
        """In this browser; what was copied from it is good until its time is over or the token is revoked."""
        response.delete_cookie(self._name(), **self._flags())

    def read(self, request: Request) -> OperatorSession | None:
        """None where nobody is signed in, or no more."""
        token = request.cookies.get(self._name(), "")
        client_id, expires, mac = parts if len(parts := token.split(".")) == _PARTS else ("", "", "")
        client = self.directory.clients.get(client_id)
        if client is None or client.revoked_at is not None:
            return None
        # A time that we did not write may be no number, or longer than one can be.
        is_ours = hmac.compare_digest(self._mac(client, expires).encode(), mac.encode(errors="replace"))
        return OperatorSession(client, token) if is_ours and self.now() < int(expires) else None

    def _mac(self, client: Client, expires: str) -> str:
        told = f"{client.id}\n{client.token_digest}\n{expires}"
        return hmac.digest(self.key, told.encode(errors="replace"), hashlib.sha256).hex()

    def _name(self) -> str:
        # `__Host-` would send it to every page of the origin.
        return f"__Secure-{_COOKIE}" if self.secure else _COOKIE

    def _flags(self) -> Any:
        return {"path": HOME, "secure": self.secure, "httponly": True, "samesite": "strict"}
