"""What a delivery is judged by, and how it is said by that. Pure."""

from collections.abc import Collection
from dataclasses import dataclass, field, replace
from datetime import date, datetime

from services.notification.domain.contacts import Contact
from services.notification.domain.deliveries import Delivery
from services.notification.domain.offices import Offices
from shared.events.event import Language
from shared.events.notices import Channel


@dataclass(frozen=True, slots=True)
class Follower:
    """Who follows, and how they are reached."""

    channel: Channel
    address: str
    language: Language
    id: str = ""
    """Of the subscription."""


@dataclass(frozen=True, slots=True)
class System:
    """An agency's own, which wants to be called."""

    id: str
    agency: str
    url: str
    enabled: bool


@dataclass(frozen=True, slots=True)
class Known:
    """What a delivery is judged by."""

    contact: Contact = field(default_factory=Contact)
    offices: Offices = field(default_factory=Offices)
    closed: Collection[date] = ()
    """Days on which nobody works."""
    disaster_until: datetime | None = None
    follower: Follower | None = None
    """Of what goes to one; None: they left."""
    system: System | None = None
    """Of what goes to one; None: it was taken away."""


def as_it_is(delivery: Delivery, known: Known, address: str) -> Delivery:
    """As it is told at that address.

    Confidential or anonymous where the case became so after the event; a person can only switch these on. By a
    subscription that is there, where the first was left. With the officer for whom somebody else gets it.
    """
    facts, contact = delivery.facts, known.contact
    confidential = facts.confidential or contact.hidden
    # Who restricted the processing of their data is named to nobody either.
    anonymous = facts.anonymous or contact.anonymous or contact.restricted
    told = known.follower.id if known.follower and known.follower.id else delivery.told
    is_theirs = delivery.whom.is_meant_by(address, known.offices)
    detail = {**delivery.detail, "officer": "" if is_theirs else delivery.told or ""}
    seen = replace(facts, confidential=confidential, anonymous=anonymous)
    return replace(delivery, told=told, detail=detail, facts=seen)
