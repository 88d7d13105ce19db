"""A reporter's session in a browser: a token in a cookie, which every service that knows the tracking keys may check.

Whoever gave the tracking code of a ticket once gets a token that says this ticket, whose code it was and until when,
with a MAC that follows from the same keys. So it is made and checked without a database and without asking another
service, the code itself is in no cookie, no address and no form, and what is stolen with a cookie is soon worth
nothing.
"""

import hashlib
import hmac
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from fastapi import Request, Response

from shared.desk_session import cookie_name, form_token, is_form_of

LASTS_S: Final = 2 * 3600
"""Long enough to read and to write an answer, short enough for a telephone that others use too."""
HOME: Final = "/lacak"
CSRF_FIELD: Final = "csrf"
"""Of every form: it follows from the cookie, which no other site can read."""
_COOKIE: Final = "ntbcare_lacak"
_PARTS: Final = 4
_SUBJECT, _OTHER = "s", "r"
"""Whose code it was: the person concerned, for whom somebody else filed the complaint, or the reporter."""


@dataclass(frozen=True)
class ReporterSessions:
    """One cookie a ticket, for this host alone and never read by scripts; `secure`: only over https."""

    keys: Mapping[str, bytes]
    """Of the tracking codes, by key id; the first makes new tokens."""
    secure: bool
    now: Callable[[], float] = time.time

    def new_token(self, ticket: str, *, by_subject: bool = False) -> str:
        """For whoever has shown the right code; `by_subject`: the person concerned's."""
        key_id, expires, who = next(iter(self.keys)), str(int(self.now()) + LASTS_S), _SUBJECT if by_subject else _OTHER
        return f"{key_id}.{expires}.{who}.{self._mac(key_id, ticket, expires, who)}"

    def begin(self, response: Response, ticket: str, token: str) -> None:
        response.set_cookie(self._name(ticket), token, max_age=LASTS_S, **self._flags())

    def end(self, response: Response, ticket: str) -> None:
        """In this browser; a token that was copied is good until its time is over."""
        response.delete_cookie(self._name(ticket), **self._flags())

    def token(self, request: Request, ticket: str) -> str | None:
        """The one that the browser sent; None where it is not good for this ticket, or not any more."""
        token = request.cookies.get(self._name(ticket), "")
        return token if self._is_good(token, ticket) else None

    def is_of_subject(self, token: str) -> bool:
        """Of a good one: whether the person concerned has it."""
        return token.split(".")[2] == _SUBJECT

    def form_token(self, request: Request, ticket: str) -> str:
        """What goes into the page's forms; empty where there is no session."""
        token = self.token(request, ticket)
        return form_token(token) if token else ""

    def is_own_form(self, request: Request, ticket: str, sent: str) -> bool:
        """Whether a form of a page that was made for this session was sent."""
        token = self.token(request, ticket)
        return token is not None and is_form_of(token, sent)

    def _is_good(self, token: str, ticket: str) -> bool:
        parts = token.split(".")
        if len(parts) != _PARTS or parts[0] not in self.keys:
            return False
        key_id, expires, who, mac = parts
        right = self._mac(key_id, ticket, expires, who)
        # A time that we did not write may be no number, or longer than one can be.
        return hmac.compare_digest(right.encode(), mac.encode(errors="replace")) and self.now() < int(expires)

    def _mac(self, key_id: str, ticket: str, expires: str, who: str) -> str:
        told = f"session\n{ticket}\n{expires}\n{who}".encode(errors="replace")
        return hmac.digest(self.keys[key_id], told, hashlib.sha256).hex()

    def _name(self, ticket: str) -> str:
        return cookie_name(f"{_COOKIE}_{ticket.replace('-', '')}", secure=self.secure)

    def _flags(self) -> Any:
        return {"path": "/", "secure": self.secure, "httponly": True, "samesite": "lax"}
