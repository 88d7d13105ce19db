"""Reads the topics of cases and of residents into the staging, each once, from its beginning to where it ends now."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from typing import Final

import structlog
from aiokafka import TopicPartition

from services.routing.recovering.stamps import highest_stamp
from services.routing.store.staging import Staging
from shared.cluster import Cluster, Offsets
from shared.errors import Rejected
from shared.records import Received, Record, Unknown, read_record
from shared.scanning import Scan
from shared.settings import KafkaSettings
from shared.topics import CASES, COMPLAINTS, PERSONAL, WORDS, Topic

log = structlog.get_logger(__name__)

TOPICS: Final = (CASES, COMPLAINTS, PERSONAL, WORDS)


class Reading:
    """Of one recovery."""

    def __init__(self, kafka: KafkaSettings, staging: Staging) -> None:
        self.done = 0
        self.total = 0
        self.skipped = 0
        """Records that nobody can read: the consumers have parked them."""
        self.stamp = 0
        """The highest that the consumers saw of a database."""
        self._kafka = kafka
        self._staging = staging
        self._handled: Offsets = {}

    async def prepare(self, cluster: Cluster) -> None:
        """Raises KafkaError, TopicsMissing."""
        places = await cluster.places_of(TOPICS)
        ends, begins = await cluster.ends(places), await cluster.begins(places)
        self.total = sum(ends.values()) - sum(begins.values())
        committed = await cluster.committed(cluster.service)
        self._handled = {place: found.offset for place, found in committed.items()}
        self.stamp = highest_stamp(committed)

    async def read(self) -> AsyncGenerator[None]:
        """Gives a turn to whoever tells how far it is. Raises KafkaError and PyMongoError."""
        topics = {topic.full_name(self._kafka.namespace): topic for topic in TOPICS}
        for topic in TOPICS:
            async with aclosing(Scan(self._kafka, topic).batches()) as batches:
                async for records in batches:
                    received = [one for record in records if (one := understood(record, topics)) is not None]
                    self.skipped += len(records) - len(received)
                    await self._staging.add(received, [self._is_handled(one.record) for one in received])
                    self.done += len(records)
                    yield

    def _is_handled(self, record: Record) -> bool:
        return record.offset < self._handled.get(TopicPartition(record.topic, record.partition), 0)


def understood(record: Record, topics: Mapping[str, Topic]) -> Received | None:
    """None, which is logged, where nobody can read it."""
    try:
        return read_record(record, topics, Unknown.ENVELOPE)
    except Rejected as rejected:
        log.warning("record_passed_over", topic=record.topic, offset=record.offset, reason=rejected.reason)
        return None
