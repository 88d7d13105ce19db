"""What gateways tell later: whether a message that they took has arrived."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, cast

from services.notification.domain.cloud_errors import word_for

_LONGEST_REFERENCE: Final = 200
_FAILED: Final = "undeliverable"
REASONS: Final = frozenset(
    {
        *("blocked", "expired", "opted_out", "rejected"),
        *("too_long", "undeliverable", "unknown_recipient", "unreachable"),
    }
)
"""What a gateway may give as the reason; any other is told as `undeliverable`."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of one message."""

    reference: str
    """Of the message, as it was sent with it."""
    arrived: bool
    reason: str | None = None
    """An enumerated word; None where it arrived."""


class Wish(StrEnum):
    """What somebody wants who answers a message."""

    STOP = "stop"
    START = "start"
    CONFIRM = "confirm"
    """The number is theirs."""


_ONE_OF: Final = {"statuses": "A status", "messages": "A message"}
_WISHES: Final[Mapping[str, Wish]] = {
    **dict.fromkeys(("stop", "berhenti", "henti", "unsubscribe", "stopall"), Wish.STOP),
    **dict.fromkeys(("start", "mulai", "lanjut"), Wish.START),
    **dict.fromkeys(("ya", "iya", "yes"), Wish.CONFIRM),
}


@dataclass(frozen=True, slots=True)
class Reply:
    """Somebody answered a message. What else they wrote is not kept."""

    number: str
    """E.164."""
    wish: Wish


def read_gateway_receipts(body: bytes) -> list[Receipt]:
    """`{"receipts": [{"reference": …, "status": "delivered" | "failed" | "sent", "reason": …}]}`. Raises ValueError."""
    said = _object(_json(body), "The body")
    told = _list(said.get("receipts", [] if "replies" in said else None), "`receipts`")
    found = [_gateway_receipt(_object(one, "A receipt")) for one in told]
    return [receipt for receipt in found if receipt is not None]


def read_cloud_receipts(body: bytes) -> list[Receipt]:
    """Statuses of WhatsApp's Cloud API. What else it tells, and of messages that are not ours, is passed over.

    Raises ValueError.
    """
    return [receipt for status in _of_cloud(_json(body), "statuses") if (receipt := _cloud_receipt(status)) is not None]


def read_gateway_replies(body: bytes) -> list[Reply]:
    """`{"replies": [{"from": "+62…", "text": "STOP"}]}`: those that wish something. Raises ValueError."""
    told = _list(_object(_json(body), "The body").get("replies", []), "`replies`")
    return list(_wishes((one.get("from"), one.get("text")) for one in (_object(one, "A reply") for one in told)))


def read_cloud_replies(body: bytes) -> list[Reply]:
    """What people wrote to our number on WhatsApp: those that wish something. Raises ValueError."""
    return list(
        _wishes(
            (f"+{message.get('from')}", _object(message.get("text", {}), "`text`").get("body"))
            for message in _of_cloud(_json(body), "messages")
        )
    )


def _wishes(replies: Iterable[tuple[Any, Any]]) -> Iterator[Reply]:
    for number, text in replies:
        wish = _WISHES.get(str(text).strip().strip(".!").casefold())
        if wish is not None and isinstance(number, str):
            yield Reply(number, wish)


def _gateway_receipt(told: Mapping[str, Any]) -> Receipt | None:
    reference = _reference(told.get("reference"))
    match told.get("status"):
        case "delivered":
            return Receipt(reference, arrived=True)
        case "failed":
            reason = str(told.get("reason"))
            return Receipt(reference, arrived=False, reason=reason if reason in REASONS else _FAILED)
        case "sent":
            return None
        case _:
            raise ValueError("The status of a receipt must be `delivered`, `failed` or `sent`.")


def _cloud_receipt(status: Mapping[str, Any]) -> Receipt | None:
    reference = status.get("biz_opaque_callback_data")
    if not reference:
        return None
    match status.get("status"):
        case "delivered" | "read":
            return Receipt(_reference(reference), arrived=True)
        case "failed":
            errors = _list(status.get("errors", []), "`errors`")
            code = _object(errors[0], "An error").get("code") if errors else None
            return Receipt(_reference(reference), arrived=False, reason=word_for(code))
        case _:
            return None


def _of_cloud(told: Any, name: str) -> Iterator[Mapping[str, Any]]:
    for entry in _list(_object(told, "The body").get("entry"), "`entry`"):
        for change in _list(_object(entry, "An entry").get("changes"), "`changes`"):
            value = _object(_object(change, "A change").get("value", {}), "`value`")
            for one in _list(value.get(name, []), f"`{name}`"):
                yield _object(one, _ONE_OF[name])


def _json(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        raise ValueError("The body is not JSON.") from None


def _object(value: Any, what: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise ValueError(f"{what} must be an object.")  # noqa: TRY004 - one error for all that is malformed
    return cast("Mapping[str, Any]", value)


def _list(value: Any, what: str) -> Sequence[Any]:
    if not isinstance(value, list):
        raise ValueError(f"{what} must be a list.")  # noqa: TRY004 - as above
    return cast("Sequence[Any]", value)


def _reference(value: Any) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= _LONGEST_REFERENCE:
        raise ValueError(f"A reference must be a text of 1 to {_LONGEST_REFERENCE} characters.")
    return value
