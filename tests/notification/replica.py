"""Notification as one replica runs it, without Kafka: records are given to it, events are looked at."""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from services.notification.app import rules_of
from services.notification.domain.attempts import Answer, Taken
from services.notification.handlers import Handler
from services.notification.mailer import MailServer
from services.notification.outlets import Outlet
from services.notification.patience import patiently
from services.notification.queueing import Queueing
from services.notification.sender import Sender
from services.notification.sources import Sources
from services.notification.store import Store
from services.notification.tools import Way
from services.notification.ways import Writers
from shared.directory import Directory
from shared.events.complaints import Afterwards, ComplaintErased, ComplaintSubmitted
from shared.events.envelope import CaseEnvelope
from shared.events.event import Event
from shared.events.notices import Channel, NoticeEvent, NoticeSent
from shared.events.personal import PersonalRecorded
from shared.mongo import Database, Document
from shared.outbox import OutboxRelay
from shared.records import Received
from shared.tasks import end_tasks
from shared.topics import CASES, COMPLAINTS, NOTICES, PERSONAL, WORDS, Topic
from tests.notification.examples import AT, a_directory, a_person, a_submission, a_ticket, an_opening, settings
from tests.shared.fakes import FakePublisher
from tests.shared.received import received
from tests.waiting import until


@dataclass
class Clock:
    """Says what it is told to."""

    at: datetime = AT

    def __call__(self) -> datetime:
        return self.at

    def forward(self, by: timedelta) -> None:
        self.at += by


@dataclass(repr=False)
class Replica:
    database: Database
    store: Store
    publisher: FakePublisher
    relay: OutboxRelay
    handler: Handler
    queueing: Queueing
    senders: list[Sender]
    clock: Clock

    async def hear(self, *records: Event | Received) -> None:
        """Handle them as one batch."""
        await self.handler.handle(
            [one if isinstance(one, Received) else received(topic_of(one), one) for one in records]
        )

    async def hear_of(self, number: int) -> str:
        """A complaint of somebody with an address of their own; returns the address."""
        ticket, address = a_ticket(number), f"r{number}@example.id"
        await self.hear(a_submission(ticket), a_person(ticket, email=address), an_opening(ticket))
        return address

    async def has(self, **wanted: Any) -> bool:
        return bool(await self.deliveries(**wanted))

    async def deliveries(self, **wanted: Any) -> list[Document]:
        return await self.database["deliveries"].find(wanted).sort("_id", 1).to_list(None)

    async def addresses(self, **wanted: Any) -> list[Document]:
        return await self.database["addresses"].find(wanted).sort("_id", 1).to_list(None)

    async def states(self) -> dict[str, str]:
        """By kind, where there is one delivery a kind."""
        return {stored["kind"]: stored["state"] for stored in await self.deliveries()}

    async def all_done(self) -> bool:
        """Whether nothing is to be done, and everything that was done is told."""
        left = {"$or": [{"next_at": {"$exists": True}}, {"outbox.0": {"$exists": True}}]}
        busy = {"claim": {"$exists": True}}
        return (
            await self.database["deliveries"].count_documents(left) == 0
            and await self.database["addresses"].count_documents(busy) == 0
        )

    async def is_idle(self) -> bool:
        """Whether nothing that is due is left; what is for later may be."""
        due = {"next_at": {"$lte": self.clock()}}
        busy = {"$or": [{"claim": {"$exists": True}}, due]}
        return (
            await self.database["deliveries"].count_documents(due | {"state": "waiting"}) == 0
            and await self.database["addresses"].count_documents(busy) == 0
        )

    def wake(self) -> None:
        """Let every sender look at the clock."""
        for sender in self.senders:
            for lane in sender._lanes:  # pyright: ignore[reportPrivateUsage]
                lane.woken.set()

    def notices(self) -> list[NoticeEvent]:
        told = [record for record in self.publisher.published if record.topic == NOTICES.name]
        models: Any = NOTICES.types
        return [models[record.type].model_validate_json(record.value or b"") for record in told]

    def sent(self) -> list[NoticeSent]:
        return [notice for notice in self.notices() if isinstance(notice, NoticeSent)]

    @asynccontextmanager
    async def sending(self) -> AsyncGenerator[asyncio.Task[None]]:
        """Send while inside; at the end it is stopped as a service is. Gives the task of the first channel."""
        tasks = [asyncio.create_task(run()) for run in (*(sender.run for sender in self.senders), self._waits)]
        try:
            yield tasks[0]
        finally:
            await end_tasks(tasks, again_s=3)
            for sender in self.senders:
                await sender.way.outlet.close()

    async def _waits(self) -> None:
        """As `Queueing.run`, at the test's pace."""
        while True:
            await patiently(self.queueing.decide_waiting)
            await asyncio.sleep(0.02)


@asynccontextmanager
async def a_replica(
    database: Database,
    publisher: FakePublisher,
    clock: Clock,
    *,
    port: int = 1,
    directory: Directory | None = None,
    ears: Sequence["Ear"] = (),
    **fields: Any,
) -> AsyncGenerator[Replica]:
    """`ears` take what goes out on other channels than e-mail."""
    smtp = {"port": port, "starttls": "never", "first_wait_s": 0.02, "longest_wait_s": 0.1} | fields.pop("smtp", {})
    chosen = settings(smtp=smtp, **fields)
    known = a_directory() if directory is None else directory
    store = Store(database, chosen.receipts_a_day)
    relay = OutboxRelay("notification", store.deliveries.collection, publisher)  # type: ignore[arg-type]
    await relay.create_index()
    senders = list[Sender]()
    rules = replace(rules_of(chosen), enabled=frozenset({Channel.EMAIL, *(ear.channel for ear in ears)}))
    queueing = Queueing(store, relay, Sources(store, known), rules, clock, lambda _: wake_all(senders))
    writers = Writers(queueing.sources, known, chosen)
    outlets: dict[Channel, Outlet] = {Channel.EMAIL: MailServer(chosen.smtp), **{ear.channel: ear for ear in ears}}
    for channel, outlet in outlets.items():
        way = Way(channel, outlet, chosen.limits(channel), writers.of(channel))
        senders.append(Sender(way, queueing, chosen.sending, clock))
    handler = Handler(queueing, clock)
    publishing = [asyncio.create_task(run()) for run in (relay.run, relay.clear, relay.sweep)]
    try:
        yield Replica(database, store, publisher, relay, handler, queueing, senders, clock)
    finally:
        await end_tasks(publishing, again_s=1)


@dataclass
class Ear:
    """Takes what goes out on a channel, or answers as a test tells it to."""

    channel: Channel
    taken: list[Any] = field(default_factory=list[Any])
    answers: deque[Answer] = field(default_factory=deque[Answer])

    async def usable(self) -> None:
        """Always."""

    async def send(self, message: Any) -> Answer:
        answer = self.answers.popleft() if self.answers else Taken()
        if isinstance(answer, Taken):
            self.taken.append(message)
        return answer

    async def close(self) -> None:
        """Nothing is open."""


def wake_all(senders: Sequence[Sender]) -> None:
    for sender in senders:
        sender.wake()


def topic_of(event: Event) -> Topic:
    match event:
        case ComplaintSubmitted() | ComplaintErased() | Afterwards():
            return COMPLAINTS
        case PersonalRecorded():
            return PERSONAL
        case CaseEnvelope():
            return CASES
        case _:
            return WORDS


async def finished(*replicas: Replica) -> None:
    """Wait until all that is due is sent and told."""
    await until(replicas[0].all_done)
