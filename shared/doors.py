"""Under what an e-mail address or a telephone number is known where it must not be known itself."""

import hashlib
import hmac
import re
from typing import Final

_NATIONAL: Final = re.compile(r"(?:0|62)(8\d{7,12})")
_BETWEEN: Final = str.maketrans("", "", " -.()")


def contact_digest(key: bytes, address: str) -> str:
    """The same for every way of writing it that reaches the same person: case, and blanks and dashes in numbers.

    A number without a country is Indonesian. Hexadecimal, 32 characters.
    """
    return hmac.digest(key, _usual(address).encode(), hashlib.sha256).hex()[:32]


def _usual(address: str) -> str:
    if address[:1] == "+" and address[1:].isdigit():
        return address
    entered = address.strip().lower()
    if "@" in entered:
        return entered
    number = entered.translate(_BETWEEN)
    national = _NATIONAL.fullmatch(number)
    return f"+62{national[1]}" if national else number
