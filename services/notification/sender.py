"""Mail out: what is due is claimed, handed to the mail server, and what came of it is written down."""

import asyncio
import random
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

import structlog

from services.notification.domain.attempts import (
    Again,
    Answer,
    Delivered,
    Failed,
    NotTried,
    Refused,
    Step,
    after,
    notice,
)
from services.notification.domain.contacts import Contact
from services.notification.domain.deliveries import Delivery, Ready, Rules, Suppressed, judge
from services.notification.lanes import Lane, Limits
from services.notification.letters import Letters, NoAddress, UnusableAddress
from services.notification.mailer import MailServer
from services.notification.metrics import RETRIES, SERVICE, count_outcome
from services.notification.patience import patiently
from services.notification.settings import Settings
from services.notification.store import Claimed, Finished, Store
from shared.outbox import OutboxRelay
from shared.records import to_record
from shared.tasks import end_tasks
from shared.topics import NOTICES

log = structlog.get_logger(__name__)

_SENDS_IN_A_LEASE: Final = 3
"""A claim that has less time left than so many sends take is given back: its turn came too late."""
_LAST_WORDS_S: Final = 10.0
_CANCEL_AGAIN_S: Final = 0.5
REST_S: Final = 0.1
"""A mail may be so much later: what comes meanwhile costs the database no more than the first of it."""

Queue = asyncio.Queue[tuple[Lane, Finished] | None]


@dataclass
class Sender:
    """One per replica; any number of replicas share the work."""

    store: Store
    relay: OutboxRelay
    letters: Letters
    server: MailServer
    rules: Rules
    settings: Settings
    now: Callable[[], datetime]
    _lanes: tuple[Lane, ...] = ()
    _stopping: bool = False

    def wake(self) -> None:
        """Something new may be due."""
        for lane in self._lanes:
            lane.woken.set()

    async def run(self) -> None:
        """For ever. When it is cancelled, what is being sent is finished and written down, the rest given back."""
        self._stopping = False
        self._lanes = self._empty_lanes()
        finished: Queue = asyncio.Queue()
        recorder = asyncio.create_task(self._record(finished))
        feeders = [asyncio.create_task(self._feed(lane, finished)) for lane in self._lanes]
        try:
            done, _ = await asyncio.wait({recorder, *feeders}, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            await self._wind_up(feeders, recorder, finished)

    def _empty_lanes(self) -> tuple[Lane, ...]:
        smtp, in_hand = self.settings.smtp, self.settings.sending.in_hand
        first = Limits(in_hand, smtp.connections, smtp.most_connections, smtp.patience_s)
        # Half of the connections at the most: what comes for the first time finds the other half.
        retried = replace(first, turns=_half(first.turns), under_way=_half(first.under_way))
        return Lane(first, again=False), Lane(retried, again=True)

    async def _wind_up(
        self, feeders: Sequence[asyncio.Task[None]], recorder: asyncio.Task[None], finished: Queue
    ) -> None:
        self._stopping = True
        for lane, feeder in zip(self._lanes, feeders, strict=True):
            # In the middle of a claim nobody would know what was claimed.
            await end_tasks([feeder], again_s=_CANCEL_AGAIN_S, between=lane.claiming)
        for lane in self._lanes:
            await lane.all_sent()
        finished.put_nowait(None)
        # While MongoDB is away the recorder would wait for ever.
        await asyncio.wait({recorder}, timeout=_LAST_WORDS_S)
        await end_tasks([recorder], again_s=_CANCEL_AGAIN_S)
        await self.server.close()

    async def _feed(self, lane: Lane, finished: Queue) -> None:
        while True:
            await self.server.usable()
            await lane.room()
            lane.woken.clear()
            if await patiently(lambda: self._claim(lane, finished)):
                await asyncio.sleep(REST_S)
                await self._until_due(lane)

    async def _claim(self, lane: Lane, finished: Queue) -> bool:
        """Pick up what is due; returns whether that was all of it."""
        async with lane.claiming:
            share = lane.share()
            claimed = await self.store.deliveries.claim(share, self.now(), self.settings.sending.lease)
            contacts = await self.store.contacts.read({one.delivery.ticket for one in claimed})
            for one in claimed:
                lane.pick_up(one, self._deliver(lane, one, contacts[one.delivery.ticket], finished))
        return len(claimed) < share.limit

    async def _until_due(self, lane: Lane) -> None:
        if lane.woken.is_set():
            return
        due = await patiently(lambda: self.store.deliveries.next_due(lane.share()))
        longest = self.settings.sending.look_every
        wait = longest if due is None else min(longest, due - self.now())
        with suppress(TimeoutError):
            async with asyncio.timeout(max(0.0, wait.total_seconds())):
                await lane.woken.wait()

    async def _deliver(self, lane: Lane, claimed: Claimed, contact: Contact, finished: Queue) -> None:
        step = await lane.in_turn(claimed, lambda: self._step(claimed, contact))
        record = None
        if isinstance(step, Delivered | Failed | Suppressed):
            delivery = claimed.delivery
            record = to_record(NOTICES, notice(delivery, step, self.now()), delivery.trace)
        finished.put_nowait((lane, Finished(claimed, step, record)))

    async def _step(self, claimed: Claimed, contact: Contact) -> Step:
        delivery, at = claimed.delivery, self.now()
        try:
            verdict = judge(delivery, contact, at, self.rules)
            if not isinstance(verdict, Ready):
                return verdict
            answer = await self._send(claimed, contact, at)
        except NoAddress:
            return Suppressed("no_address")
        except UnusableAddress:
            return Failed(delivery.attempts, "unusable_address")
        except Exception as error:  # noqa: BLE001 - a fault with one delivery must hold up no other
            # No traceback: its last line may quote what could not be handled.
            log.error("delivery_broke", delivery=str(delivery.id), error=type(error).__name__)  # noqa: TRY400
            answer = Refused("internal", for_good=False)
        return self._after(delivery, answer)

    async def _send(self, claimed: Claimed, contact: Contact, at: datetime) -> Answer:
        mail = self.letters.write(claimed.delivery, contact, at)
        needed = timedelta(seconds=self.settings.smtp.timeout_s) * _SENDS_IN_A_LEASE
        if self._stopping or at + needed > claimed.until:
            return NotTried()
        return await self.server.send(mail)

    def _after(self, delivery: Delivery, answer: Answer) -> Step:
        if isinstance(answer, Refused) and not answer.for_good:
            RETRIES.labels(SERVICE, answer.reason).inc()
        return after(delivery, answer, self.now(), self.rules, jitter=random.random())  # noqa: S311 - no secret

    async def _record(self, finished: Queue) -> None:
        while True:
            batch = [await finished.get()]
            while not finished.empty():
                batch.append(finished.get_nowait())
            await self._write_down([one for one in batch if one is not None])
            if None in batch:
                return

    async def _write_down(self, finished: Sequence[tuple[Lane, Finished]]) -> None:
        results = [result for _, result in finished]
        all_ours = await patiently(lambda: self.store.deliveries.finish(results, self.now()))
        told = {str(one.claimed.delivery.id): [one.record] for one in results if one.record}
        if told and all_ours:
            # Otherwise a lease ran out and another replica was faster; the sweep publishes what was really written.
            self.relay.queue(told)
        for lane, one in finished:
            lane.put_down(one.claimed)
            if isinstance(one.step, Delivered | Failed | Suppressed):
                count_outcome(one.claimed.delivery, one.step)
        if any(isinstance(one.step, Again) for one in results):
            self.wake()


def _half(number: int) -> int:
    return max(1, number // 2)
