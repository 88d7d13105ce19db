"""What can be followed, and which of a case's events everybody may know. Pure.

Facts of a case that is not confidential are public at once; words never are, and of a confidential case nothing is.
Where something sensitive happened is told roughly.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

from services.notification.domain.addresses import on_the_wire
from shared.directory import Directory
from shared.events.case import Status
from shared.events.cases import (
    CaseAssigned,
    CaseClosed,
    CaseForwarded,
    CaseLinked,
    CaseOpened,
    CaseProgressed,
    CasePublished,
    CaseRejected,
    CaseReopened,
    CaseResolved,
)
from shared.events.envelope import CaseEnvelope
from shared.events.event import Language, region_levels
from shared.events.notices import Channel
from shared.ids import parse_ticket
from shared.sheltering import told_region

_E164: Final = re.compile(r"\+[1-9]\d{6,14}")
_BETWEEN_DIGITS: Final = re.compile(r"[\s().-]")


class TargetKind(StrEnum):
    """What can be followed."""

    CASE = "case"
    REGION = "region"
    """And all that lies in it."""
    CATEGORY = "category"
    AGENCY = "agency"


@dataclass(frozen=True, slots=True)
class Target:
    """One thing that can be followed, as text `region:52.03`."""

    kind: TargetKind
    id: str

    def __str__(self) -> str:
        return f"{self.kind}:{self.id}"

    @classmethod
    def parse(cls, text: str) -> "Target":
        kind, _, target_id = text.partition(":")
        return cls(TargetKind(kind), target_id)


class SubscriptionState(StrEnum):
    """Of a subscription. One that ended is not there any more."""

    ASKED = "asked"
    """Somebody asked; the address's owner has not said so yet."""
    CONFIRMED = "confirmed"


@dataclass(frozen=True, slots=True)
class Subscription:
    """Somebody wants to be told of something."""

    id: UUID
    channel: Channel
    address: str
    to: str
    """The address's id."""
    language: Language
    target: str
    created_at: datetime
    state: SubscriptionState = SubscriptionState.ASKED
    confirmed_at: datetime | None = None

    @property
    def wide(self) -> bool:
        """Of more than one case."""
        return Target.parse(self.target).kind is not TargetKind.CASE

    def began_by(self, at: datetime) -> bool:
        """Nothing from before comes, also not where topics are read again from the beginning."""
        return self.confirmed_at is not None and at >= self.confirmed_at


class PublicEventType(StrEnum):
    """What happened, as everybody may know it."""

    OPENED = "opened"
    ASSIGNED = "assigned"
    FORWARDED = "forwarded"
    PROGRESSED = "progressed"
    RESOLVED = "resolved"
    REOPENED = "reopened"
    CLOSED = "closed"
    REJECTED = "rejected"
    LINKED = "linked"
    PUBLISHED = "published"


@dataclass(frozen=True, slots=True)
class PublicEvent:
    """What everybody may know of something that happened to a case."""

    id: UUID
    ticket: str
    at: datetime
    type: PublicEventType
    status: Status
    category: str
    region: str | None
    agency: str | None
    sequence: int
    targets: frozenset[str] = frozenset()
    """Who follows one of these is told."""


_OF_THE_WHOLE: Final[Mapping[type[CaseEnvelope], PublicEventType]] = {
    CaseOpened: PublicEventType.OPENED,
    CaseAssigned: PublicEventType.ASSIGNED,
    CaseForwarded: PublicEventType.FORWARDED,
    CaseProgressed: PublicEventType.PROGRESSED,
    CaseResolved: PublicEventType.RESOLVED,
    CaseReopened: PublicEventType.REOPENED,
    CaseClosed: PublicEventType.CLOSED,
    CaseRejected: PublicEventType.REJECTED,
    CaseLinked: PublicEventType.LINKED,
    CasePublished: PublicEventType.PUBLISHED,
}
_OF_A_PART: Final[Mapping[type[CaseEnvelope], PublicEventType]] = {
    CaseProgressed: PublicEventType.PROGRESSED,
    CaseResolved: PublicEventType.PROGRESSED,
}
"""The whole goes on; that another body works on a part of it is progress at the most."""


def public_event(event: CaseEnvelope, names: Directory) -> PublicEvent | None:
    """None where it is nobody's business, or nothing that followers wait for; what is entered afterwards is no news."""
    of_the_whole = event.case_id == event.ticket
    kind = (_OF_THE_WHOLE if of_the_whole else _OF_A_PART).get(type(event))
    if kind is None or event.case.confidential or event.case.historical:
        return None
    told = PublicEvent(
        id=event.event_id,
        ticket=event.ticket,
        at=event.occurred_at,
        type=kind,
        status=event.case.status,
        category=event.case.category,
        region=event.case.region,
        agency=event.case.agency,
        sequence=event.sequence,
        targets=frozenset(targets_of(event)),
    )
    return sheltered(told, names)


def sheltered(event: PublicEvent, names: Directory) -> PublicEvent:
    """Told of no smaller region than it may be, and to nobody who follows a smaller one."""
    region = told_region(event.region, event.category, names)
    return replace(event, region=region, targets=event.targets - _regions(event.region) | _regions(region))


def hides(event: CaseEnvelope) -> bool:
    """From here on nothing of the case is public, whatever was told before."""
    return event.case.confidential


def targets_of(event: CaseEnvelope) -> set[str]:
    """Everything whose followers the event concerns."""
    case = event.case
    found = {f"{TargetKind.CASE}:{event.ticket}", f"{TargetKind.CATEGORY}:{case.category}"}
    part = next((part.agency for part in case.parts if part.case_id == event.case_id), None)
    found |= {f"{TargetKind.AGENCY}:{agency}" for agency in (case.agency, part) if agency}
    return found | _regions(case.region)


def _regions(code: str | None) -> set[str]:
    return {f"{TargetKind.REGION}:{level}" for level in (region_levels(code) if code else ())}


def target_of(kind: TargetKind, entered: str, directory: Directory) -> Target:
    """Raises ValueError. A ticket only has to be one: whether there is such a case, nobody is told here."""
    if kind is TargetKind.CASE:
        return Target(kind, parse_ticket(entered))
    if entered not in directory.entries(kind):
        msg = f"is no {kind} that the directory knows"
        raise ValueError(msg)
    return Target(kind, entered)


def address_on(channel: Channel, entered: str) -> str | None:
    """As the channel takes it; None where nothing can be sent to it. A number without a country is Indonesian."""
    if channel is Channel.EMAIL:
        return on_the_wire(entered)
    number = _BETWEEN_DIGITS.sub("", entered)
    if number.startswith("0"):
        number = f"+62{number[1:]}"
    elif number.startswith("62"):
        number = f"+{number}"
    return number if _E164.fullmatch(number) else None


def by_address(found: Iterable[Subscription]) -> list[list[Subscription]]:
    """Whoever follows something in several ways is told once: as of the case itself, else by the oldest."""
    kept: dict[str, list[Subscription]] = {}
    for one in sorted(found, key=lambda one: (one.wide, one.created_at, str(one.id))):
        kept.setdefault(one.to, []).append(one)
    return list(kept.values())
