"""Deliveries as documents."""

from dataclasses import asdict
from datetime import datetime
from uuid import UUID

from services.notification.domain.deliveries import CaseFacts, Delivery, Due, State
from shared.events.case import PromiseKind
from shared.events.event import Language, Urgency
from shared.events.notices import NoticeKind, Recipient
from shared.mongo import Document


def to_document(delivery: Delivery) -> Document:
    """A new delivery. `again` says whether it was tried before; `next_at` is set while there is something to do."""
    facts = delivery.facts
    return {
        "_id": str(delivery.id),
        "ticket": delivery.ticket,
        "kind": delivery.kind.value,
        "recipient": delivery.recipient.value,
        "agency": delivery.agency,
        "cause": str(delivery.cause),
        "occurred_at": delivery.occurred_at,
        "facts": asdict(facts)
        | {
            "urgency": facts.urgency.value,
            "language": facts.language.value,
            "due": [{"kind": due.kind.value, "at": due.at} for due in facts.due],
        },
        "words": delivery.words,
        "created_at": delivery.created_at,
        "trace": delivery.trace,
        "attempts": delivery.attempts,
        "state": State.WAITING.value,
        "again": False,
        "claims": 0,
    }


def to_delivery(stored: Document) -> Delivery:
    ready_at: datetime | None = stored.get("ready_at")
    return Delivery(
        id=UUID(stored["_id"]),
        ticket=stored["ticket"],
        kind=NoticeKind(stored["kind"]),
        recipient=Recipient(stored["recipient"]),
        agency=stored["agency"],
        cause=UUID(stored["cause"]),
        occurred_at=stored["occurred_at"],
        facts=_facts(stored["facts"]),
        words=stored["words"],
        created_at=stored["created_at"],
        ready_at=ready_at,
        trace=stored["trace"],
        attempts=stored["attempts"],
    )


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
