"""Tokens of integrators and operators, checked against the directory in memory."""

import hashlib
import hmac
import secrets
from collections.abc import Mapping
from typing import Final

from shared.events.directory import Client
from shared.problems import Problem

_PREFIX: Final = "ntb"
_CHALLENGE: Final = {"WWW-Authenticate": "Bearer"}


def make_token(client_id: str) -> tuple[str, str]:
    """Return a new token, to be shown once, and its digest, to be kept."""
    token = f"{_PREFIX}_{client_id}_{secrets.token_hex(20)}"
    return token, digest_of(token)


def digest_of(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def authenticate(clients: Mapping[str, Client], authorization: str | None) -> Client | None:
    """The client of an `Authorization: Bearer …` header; None without one.

    Raises a 401 Problem where the token is unknown, wrong or revoked: the three are not told apart.
    """
    if authorization is None:
        return None
    scheme, _, token = authorization.partition(" ")
    client_id = token.strip().removeprefix(f"{_PREFIX}_").rpartition("_")[0]
    client = clients.get(client_id)
    known = client.token_digest if client else ""
    fits = hmac.compare_digest(known, digest_of(token.strip()))
    if scheme.lower() != "bearer" or client is None or not fits or client.revoked_at is not None:
        raise Problem(401, "The token is not valid", "Ask whoever issued it for a new one.", headers=_CHALLENGE)
    return client
