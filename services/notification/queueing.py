"""Deliveries on their way into the queue of an address: stored, judged, and told of where they are done already."""

import asyncio
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from services.notification.domain.addresses import address_id, channel_of
from services.notification.domain.attempts import notice
from services.notification.domain.contacts import Contact
from services.notification.domain.deliveries import Delivery, State
from services.notification.domain.judging import Ready, Rules, Suppressed, Verdict, judge, queued
from services.notification.domain.kinds import OwnKind
from services.notification.domain.rules import REQUIRED
from services.notification.domain.timing import Pace
from services.notification.metrics import count_outcome
from services.notification.patience import patiently
from services.notification.sources import Sources
from services.notification.store import Open, Settled, Store
from shared.events.notices import Channel, NoticeKind, Recipient
from shared.outbox import OutboxRelay
from shared.records import to_record
from shared.topics import NOTICES
from shared.traces import current_trace

_LOOK_EVERY_S: Final = 5.0
_OVERDUE: Final = timedelta(minutes=2)
_AT_ONCE: Final = 500


@dataclass(slots=True)
class Queueing:
    """Sends nothing itself: it stores, and wakes the senders. Doing it again changes nothing."""

    store: Store
    relay: OutboxRelay
    sources: Sources
    rules: Rules
    now: Callable[[], datetime]
    wake: Callable[[Collection[str]], None]
    """By channels: something new is for them."""

    async def add(self, deliveries: Sequence[Delivery], tickets: Iterable[str] = ()) -> None:
        """Store what is new, and decide on it and on whatever is open of these tickets."""
        known = await self.store.deliveries.add(deliveries)
        again = {delivery.id for delivery in known}
        brought = [Open(delivery, State.WAITING) for delivery in deliveries if delivery.id not in again]
        stored = await self.store.deliveries.open_of(tickets, [str(one) for one in again])
        await self.decide({one.delivery.id: one for one in (*brought, *stored)}.values())

    async def add_asked(self, deliveries: Sequence[Delivery]) -> None:
        """What a request asks for: it goes on in the request's trace."""
        await self.add([replace(delivery, trace=current_trace()) for delivery in deliveries])

    async def decide(self, found: Iterable[Open], *, again: bool = False) -> None:
        """Judge what is not done; what is queued already is told to its address once more, in case nobody did.

        `again`: what is queued is judged anew as well, and may go to another address.
        """
        # In the order in which it happened, so that whoever reads in the middle sees no later one alone.
        at, open_ = self.now(), sorted(found, key=lambda one: (one.delivery.occurred_at, one.delivery.sequence))
        known = await self.sources.read(one.delivery for one in open_)
        settled: list[Settled] = []
        due = _Due()
        for one in open_:
            verdict = judge(one.delivery, known[one.delivery.id], at, self.rules)
            if one.state is State.WAITING or again or isinstance(verdict, Suppressed):
                settled.append(replace(self._settled(one.delivery, verdict, at), seen=one.state))
            elif one.delivery.to is not None and one.next_at is not None:
                due.add(one.delivery, one.next_at)
        await self._write(await self._limited(settled, at), due, at)

    async def forget(self, tickets: Sequence[str]) -> None:
        """Of what is erased not even the digest of an address is kept, unless somebody else has the same one.

        But for the wish to get nothing more: forgotten, it would be broken. Where its reporter follows the case at that
        address too, that ends with it.
        """
        if not tickets:
            return
        contacts = await self.store.contacts.read(tickets)
        kept = {address for contact in contacts.values() for address in self._addresses(contact)}
        found = await self.store.deliveries.forget_addresses(tickets, kept)
        await self.store.subscriptions.leave_cases(found)
        left = set[str]().union(*found.values())
        await self.store.addresses.forget(left - await self.store.used(left))

    def _addresses(self, contact: Contact) -> set[str]:
        """Of everybody whom the contact book still knows: a ticket may lose one part and keep another."""
        ways = [way for person in contact.people.values() for way in person.ways(frozenset(Channel))]
        return {address_id(self.rules.address_secret, *way) for way in ways}

    async def run(self) -> None:
        """Decide again, for ever, where waiting is over."""
        reminds_at = self.now()
        while True:
            while await patiently(self.decide_waiting) == _AT_ONCE:
                pass
            if self.now() >= reminds_at:
                await patiently(self.remind)
                reminds_at = self.now() + _OVERDUE / 2
            await asyncio.sleep(_LOOK_EVERY_S)

    async def remind(self) -> None:
        """Tell addresses again of what is overdue: whoever queued it may have died before it told them."""
        overdue = await self.store.deliveries.overdue(self.now() - _OVERDUE)
        await self.store.addresses.has_due(overdue)
        if overdue:
            self.wake({channel_of(address) for address in overdue})

    async def decide_waiting(self) -> int:
        """Returns of how many; more may be left where it is 500."""
        found = await self.store.deliveries.waiting(self.now(), _AT_ONCE)
        await self.decide(found)
        return len(found)

    async def _limited(self, settled: list[Settled], at: datetime) -> list[Settled]:
        """Suppress what anybody can cause beyond what an address gets of it in a day, unless its owner confirmed it.

        Whoever complains may have entered anybody's, and may ask for as much that is not possible as they like.
        """
        # The receipt before all else: without it nothing more of the ticket comes.
        limited = sorted(filter(_is_limited, settled), key=lambda one: not _is_receipt(one.delivery))
        asked = {one.delivery.id: one.delivery.to or "" for one in limited}
        granted = await self.store.receipts.grant({one: to.partition(":")[2] for one, to in asked.items()}, at)
        refused = {one: to for one, to in asked.items() if one not in granted}
        # Routing publishes the assignment with the opening: the receipt is not written down as refused yet.
        now = {one.delivery.ticket for one in settled if one.delivery.id in refused and _is_receipt(one.delivery)}
        refused |= await self._after_refused(settled, now)
        theirs = await self.store.addresses.confirmed(set(refused.values()))
        too_many = {one for one, to in refused.items() if to not in theirs}
        return [
            replace(self._settled(one.delivery, Suppressed("receipt_limit"), at), seen=one.seen)
            if one.delivery.id in too_many
            else one
            for one in settled
        ]

    async def _after_refused(self, settled: Iterable[Settled], now: set[str]) -> dict[UUID, str]:
        """What would follow a receipt that was refused, `now` or before, unless the law wants it."""
        more = [one.delivery for one in settled if _is_more(one)]
        tickets = now | await self.store.deliveries.refused_receipts({delivery.ticket for delivery in more} - now)
        return {delivery.id: delivery.to or "" for delivery in more if delivery.ticket in tickets}

    def _settled(self, delivery: Delivery, verdict: Verdict, at: datetime) -> Settled:
        if isinstance(verdict, Ready):
            return Settled(queued(delivery, verdict, at, self.rules.address_secret), verdict)
        if isinstance(verdict, Suppressed) and delivery.is_told_of:
            return Settled(delivery, verdict, to_record(NOTICES, notice(delivery, verdict, at), delivery.trace))
        return Settled(delivery, verdict)

    async def _write(self, settled: list[Settled], due: "_Due", at: datetime) -> None:
        all_open = await self.store.deliveries.settle(settled, at)
        for one in settled:
            if isinstance(one.verdict, Ready):
                due.add(one.delivery, one.verdict.at)
        await self.store.addresses.has_due(due.moments, due.urgent)
        told = {str(one.delivery.id): [one.record] for one in settled if one.record}
        if told and all_open:
            # Otherwise something was decided elsewhere meanwhile; then the sweep publishes what was really written.
            self.relay.queue(told)
        for one in settled:
            if isinstance(one.verdict, Suppressed):
                count_outcome(one.delivery, one.verdict)
        if due.moments:
            self.wake({channel_of(address) for address in due.moments})


@dataclass(frozen=True, slots=True)
class _Due:
    """What addresses are told."""

    moments: dict[str, datetime] = field(default_factory=dict[str, datetime])
    urgent: set[str] = field(default_factory=set[str])

    def add(self, delivery: Delivery, at: datetime) -> None:
        if delivery.to is None:
            return
        self.moments[delivery.to] = min(self.moments.get(delivery.to, at), at)
        # What is put off for an agency's own system holds up everything that comes after it.
        if delivery.pace is Pace.NOW and delivery.channel is not Channel.WEBHOOK:
            self.urgent.add(delivery.to)


def _is_receipt(delivery: Delivery) -> bool:
    return delivery.kind is NoticeKind.RECEIVED


def _is_limited(one: Settled) -> bool:
    is_refusal = one.delivery.kind is NoticeKind.REFUSED
    return (_is_receipt(one.delivery) or is_refusal) and isinstance(one.verdict, Ready)


def _is_more(one: Settled) -> bool:
    to_reporter = one.delivery.recipient is Recipient.REPORTER and isinstance(one.verdict, Ready)
    # What somebody asks for has a limit of its own.
    is_asked_for = isinstance(one.delivery.kind, OwnKind)
    return to_reporter and not is_asked_for and one.delivery.kind not in REQUIRED
