"""Publishes mutated records to all topics of a running platform, with a good complaint among each 500."""

import asyncio
from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from shared.settings import KafkaSettings
from tests.hostile.corpus import Wire, a_part, a_submission, a_ticket
from tests.hostile.mutations import mutated
from tests.services import Platform, running_platform

GOOD_EVERY: Final = 500
_AT_ONCE: Final = 500
_LARGEST: Final = 16 * 1024 * 1024
_UNLIMITED: Final = str(10**9)
VARIABLES: Final = {
    # Else the first hundred pause every consumer.
    **{f"{service}_FLOOD__DEAD_LETTERS": _UNLIMITED for service in ("ROUTING", "NOTIFICATION", "REPORTING")},
    # Its passes are asked for when all is counted.
    "INTAKE_JANITOR__ENABLED": "false",
}


@dataclass
class Attack:
    """What was sent. `refused`: by the broker itself, so nobody ever reads it."""

    seed: int
    sent: int = 0
    refused: int = 0
    good: list[str] = field(default_factory=list[str])
    """Tickets of the good complaints. The mail of each goes to `<ticket>@mail.example`."""

    async def run(self, kafka: KafkaSettings, records: int) -> None:
        # Compressed: the broker counts what it stores.
        producer = AIOKafkaProducer(
            bootstrap_servers=kafka.bootstrap,
            compression_type="gzip",
            max_request_size=_LARGEST,
            max_batch_size=256 * 1024,
        )
        await producer.start()
        try:
            for first in range(0, records, _AT_ONCE):
                await self._send(producer, kafka, range(first, min(records, first + _AT_ONCE)))
        finally:
            await producer.stop()

    async def _send(self, producer: AIOKafkaProducer, kafka: KafkaSettings, numbers: range) -> None:
        bad = [mutated(number, self.seed) for number in numbers]
        self.good.append(a_ticket(-1 - numbers.start // GOOD_EVERY, self.seed))
        wires = [*bad, *_good(self.good[-1])]
        futures: list[asyncio.Future[Any]] = []
        for wire in wires:
            if _is_refused(wire):
                self.refused += 1
                continue
            topic, headers = wire.topic.full_name(kafka.namespace), list(wire.headers)
            futures.append(await producer.send(topic, wire.value, wire.key, headers=headers))  # type: ignore[arg-type]
        for outcome in await asyncio.gather(*futures, return_exceptions=True):
            if isinstance(outcome, KafkaError):
                self.refused += 1
            elif isinstance(outcome, BaseException):
                raise outcome
            else:
                self.sent += 1


def _is_refused(wire: Wire) -> bool:
    """Kafka takes no record without key and value, and none without a key where it compacts."""
    return wire.key is None and (wire.value is None or wire.topic.compact)


def _good(ticket: str) -> Iterator[Wire]:
    now = datetime.now(UTC).isoformat()
    for wire in (a_part(ticket, email=f"{ticket}@mail.example".lower()), a_submission(ticket)):
        yield replace(wire, value=(wire.value or b"").replace(b"2026-11-24T08:00:00Z", now.encode()))


@asynccontextmanager
async def attacked(
    kafka: KafkaSettings, mongo_uri: str, folder: Path, records: int, seed: int
) -> AsyncGenerator[tuple[Platform, Attack]]:
    """A platform that has got them all; it has not read them yet."""
    async with running_platform(kafka, mongo_uri, folder, **VARIABLES) as platform:
        attack = Attack(seed)
        await attack.run(kafka, records)
        yield platform, attack
