"""Numbers that the database has before any commit of the consumers names them: an older database has a lower one."""

import time
from collections.abc import Callable, Mapping
from typing import Final

from aiokafka import TopicPartition
from aiokafka.structs import OffsetAndMetadata

from services.routing.store.recovery import RecoveryStore

_EVERY_S: Final = 5.0
"""So much of what was read can be missing without being noticed, where nothing was read afterwards."""


class Stamps:
    """Of one replica."""

    def __init__(self, store: RecoveryStore, clock: Callable[[], float] = time.monotonic) -> None:
        self._store = store
        self._clock = clock
        self._number = 0
        self._put_at: float | None = None

    async def renew(self) -> None:
        """Put a new one if the last is old. Raises what MongoDB raises."""
        now = self._clock()
        if self._put_at is None or now - self._put_at > _EVERY_S:
            self._number, self._put_at = await self._store.put_stamp(), now

    def current(self) -> str:
        """For a commit; empty before the first."""
        return str(self._number) if self._number else ""


def highest_stamp(committed: Mapping[TopicPartition, OffsetAndMetadata]) -> int:
    """That any commit of the group names; 0 where none does."""
    said = [found.metadata or "" for found in committed.values()]
    return max((int(words) for words in said if words.isdigit()), default=0)
