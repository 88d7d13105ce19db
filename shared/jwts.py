"""The libraries behind `shared.oidc`. They take 40 MB, so they are loaded when the first token is checked."""

from collections.abc import Callable, Mapping
from typing import Any, Final

import httpx2
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet, OctKey

_LOCAL_ALGORITHM: Final = "HS256"
_ALGORITHMS: Final = ("RS256", "PS256", "ES256", "EdDSA")
_FETCH_S: Final = 5.0
_WORDS: Final = {
    "BadSignature": "its signature does not fit",
    "ExpiredToken": "it has expired",
    "MissingClaim": "a claim is missing",
    "InvalidClaim": "a claim says something else than it must",
}
"""By what the library's errors are called."""


class TokenRefused(Exception):
    """The text says why; never what the token holds."""


class KeyUnknown(TokenRefused):
    """It may be one that the issuer made since its keys were fetched."""


class NotFetched(Exception):
    """The issuer did not answer, or not with what was asked for."""


def encode_locally(secret: str, claims: dict[str, Any]) -> str:
    return jwt.encode({"alg": _LOCAL_ALGORITHM}, claims, OctKey.import_key(secret))


def decode_locally(secret: str, token: str) -> dict[str, Any]:
    """Raises TokenRefused."""
    return _decode(token, OctKey.import_key(secret), [_LOCAL_ALGORITHM])


def decode(token: str, keys: KeySet) -> dict[str, Any]:
    """Raises TokenRefused, and KeyUnknown where another key may fit."""
    return _decode(token, keys, list(_ALGORITHMS))


def read_keys(found: Any) -> KeySet:
    """Raises NotFetched."""
    try:
        return KeySet.import_key_set(found)
    except (JoseError, KeyError, TypeError, ValueError) as error:
        raise NotFetched(type(error).__name__) from None


def validate(claims: dict[str, Any], wanted: Mapping[str, str], now: Callable[[], float], skew_s: int) -> None:
    """`wanted`: claims that must be just so. Raises TokenRefused."""
    exact: dict[str, Any] = {name: {"essential": True, "value": value} for name, value in wanted.items()}
    there: dict[str, Any] = {"exp": {"essential": True}, "sub": {"essential": True}}
    registry = jwt.JWTClaimsRegistry(now=lambda: int(now()), leeway=skew_s, **exact, **there)
    try:
        registry.validate(claims)
    except (JoseError, ValueError) as error:
        raise TokenRefused(_word(error)) from None


async def fetch_json(url: str) -> Any:
    """Raises NotFetched."""
    try:
        async with httpx2.AsyncClient(timeout=_FETCH_S) as client:
            answer = await client.get(url)
            answer.raise_for_status()
            return answer.json()
    except (httpx2.HTTPError, ValueError) as error:
        raise NotFetched(type(error).__name__) from None


async def post_form(url: str, form: Mapping[str, str]) -> Any:
    """The JSON of the answer. Raises NotFetched."""
    try:
        async with httpx2.AsyncClient(timeout=_FETCH_S) as client:
            answer = await client.post(url, data=dict(form))
            return answer.raise_for_status().json()
    except (httpx2.HTTPError, ValueError) as error:
        raise NotFetched(type(error).__name__) from None


def _decode(token: str, key: OctKey | KeySet, algorithms: list[str]) -> dict[str, Any]:
    try:
        return jwt.decode(token, key, algorithms=algorithms).claims
    except (InvalidKeyIdError, ValueError) as error:
        raise KeyUnknown(_word(error)) from None
    except JoseError as error:
        raise TokenRefused(_word(error)) from None


def _word(error: Exception) -> str:
    return _WORDS.get(type(error).__name__.removesuffix("Error"), "it can't be read")
