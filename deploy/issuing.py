"""Clients of the directory: who may submit for others, and who may act at the desk."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import Final

from services.routing.store.directory import DirectoryStore
from shared.events.directory import Agency, Client, ClientRole

_EVER: Final = datetime(1970, 1, 1, tzinfo=UTC)
_WITA: Final = timezone(timedelta(hours=8))


class ClientRefused(Exception):
    """The client cannot be made; the text says why."""


@dataclass(frozen=True)
class Wish:
    """Who is to get a token."""

    id: str
    name: str
    role: ClientRole
    agency: str | None = None


async def issue(store: DirectoryStore, wish: Wish, token_digest: str) -> Client:
    """Store the client; routing publishes it within seconds. Raises ClientRefused."""
    if wish.role is ClientRole.OFFICER and wish.agency is None:
        raise ClientRefused("An officer belongs to an agency: give --agency.")
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


async def _check_agency(store: DirectoryStore, agency: str) -> None:
    entries = (recorded.entry for recorded in await store.since(_EVER))
    known = {entry.id: entry for entry in entries if isinstance(entry, Agency)}
    if not known:
        raise ClientRefused("The directory has no agencies: routing has not run with this database yet.")
    if agency not in known:
        raise ClientRefused(f"There is no agency {agency}.{_similar(agency, known)}")
    today = datetime.now(_WITA).date()
    if not known[agency].valid_on(today):
        successor = known[agency].successor
        after = f" Its successor is {successor}." if successor else ""
        raise ClientRefused(f"The agency {agency} does not exist any more, or not yet.{after}")


def _similar(agency: str, known: Iterable[str]) -> str:
    stem = agency.partition("-")[0].upper()
    near = sorted(one for one in known if one.startswith(stem[:4]))[:5]
    return f" Similar ones: {', '.join(near)}." if near else ""
