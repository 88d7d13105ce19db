"""Whether a generation says what it should: its buckets what its cases add up to, its cases what the topics say."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection
from itertools import chain
from typing import Final, Self

from aiokafka import AIOKafkaConsumer

from services.reporting.domain.generations import Changed, Unlike, changes, compare_cases
from services.reporting.domain.projection import Projection
from services.reporting.domain.recount import Counts, add_up, count_buckets
from services.reporting.handlers import told
from services.reporting.rebuilding.comparing import notices_since
from services.reporting.store.contents import (
    cases_of,
    counts_of,
    documents_of,
    expected_of,
    is_counted,
    months_of,
    sample_of,
)
from services.reporting.store.read_model import ReadModel
from services.reporting.store.rollups import STEPS
from shared.cluster import Cluster, Offsets
from shared.errors import Rejected
from shared.kafka import client_options
from shared.records import Record, Unknown, read_record
from shared.topics import CONSUMERS

SETTLES_WITHIN_S: Final = 30.0
_ROUNDS: Final = 5
_REST_S: Final = 0.3
_POLL_MS: Final = 500

Tell = Callable[[int, int], None]
"""How much is done, of how much."""


async def verify_figures(model: ReadModel, tell: Tell) -> tuple[int, list[Changed]]:
    """Count every case of every month anew, in the plainest way. How many months, and what differs.

    `where` is the key of a bucket or of a sum, `old` what it says, `new` what its cases add up to.
    """
    months, wrong = await months_of(model), list[Changed]()
    for number, month in enumerate(months):
        tell(number, len(months))
        wrong += await _settled_differences(model, month)
    return len(months), wrong


async def _settled_differences(model: ReadModel, month: str) -> list[Changed]:
    """What comes meanwhile is counted a moment later: look again at what differs, until nothing was under way."""
    found = await _differences(model, month)
    for _ in range(_ROUNDS):
        if not found:
            break
        await _until(lambda: is_counted(model))
        again = await _differences(model, month)
        if again == found and await is_counted(model):
            break
        found = again
    return found


async def _differences(model: ReadModel, month: str) -> list[Changed]:
    counted: Counts = {}
    async for case in cases_of(model, month):
        count_buckets([case], model.definitions, counted)
    sums = add_up(counted, [step.makes for step in STEPS])
    return changes(await counts_of(model, month), counted | sums)


async def verify_cases(model: ReadModel, cluster: Cluster, sample: int, tell: Tell) -> tuple[int, list[Unlike]]:
    """Project a sample of cases anew from all the topics, in memory. How many, and what differs."""
    tickets, wrong = await sample_of(model, sample), list[Unlike]()
    if not tickets:
        return 0, []
    async with _Scan(cluster, tickets) as scan:
        for _ in range(_ROUNDS):
            ends = await scan.read_on(tell)
            await _until(lambda ends=ends: cluster.has_read(model.generation.group, ends))
            since = notices_since()
            stored = await documents_of(model, tickets, since)
            wrong = compare_cases(stored, expected_of(scan.projections.values(), since))
            if not wrong or await cluster.ends(list(ends)) == ends:
                break
    return len(tickets), wrong


async def _until(look: Callable[[], Awaitable[bool]]) -> None:
    """For some seconds; what is then still under way shows as a difference."""
    deadline = time.monotonic() + SETTLES_WITHIN_S
    while not await look() and time.monotonic() < deadline:  # noqa: ASYNC110 - the database and the broker are asked
        await asyncio.sleep(_REST_S)


class _Scan:
    """Reads all topics from the beginning, and keeps what is of these tickets."""

    def __init__(self, cluster: Cluster, tickets: Collection[str]) -> None:
        kafka = cluster.kafka
        self.projections = {ticket: Projection(ticket) for ticket in tickets}
        self._cluster = cluster
        self._topics = {topic.full_name(kafka.namespace): topic for topic in CONSUMERS["reporting"]}
        self._consumer = AIOKafkaConsumer(
            **client_options(kafka), enable_auto_commit=False, auto_offset_reset="earliest"
        )

    async def __aenter__(self) -> Self:
        # What was re-driven lies in its own topic as well.
        self._consumer.assign(await self._cluster.places(redriven=False))
        await self._consumer.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._consumer.stop()

    async def read_on(self, tell: Tell) -> Offsets:
        """To what is the end now, which it returns."""
        places = list(self._consumer.assignment())
        ends, begins = await self._cluster.ends(places), await self._cluster.begins(places)
        total = sum(ends.values()) - sum(begins.values())
        while left := sum([max(0, ends[place] - await self._consumer.position(place)) for place in places]):
            tell(total - left, total)
            fetched = await self._consumer.getmany(timeout_ms=_POLL_MS)
            for record in chain(*fetched.values()):
                self._take(record)
        return ends

    def _take(self, record: Record) -> None:
        projection = self.projections.get((record.key or b"").partition(b":")[0].decode(errors="replace"))
        if projection is None:
            return
        try:
            received = read_record(record, self._topics, Unknown.ENVELOPE)
            if received is not None:
                projection.take(told(received))
        except Rejected:
            # Parked by the service, so in no case.
            return
