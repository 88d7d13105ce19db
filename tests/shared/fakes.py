"""What stands in for a broker in memory tests. Real ones are tested in the integration suites."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TypeVar

from shared.errors import BrokerUnreachable
from shared.records import Outgoing

Key = TypeVar("Key")


@dataclass
class FakePublisher:
    """Remembers what was published; `reachable = False` refuses everything, `refuse_after` what comes later."""

    published: list[Outgoing] = field(default_factory=list[Outgoing])
    reachable: bool = True
    refuse_after: int | None = None

    async def publish(self, *records: Outgoing) -> None:
        for record in records:
            full = self.refuse_after is not None and len(self.published) >= self.refuse_after
            if not self.reachable or full:
                raise BrokerUnreachable(record.topic)
            self.published.append(record)

    async def publish_within(self, limit: timedelta, *records: Outgoing) -> None:
        assert limit > timedelta(0)
        await self.publish(*records)

    async def publish_each(self, sequences: Mapping[Key, Sequence[Outgoing]]) -> dict[Key, list[Outgoing]]:
        done: dict[Key, list[Outgoing]] = {}
        for key, records in sequences.items():
            done[key] = []
            for record in records:
                try:
                    await self.publish(record)
                except BrokerUnreachable:
                    break
                done[key].append(record)
        return done

    def kinds(self) -> list[str]:
        return [record.type for record in self.published]
