"""`ntbcare erase`: one ticket at once, and until every service has heard of it."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Collection
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

from services.intake.erasing.deciding import Rules
from services.intake.erasing.janitor import Janitor, Swept
from services.intake.settings import BlobSettings
from shared.cluster import Cluster, looking_at
from shared.events.complaints import ComplaintErased, ErasureReason
from shared.ids import named_id
from shared.publisher import Publisher
from shared.scanning import Scan, key_of, records_of
from shared.settings import KafkaSettings
from shared.topics import COMPLAINTS, PERSONAL, WORDS

_EVERY_S: Final = 0.3
_REPORTING: Final = "reporting."
# Of one ticket neither counts.
_RULES: Final = Rules(keep_for=timedelta(days=1), orphans_after=timedelta(days=1))


class NotHeard(Exception):
    """Services have not read of the erasure in time; they erase when they do."""

    def __init__(self, groups: Collection[str]) -> None:
        super().__init__(", ".join(sorted(groups)))
        self.groups = sorted(groups)


@dataclass
class Erasure:
    """Of one ticket. `event` is the same however often it is repeated."""

    kafka: KafkaSettings
    event: ComplaintErased
    _janitor: Janitor
    _cluster: Cluster
    _words: set[str] = field(default_factory=set[str])
    """Keys of what officers had written before."""

    async def do(self) -> Swept:
        """Photos, tombstones, the event; again: tombstones and event. Raises KafkaError."""
        self._words = self._words or {key for key, is_there in (await self._read_words()).items() if is_there}
        return await self._janitor.erase(self.event)

    async def is_known(self) -> bool:
        """Whether intake accepted such a complaint."""
        async with aclosing(records_of(Scan(self.kafka, COMPLAINTS))) as records:
            async for record in records:
                if key_of(record) == self.event.ticket:
                    return True
        return False

    async def heard(self, limit_s: float) -> list[str]:
        """Return who has read of it: first of the erasure, then of the tombstones that routing wrote because of it.

        Raises NotHeard, KafkaError.
        """
        first = await self._until_read({COMPLAINTS.name, PERSONAL.name}, limit_s)
        await _until(self._words_are_gone, limit_s, {"routing"})
        await self._until_read({WORDS.name}, limit_s)
        return first

    async def _until_read(self, topics: Collection[str], limit_s: float) -> list[str]:
        places = [one for one in await self._cluster.places() if one.topic.partition(".")[2] in topics]
        ends = await self._cluster.ends(places)
        readers = [*(() if topics == {WORDS.name} else ("routing",)), "notification", *await self._generations()]
        behind = set(readers)

        async def all_have() -> bool:
            behind.difference_update([group for group in behind if await self._cluster.has_read(group, ends)])
            return not behind

        await _until(all_have, limit_s, behind)
        return readers

    async def _generations(self) -> list[str]:
        """Of reporting; what nobody reads for is dropped, or was never live."""
        groups = [group for group in await self._cluster.groups() if group.startswith(_REPORTING)]
        return [group for group in groups if await self._cluster.members(group)] or groups

    async def _words_are_gone(self) -> bool:
        """What officers write meanwhile is about a case of nobody."""
        words = await self._read_words()
        return not any(words.get(key) for key in self._words)

    async def _read_words(self) -> dict[str, bool]:
        """Keys, and whether they are there."""
        last: dict[str, bool] = {}
        async with aclosing(records_of(Scan(self.kafka, WORDS))) as records:
            async for record in records:
                key = key_of(record)
                if key.partition(":")[0] == self.event.ticket:
                    last[key] = record.value is not None
        return last


@asynccontextmanager
async def erasure_of(
    kafka: KafkaSettings, blobs: BlobSettings, ticket: str, reason: ErasureReason
) -> AsyncGenerator[Erasure]:
    """Raises KafkaError."""
    now, publisher = datetime.now(UTC), Publisher("cli", kafka)
    event_id = named_id(ticket, "erased by an operator", now.isoformat())
    event = ComplaintErased(event_id=event_id, ticket=ticket, occurred_at=now, reason=reason)
    await publisher.start()
    try:
        async with looking_at(kafka) as cluster:
            yield Erasure(kafka, event, Janitor(kafka, blobs, publisher, _RULES), cluster)
    finally:
        await publisher.stop()


async def sweep(kafka: KafkaSettings, blobs: BlobSettings, rules: Rules) -> Swept:
    """One pass of intake's janitor, here and now. Raises KafkaError."""
    publisher = Publisher("cli", kafka)
    await publisher.start()
    try:
        return await Janitor(kafka, blobs, publisher, rules).sweep()
    finally:
        await publisher.stop()


async def _until(look: Callable[[], Awaitable[bool]], limit_s: float, waits_for: Collection[str]) -> None:
    try:
        async with asyncio.timeout(limit_s):
            while not await look():  # noqa: ASYNC110 - the broker is asked, it does not tell
                await asyncio.sleep(_EVERY_S)
    except TimeoutError:
        raise NotHeard(waits_for) from None
