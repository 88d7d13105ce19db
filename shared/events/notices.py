"""What was sent: topic `ntbcare.notices`, written by notification, keyed by ticket. No addresses, no texts."""

from enum import StrEnum
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from shared.events.event import AgencyId, Event


class NoticeKind(StrEnum):
    """Which message."""

    RECEIVED = "received"
    ASSIGNED = "assigned"
    RESOLVED = "resolved"
    NEW_CASE = "new_case"


class Recipient(StrEnum):
    """In which role somebody was told."""

    REPORTER = "reporter"
    AGENCY = "agency"


class _Notice(Event):
    cause: UUID
    """The case event that it tells of."""
    kind: NoticeKind
    recipient: Recipient
    agency: AgencyId | None = None
    channel: Literal["email"] = "email"


class NoticeDelivered(_Notice):
    """The mail server took it."""

    type: Literal["notice.delivered.v1"] = "notice.delivered.v1"
    attempts: int


class NoticeFailed(_Notice):
    """It was refused for good, or its time ran out."""

    type: Literal["notice.failed.v1"] = "notice.failed.v1"
    attempts: int
    reason: str
    """An enumerated word or an SMTP reply code; never the server's text, which may hold the address."""


class NoticeSuppressed(_Notice):
    """It was not sent on purpose."""

    type: Literal["notice.suppressed.v1"] = "notice.suppressed.v1"
    reason: Literal["old", "historical", "receipt_limit", "erased", "no_address"]


NoticeEvent = Annotated[NoticeDelivered | NoticeFailed | NoticeSuppressed, Field(discriminator="type")]
