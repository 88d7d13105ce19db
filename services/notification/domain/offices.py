"""Who an event concerns among those who work for government, and how each is reached. Pure; the directory is given."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from services.notification.domain.timing import Pace
from shared.events.case import Status
from shared.events.cases import (
    CaseAssigned,
    CaseClosed,
    CaseEscalated,
    CaseForwarded,
    CaseLinked,
    CaseSplit,
    CaseTriaged,
    CaseWithdrawn,
    PromiseBreached,
)
from shared.events.directory import Agency, Contact, Officer
from shared.events.envelope import CaseEnvelope
from shared.events.notices import Channel, Recipient
from shared.wita import day_of

_WAYS = (Channel.EMAIL, Channel.WHATSAPP, Channel.SMS)
"""In the order of preference."""


@dataclass(frozen=True, slots=True)
class Offices:
    """Bodies and officers by id, as the directory has them."""

    agencies: Mapping[str, Agency] = field(default_factory=dict[str, Agency])
    officers: Mapping[str, Officer] = field(default_factory=dict[str, Officer])


@dataclass(frozen=True, slots=True)
class Whom:
    """Whom a message is for."""

    recipient: Recipient
    told: str
    """Id of the body or the officer."""
    agency: str | None
    """The body that has the case."""

    def is_meant_by(self, address: str, offices: Offices) -> bool:
        """Whether it is their own address, and not that of who is told in their place."""
        if self.recipient is not Recipient.OFFICER:
            return True
        officer = offices.officers.get(self.told)
        return officer is not None and address in {officer.email, officer.whatsapp, officer.sms}


def told_of(event: CaseEnvelope, recipient: Recipient, offices: Offices) -> list[str]:
    """Ids of the bodies, or of the officer, who are that recipient."""
    found: list[str] = []
    match recipient:
        case Recipient.AGENCY:
            found = _agencies(event)
        case Recipient.FORMER_AGENCY:
            found = _former(event, offices)
        case Recipient.OFFICER if event.case.officer:
            found = [event.case.officer]
        case Recipient.COORDINATOR:
            found = _coordinators(event, offices)
        case Recipient.AGENCY_HEAD if isinstance(event, CaseEscalated) and event.holder:
            found = [event.holder]
        case Recipient.SEKDA | Recipient.GOVERNOR if isinstance(event, CaseEscalated):
            found = at_step(event.level, event.occurred_at, offices)
        case _:
            pass
    return found


def at_step(level: str, at: datetime, offices: Offices) -> list[str]:
    """Bodies that are told of that step of the ladder then: the Sekda, the governor."""
    return [office.id for office in offices.agencies.values() if office.escalation == level and _is_there(office, at)]


def reached(whom: Whom, offices: Offices, at: datetime) -> list[tuple[Recipient, str]]:
    """Who gets it, one after the other: an officer is away or gone, and then it is for their body."""
    if whom.recipient is not Recipient.OFFICER:
        return [(whom.recipient, whom.told)]
    officer = _present(whom, offices, day_of(at))
    found = [(Recipient.OFFICER, officer.id)] if officer else []
    return [*found, (Recipient.AGENCY, whom.agency)] if whom.agency else found


def contact_of(recipient: Recipient, told: str, offices: Offices, pace: Pace) -> Contact:
    """How the body or officer is reached; empty where the directory does not say."""
    if recipient is Recipient.OFFICER:
        officer = offices.officers.get(told)
        return Contact(email=officer.email, whatsapp=officer.whatsapp, sms=officer.sms) if officer else Contact()
    body = offices.agencies.get(told)
    if body is None:
        return Contact()
    post = Contact(email=body.email, language=body.duty.language if body.duty else Contact().language)
    if recipient is Recipient.AGENCY_HEAD and body.head is not None:
        return body.head
    if pace is Pace.NOW:
        return body.duty or post
    return post if post.email else body.duty or post


def ways_of(
    recipient: Recipient, told: str, offices: Offices, enabled: Iterable[Channel], pace: Pace
) -> list[tuple[Channel, str]]:
    """How the body or officer is reached; its post where the one who should be told cannot be."""
    able = list(enabled)
    body = offices.agencies.get(told) if recipient is not Recipient.OFFICER else None
    post = Contact(email=body.email) if body else Contact()
    return ways_to(contact_of(recipient, told, offices, pace), able, pace) or ways_to(post, able, pace)


def all_ways_of(
    recipient: Recipient, told: str, offices: Offices, enabled: Iterable[Channel], pace: Pace
) -> list[tuple[Channel, str]]:
    """Each is tried when the one before it failed: of whom it is for, of who is on duty, and the body's post."""
    able, contacts = list(enabled), [contact_of(recipient, told, offices, pace)]
    body = offices.agencies.get(told) if recipient is not Recipient.OFFICER else None
    if body is not None:
        # What goes to the head is not for whoever is on duty.
        contacts += [body.duty] if body.duty and recipient is not Recipient.AGENCY_HEAD else []
        contacts.append(Contact(email=body.email))
    return list(dict.fromkeys(way for contact in contacts for way in ways_to(contact, able, Pace.NOW)))


def ways_to(contact: Contact, enabled: Iterable[Channel], pace: Pace) -> list[tuple[Channel, str]]:
    """Channel and address: all there are of what goes out now, else the preferred one."""
    addresses = {Channel.EMAIL: contact.email, Channel.WHATSAPP: contact.whatsapp, Channel.SMS: contact.sms}
    ways = [(way, address) for way in _WAYS if way in set(enabled) and (address := addresses[way])]
    return ways if pace is Pace.NOW else ways[:1]


def holder_of(event: CaseEnvelope) -> str | None:
    """The body that has what the event is about: the case, or the part of it."""
    if isinstance(event, CaseAssigned | CaseForwarded):
        return event.agency
    if isinstance(event, PromiseBreached):
        return event.holder
    part = next((part.agency for part in event.case.parts if part.case_id == event.case_id), None)
    return part or event.case.agency


def concerned(event: CaseEnvelope) -> set[str]:
    """Bodies whose own systems are told: who has it or a part of it, and who lost it by this very event."""
    case, now = event.case, {None, event.occurred_at}
    have = {holding.agency for holding in case.holdings if holding.until in now}
    parts = {part.agency for part in case.parts if part.status is not Status.REJECTED or part.until in now}
    return {*have, *parts, *_lost_by(event), *filter(None, (case.agency, holder_of(event)))}


def _agencies(event: CaseEnvelope) -> list[str]:
    if isinstance(event, CaseSplit):
        return [part.agency for part in event.case.parts if part.case_id in event.parts]
    holder = holder_of(event)
    told = [holder] if holder else []
    if isinstance(event, CaseClosed | CaseLinked | CaseWithdrawn):
        told += [part.agency for part in event.case.parts if part.until is None]
    return list(dict.fromkeys(told))


def _former(event: CaseEnvelope, offices: Offices) -> list[str]:
    """Whoever had it before, unless they gave it away themselves, or had it only to decide."""
    now = holder_of(event)
    return [
        agency
        for agency in _lost_by(event)
        if agency not in {now, event.actor_agency}
        and (known := offices.agencies.get(agency)) is not None
        and not known.coordinates
    ]


def _lost_by(event: CaseEnvelope) -> list[str]:
    """Whoever had it before the body that has it from this event on: also where they were done with it long ago."""
    match event.case.holdings:
        case (*_, before, now) if now.since == event.occurred_at:
            return [before.agency]
        case _:
            return []


def _coordinators(event: CaseEnvelope, offices: Offices) -> list[str]:
    if isinstance(event, CaseTriaged):
        return [event.coordinator]
    holder = event.case.holdings[-1].agency if event.case.holdings else None
    if holder and (known := offices.agencies.get(holder)) and known.coordinates:
        return [holder]
    at = event.occurred_at
    return [office.id for office in offices.agencies.values() if office.coordinates and _is_there(office, at)]


def _present(whom: Whom, offices: Offices, day: date) -> Officer | None:
    """Them or, by and by, who stands in; nobody who works elsewhere, for they could not open the case."""
    officer, asked = whom.told, set[str]()
    while officer not in asked:
        asked.add(officer)
        known = offices.officers.get(officer)
        if known is None or known.agency != whom.agency or not known.valid_on(day):
            return None
        absence = next((absence for absence in known.absences if absence.covers(day)), None)
        if absence is None:
            return known
        officer = absence.stand_in or officer
    return None


def _is_there(office: Agency, at: datetime) -> bool:
    return office.valid_on(day_of(at))
