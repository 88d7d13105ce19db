"""Out of the house: addresses that are due are claimed, worked off one message after another, and given back."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Final

from services.notification.lanes import Lane, Limits
from services.notification.patience import patiently
from services.notification.queueing import Queueing
from services.notification.recording import Recorder
from services.notification.settings import SendingSettings
from services.notification.store import Claimed, Share
from services.notification.tools import Tools, Way
from services.notification.working import AddressWork
from shared.tasks import end_tasks
from shared.traces import NO_SPANS, Spans

_LAST_WORDS_S: Final = 10.0
_CANCEL_AGAIN_S: Final = 0.5
REST_S: Final = 0.1
"""A message may be so much later: what comes meanwhile costs the database no more than the first of it."""


@dataclass
class Sender:
    """One per channel and replica; any number of replicas share the work."""

    way: Way
    queueing: Queueing
    settings: SendingSettings
    now: Callable[[], datetime]
    spans: Spans = NO_SPANS
    _lanes: tuple[Lane, ...] = ()
    _stopping: bool = False

    def wake(self) -> None:
        """Something new may be due. What was put off has its own time."""
        self._released(again=False)

    def _released(self, again: bool) -> None:  # noqa: FBT001 - as it is told
        for lane in self._lanes:
            if lane.again is again:
                lane.woken.set()

    async def run(self) -> None:
        """For ever. When it is cancelled, what is being sent is finished and written down, the rest given back."""
        self._stopping = False
        self._lanes = self._empty_lanes()
        recorder = Recorder(self.queueing, self.now)
        recording = asyncio.create_task(recorder.run())
        feeders = [asyncio.create_task(self._feed(lane, recorder)) for lane in self._lanes]
        try:
            done, _ = await asyncio.wait({recording, *feeders}, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            await self._wind_up(feeders, recording, recorder)

    def _empty_lanes(self) -> tuple[Lane, ...]:
        limits, in_hand = self.way.limits, self.settings.in_hand
        first = Limits(in_hand, limits.connections, limits.most_connections, limits.patience_s)
        # Half of the connections at the most: what comes for the first time finds the other half.
        retried = replace(first, turns=_half(first.turns), under_way=_half(first.under_way))
        return Lane(first, again=False), Lane(retried, again=True)

    async def _wind_up(
        self, feeders: Sequence[asyncio.Task[None]], recording: asyncio.Task[None], recorder: Recorder
    ) -> None:
        self._stopping = True
        for lane, feeder in zip(self._lanes, feeders, strict=True):
            # In the middle of a claim nobody would know what was claimed.
            await end_tasks([feeder], again_s=_CANCEL_AGAIN_S, between=lane.claiming)
        # While MongoDB is away nothing could be written down.
        await asyncio.gather(*(lane.all_done(_LAST_WORDS_S) for lane in self._lanes))
        recorder.end()
        await asyncio.wait({recording}, timeout=_LAST_WORDS_S)
        await end_tasks([recording], again_s=_CANCEL_AGAIN_S)

    async def _feed(self, lane: Lane, recorder: Recorder) -> None:
        while True:
            await self.way.outlet.usable()
            await lane.room()
            lane.woken.clear()
            claimed: list[Claimed] = []
            if await patiently(partial(self._claim, lane, recorder, claimed)):
                await asyncio.sleep(REST_S)
                await self._until_due(lane)

    def _share(self, lane: Lane) -> Share:
        return Share(self.way.channel, lane.again, lane.free, lane.in_hand)

    async def _claim(self, lane: Lane, recorder: Recorder, claimed: list[Claimed]) -> bool:
        """Pick up what is due; returns whether that was all of it.

        `claimed`: what was claimed before the database went away in the middle. It is ours already.
        """
        store = self.queueing.store
        async with lane.claiming:
            at, share = self.now(), self._share(lane)
            claimed += [] if claimed else await store.addresses.claim(share, at, self.settings.lease)
            if claimed:
                tools = Tools(self.way, self.queueing, self.now, lambda: self._stopping, self._released, self.spans)
                queues = await store.deliveries.queues([one.address.id for one in claimed], at)
                known = await self.queueing.sources.read(
                    delivery for queue in queues.values() for delivery in queue.due
                )
                for one in claimed:
                    work = AddressWork(tools, lane, recorder, one, queues[one.address.id], known, at)
                    lane.pick_up(one.address.id, work.run())
        return len(claimed) < share.limit

    async def _until_due(self, lane: Lane) -> None:
        if lane.woken.is_set():
            return
        due = await patiently(lambda: self.queueing.store.addresses.next_due(self._share(lane)))
        longest = self.settings.look_every
        wait = longest if due is None else min(longest, due - self.now())
        with suppress(TimeoutError):
            async with asyncio.timeout(max(0.0, wait.total_seconds())):
                await lane.woken.wait()


def _half(number: int) -> int:
    return max(1, number // 2)
