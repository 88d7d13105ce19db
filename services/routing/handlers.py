"""Kafka in and out: opens cases, keeps personal parts, publishes the directory."""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

import structlog

from services.routing.clustering import Clustering
from services.routing.domain.case import open_case
from services.routing.domain.rulebook import Rulebook
from services.routing.erasing import Erasing
from services.routing.following import Following
from services.routing.store.cases import CaseStore
from services.routing.store.directory import DirectoryStore
from services.routing.store.documents import Opening
from shared.directory import Directory
from shared.events.complaints import ComplaintErased, ComplaintSubmitted, ComplaintSupported, FollowUp
from shared.events.directory import DirectoryRecorded
from shared.events.personal import PersonalRecorded
from shared.metrics import IGNORED
from shared.outbox import OutboxRelay
from shared.publisher import Publisher
from shared.records import Outgoing, Received, directory_record, tombstone
from shared.topics import DIRECTORY, PERSONAL
from shared.waiters import Waiters

log = structlog.get_logger(__name__)

BEGINNING: Final = datetime(1970, 1, 1, tzinfo=UTC)
_OVERLAP: Final = timedelta(minutes=1)
"""So much of what was looked at is looked at again: after a failover another machine's clock counts."""
_LOOK_EVERY_S: Final = 2.0


class ComplaintHandler:
    """Opens a case for each complaint, once, and decides what becomes of what follows."""

    def __init__(
        self,
        store: CaseStore,
        relay: OutboxRelay,
        rulebook: Callable[[], Rulebook],
        opened: Waiters,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._store = store
        self._relay = relay
        self._rulebook = rulebook
        self._opened = opened
        self.clustering: Clustering | None = None
        """Joins those that are about one matter; None: nobody does."""
        self._now = now
        self._following = Following(store, relay, rulebook)
        self._erasing = Erasing(store, relay, rulebook)

    async def __call__(self, batch: Sequence[Received]) -> None:
        erased = [received.event for received in batch if isinstance(received.event, ComplaintErased)]
        # First, so that what comes in the same batch is refused as what comes later is.
        await self._store.erase_all_personal({event.ticket for event in erased})
        await self._keep_personal([received for received in batch if received.topic is PERSONAL])
        await self._open([received for received in batch if isinstance(received.event, ComplaintSubmitted)])
        await self._following.follow([received for received in batch if isinstance(received.event, FollowUp)])
        supports = [received.event for received in batch if isinstance(received.event, ComplaintSupported)]
        await self._following.support(supports)
        await self._erasing.erase(erased)

    async def _open(self, received: Sequence[Received]) -> None:
        submitted: dict[str, Received] = {}
        for one in received:
            submitted.setdefault(one.ticket, one)
        if not submitted:
            return
        outboxes = await self._store.open(self._openings(submitted.values()))
        await self._join(list(outboxes))
        # Whoever waits for the case has it from here; Kafka may take its time.
        self._opened.wake(outboxes)
        await self._relay.publish_new(outboxes)
        await self._following.take_up(list(submitted))
        await self._count_ignored([one for ticket, one in submitted.items() if ticket not in outboxes])

    async def _join(self, opened: Sequence[str]) -> None:
        """In a disaster before anybody is told of them, else soon after."""
        if self.clustering is None:
            return
        if self.clustering.comes_first:
            await self.clustering.settle(opened)
        else:
            self.clustering.notice(opened)

    def _openings(self, submitted: Iterable[Received]) -> list[Opening]:
        rulebook, now = self._rulebook(), self._now()
        return [
            Opening(received.event, open_case(received.event, rulebook, now), received.trace) for received in submitted
        ]

    async def _keep_personal(self, received: Sequence[Received]) -> None:
        """The newest part of a key in the batch is what holds, unless it was erased: before it or after it."""
        parts: dict[str, PersonalRecorded] = {one.key: one.event for one in received if one.event is not None}
        # First, so that a part that comes again after its tombstone is refused whether it is in this batch or the next.
        await self._store.erase_personal([one.key for one in received if one.event is None])
        await self._store.record_personal(list(parts.values()))
        if self.clustering is not None:
            self.clustering.notice({part.ticket for part in parts.values()})

    async def _count_ignored(self, late: Sequence[Received]) -> None:
        if not late:
            return
        digests = await self._store.digests([received.ticket for received in late])
        for received in late:
            same = digests.get(received.ticket) == received.event.digest
            IGNORED.labels("routing", "repeated" if same else "another_body").inc()


class DirectoryPublisher:
    """Keeps `ntbcare.directory` as the store has it: publishes what the topic says otherwise or not at all."""

    def __init__(self, store: DirectoryStore, directory: Directory, publisher: Publisher) -> None:
        self._store = store
        self._directory = directory
        self._publisher = publisher
        self._looked_at = BEGINNING
        self._noted: set[str] = set()

    def note(self, key: str) -> None:
        """Something came for this key: look whether it was ours."""
        self._noted.add(key)

    async def mend(self) -> int:
        """Publish anew what somebody else wrote on the topic, and take away what is in no store; returns how many.

        What is published was stored before, so what comes and is not as it is stored is none of ours. What is stored in
        a way that only a newer version can read is left to that version.
        """
        noted = frozenset(self._noted)
        if not noted:
            return 0
        stored = {one.key: one for one in await self._store.read(noted)}
        unreadable = await self._store.known(noted) - stored.keys()
        self._noted -= noted
        needed = {key: self._mending(key, stored.get(key)) for key in noted - unreadable}
        needed = {key: records for key, records in needed.items() if records}
        if needed:
            log.error("directory_records_not_ours", records=len(needed))
        done = await self._publisher.publish_each(needed)
        self._noted.update(key for key, records in needed.items() if len(done[key]) < len(records))
        return len(needed)

    def _mending(self, key: str, stored: DirectoryRecorded | None) -> list[Outgoing]:
        """Followers pass over a revision that is lower than one they know, but for what follows a tombstone."""
        directory, revision = self._directory, self._directory.on_topic.get(key)
        if stored is None:
            return [] if revision is None else [tombstone(DIRECTORY, key)]
        kind, _, entry_id = key.partition(":")
        if revision == stored.revision and directory.entries(kind).get(entry_id) == stored.entry:
            return []
        is_passed_over = directory.revisions.get(key, 0) > stored.revision
        return [*([tombstone(DIRECTORY, key)] if is_passed_over else []), directory_record(stored)]

    async def reconcile(self) -> int:
        """Compare what changed since the last look (all of it the first time); returns how many were published."""
        now = await self._store.now()
        changed = await self._store.revisions_since(max(BEGINNING, self._looked_at - _OVERLAP))
        keys = [key for key, revision in changed.items() if self._directory.on_topic.get(key) != revision]
        behind = await self._store.read(keys) if keys else []
        done = await self._publisher.publish_each({one.key: [directory_record(one)] for one in behind})
        published = sum(bool(records) for records in done.values())
        if published == len(behind):
            # Not the newest change: seeds all have one moment, and each look would read the whole directory again.
            self._looked_at = now
        return published

    async def run(self) -> None:
        while True:
            await asyncio.sleep(_LOOK_EVERY_S)
            await self.mend()
            await self.reconcile()
