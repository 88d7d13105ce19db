"""Cursors: where a page ended, opaque to whoever sends it back."""

import base64
import binascii
import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from shared.ids import parse_ticket
from shared.problems import field_problem

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND: Final = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page ended: the moment by which the list is sorted, in whole milliseconds, and the ticket."""

    at: datetime
    ticket: str


def write_cursor(place: Place) -> str:
    values = json.dumps([(place.at - _EPOCH) // _MILLISECOND, place.ticket])
    return base64.urlsafe_b64encode(values.encode()).decode().rstrip("=")


def read_cursor(cursor: str) -> Place:
    """Raises a 422 Problem where it is none of ours."""
    try:
        milliseconds, ticket = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        return Place(_EPOCH + int(milliseconds) * _MILLISECOND, parse_ticket(ticket))
    except (binascii.Error, ValueError, TypeError, AttributeError, OverflowError):
        raise field_problem(("cursor", "is not a cursor of this list; take it from `next`")) from None
