"""Who is signed in at the pages: a token in a cookie, got by the issuer's code flow or, on one machine, pasted in."""

import base64
import hashlib
import hmac
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import urlencode

from fastapi import Request, Response
from fastapi.responses import RedirectResponse

from services.routing.api.signing_in import to_person
from services.routing.domain.access import Person
from shared.desk_session import HOME, cookie_name, form_token, local_path
from shared.oidc import OidcSettings, SignIn, jwts
from shared.problems import Problem

_LOGIN: Final = "ntbcare_login"
_LOGIN_LASTS_S: Final = 600


class NotSignedIn(Exception):
    """Nobody is, or no more."""


@dataclass(frozen=True)
class Session:
    """Somebody at the pages."""

    person: Person
    csrf: str


@dataclass(frozen=True)
class Sessions:
    """Cookies are for this host alone and never read by scripts; `secure`: only over https."""

    settings: OidcSettings
    sign_in: SignIn
    secure: bool

    async def of(self, request: Request) -> Session:
        """Raises NotSignedIn, and a 403 Problem where there is no role."""
        token = request.cookies.get(cookie_name(secure=self.secure))
        if token is None:
            raise NotSignedIn
        try:
            signed_in = await self.sign_in.read(token)
        except Problem as problem:
            if problem.status == HTTPStatus.UNAUTHORIZED:
                raise NotSignedIn from None
            raise
        return Session(to_person(signed_in), form_token(token))

    async def begin(self, token: str, back: str) -> Response:
        """Raises a 401 Problem where the token is not good."""
        signed_in = await self.sign_in.read(token)
        response = RedirectResponse(local_path(back), 303)
        lasts_s = int(signed_in.expires - self.sign_in.now())
        response.set_cookie(cookie_name(secure=self.secure), token, max_age=lasts_s, **self._flags())
        response.delete_cookie(cookie_name(_LOGIN, secure=self.secure), **self._flags())
        return response

    def end(self) -> Response:
        response = RedirectResponse(f"{HOME}/login", 303)
        response.delete_cookie(cookie_name(secure=self.secure), **self._flags())
        return response

    async def ask_issuer(self, request: Request, back: str) -> Response:
        """Send the browser to the issuer, with a proof key that only this browser has (PKCE)."""
        verifier, state = secrets.token_urlsafe(48), secrets.token_urlsafe(24)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        found = await self.sign_in.discover()
        query = {
            "response_type": "code",
            "client_id": self.settings.client_id,
            "redirect_uri": self._callback(request),
            "scope": self.settings.scope,
            "state": state,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        response = RedirectResponse(f"{found['authorization_endpoint']}?{urlencode(query)}", 303)
        kept = json.dumps({"state": state, "verifier": verifier, "back": local_path(back)})
        response.set_cookie(cookie_name(_LOGIN, secure=self.secure), kept, max_age=_LOGIN_LASTS_S, **self._flags())
        return response

    async def return_from_issuer(self, request: Request) -> Response:
        """Raises a 400 or 401 Problem where this browser did not ask, or the issuer gives no token."""
        kept = _kept(request.cookies.get(cookie_name(_LOGIN, secure=self.secure)))
        state, code = request.query_params.get("state", ""), request.query_params.get("code")
        if not kept or not hmac.compare_digest(kept["state"], state) or code is None:
            raise Problem(400, "Signing in did not work", "Please begin again.")
        return await self.begin(await self._exchange(request, code, kept["verifier"]), kept["back"])

    async def _exchange(self, request: Request, code: str, verifier: str) -> str:
        found, settings = await self.sign_in.discover(), self.settings
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self._callback(request),
            "client_id": settings.client_id,
            "code_verifier": verifier,
        }
        if settings.client_secret is not None:
            form["client_secret"] = settings.client_secret.get_secret_value()
        try:
            return (await jwts().post_form(found["token_endpoint"], form))["access_token"]
        except (jwts().NotFetched, KeyError, TypeError):
            raise Problem(401, "Signing in did not work", "The issuer gave no token. Please begin again.") from None

    def _callback(self, request: Request) -> str:
        base = self.settings.public_url or str(request.base_url)
        return f"{base.rstrip('/')}{HOME}/callback"

    def _flags(self) -> Any:
        return {"path": "/", "secure": self.secure, "httponly": True, "samesite": "lax"}


def _kept(cookie: str | None) -> Mapping[str, str]:
    try:
        kept = json.loads(cookie or "")
    except ValueError:
        return {}
    return kept if isinstance(kept, dict) and {"state", "verifier", "back"} <= kept.keys() else {}
