"""What reporters do after they submitted: applied once, in order, and kept where its submission did not come yet."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final
from uuid import UUID

from pydantic import TypeAdapter

from services.routing.domain.draft import Change
from services.routing.domain.follow_ups import follow, may_support
from services.routing.domain.rulebook import Rulebook
from services.routing.store.cases import CaseStore
from services.routing.store.documents import Save, StoredCase, records_of
from services.routing.writing import Relay, write
from shared.errors import Rejected
from shared.events.complaints import ComplaintEvent, ComplaintSupported, FollowUp
from shared.metrics import IGNORED
from shared.records import Outgoing, Received

_TRIES: Final = 50
_READ: Final[TypeAdapter[Any]] = TypeAdapter(ComplaintEvent)

Follows = tuple[FollowUp, str]
"""The event and its trace."""


class Following:
    """Applies follow-ups to stored cases."""

    def __init__(self, store: CaseStore, relay: Relay, rulebook: Callable[[], Rulebook]) -> None:
        self._store = store
        self._relay = relay
        self._rulebook = rulebook

    async def follow(self, received: Sequence[Received]) -> None:
        """Durable when it returns. Raises what MongoDB raises."""
        if received:
            await self.apply([(one.event, one.trace) for one in received])

    async def support(self, supports: Sequence[ComplaintSupported]) -> None:
        """They lie apart: anybody can support anything, any number of times, and a case must not grow by that."""
        stored = await self._store.load_many(list({support.ticket for support in supports})) if supports else {}
        possible = [one for one in supports if one.ticket in stored and may_support(stored[one.ticket].case)]
        if possible:
            await self._store.support(possible)
        IGNORED.labels("routing", "support_of_what_is_over").inc(len(supports) - len(possible))

    async def take_up(self, tickets: Sequence[str]) -> None:
        """Apply what waited for these submissions."""
        bodies = await self._store.waiting(tickets)
        if bodies:
            await self.apply([(_READ.validate_python(body), "") for body in bodies])
            await self._store.stop_waiting(tickets)

    async def apply(self, follows: Sequence[Follows]) -> None:
        """As `follow`, of events that came in another way."""
        left = list(follows)
        for _ in range(_TRIES):
            stored = await self._store.load_many(list({event.ticket for event, _ in left}))
            early = [event for event, _ in left if event.ticket not in stored]
            came = await self._store.await_submission(early) if early else []
            written = await self._save_all(self._saves(left, stored))
            left = [
                (event, trace)
                for event, trace in left
                if event in came or (event.ticket in stored and event.ticket not in written)
            ]
            if not left:
                return
        raise Rejected("others kept changing the case first")

    def _saves(self, follows: Iterable[Follows], stored: dict[str, StoredCase]) -> list[Save]:
        by_ticket: dict[str, list[Follows]] = {}
        for event, trace in follows:
            if event.ticket in stored:
                by_ticket.setdefault(event.ticket, []).append((event, trace))
        return [self._save(stored[ticket], events) for ticket, events in by_ticket.items()]

    def _save(self, stored: StoredCase, follows: Sequence[Follows]) -> Save:
        """All of one case as one write."""
        change, records, keys = Change(stored.case), tuple[Outgoing, ...](), list[UUID]()
        for event, trace in follows:
            if str(event.event_id) not in stored.applied and event.event_id not in keys:
                step = follow(change.case, event, event.occurred_at, self._rulebook())
                change, records = change.then(step), records + records_of(step, trace)
                keys.append(event.event_id)
        moves = change.case.snapshot.status is not stored.case.snapshot.status
        return Save(stored, tuple(keys), records, change, moves=moves)

    async def _save_all(self, saves: Sequence[Save]) -> set[str]:
        """Tickets of those that are written now or were before."""
        nothing_new = {save.change.case.ticket for save in saves if not save.keys}
        done = await write(self._store, self._relay, [save for save in saves if save.keys])
        return nothing_new | {save.change.case.ticket for save in done}
