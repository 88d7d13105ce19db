"""What gateways say later of the messages that they took."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from services.notification.domain.addresses import address_id
from services.notification.domain.attempts import Delivered, Failed, notice
from services.notification.domain.deliveries import Delivery, State
from services.notification.domain.following import address_on
from services.notification.domain.judging import instead
from services.notification.domain.receipts import Receipt, Reply, Wish
from services.notification.domain.rounds import ALL
from services.notification.metrics import count_outcome
from services.notification.queueing import Queueing
from services.notification.store import Finished
from shared.events.notices import Channel
from shared.records import to_record
from shared.topics import NOTICES

_UNTOLD = "undeliverable"


@dataclass(frozen=True, slots=True)
class Arriving:
    """Taking a receipt twice is taking it once."""

    queueing: Queueing
    now: Callable[[], datetime]

    async def take(self, receipts: Sequence[Receipt]) -> bool:
        """False: a message is not marked as sent yet, so the gateway must say it again."""
        at, store = self.now(), self.queueing.store
        known = await store.deliveries.sent_as({receipt.reference for receipt in receipts})
        finished = [
            self._finished(one.delivery, receipt, at)
            for receipt in receipts
            for one in known.get(receipt.reference, ())
            if one.state is State.SENT
        ]
        await self._instead([one for one in finished if isinstance(one.step, Failed)])
        if await store.deliveries.arrive(finished, at):
            # Otherwise something else was said of one of them before; then the sweep publishes what was really written.
            self.queueing.relay.queue({str(one.delivery.id): [one.record] for one in finished if one.record})
        for one in finished:
            if isinstance(one.step, Delivered | Failed):
                count_outcome(one.delivery, one.step)
        if any(one.state is State.QUEUED for open_ in known.values() for one in open_):
            return False
        unknown = [receipt.reference for receipt in receipts if receipt.reference not in known]
        return not await store.deliveries.open_of((), unknown)

    async def heed(self, channel: Channel, replies: Sequence[Reply]) -> None:
        """Stop or go on with what the law does not want, as the owner of the number wishes."""
        addresses, secret = self.queueing.store.addresses, self.queueing.rules.address_secret
        for reply in replies:
            number = address_on(channel, reply.number) or reply.number
            address = address_id(secret, channel, number)
            if reply.wish is Wish.START:
                await addresses.start(address)
                continue
            await addresses.stop(address, ALL)
            # A text has no link to leave by.
            await self.queueing.store.subscriptions.leave_all(address)

    def _finished(self, delivery: Delivery, receipt: Receipt, at: datetime) -> Finished:
        failed = Failed(delivery.attempts, receipt.reason or _UNTOLD)
        step = Delivered(delivery.attempts) if receipt.arrived else failed
        record = to_record(NOTICES, notice(delivery, step, at), delivery.trace) if delivery.is_told_of else None
        return Finished(delivery, step, record=record)

    async def _instead(self, failed: Sequence[Finished]) -> None:
        known = await self.queueing.sources.read(one.delivery for one in failed)
        others = [instead(one.delivery, known[one.delivery.id], self.queueing.rules) for one in failed]
        await self.queueing.add([other for other in others if other is not None])
