"""When the janitor works: in one replica, once a day, and soon after somebody asked."""

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager
from datetime import timedelta
from typing import Final, Protocol

import structlog
from aiokafka import AIOKafkaConsumer

from services.intake.erasing.janitor import Swept
from services.intake.settings import Settings
from shared.kafka import client_options
from shared.scanning import Offsets, Scan, records_of, type_of
from shared.settings import KafkaSettings
from shared.topics import COMPLAINTS, DIRECTORY

log = structlog.get_logger(__name__)

_NEVER: Final = timedelta(days=3_650)
_GROUP: Final = "intake.janitor"
_ASKED: Final = "erasure.requested.v1"


class Sweeps(Protocol):
    """A janitor."""

    async def sweep(self) -> Swept: ...


class Routine:
    """`clock`: seconds that only grow."""

    def __init__(
        self,
        settings: Settings,
        janitor: Sweeps,
        *,
        clock: Callable[[], float] = time.monotonic,
        rest: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._kafka = settings.kafka
        self._times = settings.janitor
        self._janitor = janitor
        self._clock = clock
        self._rest = rest
        self._read_to: Offsets | None = None
        """Up to where requests were heard; None: of nothing yet."""
        self._due_at = 0.0

    async def run(self) -> None:
        """For ever. Raises KafkaError."""
        self._read_to = None
        async with its_turn(self._kafka) as is_mine:
            await self._rest(self._times.first_after.total_seconds())
            while True:
                if is_mine():
                    await self.look()
                else:
                    self._read_to = None
                await self._rest(self._times.look_every.total_seconds())

    async def look(self) -> None:
        """A pass, if there is something to be done."""
        if self._read_to is None or self._clock() >= self._due_at or await self._somebody_asked(self._read_to):
            swept = await self._janitor.sweep()
            log.info("janitor_swept", tickets=swept.tickets, parts=swept.parts, photos=swept.photos, left=swept.left)
            self._read_to = swept.read_to
            # What was under way meanwhile, and what was too much, is looked for at the next look.
            again = bool(swept.tickets or swept.left)
            self._due_at = self._clock() + (0 if again else self._times.every.total_seconds())

    async def _somebody_asked(self, since: Offsets) -> bool:
        asked, scan = False, Scan(self._kafka, COMPLAINTS, since)
        async with aclosing(records_of(scan)) as records:
            async for record in records:
                asked = asked or type_of(record) == _ASKED
        self._read_to = scan.ends
        return asked


@asynccontextmanager
async def its_turn(kafka: KafkaSettings) -> AsyncGenerator[Callable[[], bool]]:
    """Tells whether it is this replica's: in a group that shares one partition, one member has it.

    Nothing is read there. A replica that dies loses it after the session's timeout; one that lost it in the middle of a
    pass ends the pass, which does no harm.
    """
    consumer = AIOKafkaConsumer(
        DIRECTORY.full_name(kafka.namespace),
        **client_options(kafka),
        client_id=f"{kafka.namespace}.janitor",
        group_id=f"{kafka.namespace}.{_GROUP}",
        group_instance_id=None if kafka.instance is None else f"{_GROUP}.{kafka.instance}",
        enable_auto_commit=False,
        auto_offset_reset="latest",
        session_timeout_ms=kafka.session_timeout_ms,
        heartbeat_interval_ms=kafka.session_timeout_ms // 4,
        # It never polls.
        max_poll_interval_ms=_NEVER // timedelta(milliseconds=1),
    )
    await consumer.start()
    try:
        yield lambda: bool(consumer.assignment())
    finally:
        await consumer.stop()
