"""Erases what officers wrote of a complaint whose personal data are erased: here, and on `ntbcare.words`."""

from collections.abc import Callable, Sequence
from typing import Final

from services.routing.domain.draft import Change
from services.routing.domain.erasing import Written, erase
from services.routing.domain.rulebook import Rulebook
from services.routing.store.cases import CaseStore
from services.routing.store.documents import Save, StoredCase, records_of
from services.routing.writing import write
from shared.errors import Rejected
from shared.events.complaints import ComplaintErased
from shared.outbox import OutboxRelay

_TRIES: Final = 50


class Erasing:
    """Of a ticket without a case there are no words."""

    def __init__(self, store: CaseStore, relay: OutboxRelay, rulebook: Callable[[], Rulebook]) -> None:
        self._store = store
        self._relay = relay
        self._rulebook = rulebook

    async def erase(self, events: Sequence[ComplaintErased]) -> None:
        """Durable when it returns. Raises what MongoDB raises."""
        left: dict[str, list[ComplaintErased]] = {}
        for event in events:
            left.setdefault(event.ticket, []).append(event)
        for _ in range(_TRIES):
            stored = await self._store.load_many(list(left)) if left else {}
            saves = [self._save(one, left[ticket]) for ticket, one in stored.items()]
            done = {save.change.case.ticket for save in await write(self._store, self._relay, saves)}
            left = {ticket: left[ticket] for ticket in stored if ticket not in done}
            if not left:
                return
        raise Rejected("others kept changing the case first")

    def _save(self, stored: StoredCase, events: Sequence[ComplaintErased]) -> Save:
        change, written = Change(stored.case), Written.of(stored.texts, stored.history)
        for event in events:
            change = change.then(erase(change.case, event, written, self._rulebook()))
            written = Written.of((), [*stored.history, *change.history])
        keys = tuple(event.event_id for event in events)
        return Save(stored, keys, records_of(change, ""), change, moves=bool(change.history))
