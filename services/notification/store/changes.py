"""What is written of a decision about a delivery, or of what became of it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from services.notification.domain.attempts import Again, Delivered, Failed, Outcome, Sent, Step
from services.notification.domain.deliveries import Delivery, State
from services.notification.domain.judging import Ready, Suppressed, Verdict, Waits
from shared.mongo import Document
from shared.outbox import to_stored
from shared.records import Outgoing

_OPEN: Final = {"$in": [State.WAITING.value, State.QUEUED.value]}


@dataclass(frozen=True, slots=True)
class Settled:
    """What was decided of an open delivery; the record tells of it where it is final."""

    delivery: Delivery
    """As it is from now on: with channel and address where it is queued."""
    verdict: Verdict
    record: Outgoing | None = None
    seen: State = State.WAITING
    """The state that it was decided in: in another one it is not that decision's any more."""


@dataclass(frozen=True, slots=True)
class Finished:
    """What became of a delivery; the record tells of it where it is final."""

    delivery: Delivery
    step: Step
    message: str = ""
    """Id of what went out: that of the first of those that went together."""
    record: Outgoing | None = None
    holds: bool = False
    """It was tried and put off: what is not urgent waits behind it."""


def settling(one: Settled, at: datetime) -> tuple[Document, Document]:
    this: Document = {"_id": str(one.delivery.id), "state": one.seen.value}
    match one.verdict:
        case Suppressed() as suppressed:
            return this | {"state": _OPEN}, _final(suppressed, one.record, at)
        case Waits(until=until):
            return this, {"$set": {"state": State.WAITING.value, "next_at": until}, "$unset": {"to": "", "message": ""}}
        case Ready(at=goes_at, gathered=gathered):
            delivery = one.delivery
            queued: Document = {
                "state": State.QUEUED.value,
                "next_at": goes_at,
                "ready_at": delivery.ready_at,
                "to": delivery.to,
                "channel": delivery.channel.value if delivery.channel else None,
                "gathered": gathered,
            }
            return this, {"$set": queued, "$unset": {"message": ""}}


def step_of(one: Finished, at: datetime) -> Document:
    match one.step:
        case Again(at=next_at, attempts=attempts):
            put_off: Document = {"$set": {"next_at": next_at, "attempts": attempts, "holds": one.holds}}
            # It never went out: whatever else comes may go with it.
            return put_off if attempts else put_off | {"$unset": {"message": ""}}
        case outcome:
            return _final(outcome, one.record, at, one.message)


def _final(outcome: Outcome, record: Outgoing | None, at: datetime, message: str = "") -> Document:
    done: Document = {"done_at": at}
    match outcome:
        case Sent(attempts=attempts):
            done |= {"state": State.SENT.value, "attempts": attempts}
        case Delivered(attempts=attempts):
            done |= {"state": State.DELIVERED.value, "attempts": attempts}
        case Failed(attempts=attempts, reason=reason):
            done |= {"state": State.FAILED.value, "attempts": attempts, "reason": reason}
        case Suppressed(reason=reason):
            done |= {"state": State.SUPPRESSED.value, "reason": reason}
    if message:
        done["message"] = message
    announced: Document = {"$push": {"outbox": to_stored(record)}} if record is not None else {}
    return {"$set": done, "$unset": {"next_at": ""}} | announced
