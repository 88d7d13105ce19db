"""Which messages an event asks for, and whether, when and where each goes out. Pure."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from services.notification.domain.kinds import Kind
from services.notification.domain.offices import Offices, Whom, holder_of, reached, told_of, ways_of
from services.notification.domain.rules import Rule, rules_for
from services.notification.domain.timing import Pace, pace_of
from shared.events.case import CaseSnapshot, PromiseKind
from shared.events.envelope import CaseEnvelope
from shared.events.event import Language, Urgency
from shared.events.notices import Channel, NoticeKind, Recipient
from shared.ids import follow_id

_DETAILS = ("reason", "promise", "level", "follow_up", "linked_to", "rating")
"""What events say beside their case, and templates may say too: enumerated words, numbers and tickets."""


class State(StrEnum):
    """Of a delivery. It is done unless it waits or is queued."""

    WAITING = "waiting"
    """For the contact, or for what would make it better."""
    QUEUED = "queued"
    """For its address, to go out from `next_at` on."""
    SENT = "sent"
    """The mail server or the gateway has it."""
    DELIVERED = "delivered"
    """It arrived, as the gateway says."""
    FAILED = "failed"
    SUPPRESSED = "suppressed"


@dataclass(frozen=True, slots=True)
class Due:
    """A promise that is still open."""

    kind: PromiseKind
    at: datetime


@dataclass(frozen=True, slots=True)
class CaseFacts:
    """What the message says of the case, as it stood after the event."""

    category: str
    region: str | None
    urgency: Urgency
    language: Language
    received_at: datetime
    anonymous: bool
    confidential: bool
    historical: bool
    due: tuple[Due, ...]


@dataclass(frozen=True, slots=True)
class Delivery:
    """One message to one recipient. It holds references; addresses and texts are looked up when it is sent."""

    id: UUID
    """Derived from the event, the recipient and the channel."""
    ticket: str
    kind: Kind
    recipient: Recipient
    agency: str | None
    """The body that has the case."""
    cause: UUID
    occurred_at: datetime
    facts: CaseFacts
    words: str | None
    """Id of the event whose words the message quotes."""
    created_at: datetime
    sequence: int = 0
    """Of the event."""
    told: str | None = None
    """Which body, officer, follower or system."""
    channel: Channel | None = None
    """None: it is chosen when the reporter's contact is known."""
    pace: Pace = Pace.SOON
    detail: Mapping[str, str] = field(default_factory=dict[str, str])
    to: str | None = None
    """Id of the address that it is queued for."""
    gathered: bool = False
    """It goes out together with others."""
    position: int | None = None
    """Among all that an agency's own system was sent."""
    ready_at: datetime | None = None
    """When it was to go out: nothing was missing any more, and its hour had come."""
    body: str | None = None
    """The event itself, as JSON, where it goes to an agency's own system."""
    trace: str = ""
    attempts: int = 0
    again: int = 0
    """How often somebody let it go out again after it had failed."""
    message: str | None = None
    """Id of what it was tried as, where that is not its own: whoever may have that already must know it again."""

    @property
    def whom(self) -> Whom:
        """Where that is a body or an officer."""
        return Whom(self.recipient, self.told or "", self.agency)

    @property
    def names_reporter(self) -> bool:
        """Who works on it learns who complained unless they are anonymous; a confidential case says nothing at all."""
        works_on_it = self.recipient in {Recipient.AGENCY, Recipient.OFFICER} and self.kind is NoticeKind.NEW_CASE
        return works_on_it and not self.facts.anonymous and not self.facts.confidential

    @property
    def subscriptions(self) -> tuple[str, ...]:
        """By which a follower wants it; one that is left is enough."""
        return () if self.told is None else (self.told, *self.detail.get("also", "").split())

    @property
    def is_told_of(self) -> bool:
        """Whether `ntbcare.notices` says what became of it: of what concerns the case's own people."""
        of_the_case = bool(self.ticket) and isinstance(self.kind, NoticeKind)
        return of_the_case and self.recipient not in {Recipient.FOLLOWER, Recipient.SYSTEM}


def deliveries_of(
    event: CaseEnvelope, offices: Offices, enabled: Collection[Channel], at: datetime, trace: str = ""
) -> list[Delivery]:
    """The messages that the event asks for; the same event always asks for the same.

    A body that is told of it as two, being coordinator and holder, is told once.
    """
    found: list[Delivery] = []
    already: set[tuple[Kind, str]] = set()
    for rule in rules_for(event):
        pace = pace_of(rule.kind, rule.audience, event.case.urgency)
        first = _delivery(event, rule, pace, (at, trace))
        if rule.audience is Recipient.REPORTER:
            found += [first] if event.case.has_contact else []
            continue
        for told in told_of(event, rule.audience, offices):
            if (rule.kind, told) in already:
                continue
            already.add((rule.kind, told))
            ways = _ways(replace(first, told=told), offices, enabled, at)
            # Without any way it is stored all the same: it may be known later, or is known to have reached nobody.
            found += [_to(first, told, way) for way in ways] or [_to(first, told, None)]
    return found


def _ways(delivery: Delivery, offices: Offices, enabled: Collection[Channel], at: datetime) -> list[Channel]:
    """All that are used at once; of an officer the one way is chosen when it goes out: who gets it may be another."""
    is_officer = delivery.recipient is Recipient.OFFICER
    if is_officer and (delivery.pace is not Pace.NOW or delivery.told not in offices.officers):
        return []
    found = (ways_of(*one, offices, enabled, delivery.pace) for one in reached(delivery.whom, offices, at))
    return [channel for channel, _ in next(filter(None, found), [])]


def _to(delivery: Delivery, told: str, way: Channel | None) -> Delivery:
    identity = follow_id(delivery.cause, f"{delivery.recipient}/{told}/{way or Channel.EMAIL}")
    return replace(delivery, id=identity, told=told, channel=way)


def _delivery(event: CaseEnvelope, rule: Rule, pace: Pace, noticed: tuple[datetime, str]) -> Delivery:
    quotes = rule.audience is Recipient.REPORTER and event.words is not None and not event.case.confidential
    words = str(event.event_id) if quotes else None
    return replace(about(event, rule.kind, rule.audience, noticed), words=words, pace=pace, detail=_detail(event))


def about(event: CaseEnvelope, kind: NoticeKind, recipient: Recipient, noticed: tuple[datetime, str]) -> Delivery:
    """What every delivery of an event has of it. `noticed`: when we heard of it, and the trace."""
    return Delivery(
        id=follow_id(event.event_id, f"{recipient}"),
        ticket=event.ticket,
        kind=kind,
        recipient=recipient,
        agency=holder_of(event),
        cause=event.event_id,
        occurred_at=event.occurred_at,
        facts=_facts_of(event.case),
        words=None,
        created_at=noticed[0],
        sequence=event.sequence,
        trace=noticed[1],
    )


def _detail(event: CaseEnvelope) -> dict[str, str]:
    said = {name: getattr(event, name, None) for name in _DETAILS} | {"status": event.case.status}
    if event.case.budget is not None:
        said["budget_year"] = event.case.budget.year
    if event.case.closes_at is not None:
        said["until"] = event.case.closes_at.isoformat()
    return {name: str(value) for name, value in said.items() if value is not None}


def _facts_of(case: CaseSnapshot) -> CaseFacts:
    """What messages say of it."""
    unmet = [Due(promise.kind, promise.due_at) for promise in case.promises if promise.is_open]
    return CaseFacts(
        category=case.category,
        region=case.region,
        urgency=case.urgency,
        language=case.language,
        received_at=case.received_at,
        anonymous=case.anonymous,
        confidential=case.confidential,
        historical=case.historical,
        due=tuple(sorted(unmet, key=lambda due: due.at)),
    )


def no_case(at: datetime) -> CaseFacts:
    """Of a message that is about none."""
    neutral = {"anonymous": False, "confidential": False, "historical": False}
    return CaseFacts("", None, Urgency.IMPORTANT, Language.INDONESIAN, at, **neutral, due=())
