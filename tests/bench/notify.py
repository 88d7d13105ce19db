"""Messages a second from filled topics to a mail server, and how long one takes at 50 urgent events a second.

The mail server is a process of its own and says when each message came.
"""

import asyncio
import sys
import time
from collections.abc import AsyncGenerator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any, Final

from deploy.local.ports import answers, free_port
from deploy.local.processes import LocalServer, ServerPlan
from shared.events.cases import CaseOpened
from shared.events.event import Urgency
from shared.events.notices import Recipient
from shared.ids import follow_id
from shared.publisher import Publisher
from shared.records import Outgoing, to_record
from shared.topics import CASES, COMPLAINTS, PERSONAL
from tests.bench.figures import percentiles
from tests.bench.profiles import profiled
from tests.bench.stage import Stage, running_stage
from tests.notification.examples import a_person, a_submission, a_ticket, an_opening
from tests.waiting import until

FILLED: Final = 10_000
PER_SECOND: Final = 50
WARM, MEASURED = 500, 3_000
LIMIT_S: Final = 10.0
"""Whatever takes longer is an error."""
_AT_ONCE: Final = 1_000
_numbers = count()


@dataclass(frozen=True)
class Mailbox:
    """A mail server's own account of what came."""

    port: int
    account: Path

    def came(self) -> dict[str, float]:
        """When each message came, by the id of its delivery."""
        lines = (line.split() for line in self.account.read_text().splitlines())
        return {name: float(at) for at, name in lines}

    def size(self) -> int:
        return self.account.stat().st_size


@dataclass(frozen=True)
class Case:
    """Somebody with an address of their own complained, and gets one message."""

    told: tuple[Outgoing, ...]
    opened: Outgoing
    message: str


async def run() -> dict[str, Any]:
    async with running_stage() as stage, _mailbox(stage.platform.folder) as mailbox:
        # They have filled the directory; from here on the benchmark publishes what they would.
        await stage.stop("intake", "routing", "reporting", "notification")
        publisher = Publisher("routing", stage.platform.kafka)
        await publisher.start()
        try:
            filled = await _from_filled_topics(stage, mailbox, publisher)
            return {**filled, **await _at_a_rate(stage, mailbox, publisher)}
        finally:
            await publisher.stop()


async def _from_filled_topics(stage: Stage, mailbox: Mailbox, publisher: Publisher) -> dict[str, Any]:
    """From the first message to the last: the start of the process does not count."""
    cases = [_a_case(Urgency.IMPORTANT) for _ in range(FILLED)]
    await _publish(publisher, cases, (case.opened for case in cases))
    starting = asyncio.create_task(
        stage.platform.add("notification", "notification", NOTIFICATION_SMTP__PORT=str(mailbox.port))
    )
    await until(mailbox.size, 60)
    await starting
    async with profiled(stage.platform):
        await until(lambda: len(mailbox.came()) >= FILLED, 240, every_s=0.1)
    came = sorted(mailbox.came().values())
    return {"per_second": round((len(came) - 1) / (came[-1] - came[0])), "messages": len(came)}


async def _at_a_rate(stage: Stage, mailbox: Mailbox, publisher: Publisher) -> dict[str, Any]:
    await until(lambda: _has_read_all(stage), 60)
    await _urgent(stage, mailbox, publisher, WARM)
    seconds = await _urgent(stage, mailbox, publisher, MEASURED)
    waited = [one for one in seconds if one is not None]
    return {**percentiles(waited), "urgent_per_second": PER_SECOND, "errors": len(seconds) - len(waited)}


async def _urgent(stage: Stage, mailbox: Mailbox, publisher: Publisher, number: int) -> list[float | None]:
    """Seconds from before each event is published until its message is at the mail server."""
    cases = [_a_case(Urgency.URGENT) for _ in range(number)]
    await _publish(publisher, cases, ())
    await until(lambda: _has_read_all(stage), 60)
    published: dict[str, float] = {}
    began = time.monotonic()
    async with asyncio.TaskGroup() as group:
        for each, case in enumerate(cases):
            await asyncio.sleep(began + each / PER_SECOND - time.monotonic())
            published[case.message] = time.monotonic()
            group.create_task(publisher.publish(case.opened))
    return await _waited(mailbox, published)


async def _has_read_all(stage: Stage) -> bool:
    return await stage.platform.metric("notification", "ntbcare_consumer_lag") == 0


async def _waited(mailbox: Mailbox, published: Mapping[str, float]) -> list[float | None]:
    ends = time.monotonic() + LIMIT_S
    await until(lambda: mailbox.came().keys() >= published.keys() or time.monotonic() > ends, LIMIT_S + 5, every_s=0.5)
    came = mailbox.came()
    waited = {name: came[name] - at for name, at in published.items() if name in came}
    return [seconds if (seconds := waited.get(name, LIMIT_S)) < LIMIT_S else None for name in published]


async def _publish(publisher: Publisher, cases: Iterable[Case], events: Iterable[Outgoing]) -> None:
    """What intake says of them, then the events."""
    for records in ([record for case in cases for record in case.told], list(events)):
        for start in range(0, len(records), _AT_ONCE):
            await publisher.publish_each({record.ref: [record] for record in records[start : start + _AT_ONCE]})


def _a_case(urgency: Urgency) -> Case:
    number = next(_numbers)
    ticket = a_ticket(number)
    event: CaseOpened = an_opening(ticket, datetime.now(UTC), urgency=urgency)
    person = a_person(ticket, email=f"sitti{number}@mail.example")
    told = (to_record(COMPLAINTS, a_submission(ticket)), to_record(PERSONAL, person))
    return Case(told, to_record(CASES, event), str(follow_id(event.event_id, Recipient.REPORTER)))


@asynccontextmanager
async def _mailbox(folder: Path) -> AsyncGenerator[Mailbox]:
    port, account = free_port(), folder / "mailbox"
    account.touch()

    async def ready() -> bool:
        return answers(port)

    command = [sys.executable, "-m", "tests.bench.smtp", str(port), account]
    server = LocalServer(ServerPlan("mailbox", command, port, "--port", folder / "mailbox.log", ready))
    await server.start()
    try:
        yield Mailbox(port, account)
    finally:
        await server.stop()
