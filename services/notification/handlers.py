"""Kafka in: the contact book learns, deliveries are stored, and whichever comes second finds what was missing."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import cast
from uuid import UUID

from services.notification.domain.addresses import digest
from services.notification.domain.attempts import notice
from services.notification.domain.contacts import Contact, Person
from services.notification.domain.deliveries import (
    Delivery,
    Ready,
    Rules,
    State,
    Suppressed,
    Waits,
    deliveries_of,
    judge,
)
from services.notification.metrics import count_outcome
from services.notification.store import Open, Settled, Store
from shared.events.cases import CaseEvent
from shared.events.complaints import ComplaintSubmitted, ContactChanged
from shared.events.envelope import CaseEnvelope
from shared.events.notices import NoticeKind
from shared.events.personal import PersonalRecorded
from shared.events.words import WordsKind, WordsRecorded
from shared.outbox import OutboxRelay
from shared.records import Received, to_record
from shared.topics import NOTICES, PERSONAL


@dataclass(slots=True)
class News:
    """What a batch says."""

    contacts: dict[str, Contact] = field(default_factory=dict[str, Contact])
    """By ticket."""
    deliveries: dict[UUID, Delivery] = field(default_factory=dict[UUID, Delivery])


@dataclass(slots=True)
class Handler:
    """Sends nothing itself: it stores, and wakes the sender."""

    store: Store
    relay: OutboxRelay
    rules: Rules
    address_secret: bytes
    now: Callable[[], datetime]
    wake: Callable[[], None]

    async def handle(self, batch: Sequence[Received]) -> None:
        """Durable when it returns, and the same when it is done again."""
        at = self.now()
        news = read_news(batch, at)
        await self.store.contacts.learn(news.contacts)
        known = await self.store.deliveries.add(list(news.deliveries.values()))
        settled = await self._decide(await self._open(news, known), at)
        await self._write(settled, at)

    async def _open(self, news: News, known: Sequence[Delivery]) -> Iterable[Open]:
        """What the batch may have completed: what it brought, and what waited for what it brought."""
        fresh = news.deliveries.keys() - {delivery.id for delivery in known}
        brought = [Open(news.deliveries[delivery_id], State.WAITING) for delivery_id in fresh]
        stored = await self.store.deliveries.open_of(news.contacts.keys() | {delivery.ticket for delivery in known})
        return {one.delivery.id: one for one in (*brought, *stored)}.values()

    async def _decide(self, found: Iterable[Open], at: datetime) -> list[Settled]:
        # The contacts are read after the deliveries were stored, and deliveries are looked for after contacts were:
        # so of two consumers that meet at one ticket, the second to write sees both.
        contacts = await self.store.contacts.read({one.delivery.ticket for one in found})
        settled: list[Settled] = []
        for one in found:
            verdict = judge(one.delivery, contacts[one.delivery.ticket], at, self.rules)
            if one.state is State.WAITING or isinstance(verdict, Suppressed):
                settled.append(self._settled(one.delivery, verdict, at))
        return await self._limited(settled, contacts, at)

    async def _limited(self, settled: list[Settled], contacts: Mapping[str, Contact], at: datetime) -> list[Settled]:
        """Suppress receipts beyond what an address gets in a day: whoever complains may have entered anybody's."""
        asked: dict[UUID, str] = {}
        for one in settled:
            reporter = contacts[one.delivery.ticket].reporter
            if one.delivery.kind is NoticeKind.RECEIVED and isinstance(one.verdict, Ready) and reporter:
                asked[one.delivery.id] = digest(self.address_secret, reporter.email or "")
        granted = await self.store.receipts.grant(asked, at)
        return [
            self._settled(one.delivery, Suppressed("receipt_limit"), at)
            if one.delivery.id in asked.keys() - granted
            else one
            for one in settled
        ]

    def _settled(self, delivery: Delivery, verdict: Ready | Waits | Suppressed, at: datetime) -> Settled:
        if not isinstance(verdict, Suppressed):
            return Settled(delivery, verdict)
        return Settled(delivery, verdict, to_record(NOTICES, notice(delivery, verdict, at), delivery.trace))

    async def _write(self, settled: list[Settled], at: datetime) -> None:
        all_open = await self.store.deliveries.settle(settled, at)
        told = {str(one.delivery.id): [one.record] for one in settled if one.record}
        if told and all_open:
            # Otherwise something was decided elsewhere meanwhile; then the sweep publishes what was really written.
            self.relay.queue(told)
        for one in settled:
            if isinstance(one.verdict, Suppressed):
                count_outcome(one.delivery, one.verdict)
        if settled:
            self.wake()


def read_news(batch: Iterable[Received], at: datetime) -> News:
    """Sort out what a batch says; the first submission of a ticket counts, the last record of a key counts."""
    news = News()
    for received in batch:
        if isinstance(received.event, CaseEnvelope):
            wanted = deliveries_of(cast("CaseEvent", received.event), at, received.trace)
            news.deliveries |= {delivery.id: delivery for delivery in wanted}
        elif _concerns_contact(received):
            _learn(news.contacts.setdefault(received.ticket, Contact()), received)
    return news


def _concerns_contact(received: Received) -> bool:
    """Of what officers wrote only the resolution is ever mailed, so nothing else is kept."""
    return not isinstance(received.event, WordsRecorded) or received.event.kind is WordsKind.RESOLUTION


def _learn(contact: Contact, received: Received) -> None:
    name = received.key.partition(":")[2]
    match received.event:
        case ComplaintSubmitted(part=part):
            contact.names_part(part)
        case ContactChanged(occurred_at=at, part=part):
            contact.changes_contact(at, part)
        case PersonalRecorded() as person:
            contact.knows_person(name, Person(person.email, person.name, person.language))
        case WordsRecorded(text=text):
            contact.knows_words(name, text)
        case None if received.topic is PERSONAL:
            contact.forgets_person(name)
        case None:
            contact.forgets_words(name)
        case _:
            pass
