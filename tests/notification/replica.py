"""Notification as one replica runs it, without Kafka: records are given to it, events are looked at."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from services.notification.app import rules_of
from services.notification.handlers import Handler
from services.notification.letters import Letters
from services.notification.mailer import MailServer
from services.notification.sender import Sender
from services.notification.store import Store
from shared.directory import Directory
from shared.events.complaints import Afterwards, ComplaintSubmitted
from shared.events.envelope import CaseEnvelope
from shared.events.event import Event
from shared.events.notices import NoticeDelivered, NoticeEvent
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


@dataclass
class Replica:
    database: Database
    store: Store
    publisher: FakePublisher
    relay: OutboxRelay
    handler: Handler
    sender: Sender

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

    async def states(self) -> dict[str, str]:
        """By kind, where there is one delivery a kind."""
        return {stored["kind"]: stored["state"] for stored in await self.deliveries()}

    async def all_done(self) -> bool:
        """Whether nothing is to be done, and everything that was done is told."""
        left = {"$or": [{"next_at": {"$exists": True}}, {"outbox.0": {"$exists": True}}]}
        return await self.database["deliveries"].count_documents(left) == 0

    def notices(self) -> list[NoticeEvent]:
        told = [record for record in self.publisher.published if record.topic == NOTICES.name]
        models: Any = NOTICES.types
        return [models[record.type].model_validate_json(record.value or b"") for record in told]

    def delivered(self) -> list[NoticeDelivered]:
        return [notice for notice in self.notices() if isinstance(notice, NoticeDelivered)]

    @asynccontextmanager
    async def sending(self) -> AsyncGenerator[asyncio.Task[None]]:
        """Send while inside; at the end it is stopped as a service is."""
        task = asyncio.create_task(self.sender.run())
        try:
            yield task
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


@asynccontextmanager
async def a_replica(
    database: Database,
    publisher: FakePublisher,
    clock: Clock,
    *,
    port: int = 1,
    directory: Directory | None = None,
    **fields: Any,
) -> AsyncGenerator[Replica]:
    smtp = {"port": port, "starttls": "never", "first_wait_s": 0.02, "longest_wait_s": 0.1} | fields.pop("smtp", {})
    chosen = settings(smtp=smtp, **fields)
    store = Store(database, chosen.receipts_a_day)
    relay = OutboxRelay("notification", store.deliveries.collection, publisher)  # type: ignore[arg-type]
    await relay.create_index()
    sender = Sender(
        store=store,
        relay=relay,
        letters=Letters(a_directory() if directory is None else directory, chosen),
        server=MailServer(chosen.smtp),
        rules=rules_of(chosen),
        settings=chosen,
        now=clock,
    )
    handler = Handler(
        store=store, relay=relay, rules=rules_of(chosen), address_secret=b"secret", now=clock, wake=sender.wake
    )
    publishing = [asyncio.create_task(run()) for run in (relay.run, relay.clear, relay.sweep)]
    try:
        yield Replica(database, store, publisher, relay, handler, sender)
    finally:
        await end_tasks(publishing, again_s=1)


def topic_of(event: Event) -> Topic:
    match event:
        case ComplaintSubmitted() | Afterwards():
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
