"""What was sent: topic `ntbcare.notices`, written by notification, keyed by ticket. No addresses, no texts."""

from enum import StrEnum
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from shared.events.event import AgencyId, Event


class NoticeKind(StrEnum):
    """Which message. Of each group, who gets it."""

    # The reporter.
    RECEIVED = "received"
    ASSIGNED = "assigned"
    PROGRESS = "progress"
    QUESTION = "question"
    RESOLVED = "resolved"
    REJECTED = "rejected"
    REOPENED = "reopened"
    CLOSED = "closed"
    LINKED = "linked"
    WITHDRAWN = "withdrawn"
    REFUSED = "refused"
    """What the reporter wanted is not possible as the case stands."""
    ESCALATED = "escalated"
    """A promise was broken, and somebody above was told."""
    OMBUDSMAN = "ombudsman"
    """The file for the Ombudsman is offered."""
    # Those who work on cases.
    NEW_CASE = "new_case"
    MOVED_ON = "moved_on"
    """Another body has it now."""
    YOUR_CASE = "your_case"
    ANSWERED = "answered"
    DISPUTED = "disputed"
    TAKEN_BACK = "taken_back"
    """The reporter withdrew it."""
    ENDED = "ended"
    OVERDUE = "overdue"
    # Those who decide, and those above.
    TO_DECIDE = "to_decide"
    ESCALATION = "escalation"
    # Whoever follows.
    FOLLOWED = "followed"
    # An agency's own system.
    EVENT = "event"
    # Of no case.
    CONFIRMATION = "confirmation"
    """Whether somebody wants to follow."""
    WEBHOOK_OFF = "webhook_off"


class Recipient(StrEnum):
    """In which role somebody was told."""

    REPORTER = "reporter"
    AGENCY = "agency"
    FORMER_AGENCY = "former_agency"
    OFFICER = "officer"
    COORDINATOR = "coordinator"
    AGENCY_HEAD = "agency_head"
    SEKDA = "sekda"
    GOVERNOR = "governor"
    FOLLOWER = "follower"
    SYSTEM = "system"
    """An agency's own."""


class Channel(StrEnum):
    """On which way."""

    EMAIL = "email"
    SMS = "sms"
    WHATSAPP = "whatsapp"
    WEBHOOK = "webhook"


class _Notice(Event):
    cause: UUID
    """The case event that it tells of."""
    kind: NoticeKind
    recipient: Recipient
    agency: AgencyId | None = None
    channel: Channel = Channel.EMAIL


class NoticeSent(_Notice):
    """The mail server or the gateway took it."""

    type: Literal["notice.sent.v1"] = "notice.sent.v1"
    attempts: int


class NoticeDelivered(_Notice):
    """It arrived, as the gateway says."""

    type: Literal["notice.delivered.v1"] = "notice.delivered.v1"
    attempts: int


class NoticeFailed(_Notice):
    """It was refused for good, or its time ran out."""

    type: Literal["notice.failed.v1"] = "notice.failed.v1"
    attempts: int
    reason: str
    """An enumerated word or a reply code; never the server's text, which may hold the address."""


SuppressionReason = Literal[
    "old", "historical", "receipt_limit", "erased", "no_address", "opted_out", "conflict_of_interest"
]


class NoticeSuppressed(_Notice):
    """It was not sent on purpose."""

    type: Literal["notice.suppressed.v1"] = "notice.suppressed.v1"
    reason: SuppressionReason


NoticeEvent = Annotated[NoticeSent | NoticeDelivered | NoticeFailed | NoticeSuppressed, Field(discriminator="type")]
