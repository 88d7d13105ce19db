"""Writing many cases at once and telling of it: what the sweep, follow-ups and successions have in common."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from services.routing.store.cases import CaseStore
from services.routing.store.documents import Save
from shared.records import Outgoing


class Relay(Protocol):
    """Publishes what outboxes hold, now or later."""

    async def publish_new(self, outboxes: Mapping[str, Sequence[Outgoing]], /) -> int:
        """Returns how many documents had anything acknowledged."""
        ...


async def write(store: CaseStore, relay: Relay, saves: Sequence[Save]) -> list[Save]:
    """Returns those that were written; of the others somebody else was first. What is not published now is later."""
    done = await store.save_many(saves)
    await relay.publish_new({save.change.case.ticket: save.stored.after(save).outbox for save in done})
    return done
