"""One address that is due, worked off: its messages go out one after another, each marked before the next."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import structlog

from services.notification.answers import step_of_broken, steps_after
from services.notification.domain.attempts import Again, Answer, Delivered, Failed, NotTried, Sent, Step
from services.notification.domain.deliveries import Delivery, State
from services.notification.domain.judging import Ready, Suppressed, Waits, instead, judge, queued
from services.notification.domain.known import Known, as_it_is
from services.notification.domain.rounds import Message, Round, plan
from services.notification.domain.timing import Pace, after_the_night
from services.notification.lanes import Lane
from services.notification.letters import UnusableAddress
from services.notification.metrics import SERVICE, TAKEN_OVER
from services.notification.patience import patiently
from services.notification.recording import Recorder, RecordingFailed
from services.notification.sayings import reference_of
from services.notification.store import Claimed, Finished, Open, Queue, Released
from services.notification.tools import Tools
from services.notification.writing import Draft, WebhookGone
from shared.events.notices import Channel

log = structlog.get_logger(__name__)

_FRESH: Final = timedelta(seconds=2)
"""So old may be what is known when a message goes out."""
_BROKEN: Final = timedelta(seconds=30)
_SENDS_IN_A_LEASE: Final = 3
"""A claim that has less time left than so many sends take is given back: its turn came too late."""


class _PutOff(Exception):
    """What comes after must wait for what was put off."""

    def __init__(self, step: Again) -> None:
        super().__init__()
        self.step = step


@dataclass(slots=True)
class AddressWork:
    """Whatever happens, the address is given back."""

    tools: Tools
    lane: Lane
    recorder: Recorder
    claimed: Claimed
    queue: Queue
    known: Mapping[UUID, Known]
    read_at: datetime
    """When what is known was read."""
    next_at: datetime | None = None
    again: bool = False
    messages: int = 0
    is_last: bool = False
    """Nothing is sent after the message that is in hand."""
    last: list[Finished] = field(default_factory=list[Finished])
    """What is written down as the address is given back: waiting for the one and then the other takes twice as long."""

    async def run(self) -> None:
        self.next_at = self.queue.next_at
        with suppress(RecordingFailed):
            # Then nobody knows what was written down; the address is taken over when its lease runs out.
            await self._worked_off()
            await self.recorder.write(self.last, Released(self.claimed, self.next_at, self.again, self.messages))
        self.lane.put_down(self.claimed.address.id)
        self.tools.released(self.again)
        if self.again:
            # Something urgent may have come meanwhile, which does not wait.
            self.tools.released(False)  # noqa: FBT003 - as it is told

    async def _worked_off(self) -> None:
        try:
            await self._round()
        except _PutOff as put_off:
            self.next_at, self.again = put_off.step.at, put_off.step.attempts > 0
        except RecordingFailed:
            raise
        except Exception as error:  # noqa: BLE001 - as above; nobody else could have the address otherwise
            log.error("address_broke", channel=self.tools.way.channel, error=type(error).__name__)  # noqa: TRY400
            self.next_at = self.tools.now() + _BROKEN

    async def _round(self) -> None:
        at, rules = self.tools.now(), self.tools.queueing.rules
        due = await self._due()
        round_ = plan(self.claimed.address, due, at, rules.timing)
        self._count_taken_over(round_)
        await self._write([Finished(one, Suppressed("opted_out")) for one in round_.stopped])
        if round_.held:
            self._later(round_.held_until)
            await patiently(lambda: self.tools.queueing.store.deliveries.hold(round_.held, round_.held_until))
        for number, message in enumerate(round_.messages, 1):
            self.is_last = number == len(round_.messages)
            await self._message(message)

    async def _due(self) -> list[Delivery]:
        """To an agency's own system in the order of positions, and nothing before what was put off."""
        if self.tools.way.channel is not Channel.WEBHOOK:
            return self._not_held()
        queueing, address = self.tools.queueing, self.claimed.address.id
        queue = await patiently(lambda: queueing.store.webhooks.number(address, self.tools.now()))
        self.known = await patiently(lambda: queueing.sources.read(queue.due))
        self.next_at, self.again = queue.next_at, queue.next_at is not None and not queue.due
        return queue.due

    def _not_held(self) -> list[Delivery]:
        """Only what is urgent goes before what was put off, and nothing before what is urgent itself."""
        queue = self.queue
        if queue.held_until is None:
            return queue.due
        self.next_at, self.again = queue.urgent_held_until or queue.held_until, True
        return [] if queue.urgent_held_until else [one for one in queue.due if one.pace is Pace.NOW]

    def _count_taken_over(self, round_: Round) -> None:
        if self.claimed.taken_over and round_.messages:
            TAKEN_OVER.labels(SERVICE).inc(len(round_.messages[0].deliveries))

    async def _message(self, message: Message) -> None:
        """Raises _PutOff."""
        open_ = await self._still_open(message.deliveries)
        ready = [(delivery, way) for delivery in open_ if (way := await self._ready(delivery)) is not None]
        if not ready:
            return
        deliveries = [as_it_is(delivery, self.known[delivery.id], way.address) for delivery, way in ready]
        try:
            answer = await self._hand_over(deliveries, ready[0][1])
        except UnusableAddress:
            steps: list[Step] = [Failed(one.attempts, "unusable_address") for one in deliveries]
            await self._instead(deliveries, steps)
            await self._write([Finished(one, step) for one, step in zip(deliveries, steps, strict=True)])
            return
        except WebhookGone:
            # It has its position, and can be read again.
            await self._write([Finished(one, Suppressed("opted_out")) for one in deliveries])
            return
        except RecordingFailed:
            raise
        except Exception as error:  # noqa: BLE001 - a fault with one delivery must hold up no other
            await self._broken(deliveries, error)
            return
        await self._answered(deliveries, answer)

    async def _still_open(self, deliveries: Sequence[Delivery]) -> Sequence[Delivery]:
        """Whoever keeps us waiting gives others time to be erased, to opt out, to be told elsewhere."""
        if self.tools.now() < self.read_at + _FRESH:
            return deliveries
        store, self.read_at = self.tools.queueing.store, self.tools.now()
        ids = [str(delivery.id) for delivery in deliveries]
        found = await patiently(lambda: store.deliveries.open_of((), ids))
        still = {one.delivery.id for one in found if one.state is State.QUEUED}
        self.known = {**self.known, **await patiently(lambda: self.tools.queueing.sources.read(deliveries))}
        return [delivery for delivery in deliveries if delivery.id in still]

    async def _hand_over(self, deliveries: list[Delivery], ready: Ready) -> Answer:
        way, at = self.tools.way, self.tools.now()
        draft = Draft(deliveries, self.known[deliveries[0].id], ready, self.claimed.address, at)
        message = await way.writing.write(draft)
        if deliveries[0].gathered or deliveries[0].again:
            reference = str(reference_of(deliveries))
            await patiently(lambda: self.tools.queueing.store.deliveries.go_out_as(deliveries, reference))
        return await self.lane.in_turn(self.claimed.address.id, lambda: self._send(message, deliveries))

    async def _send(self, message: Any, deliveries: Sequence[Delivery]) -> Answer:
        """When its turn has come: by then there may be no time left."""
        way = self.tools.way
        if self.tools.stopping() or self.tools.now() + way.limits.lasts(_SENDS_IN_A_LEASE) > self.claimed.until:
            return NotTried()
        return await self.tools.send(message, [delivery.trace for delivery in deliveries])

    async def _answered(self, deliveries: list[Delivery], answer: Answer) -> None:
        """Raises _PutOff."""
        steps = steps_after(deliveries, answer, self.tools)
        await self._instead(deliveries, steps)
        reference = str(reference_of(deliveries))
        finished = [
            Finished(one, step, reference, holds=isinstance(step, Again) and step.attempts > 0)
            for one, step in zip(deliveries, steps, strict=True)
        ]
        await self._write(finished)
        # What is urgent goes at any rate, and takes no room from the rest.
        counts = deliveries[0].pace is not Pace.NOW
        self.messages += counts and any(isinstance(step, Sent | Delivered) for step in steps)
        put_off = [step for step in steps if isinstance(step, Again)]
        if put_off:
            raise _PutOff(put_off[0])

    async def _ready(self, delivery: Delivery) -> Ready | None:
        """None: it does not go out now, and what becomes of it is written down."""
        at, rules = self.tools.now(), self.tools.queueing.rules
        verdict = judge(delivery, self.known[delivery.id], at, rules)
        if isinstance(verdict, Waits):
            # It was ready, so something is being changed: it is decided upon by what is known by now.
            await patiently(lambda: self.tools.queueing.decide([Open(delivery, State.QUEUED)], again=True))
            return None
        if isinstance(verdict, Suppressed):
            await self._write([Finished(delivery, verdict)])
            return None
        if queued(delivery, verdict, at, rules.address_secret).to != self.claimed.address.id:
            # They said that they are reached in another way now.
            await patiently(lambda: self.tools.queueing.decide([Open(delivery, State.QUEUED)], again=True))
            return None
        morning = at if delivery.pace is Pace.NOW else after_the_night(at, rules.timing)
        if morning > at:
            self._later(morning)
            await self._write([Finished(delivery, Again(morning, delivery.attempts))])
            return None
        return verdict

    async def _broken(self, deliveries: list[Delivery], error: Exception) -> None:
        """What cannot be written is put aside, at last parked; to an agency's own system the rest waits till then."""
        if len(deliveries) > 1:
            self.is_last = False
            for one in deliveries:
                # Each is a message of its own now.
                await self._message(Message((replace(one, message=None),)))
            return
        [one] = deliveries
        # No traceback: its last line may quote what could not be handled.
        log.error("delivery_broke", delivery=str(one.id), error=type(error).__name__)
        step = step_of_broken(one, self.tools)
        await self._instead([one], [step])
        await self._write([Finished(one, step)])
        if isinstance(step, Again):
            if self.tools.way.channel is Channel.WEBHOOK:
                raise _PutOff(step)
            self._later(step.at)

    async def _instead(self, deliveries: list[Delivery], steps: list[Step]) -> None:
        """Before a failure is written down, the next way to the same person or body is."""
        at, rules = self.tools.now(), self.tools.queueing.rules
        for one, step in zip(deliveries, steps, strict=True):
            if isinstance(step, Failed) and (other := instead(one, self.known[one.id], at, rules)) is not None:
                await patiently(lambda other=other: self.tools.queueing.add([other]))

    async def _write(self, finished: list[Finished]) -> None:
        if self.is_last:
            self.last += finished
        elif finished:
            await self.recorder.write(finished)

    def _later(self, at: datetime) -> None:
        self.next_at = at if self.next_at is None else min(self.next_at, at)
