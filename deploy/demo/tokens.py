"""Tokens with which the demo is loaded. They follow from secrets of the data folder, so that none is kept."""

import hmac
from typing import Final

from deploy.demo.loading import Tokens
from deploy.issuing import ClientRefused, Wish, issue
from services.routing.domain.access import DeskRole
from services.routing.store.directory import DirectoryStore
from shared.access import digest_of
from shared.events.directory import ClientRole
from shared.oidc import issue_locally

_OPERATOR: Final = "demo-operator"
_AT_THE_DESK: Final = "demo"
"""One subject for all: what it did before a case went to another agency is not done again by that agency."""
_LASTS_S: Final = 3600


async def demo_operator(store: DirectoryStore, secret: str) -> str:
    """The token of the demo's client, which is made where it is not there yet. Raises ClientRefused."""
    token = f"ntb_{_OPERATOR}_{hmac.digest(secret.encode(), _OPERATOR.encode(), 'sha256').hex()[:40]}"
    client = {client.id: client for client in await store.clients()}.get(_OPERATOR)
    if client is None:
        await issue(store, Wish(_OPERATOR, "Demo: enters complaints", ClientRole.OPERATOR), digest_of(token))
    elif client.token_digest != digest_of(token) or client.revoked_at is not None:
        raise ClientRefused(f"The client {_OPERATOR} was revoked, or made with another data folder's secrets.")
    return token


def demo_tokens(operator: str, desk_secret: str) -> Tokens:
    """With those of the local issuer for the desk."""

    def sign_in(role: DeskRole, agency: str | None = None) -> str:
        return issue_locally(
            desk_secret, subject=_AT_THE_DESK, roles=[role], agency=agency, regions=(), lasts_s=_LASTS_S
        )

    return Tokens(operator, sign_in(DeskRole.COORDINATOR), lambda agency: sign_in(DeskRole.OFFICER, agency))
