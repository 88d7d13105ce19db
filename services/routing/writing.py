"""Writing many cases at once and telling of it: what the sweep, follow-ups and successions have in common."""

from collections.abc import Sequence

from services.routing.store.cases import CaseStore
from services.routing.store.documents import Save
from shared.outbox import OutboxRelay


async def write(store: CaseStore, relay: OutboxRelay, saves: Sequence[Save]) -> list[Save]:
    """Returns those that were written; of the others somebody else was first. What is not published now is later."""
    done = await store.save_many(saves)
    await relay.publish_new({save.change.case.ticket: save.stored.after(save).outbox for save in done})
    return done
