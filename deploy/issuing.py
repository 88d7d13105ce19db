"""Clients of the directory: who may submit for others, and who may act at the desk."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import httpx2

from services.routing.store.directory import DirectoryStore
from shared.events.directory import Client, ClientRole
from shared.wita import WITA

_RESERVED: Final = {"public": "everybody who sends without a token", "demo": "the made-up complaints of the demo"}
"""Tickets are drawn from the client's id: a client of such an id would share the tickets of others."""

_KNOWN_WITHIN_S: Final = 10.0
_PAUSE_S: Final = 0.1
_REFUSED: Final = frozenset({403, 404, 422})
_PROBES: Final = (("GET", "/v1/desk/cases/NTB-336T-6BAV-RYHW-HK"), ("POST", "/v1/complaints"))
"""Of each service that takes tokens, a request that is refused: with 401 as long as the token is unknown.

The ticket is nobody's, but a real one: the desk looks at the token only after the ticket's check digits.
"""


class ClientRefused(Exception):
    """The client cannot be made; the text says why."""


@dataclass(frozen=True)
class Wish:
    """Who is to get a token. Raises ClientRefused where nobody may have such a one."""

    id: str
    name: str
    role: ClientRole
    agency: str | None = None

    def __post_init__(self) -> None:
        if self.id in _RESERVED:
            raise ClientRefused(f"The id {self.id} stands for {_RESERVED[self.id]}. Choose another id with --id.")
        if self.role is ClientRole.OFFICER and self.agency is None:
            raise ClientRefused("An officer belongs to an agency: give --agency.")


async def issue(store: DirectoryStore, wish: Wish, token_digest: str) -> Client:
    """Store the client; routing publishes it within seconds. Raises ClientRefused."""
    if wish.agency is not None:
        await _check_agency(store, wish.agency)
    client = Client(
        id=wish.id,
        name=wish.name,
        role=wish.role,
        agency=wish.agency,
        token_digest=token_digest,
        issued_at=datetime.now(UTC),
    )
    if not await store.add_client(client):
        raise ClientRefused(f"There is a client {wish.id} already. Choose another id with --id, or revoke that one.")
    return client


async def until_known(platform: httpx2.AsyncClient, token: str) -> bool:
    """Returns when every service knows the token; False after ten seconds."""
    try:
        async with asyncio.timeout(_KNOWN_WITHIN_S):
            for method, path in _PROBES:
                while not await _knows(platform, method, path, token):  # noqa: ASYNC110 - it is asked, it does not tell
                    await asyncio.sleep(_PAUSE_S)
    except TimeoutError:
        return False
    return True


async def _knows(platform: httpx2.AsyncClient, method: str, path: str, token: str) -> bool:
    body = {} if method == "POST" else None
    try:
        answer = await platform.request(method, path, json=body, headers={"Authorization": f"Bearer {token}"})
    except httpx2.TransportError:
        return False
    return answer.status_code in _REFUSED


async def _check_agency(store: DirectoryStore, agency: str) -> None:
    known = {agency.id: agency for agency in await store.agencies()}
    if not known:
        raise ClientRefused("The directory has no agencies: routing has not run with this database yet.")
    if agency not in known:
        raise ClientRefused(f"There is no agency {agency}.{_similar(agency, known)}")
    today = datetime.now(WITA).date()
    if not known[agency].valid_on(today):
        successor = known[agency].successor
        after = f" Its successor is {successor}." if successor else ""
        raise ClientRefused(f"The agency {agency} does not exist any more, or not yet.{after}")


def _similar(agency: str, known: Iterable[str]) -> str:
    stem = agency.partition("-")[0].upper()
    near = sorted(one for one in known if one.startswith(stem[:4]))[:5]
    return f" Similar ones: {', '.join(near)}." if near else ""
