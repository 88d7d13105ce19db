"""What an officer does with a case: read it, decide, write it, unless somebody else was first."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from services.routing.domain.case import Action, Deed, act
from services.routing.store.cases import CaseStore, Save, StoredCase, records_of
from shared.events.cases import Role
from shared.events.directory import Client, ClientRole
from shared.outbox import OutboxRelay
from shared.waiters import Waiters

_TRIES: Final = 50


class CaseNotFound(Exception):
    """No case has the ticket, or it is not this client's to see: the two are not told apart."""


class CaseBusy(Exception):
    """Others kept changing the case first."""


@dataclass(frozen=True)
class Wish:
    """What was asked of a case; `key` is the same when it is asked again."""

    action: Action
    key: UUID
    text: str | None
    trace: str


class Desk:
    """Acts on cases for a client."""

    def __init__(self, store: CaseStore, relay: OutboxRelay, opened: Waiters) -> None:
        self._store = store
        self._relay = relay
        self._opened = opened
        self._now: Callable[[], datetime] = lambda: datetime.now(UTC)

    async def read(self, ticket: str, client: Client, wait_s: float) -> StoredCase:
        """Raises CaseNotFound, after waiting for a case that is not there yet."""
        stored = await self._opened.until(ticket, lambda: self._store.load(ticket), wait_s)
        if stored is None or not _may_see(client, stored):
            raise CaseNotFound(ticket)
        return stored

    async def do(self, ticket: str, client: Client, wish: Wish, wait_s: float) -> StoredCase:
        """Return the case afterwards; asked twice with one key it is done once.

        Raises CaseNotFound, ActionRefused, CaseBusy.
        """
        stored = await self.read(ticket, client, wait_s)
        for _ in range(_TRIES):
            if str(wish.key) in stored.applied:
                return stored
            saved = await self._try(stored, client, wish)
            if saved is not None:
                return saved
            stored = await self.read(ticket, client, 0)
        raise CaseBusy(ticket)

    async def _try(self, stored: StoredCase, client: Client, wish: Wish) -> StoredCase | None:
        role = Role.COORDINATOR if client.role is ClientRole.COORDINATOR else Role.OFFICER
        deed = Deed(wish.action, wish.key, role, client.agency, wish.text, self._now())
        change = act(stored.case, deed)
        records = records_of(change, wish.trace)
        if not await self._store.save(Save(stored, wish.key, records, change.case)):
            return None
        self._relay.queue({stored.case.ticket: [*stored.outbox, *records]})
        return stored.after(change.case)


def _may_see(client: Client, stored: StoredCase) -> bool:
    """A case about a body is never visible to that body; an officer sees the cases of the own agency."""
    if stored.about is not None and stored.about == client.agency:
        return False
    return client.role is ClientRole.COORDINATOR or client.agency == stored.case.snapshot.agency
