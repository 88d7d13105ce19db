"""Clients of the directory: who may submit for others."""

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
_UNPROCESSABLE: Final = 422
"""What an empty complaint is refused with as soon as the token is known."""


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
    """Returns when intake knows the token; False after ten seconds."""
    try:
        async with asyncio.timeout(_KNOWN_WITHIN_S):
            while not await _knows(platform, token):  # noqa: ASYNC110 - it is asked, it does not tell
                await asyncio.sleep(_PAUSE_S)
    except TimeoutError:
        return False
    return True


async def _knows(platform: httpx2.AsyncClient, token: str) -> bool:
    try:
        answer = await platform.post("/v1/complaints", json={}, headers={"Authorization": f"Bearer {token}"})
    except httpx2.TransportError:
        return False
    return answer.status_code == _UNPROCESSABLE


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
