"""What somebody at the desk does with a case: read it, decide, write it, unless somebody else was first."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Self
from uuid import UUID

from services.routing.domain.access import Person, actor_for, actor_for_part, may_see
from services.routing.domain.case import By, act, act_on_part, check_link
from services.routing.domain.coordination import Link
from services.routing.domain.deeds import Deed
from services.routing.domain.draft import Actor, Case, Entry
from services.routing.domain.publication import Publish, check_photos
from services.routing.domain.rulebook import Rulebook
from services.routing.photos import CasePhotos
from services.routing.store.cases import CaseStore
from services.routing.store.documents import Save, StoredCase, records_of
from services.routing.store.families import Family
from shared.events.case import Role
from shared.ids import follow_id, named_id
from shared.outbox import OutboxRelay
from shared.photos import PhotoKey
from shared.traces import current_trace
from shared.waiters import Waiters

_TRIES: Final = 50
_SHOWN_LINKED: Final = 20
IDENTITY_READ: Final = "identity.read"


class CaseNotFound(Exception):
    """No case has the ticket, or it is not this person's to see: the two are not told apart."""


class CaseBusy(Exception):
    """Others kept changing the case first."""


class NotYours(Exception):
    """They may see the case and can't act on it."""


class IdentityWithheld(Exception):
    """The reporter wants what is personal to be used for nothing, so nobody is shown who they are."""


class RevisionStale(Exception):
    """The case is another than the one that was seen; `stored` is how it stands."""

    def __init__(self, stored: StoredCase) -> None:
        super().__init__(stored.case.ticket)
        self.stored = stored


@dataclass(frozen=True)
class Wish:
    """What was asked of a case; `key` is the same when it is asked again."""

    deed: Deed
    key: UUID
    revision: int
    """Of the case as it was seen."""
    trace: str
    part: str | None = None
    """Id of the part that it is about."""

    @classmethod
    def of(cls, deed: Deed, by: tuple[Person, UUID], ticket: str, part: str | None, revision: int) -> Self:
        """`by`: who asks, with the key of the request. For another deed the same key is another one."""
        person, request_key = by
        key = follow_id(named_id(person.id, part or ticket, deed.action), str(request_key))
        return cls(deed, key, revision, current_trace(), part)


class Desk:
    """Acts on cases for people."""

    def __init__(
        self,
        store: CaseStore,
        relay: OutboxRelay,
        opened: Waiters,
        rulebook: Callable[[], Rulebook],
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.photo_key: PhotoKey | None = None
        """Without it photos are named, not shown, and no redacted copy can be published."""
        self._store = store
        self._relay = relay
        self._opened = opened
        self._rulebook = rulebook
        self._now = now

    async def read(self, ticket: str, person: Person, wait_s: float = 0) -> StoredCase:
        """Raises CaseNotFound, after waiting for a case that is not there yet."""
        stored = await self._opened.until(ticket, lambda: self._store.load(ticket), wait_s)
        if stored is None or not self._may_see(person, stored):
            raise CaseNotFound(ticket)
        return stored

    async def read_identity(self, ticket: str, person: Person) -> StoredCase:
        """The case, once it is written down who wants to know who the reporter is. Raises CaseNotFound, NotYours.

        Raises IdentityWithheld as long as the reporter wants it so.
        """
        stored = await self.read(ticket, person)
        actor = actor_for(person, stored.case.snapshot, None)
        if actor is None or (stored.case.snapshot.anonymous and actor.role is not Role.COORDINATOR):
            raise NotYours(ticket)
        if stored.case.snapshot.processing_restricted:
            raise IdentityWithheld(ticket)
        await self._store.log(ticket, _entry(IDENTITY_READ, actor, self._now()))
        return stored

    def photos(self, stored: StoredCase) -> CasePhotos:
        return CasePhotos.of(stored, self.photo_key)

    async def count_supports(self, ticket: str) -> int:
        return await self._store.count_supports(ticket)

    async def family(self, ticket: str) -> Family:
        """Who else has the trouble."""
        tickets = await self._store.families.tickets_linked_to(ticket)
        supports = await self._store.count_supports(ticket, *tickets)
        return Family(tuple(tickets[:_SHOWN_LINKED]), len(tickets), 1 + len(tickets) + supports)

    async def do(self, ticket: str, person: Person, wish: Wish, wait_s: float = 0) -> StoredCase:
        """Return the case afterwards; asked twice with one key it is done once.

        Raises CaseNotFound, NotYours, RevisionStale, ActionRefused, DeedFaulty, CaseBusy.
        """
        stored = await self.read(ticket, person, wait_s)
        for _ in range(_TRIES):
            if str(wish.key) in stored.applied:
                return stored
            actor = _actor(stored, person, wish)
            if stored.revision != wish.revision:
                raise RevisionStale(stored)
            saved = await self._try(stored, person, wish, actor)
            if saved is not None:
                return saved
            stored = await self.read(ticket, person)
        raise CaseBusy(ticket)

    async def _try(self, stored: StoredCase, person: Person, wish: Wish, actor: Actor) -> StoredCase | None:
        by, rulebook = By(actor, wish.key, self._now()), self._rulebook()
        if wish.part is None:
            change = act(stored.case, wish.deed, by, rulebook)
        else:
            change = act_on_part(stored.case, wish.part, wish.deed, by, rulebook)
        if isinstance(wish.deed, Publish):
            check_photos(wish.deed, self.photos(stored).original_of)
        if isinstance(wish.deed, Link):
            await self._check_link(stored.case, wish.deed, person)
        save = Save(stored, (wish.key,), records_of(change, wish.trace), change, moves=True)
        if not await self._store.save(save):
            return None
        after = stored.after(save)
        self._relay.queue({stored.case.ticket: after.outbox})
        return after

    async def _check_link(self, case: Case, deed: Link, person: Person) -> None:
        other = await self._store.load(deed.ticket)
        check_link(case, other.case if other and self._may_see(person, other) else None)
        # Before the link is written: else it could end meanwhile without telling whoever is linked to it.
        await self._store.families.lead([deed.ticket])

    def _may_see(self, person: Person, stored: StoredCase) -> bool:
        return may_see(person, stored.case, self._rulebook().related(stored.case.about))


def _actor(stored: StoredCase, person: Person, wish: Wish) -> Actor:
    case, part = stored.case.snapshot, wish.part
    actor = actor_for(person, case, wish.deed.action) if part is None else actor_for_part(person, case, part)
    if actor is None:
        raise NotYours(stored.case.ticket)
    return actor


def _entry(kind: str, actor: Actor, at: datetime) -> Entry:
    return Entry(type=kind, at=at, role=actor.role, actor=actor.id, agency=actor.agency)
