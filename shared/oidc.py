"""Who signed in: bearer tokens of an OpenID Connect issuer, or on one machine of the local one."""

import asyncio
import hashlib
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Annotated, Any, Final, Self

import structlog
from pydantic import BaseModel, BeforeValidator, Field, SecretStr, ValidationError, model_validator

from shared.problems import Problem

log = structlog.get_logger(__name__)

LOCAL_ISSUER: Final = "ntbcare-local"
_CHALLENGE: Final = {"WWW-Authenticate": "Bearer"}
_REMEMBERED: Final = 5_000
_REMEMBERED_S: Final = 60.0
"""So long a token that was checked once is not checked again, unless it expires before."""

FetchJson = Callable[[str], Awaitable[Any]]
"""Raises `shared.jwts.NotFetched`."""


class OidcSettings(BaseModel):
    """Whose tokens are good. Either `issuer` or, on one machine, `development_secret`."""

    issuer: str | None = None
    audience: str = "ntbcare-desk"
    jwks_url: str | None = None
    """None: what the issuer's discovery document names."""
    skew_s: int = Field(default=60, ge=0, le=600)
    """So far the issuer's clock may be off."""
    refresh_s: float = 600.0
    """After so long the issuer's keys are fetched again, so that one it took back is refused."""
    refetch_s: float = 10.0
    """A token with an unknown key fetches them at once, but not more often than this."""
    roles_claim: str = "ntbcare_roles"
    agency_claim: str = "ntbcare_agency"
    regions_claim: str = "ntbcare_regions"
    development_secret: SecretStr | None = None
    client_id: str = "ntbcare-desk"
    """Of the officers' pages, which sign in by the code flow with a proof key."""
    client_secret: SecretStr | None = None
    scope: str = "openid profile"
    public_url: str | None = None
    """Where browsers find the desk, such as `https://desk.ntbprov.go.id`; None: as they asked for it."""

    @model_validator(mode="after")
    def _one_issuer(self) -> Self:
        if self.issuer and self.development_secret:
            msg = "a development secret must not be set together with an issuer: anybody who knows it could sign in"
            raise ValueError(msg)
        return self


def _several(value: Any) -> Any:
    return value.split() if isinstance(value, str) else value


Several = Annotated[tuple[str, ...], BeforeValidator(_several)]
"""A JSON array, or words in one string."""


class SignedIn(BaseModel, frozen=True):
    """What a good token says."""

    subject: str = Field(min_length=1, max_length=200)
    name: str = ""
    roles: Several = ()
    agency: str | None = None
    regions: Several = ()
    expires: float
    """Unix time."""


@dataclass(frozen=True)
class _Remembered:
    signed_in: SignedIn
    until: float


class SignIn:
    """Checks tokens. Keys are fetched when the first token needs them and kept while the issuer is away."""

    def __init__(
        self, settings: OidcSettings, fetch: FetchJson | None = None, now: Callable[[], float] = time.time
    ) -> None:
        self._settings = settings
        self._fetch = fetch or _fetch
        self.now = now
        self._keys: Any = None
        self._fetched_at = float("-inf")
        self._fetching = asyncio.Lock()
        self._discovered: dict[str, Any] | None = None
        self._remembered: dict[bytes, _Remembered] = {}

    async def check(self, authorization: str | None) -> SignedIn:
        """Who sent `Authorization: Bearer …`.

        Raises a 401 Problem without a good token, a 503 where the issuer's keys were never to be had.
        """
        if authorization is None:
            raise Problem(401, "Please sign in", "Send a token as `Authorization: Bearer …`.", headers=_CHALLENGE)
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer":
            raise _refusal("it is no bearer token")
        return await self.read(token.strip())

    async def read(self, token: str) -> SignedIn:
        """Who the token belongs to. Raises as `check` does."""
        digest, now = hashlib.sha256(token.encode()).digest(), self.now()
        known = self._remembered.get(digest)
        if known is not None and known.until > now:
            return known.signed_in
        signed_in = self._understood(await self._claims(token))
        while len(self._remembered) >= _REMEMBERED:
            del self._remembered[next(iter(self._remembered))]
        self._remembered[digest] = _Remembered(signed_in, min(now + _REMEMBERED_S, signed_in.expires))
        return signed_in

    async def discover(self) -> dict[str, Any]:
        """The issuer's discovery document. Raises a 503 Problem where it can't be had."""
        if self._discovered is None:
            issuer = (self._settings.issuer or "").rstrip("/")
            try:
                self._discovered = await self._fetch(f"{issuer}/.well-known/openid-configuration")
            except jwts().NotFetched as error:
                log.warning("issuer_not_discovered", error=str(error))
                raise Problem(503, "Nobody can sign in now", headers={"Retry-After": "10"}) from None
        return self._discovered or {}

    async def _claims(self, token: str) -> dict[str, Any]:
        settings, tools = self._settings, jwts()
        wanted = {"iss": settings.issuer or LOCAL_ISSUER, "aud": settings.audience}
        try:
            if settings.development_secret is not None:
                claims = tools.decode_locally(settings.development_secret.get_secret_value(), token)
            else:
                claims = await self._decoded(token)
            tools.validate(claims, wanted, self.now, settings.skew_s)
        except tools.TokenRefused as refused:
            # Never the token, and not its claims either.
            raise _refusal(str(refused)) from None
        return claims

    async def _decoded(self, token: str) -> dict[str, Any]:
        keys = await self._current_keys(self._settings.refresh_s)
        try:
            return jwts().decode(token, keys)
        except jwts().KeyUnknown:
            # The issuer may have a new key.
            keys = await self._current_keys(self._settings.refetch_s)
            return jwts().decode(token, keys)

    async def _current_keys(self, oldest_s: float) -> Any:
        async with self._fetching:
            if self.now() - self._fetched_at > oldest_s:
                await self._fetch_keys()
            if self._keys is None:
                raise Problem(503, "Signing in can't be checked now", headers={"Retry-After": "10"})
            return self._keys

    async def _fetch_keys(self) -> None:
        settings = self._settings
        if settings.issuer is None:
            raise Problem(503, "Nobody can sign in", "No issuer of tokens is configured.")
        self._fetched_at = self.now()
        try:
            url = settings.jwks_url
            if url is None:
                url = (await self.discover())["jwks_uri"]
            self._keys = jwts().read_keys(await self._fetch(url))
        except (jwts().NotFetched, KeyError, Problem) as error:
            log.warning("issuer_keys_not_fetched", error=type(error).__name__)

    def _understood(self, claims: dict[str, Any]) -> SignedIn:
        settings = self._settings
        try:
            return SignedIn(
                subject=claims["sub"],
                name=claims.get("name") or claims.get("preferred_username") or "",
                roles=claims.get(settings.roles_claim, ()),
                agency=claims.get(settings.agency_claim),
                regions=claims.get(settings.regions_claim, ()),
                expires=claims["exp"],
            )
        except ValidationError:
            raise _refusal("a claim is of the wrong kind") from None


def issue_locally(  # noqa: PLR0913 - a claim each
    secret: str, *, subject: str, roles: Sequence[str], agency: str | None, regions: Sequence[str], lasts_s: int
) -> str:
    """A token of the local issuer, with the claims that the default settings read."""
    now = int(time.time())
    claims: dict[str, Any] = {
        "iss": LOCAL_ISSUER,
        "aud": OidcSettings().audience,
        "sub": subject,
        "name": subject,
        "iat": now,
        "exp": now + lasts_s,
        "ntbcare_roles": list(roles),
        "ntbcare_regions": list(regions),
    }
    if agency is not None:
        claims["ntbcare_agency"] = agency
    return jwts().encode_locally(secret, claims)


def jwts() -> Any:
    """`shared.jwts`, loaded when the first token needs it."""
    return import_module("shared.jwts")


def _refusal(why: str) -> Problem:
    return Problem(401, "The token is not valid", f"Please sign in again: {why}.", headers=_CHALLENGE)


async def _fetch(url: str) -> Any:
    return await jwts().fetch_json(url)
