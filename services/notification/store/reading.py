"""Deliveries that this version can read."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Final

import structlog

from services.notification.domain.deliveries import Delivery
from services.notification.store.documents import to_delivery
from shared.mongo import Collection, Document

log = structlog.get_logger(__name__)

UNREADABLE: Final = "unreadable"
"""The field of what was passed over."""
_LEFT_TO_OTHERS: Final = timedelta(minutes=1)


async def readable(collection: Collection, documents: Iterable[Document]) -> list[Delivery]:
    """What only another version can read is left to it for a while, so that it holds up nobody here."""
    found: list[Delivery] = []
    for stored in documents:
        try:
            found.append(to_delivery(stored))
        except (KeyError, TypeError, ValueError) as error:
            log.error("delivery_unreadable", delivery=stored["_id"], error=type(error).__name__)  # noqa: TRY400
            later = {"$set": {"next_at": datetime.now(UTC) + _LEFT_TO_OTHERS, UNREADABLE: True}}
            await collection.update_one({"_id": stored["_id"], "next_at": {"$exists": True}}, later)
    return found
