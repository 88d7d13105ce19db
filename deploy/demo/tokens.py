"""Tokens with which the demo is loaded. They follow from a secret of the data folder, so that none is kept."""

import hmac
from typing import Final

from deploy.demo.loading import Tokens
from deploy.issuing import ClientRefused, Wish, issue
from services.routing.store.directory import DirectoryStore
from shared.access import digest_of
from shared.events.directory import ClientRole

_CLIENTS: Final = {
    "demo-operator": ("Demo: enters complaints", ClientRole.OPERATOR),
    "demo-coordinator": ("Demo: acts at the desk", ClientRole.COORDINATOR),
}


async def demo_tokens(store: DirectoryStore, secret: str) -> Tokens:
    """Make the demo's two clients where they are not there yet. Raises ClientRefused."""
    known = {client.id: client for client in await store.clients()}
    tokens: list[str] = []
    for client_id, (name, role) in _CLIENTS.items():
        token = f"ntb_{client_id}_{hmac.digest(secret.encode(), client_id.encode(), 'sha256').hex()[:40]}"
        client = known.get(client_id)
        if client is None:
            await issue(store, Wish(client_id, name, role), digest_of(token))
        elif client.token_digest != digest_of(token) or client.revoked_at is not None:
            raise ClientRefused(f"The client {client_id} was revoked, or made with another data folder's secrets.")
        tokens.append(token)
    return Tokens(*tokens)
