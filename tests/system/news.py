"""Cases as intake and routing publish them, each with the messages that it asks for."""

from collections.abc import AsyncGenerator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import product
from random import Random
from typing import Any, Final

from services.notification.domain.contacts import Person
from services.notification.domain.deliveries import Delivery, deliveries_of
from services.notification.domain.offices import Offices, contact_of, ways_to
from services.notification.domain.timing import Pace
from shared.events.case import Role, Status
from shared.events.cases import CaseAssigned, CaseOpened, CaseProgressed
from shared.events.envelope import CaseEnvelope
from shared.events.event import Urgency
from shared.events.notices import Channel, Recipient
from shared.events.words import WordsKind, WordsRecorded
from shared.ids import named_id
from shared.publisher import Publisher
from shared.records import Outgoing, to_record
from shared.settings import KafkaSettings
from shared.topics import CASES, COMPLAINTS, PERSONAL, WORDS
from tests.notification.examples import a_person, a_snapshot, a_submission, a_ticket
from tests.routing.examples import the_directory

ENABLED: Final = (Channel.EMAIL, Channel.SMS, Channel.WHATSAPP)
EVENTS: Final = 3
"""Of a case: opened, assigned, progressed."""
_OFFICES: Final = Offices(the_directory().agencies)
_REGENCIES: Final = ("52.01", "52.02", "52.03", "52.04", "52.05", "52.06", "52.07", "52.08", "52.71", "52.72")
_ON_DUTY: Final = tuple(f"BPBD-{regency}" for regency in _REGENCIES)
_OTHERS: Final = tuple("-".join(parts) for parts in product(("PUPR", "DLH", "PERKIM", "DINKES"), _REGENCIES))
_REPEATED: Final = 0.15


@dataclass(frozen=True)
class Message:
    """Where something must arrive, and what it tells of."""

    channel: Channel
    address: str
    ticket: str
    sequence: int
    recipient: Recipient


@dataclass(frozen=True)
class Story:
    """What is published of one case."""

    ticket: str
    told: tuple[Outgoing, ...]
    """By intake."""
    done: tuple[Outgoing, ...]
    """By routing."""
    messages: dict[str, Message] = field(default_factory=dict[str, Message])
    """By the id of the delivery, which whatever goes out names."""


def a_story(number: int, **reporter: Any) -> Story:
    """Of ten reporters six have mail, two want SMS and two WhatsApp; every sixth case is urgent."""
    ticket = a_ticket(number)
    person = a_person(ticket, **_reporter(number) | reporter)
    known = Person(person.email, person.name, person.language, person.phone, person.prefers)
    events, words = _events(ticket, number)
    written = to_record(WORDS, words)
    opened, assigned, progressed = (to_record(CASES, event) for event in events)
    found = [delivery for event in events for delivery in deliveries_of(event, _OFFICES, ENABLED, event.occurred_at)]
    return Story(
        ticket,
        told=(to_record(COMPLAINTS, a_submission(ticket)), to_record(PERSONAL, person)),
        done=(opened, assigned, written, progressed),
        messages={str(delivery.id): _message(delivery, known) for delivery in found},
    )


def messages_of(stories: Iterable[Story]) -> dict[str, Message]:
    return {name: message for story in stories for name, message in story.messages.items()}


@asynccontextmanager
async def publishing(kafka: KafkaSettings, random: Random) -> AsyncGenerator["Press"]:
    press = Press(Publisher("intake", kafka), Publisher("routing", kafka), random)
    await press.intake.start()
    await press.routing.start()
    try:
        yield press
    finally:
        await press.routing.stop()
        await press.intake.stop()


@dataclass(frozen=True)
class Press:
    """Publishes stories, some records more than once: never the first time out of their order."""

    intake: Publisher
    routing: Publisher
    random: Random

    async def publish(self, stories: Sequence[Story]) -> int:
        """Returns how many records that were, repeated ones included. Neither service waits for the other."""
        order: list[tuple[Publisher, Callable[[Story], Sequence[Outgoing]]]] = [
            (self.intake, lambda story: story.told),
            (self.routing, lambda story: story.done),
        ]
        self.random.shuffle(order)
        return sum([await self._publish(publisher, stories, part) for publisher, part in order])

    async def _publish(
        self, publisher: Publisher, stories: Sequence[Story], part: Callable[[Story], Sequence[Outgoing]]
    ) -> int:
        records = {story.ticket: self._repeated(part(story)) for story in stories}
        done = await publisher.publish_each(records)
        assert done == records
        return sum(map(len, records.values()))

    def _repeated(self, records: Sequence[Outgoing]) -> list[Outgoing]:
        found: list[Outgoing] = []
        for number, record in enumerate(records):
            found.append(record)
            if self.random.random() < _REPEATED:
                found.append(self.random.choice(records[: number + 1]))
        return found


def _reporter(number: int) -> dict[str, Any]:
    prefers = {6: Channel.SMS, 7: Channel.SMS, 8: Channel.WHATSAPP, 9: Channel.WHATSAPP}.get(number % 10)
    if prefers is None:
        return {"email": f"sitti{number}@mail.example"}
    return {"email": None, "phone": f"+62811{number:07}", "prefers": prefers}


def _events(ticket: str, number: int) -> tuple[tuple[CaseEnvelope, ...], WordsRecorded]:
    """With the words of the last one."""
    urgent, now = number % 6 == 0, datetime.now(UTC)
    case: dict[str, Any] = {"urgency": Urgency.URGENT if urgent else Urgency.IMPORTANT}
    agency = _ON_DUTY[number // 6 % len(_ON_DUTY)] if urgent else _OTHERS[number % len(_OTHERS)]
    first, second, third = (_common(ticket, sequence, now) for sequence in range(1, EVENTS + 1))
    received, assigned, progressed = (
        a_snapshot(status, agency=None if status is Status.RECEIVED else agency, **case)
        for status in (Status.RECEIVED, Status.ASSIGNED, Status.IN_PROGRESS)
    )
    words = WordsRecorded(
        event_id=third["event_id"],
        ticket=ticket,
        occurred_at=now,
        kind=WordsKind.PROGRESS,
        text="Regu di tempat.",
    )
    events = (
        CaseOpened(**first, actor=Role.RULE, case=received),
        CaseAssigned(**second, actor=Role.RULE, case=assigned, agency=agency, rule="road"),
        CaseProgressed(**third, actor=Role.OFFICER, case=progressed, words=words.key),
    )
    return events, words


def _common(ticket: str, sequence: int, now: datetime) -> dict[str, Any]:
    return {
        "event_id": named_id(ticket, sequence),
        "ticket": ticket,
        "occurred_at": now,
        "case_id": ticket,
        "sequence": sequence,
    }


def _message(delivery: Delivery, person: Person) -> Message:
    if delivery.recipient is Recipient.REPORTER:
        way, address = person.ways(ENABLED)[0]
    else:
        contact = contact_of(delivery.recipient, delivery.told or "", _OFFICES, delivery.pace)
        way, address = next(one for one in ways_to(contact, ENABLED, Pace.NOW) if one[0] is delivery.channel)
    return Message(way, address, delivery.ticket, delivery.sequence, delivery.recipient)
