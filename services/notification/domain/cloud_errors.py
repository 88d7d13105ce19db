"""What the error codes of WhatsApp's Cloud API mean for a message.

Source: https://developers.facebook.com/docs/whatsapp/cloud-api/support/error-codes
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

UNKNOWN: Final = "other"
"""The word for a code that is not listed here."""


class Concern(StrEnum):
    """What an error is about."""

    RECIPIENT = "recipient"
    """This recipient, or this text, never gets through."""
    MESSAGE = "message"
    """This message, and perhaps only now."""
    LOAD = "load"
    """All of them: too many at once."""
    GATEWAY = "gateway"
    """All of them: the token, the account, the number or the template must be put right first."""


ERRORS: Final[Mapping[int, tuple[Concern, str]]] = {
    0: (Concern.GATEWAY, "token"),
    3: (Concern.GATEWAY, "permission"),
    4: (Concern.LOAD, "rate"),
    10: (Concern.GATEWAY, "permission"),
    33: (Concern.GATEWAY, "number"),
    190: (Concern.GATEWAY, "token"),
    368: (Concern.GATEWAY, "account"),
    80007: (Concern.LOAD, "rate"),
    130429: (Concern.LOAD, "rate"),
    130472: (Concern.RECIPIENT, "experiment"),
    130497: (Concern.RECIPIENT, "country"),
    131005: (Concern.GATEWAY, "permission"),
    131016: (Concern.LOAD, "overloaded"),
    131021: (Concern.RECIPIENT, "own_number"),
    131026: (Concern.RECIPIENT, "undeliverable"),
    131030: (Concern.RECIPIENT, "not_listed"),
    131031: (Concern.GATEWAY, "account"),
    131042: (Concern.GATEWAY, "payment"),
    131045: (Concern.GATEWAY, "number"),
    # It was taken for a message without a template.
    131047: (Concern.GATEWAY, "template"),
    131048: (Concern.LOAD, "spam_rate"),
    # For a day at least: the next way is quicker.
    131049: (Concern.RECIPIENT, "held_back"),
    131050: (Concern.RECIPIENT, "opted_out"),
    131056: (Concern.MESSAGE, "pair_rate"),
    131057: (Concern.GATEWAY, "maintenance"),
    132000: (Concern.GATEWAY, "template"),
    132001: (Concern.GATEWAY, "template"),
    132005: (Concern.RECIPIENT, "too_long"),
    132007: (Concern.GATEWAY, "template"),
    132015: (Concern.GATEWAY, "template"),
    132016: (Concern.GATEWAY, "template"),
    133010: (Concern.GATEWAY, "number"),
}


def word_for(code: object) -> str:
    """Of a message that failed later."""
    return ERRORS[code][1] if isinstance(code, int) and code in ERRORS else UNKNOWN
