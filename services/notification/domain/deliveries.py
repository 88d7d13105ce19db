"""Which mail an event asks for, and whether its time has come."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Literal, assert_never
from uuid import UUID

from services.notification.domain.contacts import Contact
from shared.events.case import CaseSnapshot, PromiseKind
from shared.events.cases import (
    CaseAccepted,
    CaseAssigned,
    CaseClosed,
    CaseEscalated,
    CaseEvent,
    CaseForwarded,
    CaseInformationRequested,
    CaseLinked,
    CaseOfficerAssigned,
    CaseOpened,
    CaseProgressed,
    CasePublished,
    CaseReclassified,
    CaseRejected,
    CaseReopened,
    CaseResolved,
    CaseRestricted,
    CaseResumed,
    CaseReturned,
    CaseSplit,
    CaseTriaged,
    CaseUnlinked,
    CaseUnpublished,
    CaseWithdrawn,
    FollowUpRefused,
    PromiseBreached,
)
from shared.events.envelope import CaseEnvelope
from shared.events.event import Language, Urgency
from shared.events.notices import NoticeKind, Recipient
from shared.ids import follow_id

SuppressionReason = Literal["old", "historical", "receipt_limit", "erased", "no_address"]


class State(StrEnum):
    """Of a delivery. `delivered`, `failed` and `suppressed` are final."""

    WAITING = "waiting"
    """For the contact, or for what would make it better."""
    PENDING = "pending"
    """To be sent at `next_at`."""
    SENDING = "sending"
    """Claimed by a sender until `next_at`; after that anybody may take it over."""
    DELIVERED = "delivered"
    FAILED = "failed"
    SUPPRESSED = "suppressed"


@dataclass(frozen=True, slots=True)
class Rules:
    """How long things may take."""

    old_after: timedelta
    wait_at_most: timedelta
    give_up_after: timedelta
    first_delay: timedelta
    longest_delay: timedelta


@dataclass(frozen=True, slots=True)
class Due:
    """A promise that is still open."""

    kind: PromiseKind
    at: datetime


@dataclass(frozen=True, slots=True)
class CaseFacts:
    """What the mail says of the case, as it stood after the event."""

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
    kind: NoticeKind
    recipient: Recipient
    agency: str | None
    cause: UUID
    occurred_at: datetime
    facts: CaseFacts
    words: str | None
    """Id of the event whose words the mail quotes."""
    created_at: datetime
    ready_at: datetime | None = None
    """When nothing was missing any more."""
    trace: str = ""
    attempts: int = 0

    @property
    def names_reporter(self) -> bool:
        """An agency learns who complained unless the reporter is anonymous; a confidential case says nothing at all."""
        return self.recipient is Recipient.AGENCY and not self.facts.anonymous and not self.facts.confidential


@dataclass(frozen=True, slots=True)
class Ready:
    """To be sent now."""


@dataclass(frozen=True, slots=True)
class Waits:
    """Something is missing. At `until` that is decided upon again: it is sent without, or it is too old."""

    until: datetime


@dataclass(frozen=True, slots=True)
class Suppressed:
    """Not to be sent, on purpose."""

    reason: SuppressionReason


Verdict = Ready | Waits | Suppressed


def deliveries_of(event: CaseEvent, at: datetime, trace: str = "") -> list[Delivery]:
    """The mail that the event asks for; the same event always asks for the same deliveries."""
    match event:
        case CaseOpened():
            wanted = [(NoticeKind.RECEIVED, Recipient.REPORTER)]
        case CaseAssigned():
            wanted = [(NoticeKind.ASSIGNED, Recipient.REPORTER), (NoticeKind.NEW_CASE, Recipient.AGENCY)]
        case CaseResolved():
            wanted = [(NoticeKind.RESOLVED, Recipient.REPORTER)]
        case CaseForwarded():
            wanted = [(NoticeKind.ASSIGNED, Recipient.REPORTER), (NoticeKind.NEW_CASE, Recipient.AGENCY)]
        case (
            CaseTriaged()
            | CaseOfficerAssigned()
            | CaseAccepted()
            | CaseReturned()
            | CaseReclassified()
            | CaseRestricted()
            | CaseProgressed()
            | CaseInformationRequested()
            | CaseResumed()
            | CaseReopened()
            | CaseClosed()
            | CaseRejected()
            | CaseWithdrawn()
            | CasePublished()
            | CaseUnpublished()
            | CaseLinked()
            | CaseUnlinked()
            | CaseSplit()
            | FollowUpRefused()
            | PromiseBreached()
            | CaseEscalated()
        ):
            wanted = []
        case _:
            assert_never(event)
    return [
        _delivery(event, kind, recipient, (at, trace))
        for kind, recipient in wanted
        if recipient is Recipient.AGENCY or event.case.has_contact
    ]


def judge(delivery: Delivery, contact: Contact, at: datetime, rules: Rules) -> Verdict:
    """Whether it is to be sent, given what the contact book holds."""
    if delivery.facts.historical:
        return Suppressed("historical")
    too_old_at = delivery.occurred_at + rules.old_after
    if at >= too_old_at:
        return Suppressed("old")
    if delivery.recipient is Recipient.REPORTER:
        if contact.reporter_is_erased:
            return Suppressed("erased")
        if contact.reporter is None:
            return Waits(too_old_at)
        if not contact.reporter.email:
            return Suppressed("no_address")
    until = delivery.created_at + rules.wait_at_most
    return Waits(until) if _could_be_better(delivery, contact) and at < until else Ready()


def _could_be_better(delivery: Delivery, contact: Contact) -> bool:
    if delivery.words is not None and contact.lacks_words(delivery.words):
        return True
    return delivery.names_reporter and contact.reporter is None and not contact.reporter_is_erased


def _delivery(event: CaseEnvelope, kind: NoticeKind, recipient: Recipient, noticed: tuple[datetime, str]) -> Delivery:
    quotes = kind is NoticeKind.RESOLVED and event.words is not None and not event.case.confidential
    return Delivery(
        id=follow_id(event.event_id, f"{recipient}/email"),
        ticket=event.ticket,
        kind=kind,
        recipient=recipient,
        agency=event.case.agency,
        cause=event.event_id,
        occurred_at=event.occurred_at,
        facts=_facts(event.case),
        words=str(event.event_id) if quotes else None,
        created_at=noticed[0],
        trace=noticed[1],
    )


def _facts(case: CaseSnapshot) -> CaseFacts:
    unmet = [Due(promise.kind, promise.due_at) for promise in case.promises if promise.met_at is None]
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
