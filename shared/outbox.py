"""The outbox: documents carry the records that announce their change until the broker has acknowledged them."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any, Final

import structlog
from pymongo.errors import PyMongoError

from shared.metrics import OUTBOX_OLDEST, OUTBOX_PUBLISHED, OUTBOX_SWEPT
from shared.mongo import Collection, Document
from shared.publisher import Publisher
from shared.records import Outgoing

log = structlog.get_logger(__name__)

_SWEEP_EVERY_S: Final = 1.0
_OLD: Final = timedelta(seconds=2)
_AT_ONCE: Final = 500
_REMEMBERED: Final = 10_000
_CLEAR_EVERY_S: Final = 0.5
_LAST_CLEAR_S: Final = 1.0


def to_stored(record: Outgoing) -> Document:
    """A record as an element of a document's `outbox`."""
    return {
        "ref": record.ref,
        "id": record.id,
        "topic": record.topic,
        "key": record.key,
        "type": record.type,
        "value": record.value,
        # As text: MongoDB keeps milliseconds, and a repeat must not differ from what was published first.
        "at": record.at.isoformat(),
        "trace": record.trace,
        "queued_at": datetime.now(UTC),
    }


def from_stored(stored: Mapping[str, Any]) -> Outgoing:
    kept = {name: stored[name] for name in ("id", "topic", "key", "type", "value", "trace")}
    at = stored["at"]
    # What an older version left in an outbox has a date, of milliseconds.
    return Outgoing(**kept, at=at if isinstance(at, datetime) else datetime.fromisoformat(at))


class OutboxRelay:
    """Publishes what documents of one collection hold in `outbox`, in order within a document.

    First appearances on the topic are in order; repeats may follow. Clearing never touches a document's `version`.
    What was published is cleared a little later, many documents at once: it is a write a document otherwise.
    """

    def __init__(self, service: str, collection: Collection, publisher: Publisher) -> None:
        self._service = service
        self._collection = collection
        self._publisher = publisher
        self._queued: dict[str, dict[str, Outgoing]] = {}
        self._acknowledged: dict[str, None] = {}
        """References of what this relay published last, oldest first."""
        self._to_clear: dict[str, set[str]] = {}
        """Of those, what their documents still hold: references by document id."""
        self._wake = asyncio.Event()

    async def create_index(self) -> None:
        await self._collection.create_index("outbox.queued_at", sparse=True)

    def queue(self, outboxes: Mapping[str, Sequence[Outgoing]]) -> None:
        """Publish soon, without waiting: what a document's whole outbox holds, by document id.

        Whoever read a document before its outbox was cleared names again what is published already: that is left out,
        as far as it is remembered.
        """
        for document_id, records in outboxes.items():
            self._queued.setdefault(document_id, {}).update({record.ref: record for record in records})
        self._wake.set()

    async def publish(self, outboxes: Mapping[str, Sequence[Outgoing]]) -> int:
        """Publish now; what is not acknowledged stays for the sweep.

        Returns how many documents had anything acknowledged.
        """
        if not outboxes:
            return 0
        done = await self._publisher.publish_each(outboxes)
        acknowledged = {document_id: {record.ref for record in records} for document_id, records in done.items()}
        acknowledged = {document_id: refs for document_id, refs in acknowledged.items() if refs}
        OUTBOX_PUBLISHED.labels(self._service).inc(sum(map(len, acknowledged.values())))
        self._note(acknowledged)
        self._remember(ref for refs in acknowledged.values() for ref in refs)
        return len(acknowledged)

    async def run(self) -> None:
        """Publish what was queued: a batch is what came while the last one was under way."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            queued, self._queued = self._queued, {}
            await self.publish_new({document_id: list(records.values()) for document_id, records in queued.items()})

    async def publish_new(self, outboxes: Mapping[str, Sequence[Outgoing]]) -> int:
        """As `publish`, without what this relay published before and only did not clear yet."""
        new = {
            document_id: [record for record in records if record.ref not in self._acknowledged]
            for document_id, records in outboxes.items()
        }
        return await self.publish({document_id: records for document_id, records in new.items() if records})

    def _remember(self, refs: Iterable[str]) -> None:
        self._acknowledged |= dict.fromkeys(refs)
        for ref in list(islice(self._acknowledged, max(0, len(self._acknowledged) - _REMEMBERED))):
            del self._acknowledged[ref]

    def _note(self, published: Mapping[str, set[str]]) -> None:
        for document_id, refs in published.items():
            self._to_clear.setdefault(document_id, set()).update(refs)

    async def clear(self) -> None:
        """For ever: take out of the outboxes what was published."""
        try:
            while True:
                await asyncio.sleep(_CLEAR_EVERY_S)
                await self.clear_once()
        finally:
            # What is left is published again by whoever starts next.
            with suppress(PyMongoError, TimeoutError):
                async with asyncio.timeout(_LAST_CLEAR_S):
                    await self.clear_once()

    async def clear_once(self) -> None:
        published, self._to_clear = self._to_clear, {}
        if not published:
            return
        refs = list(set().union(*published.values()))
        try:
            await self._collection.update_many(
                {"_id": {"$in": list(published)}}, {"$pull": {"outbox": {"ref": {"$in": refs}}}}
            )
        except BaseException:
            # Also when it is cancelled in the middle, as at the end of a service: the last clearing takes it up.
            self._note(published)
            raise

    async def sweep(self) -> None:
        """Publish what whoever wrote it did not: it died, or the broker did not acknowledge."""
        while True:
            await asyncio.sleep(_SWEEP_EVERY_S)
            while await self.sweep_once(datetime.now(UTC) - _OLD) == _AT_ONCE:
                pass

    async def sweep_once(self, before: datetime) -> int:
        """Publish the outboxes that hold something queued before then; returns how many could be."""
        cursor = self._collection.find({"outbox.queued_at": {"$lt": before}}, {"outbox": 1}).limit(_AT_ONCE)
        found: list[Document] = await cursor.to_list(None)
        oldest = min((stored["queued_at"] for one in found for stored in one["outbox"]), default=None)
        # A moment, not an age: while Kafka stands still, so does the sweep.
        OUTBOX_OLDEST.labels(self._service).set(oldest.timestamp() if oldest else 0)
        OUTBOX_SWEPT.labels(self._service).inc(len(found))
        published = await self.publish({str(d["_id"]): [from_stored(stored) for stored in d["outbox"]] for d in found})
        await self.clear_once()
        return published
