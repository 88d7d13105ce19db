"""What became of deliveries, written down: many at once, each before its address is given back."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from services.notification.domain.attempts import Delivered, Failed, Sent, notice
from services.notification.domain.judging import Suppressed
from services.notification.metrics import count_outcome
from services.notification.patience import patiently
from services.notification.queueing import Queueing
from services.notification.store import Finished, Released
from shared.records import to_record
from shared.topics import NOTICES


class RecordingFailed(Exception):
    """It is not known whether it was written down; the address is taken over when its lease runs out."""


@dataclass
class _Entry:
    finished: Sequence[Finished]
    released: Released | None
    written: asyncio.Future[None]


@dataclass
class Recorder:
    """What comes while one batch is being written is the next one."""

    queueing: Queueing
    now: Callable[[], datetime]
    _broken: bool = False
    _waiting: "asyncio.Queue[_Entry | None]" = field(default_factory=asyncio.Queue[_Entry | None])

    async def write(self, finished: Sequence[Finished], released: Released | None = None) -> None:
        """Return when it is durable. Raises RecordingFailed."""
        if self._broken:
            raise RecordingFailed
        entry = _Entry([self._told(one) for one in finished], released, asyncio.get_running_loop().create_future())
        self._waiting.put_nowait(entry)
        await entry.written

    def end(self) -> None:
        """Write what came, and nothing more."""
        self._waiting.put_nowait(None)

    async def run(self) -> None:
        while True:
            batch = [await self._waiting.get()]
            while not self._waiting.empty():
                batch.append(self._waiting.get_nowait())
            entries = [entry for entry in batch if entry is not None]
            try:
                await self._write_down(entries)
            except BaseException:
                self._broken = True
                while not self._waiting.empty():
                    entries += filter(None, [self._waiting.get_nowait()])
                for entry in entries:
                    if not entry.written.done():
                        entry.written.set_exception(RecordingFailed())
                raise
            if None in batch:
                return

    async def _write_down(self, entries: Sequence[_Entry]) -> None:
        store, relay = self.queueing.store, self.queueing.relay
        finished = [one for entry in entries for one in entry.finished]
        released = [entry.released for entry in entries if entry.released is not None]
        all_open = await patiently(lambda: store.deliveries.finish(finished, self.now()))
        await patiently(lambda: store.addresses.release(released, self.now()))
        told = {str(one.delivery.id): [one.record] for one in finished if one.record}
        if told and all_open:
            # Otherwise a lease ran out and another replica was faster; the sweep publishes what was really written.
            relay.queue(told)
        for one in finished:
            if isinstance(one.step, Sent | Delivered | Failed | Suppressed):
                count_outcome(one.delivery, one.step)
        for entry in entries:
            if not entry.written.done():
                entry.written.set_result(None)

    def _told(self, one: Finished) -> Finished:
        delivery, step = one.delivery, one.step
        if isinstance(step, Sent | Delivered | Failed | Suppressed) and delivery.is_told_of:
            return replace(one, record=to_record(NOTICES, notice(delivery, step, self.now()), delivery.trace))
        return one
