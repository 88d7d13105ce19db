"""Whether routing's database is behind its topics: empty, or an older one that was restored.

What a case announces is in the database before it is on the topic, so a topic that knows more tells of a loss. What the
group's commits say of the database is for losses that no case event tells of.
"""

from collections.abc import Mapping
from itertools import chain
from typing import Final

from services.routing.recovering.reading import understood
from services.routing.recovering.stamps import highest_stamp
from services.routing.store.recovery import RecoveryStore
from shared.cluster import Cluster, looking_at
from shared.events.envelope import CaseEnvelope
from shared.settings import KafkaSettings
from shared.topics import CASES

_LOOKED_AT: Final = 50
"""Newest records of each partition: some may be repeats of old ones."""
_HELP: Final = "Run `ntbcare routing recover` while no routing runs, then start it again."


class DatabaseBehind(Exception):
    """Routing must not start: it would give out sequences a second time, and never see what was complained since."""


async def check_not_behind(kafka: KafkaSettings, store: RecoveryStore) -> None:
    """Raises DatabaseBehind, KafkaError, PyMongoError."""
    if (begun := await store.unfinished()) is not None:
        raise DatabaseBehind(f"A {begun} of routing's database was begun and did not end: do it again. {_HELP}")
    async with looking_at(kafka, "routing") as cluster:
        told = await _newest(cluster)
        marked = await cluster.committed("routing")
    stored = await store.sequences(list(told))
    behind = {ticket: event for ticket, event in told.items() if stored.get(ticket, 0) < event.sequence}
    if behind:
        ticket, event = min(behind.items())
        raise DatabaseBehind(
            f"Routing's database is behind {CASES.full_name(kafka.namespace)}: of {len(told)} cases there, "
            f"{len(behind)} are older here or missing, such as {ticket}, which is at {stored.get(ticket, 0)} and was "
            f"told of up to {event.sequence}. Was it lost, or is this a backup? {_HELP}"
        )
    stamp = highest_stamp(marked)
    if (mine := await store.stamp()) < stamp:
        raise DatabaseBehind(
            f"Routing's database is older than what its consumers have read: it is at stamp {mine}, they saw {stamp}. "
            f"Is this a backup? {_HELP}"
        )


async def _newest(cluster: Cluster) -> Mapping[str, CaseEnvelope]:
    """Of the newest records of each partition the highest sequence of each ticket."""
    topics = {CASES.full_name(cluster.kafka.namespace): CASES}
    records = await cluster.tails(await cluster.places_of([CASES]), _LOOKED_AT)
    newest: dict[str, CaseEnvelope] = {}
    for record in chain.from_iterable(records.values()):
        received = understood(record, topics)
        if received is not None:
            event: CaseEnvelope = received.event
            known = newest.get(event.ticket)
            newest[event.ticket] = event if known is None or known.sequence < event.sequence else known
    return newest
