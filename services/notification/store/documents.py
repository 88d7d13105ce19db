"""Deliveries as documents."""

from dataclasses import asdict
from typing import Any
from uuid import UUID

from services.notification.domain.deliveries import CaseFacts, Delivery, Due, State
from services.notification.domain.kinds import parse_kind
from services.notification.domain.timing import Pace
from shared.events.case import PromiseKind
from shared.events.event import Language, Urgency
from shared.events.notices import Channel, Recipient
from shared.mongo import Document

_AS_THEY_ARE = (
    *("ticket", "agency", "occurred_at", "words", "created_at", "sequence", "told"),
    *("to", "gathered", "position", "ready_at", "body", "trace", "attempts", "again", "message"),
)


def to_document(delivery: Delivery) -> Document:
    """A new delivery, which waits."""
    facts = delivery.facts
    known = {name: value for name in _AS_THEY_ARE if (value := getattr(delivery, name)) is not None}
    return known | {
        "_id": str(delivery.id),
        "kind": delivery.kind.value,
        "recipient": delivery.recipient.value,
        "cause": str(delivery.cause),
        "channel": delivery.channel.value if delivery.channel else None,
        "pace": delivery.pace.value,
        "detail": dict(delivery.detail),
        "facts": asdict(facts)
        | {
            "urgency": facts.urgency.value,
            "language": facts.language.value,
            "due": [{"kind": due.kind.value, "at": due.at} for due in facts.due],
        },
        "state": State.WAITING.value,
    }


def to_delivery(stored: Document) -> Delivery:
    known: dict[str, Any] = {"agency": None, "words": None}
    known |= {name: stored[name] for name in _AS_THEY_ARE if name in stored}
    known |= {
        "id": UUID(stored["_id"]),
        "kind": parse_kind(stored["kind"]),
        "recipient": Recipient(stored["recipient"]),
        "cause": UUID(stored["cause"]),
        "channel": Channel(stored["channel"]) if stored["channel"] else None,
        "pace": Pace(stored["pace"]),
        "detail": stored["detail"],
        "facts": _facts(stored["facts"]),
    }
    return Delivery(**known)


def _facts(stored: Document) -> CaseFacts:
    return CaseFacts(
        category=stored["category"],
        region=stored["region"],
        urgency=Urgency(stored["urgency"]),
        language=Language(stored["language"]),
        received_at=stored["received_at"],
        anonymous=stored["anonymous"],
        confidential=stored["confidential"],
        historical=stored["historical"],
        due=tuple(Due(PromiseKind(due["kind"]), due["at"]) for due in stored["due"]),
    )
