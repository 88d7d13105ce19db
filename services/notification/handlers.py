"""Kafka in: the contact book learns, and what events ask for is stored."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from services.notification.domain.contacts import Contact, Person
from services.notification.domain.deliveries import Delivery, deliveries_of
from services.notification.domain.following import hides
from services.notification.queueing import Queueing
from services.notification.systems import calls_for
from services.notification.telling import followed
from shared.events.cases import CaseProcessingRestricted
from shared.events.complaints import ComplaintErased, ComplaintSubmitted, ContactChanged
from shared.events.envelope import CaseEnvelope
from shared.events.personal import PersonalRecorded
from shared.events.words import WordsKind, WordsRecorded
from shared.records import Received
from shared.topics import PERSONAL

_QUOTED: Final = frozenset(
    {WordsKind.RESOLUTION, WordsKind.PROGRESS, WordsKind.QUESTION, WordsKind.DECISION, WordsKind.ACCEPTANCE}
)


@dataclass(slots=True)
class News:
    """What a batch says."""

    contacts: dict[str, Contact] = field(default_factory=dict[str, Contact])
    """By ticket."""
    events: list[tuple[CaseEnvelope, str]] = field(default_factory=list[tuple[CaseEnvelope, str]])
    """Each with its trace."""


@dataclass(slots=True)
class Handler:
    """Sends nothing itself: it stores, and wakes the senders."""

    queueing: Queueing
    now: Callable[[], datetime]

    async def handle(self, batch: Sequence[Received]) -> None:
        """Durable when it returns, and the same when it is done again."""
        news = read_news(batch)
        # Contacts are stored before deliveries are, and read after: so of two consumers that meet at one ticket, the
        # second to write sees both.
        await self.queueing.store.contacts.learn(news.contacts)
        await self.queueing.add(await self._deliveries(news), news.contacts.keys())
        # Last, when nothing of what is erased waits any more: what went out is no longer known by its address.
        await self.queueing.forget(
            [ticket for ticket, contact in news.contacts.items() if contact.erased_parts or contact.erased]
        )

    async def _deliveries(self, news: News) -> list[Delivery]:
        at, queueing = self.now(), self.queueing
        offices, enabled = queueing.sources.offices, queueing.rules.enabled
        found = [
            delivery for event, trace in news.events for delivery in deliveries_of(event, offices, enabled, at, trace)
        ]
        if news.events:
            found += calls_for(news.events, (await queueing.sources.webhooks()).values(), at)
            found += await followed(news.events, queueing.store, queueing.sources.directory, at)
        return list({delivery.id: delivery for delivery in found}.values())


def read_news(batch: Iterable[Received]) -> News:
    """Sort out what a batch says; the first submission of a ticket counts, the last record of a key counts."""
    news = News()
    for received in batch:
        if isinstance(received.event, CaseEnvelope):
            news.events.append((received.event, received.trace))
            _note_switches(news, received.event)
        elif _concerns_contact(received):
            _learn(news.contacts.setdefault(received.ticket, Contact()), received)
    return news


def _note_switches(news: News, event: CaseEnvelope) -> None:
    restricts = isinstance(event, CaseProcessingRestricted)
    if not (hides(event) or event.case.anonymous or restricts):
        return
    contact = news.contacts.setdefault(event.ticket, Contact())
    contact.hidden = contact.hidden or hides(event)
    contact.anonymous = contact.anonymous or event.case.anonymous
    if restricts:
        contact.decides_on_use(event.sequence, restricted=event.case.processing_restricted)


def _concerns_contact(received: Received) -> bool:
    """Of what officers wrote nothing is kept but what is quoted."""
    return not isinstance(received.event, WordsRecorded) or received.event.kind in _QUOTED


def _learn(contact: Contact, received: Received) -> None:
    name = received.key.partition(":")[2]
    match received.event:
        case ComplaintSubmitted() as told:
            contact.names_part(told.part, told.about, told.category, told.received_at)
        case ContactChanged(occurred_at=at, part=part, by_subject=by_subject, taken_over=taken_over):
            contact.changes_contact(at, part, by_subject=by_subject, taken_over=taken_over)
        case ComplaintErased():
            contact.forgets_everybody()
        case PersonalRecorded() as person:
            known = Person(person.email, person.name, person.language, person.phone, person.prefers)
            contact.knows_person(name, known)
        case WordsRecorded(text=text):
            contact.knows_words(name, text)
        case None if received.topic is PERSONAL:
            contact.forgets_person(name)
        case None:
            contact.forgets_words(name)
        case _:
            pass
