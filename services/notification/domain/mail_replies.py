"""What a mail server's refusal is about: one recipient or mail, or all that we send, and whether for good. Pure.

Sources: RFC 5321, RFC 3463 and the registry of enhanced status codes that RFC 5248 made; what Exchange adds to them.
"""

import re
from dataclasses import dataclass
from typing import Final

_PERMANENT: Final = 500
_NOT_NOW: Final = frozenset({421, 452})
_NOT_AS_WE_ARE: Final = frozenset({500, 502, 503, 504, 521, 523, 530, 534, 535, 538})
"""It takes nothing from us, or not in this way: commands, sign-in, encryption."""
_STATUS: Final = re.compile(r"5\.(\d)\.(\d{1,3})\b")
_SENDER_REFUSED: Final = frozenset({7, 8})
_SYSTEM_OUT_OF_ORDER: Final = frozenset({1, 2, 5})
"""Not `5.3.4`, which is a message that is too big, nor `5.3.0`, which is said of anything."""
_RULES_OF_A_RECIPIENT: Final = frozenset({2, 17, 18, 19, 124, 133, 134, 136})
"""A list that not everybody may write to, a mailbox or a domain that has another owner."""
_ADDRESS: Final = re.compile(r"\S*@\S*")
_ABOUT_US: Final = re.compile(r"relay|rcpthosts|authenticat|sender|client host|encrypt|starttls", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Refusal:
    """What becomes of a message, and what it says of the server."""

    for_good: bool
    may_be_of_everybody: bool
    """Whether others would hear the same: the server, or how we use it, must be put right first."""


def read_refusal(code: int, said: str, *, of_content: bool) -> Refusal:
    """`said` begins with the enhanced status code where there is one; `of_content`: the recipient was taken before.

    What others would hear too is never for good, whatever the server says: nothing is lost until it is put right.
    """
    if code < _PERMANENT:
        return Refusal(for_good=False, may_be_of_everybody=code in _NOT_NOW or of_content)
    is_ours = _is_about_us(code, said)
    return Refusal(for_good=not is_ours, may_be_of_everybody=is_ours)


def _is_about_us(code: int, said: str) -> bool:
    status = _STATUS.match(said)
    if status is None:
        # An address may be called anything.
        return code in _NOT_AS_WE_ARE or _ABOUT_US.search(_ADDRESS.sub("", said)) is not None
    detail = int(status[2])
    match status[1]:
        case "1":
            return detail in _SENDER_REFUSED
        case "3":
            return detail in _SYSTEM_OUT_OF_ORDER
        case "7":
            return detail not in _RULES_OF_A_RECIPIENT
        case _:
            return code in _NOT_AS_WE_ARE
