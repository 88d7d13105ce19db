"""Whether, where and when a delivery goes out. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import chain
from typing import Final

from services.notification.domain.addresses import address_id
from services.notification.domain.contacts import Contact
from services.notification.domain.deliveries import Delivery
from services.notification.domain.kinds import OwnKind
from services.notification.domain.known import Known
from services.notification.domain.offices import all_ways_of, at_step, contact_of, reached
from services.notification.domain.rules import REQUIRED
from services.notification.domain.timing import Pace, Timing, goes_out
from shared.directory import related_bodies
from shared.events.event import Language
from shared.events.notices import Channel, NoticeKind, Recipient, SuppressionReason
from shared.ids import follow_id

_MAY_BE_MEANT: Final = frozenset(
    {
        Recipient.COORDINATOR,
        Recipient.AGENCY_HEAD,
        Recipient.SEKDA,
        Recipient.GOVERNOR,
        Recipient.OFFICER,
        Recipient.SYSTEM,
    }
)
"""Who may be the one that the complaint is about."""
_LOOKED_FOR: Final = timedelta(hours=1)
"""So long a body may be one that this replica has not heard of yet; the directory comes on a topic of its own."""
_LOOKED_FOR_EVERY: Final = timedelta(seconds=10)


@dataclass(frozen=True, slots=True)
class Retry:
    """How what was put off is tried again."""

    first: timedelta = timedelta(seconds=30)
    longest: timedelta = timedelta(hours=1)
    """Between two attempts."""
    give_up_after: timedelta = timedelta(days=3)


@dataclass(frozen=True, slots=True)
class Rules:
    """How long things may take, and when they may happen."""

    old_after: timedelta
    wait_at_most: timedelta
    retries: Mapping[Channel, Retry]
    address_secret: bytes = b""
    enabled: frozenset[Channel] = frozenset({Channel.EMAIL})
    timing: Timing = field(default_factory=Timing)
    silent_before: datetime | None = None
    """What happened before is told to nobody: it was told already, by a database that is lost."""


@dataclass(frozen=True, slots=True)
class Ready:
    """To go out to the address from the moment on."""

    channel: Channel
    address: str
    language: Language
    at: datetime
    gathered: bool = False


@dataclass(frozen=True, slots=True)
class Waits:
    """Something is missing. At `until` that is decided upon again: it is sent without, or it is too old."""

    until: datetime


@dataclass(frozen=True, slots=True)
class Suppressed:
    """Not to be sent, on purpose."""

    reason: SuppressionReason


Verdict = Ready | Waits | Suppressed


def judge(delivery: Delivery, known: Known, at: datetime, rules: Rules) -> Verdict:
    """Whether, where and when it goes out, given what is known."""
    if delivery.facts.historical:
        return Suppressed("historical")
    # What was to wait for a digest, over long holidays too, is not old by that.
    too_old_at = max(delivery.occurred_at, delivery.ready_at or delivery.occurred_at) + rules.old_after
    told_before = rules.silent_before is not None and delivery.occurred_at < rules.silent_before
    if at >= too_old_at or told_before:
        return Suppressed("old")
    missing = _missing(delivery, known, too_old_at) or _looked_for(delivery, known, at)
    if missing is not None:
        return missing
    until = delivery.created_at + rules.wait_at_most
    if _could_be_better(delivery, known.contact) and at < until:
        return Waits(until)
    ways, language = _ways(delivery, known, at, rules)
    way = next(iter(ways[_place_in(ways, delivery, rules) :]), None)
    if way is None and delivery.recipient in {Recipient.REPORTER, Recipient.OFFICER}:
        # They, or who stands in for them, are reached in another way by now.
        way = next(iter(ways), None)
    if way is None:
        return Suppressed("no_address")
    disaster = known.disaster_until is not None and at < known.disaster_until
    goes_at = goes_out(delivery.pace, at, rules.timing, known.closed, disaster=disaster)
    return Ready(*way, language, goes_at, delivery.pace is Pace.GATHERED and bool(rules.timing.digests))


def queued(delivery: Delivery, ready: Ready, at: datetime, secret: bytes) -> Delivery:
    """As it is once it is known where it goes."""
    is_system = ready.channel is Channel.WEBHOOK
    to = f"{Channel.WEBHOOK}:{delivery.told}" if is_system else address_id(secret, ready.channel, ready.address)
    since = delivery.ready_at or max(at, ready.at)
    return replace(delivery, channel=ready.channel, to=to, gathered=ready.gathered, ready_at=since)


def instead(delivery: Delivery, known: Known, at: datetime, rules: Rules) -> Delivery | None:
    """The same message to the same person or body on the next way that there is, after this one failed."""
    if delivery.recipient in {Recipient.FOLLOWER, Recipient.SYSTEM} or isinstance(delivery.kind, OwnKind):
        return None
    ways, _ = _ways(delivery, known, at, rules)
    left = ways[_place_in(ways, delivery, rules) + 1 :]
    if not left:
        return None
    channel = left[0][0]
    # A body may have two addresses for mail; the first on each channel is known by the channel alone.
    to = None if channel not in {way for way, _ in ways[: -len(left)]} else address_id(rules.address_secret, *left[0])
    new = replace(delivery, to=to, gathered=False, ready_at=None, attempts=0, message=None, channel=channel)
    whom = f"{delivery.recipient}/{delivery.told}" if delivery.told else delivery.recipient
    return replace(new, id=follow_id(delivery.cause, f"{whom}/{to or channel}"))


def _place_in(ways: Sequence[tuple[Channel, str]], delivery: Delivery, rules: Rules) -> int:
    """Of the way that it goes; after all of them where there is none."""
    same = (number for number, way in enumerate(ways) if address_id(rules.address_secret, *way) == delivery.to)
    like = (number for number, way in enumerate(ways) if delivery.channel in {None, way[0]})
    return next(chain(same if delivery.to else (), like), len(ways))


def _missing(delivery: Delivery, known: Known, too_old_at: datetime) -> Verdict | None:
    contact = known.contact
    if delivery.recipient is Recipient.REPORTER:
        if contact.reporter_is_erased:
            return Suppressed("erased")
        if contact.restricted and delivery.kind not in REQUIRED:
            return Suppressed("opted_out")
        if contact.reporter is None:
            return Waits(too_old_at)
    if _depends_on_whom_it_is_about(delivery) and contact.part is None:
        return Waits(too_old_at)
    reason = _unwanted(delivery, known)
    return Suppressed(reason) if reason else None


def _looked_for(delivery: Delivery, known: Known, at: datetime) -> Waits | None:
    """The body or officer whom it is for may be one that only other replicas have heard of."""
    if delivery.told is None or delivery.recipient in {Recipient.FOLLOWER, Recipient.SYSTEM}:
        return None
    there = known.offices.officers if delivery.recipient is Recipient.OFFICER else known.offices.agencies
    is_over = delivery.told in there or at >= delivery.created_at + _LOOKED_FOR
    return None if is_over else Waits(at + _LOOKED_FOR_EVERY)


def _depends_on_whom_it_is_about(delivery: Delivery) -> bool:
    return bool(delivery.ticket) and (delivery.recipient in _MAY_BE_MEANT or delivery.kind is NoticeKind.ESCALATED)


def _unwanted(delivery: Delivery, known: Known) -> SuppressionReason | None:
    if delivery.kind is NoticeKind.ESCALATED and _nobody_above_was_told(delivery, known):
        return "conflict_of_interest"
    body = _body_of(delivery, known)
    if body is not None and body in related_bodies(known.offices.agencies, known.contact.about):
        return "conflict_of_interest"
    if delivery.recipient is Recipient.FOLLOWER and (known.follower is None or known.contact.hidden):
        return "opted_out"
    return "no_address" if delivery.recipient is Recipient.SYSTEM and known.system is None else None


def _body_of(delivery: Delivery, known: Known) -> str | None:
    """Whose message it is; of an officer the body that has the case: who works elsewhere by now does not get it."""
    if delivery.recipient is Recipient.OFFICER:
        return delivery.agency
    return known.system.agency if known.system else delivery.told


def _nobody_above_was_told(delivery: Delivery, known: Known) -> bool:
    """Whether all whom the step would tell are those that the complaint is about."""
    told = at_step(delivery.detail.get("level", ""), delivery.occurred_at, known.offices)
    return bool(told) and related_bodies(known.offices.agencies, known.contact.about).issuperset(told)


def _ways(delivery: Delivery, known: Known, at: datetime, rules: Rules) -> tuple[list[tuple[Channel, str]], Language]:
    if delivery.recipient is Recipient.REPORTER:
        reporter = known.contact.reporter
        return (reporter.ways(rules.enabled), reporter.language) if reporter else ([], Language.INDONESIAN)
    if known.follower is not None:
        return [(known.follower.channel, known.follower.address)], known.follower.language
    if known.system is not None:
        return [(Channel.WEBHOOK, known.system.url)], Language.INDONESIAN
    offices, whom = known.offices, reached(delivery.whom, known.offices, at)
    ways = [way for one in whom for way in all_ways_of(*one, offices, rules.enabled, delivery.pace)]
    language = contact_of(*whom[0], offices, delivery.pace).language if whom else Language.INDONESIAN
    return list(dict.fromkeys(ways)), language


def _could_be_better(delivery: Delivery, contact: Contact) -> bool:
    if delivery.words is not None and contact.lacks_words(delivery.words):
        return True
    return delivery.names_reporter and contact.reporter is None and not contact.reporter_is_erased
