"""What gateways say later of the messages that they took."""

from collections.abc import Callable, Mapping, Sequence
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
from services.notification.store import Finished, Open
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
        at, store, told = self.now(), self.queueing.store, _at_last(receipts)
        known = await store.deliveries.sent_as(told)
        finished = [
            self._finished(one.delivery, receipt, at)
            for reference, receipt in told.items()
            for one in known.get(reference, ())
            if one.state is State.SENT
        ]
        if await store.deliveries.arrive(finished, at):
            # Otherwise something else was said of one of them before; then the sweep publishes what was really written.
            self._announce(finished)
        await self._instead(await store.deliveries.sent_as([one for one in told if not told[one].arrived]))
        if any(one.state is State.QUEUED for open_ in known.values() for one in open_):
            return False
        return not await store.deliveries.open_of((), [reference for reference in told if reference not in known])

    async def heed(self, channel: Channel, replies: Sequence[Reply]) -> None:
        """Stop or go on with what the law does not want, as the owner of the number wishes, or know it as theirs."""
        store, secret = self.queueing.store, self.queueing.rules.address_secret
        for reply in replies:
            number = address_on(channel, reply.number) or reply.number
            address = address_id(secret, channel, number)
            match reply.wish:
                case Wish.START:
                    await store.addresses.start(address)
                case Wish.CONFIRM:
                    await store.confirm(address, self.now())
                case Wish.STOP:
                    await store.addresses.stop(address, ALL)
                    # A text has no link to leave by.
                    await store.subscriptions.leave_all(address)

    def _finished(self, delivery: Delivery, receipt: Receipt, at: datetime) -> Finished:
        failed = Failed(delivery.attempts, receipt.reason or _UNTOLD)
        step = Delivered(delivery.attempts) if receipt.arrived else failed
        record = to_record(NOTICES, notice(delivery, step, at), delivery.trace) if delivery.is_told_of else None
        return Finished(delivery, step, record=record)

    def _announce(self, finished: Sequence[Finished]) -> None:
        self.queueing.relay.queue({str(one.delivery.id): [one.record] for one in finished if one.record})
        for one in finished:
            if isinstance(one.step, Delivered | Failed):
                count_outcome(one.delivery, one.step)

    async def _instead(self, told: Mapping[str, Sequence[Open]]) -> None:
        """Only of what is written down as failed. If we die before it, the gateway has no answer, and says it again."""
        failed = [one.delivery for several in told.values() for one in several if one.state is State.FAILED]
        known, at = await self.queueing.sources.read(failed), self.now()
        others = [instead(one, known[one.id], at, self.queueing.rules) for one in failed]
        await self.queueing.add([other for other in others if other is not None])


def _at_last(receipts: Sequence[Receipt]) -> dict[str, Receipt]:
    """By reference: of what contradicts itself, that it arrived."""
    found: dict[str, Receipt] = {}
    for receipt in receipts:
        if receipt.arrived or receipt.reference not in found:
            found[receipt.reference] = receipt
    return found
