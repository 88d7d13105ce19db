"""Tickets, tracking codes and event ids: pure functions, the same result in every service."""

import hashlib
import hmac
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Annotated, Final
from uuid import UUID, uuid5

from pydantic import AfterValidator

ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base 32: no I, L, O or U."""
NAMESPACE: Final = UUID("6f6b1d55-60f4-5b8e-9d5c-6e74622d6361")

_BODY, _PREFIX, _MODULUS = 13, "NTB", 37
_ISO_VALUES = {letter: value for value, letter in enumerate("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ")}
_LOOK_ALIKES = str.maketrans({"O": "0", "I": "1", "L": "1", "-": None, " ": None})
_CODE = 12
_PAIRS = tuple(low + high for high in ALPHABET for low in ALPHABET)
"""Two letters at once, the lower one first."""


@lru_cache(10_000)
def parse_ticket(entered: str) -> str:
    """Return the canonical `NTB-XXXX-XXXX-XXXX-XX`; case, dashes and look-alikes are forgiven.

    Raises ValueError where the length, a character or the check character is wrong.
    """
    letters = entered.strip().upper().translate(_LOOK_ALIKES)
    body = letters.removeprefix(_PREFIX) if len(letters) == _BODY + 1 + len(_PREFIX) else letters
    if len(body) != _BODY + 1 or any(letter not in ALPHABET for letter in body):
        msg = "a ticket looks like NTB-XXXX-XXXX-XXXX-XX"
        raise ValueError(msg)
    if check_character(body[:_BODY]) != body[_BODY]:
        msg = "the ticket's check character does not fit: please compare it again"
        raise ValueError(msg)
    return _dashed(body)


Ticket = Annotated[str, AfterValidator(parse_ticket)]


def check_character(body: str) -> str | None:
    """ISO 7064 Mod 37,2 over the 13 characters; None where it lies outside the alphabet."""
    product = 0
    for letter in body:
        product = (product + _ISO_VALUES[letter]) * 2 % _MODULUS
    value = (1 - product) % _MODULUS
    return next((letter for letter in ALPHABET if _ISO_VALUES[letter] == value), None)


def draw_ticket(secret: bytes, client: str, key: UUID) -> str:
    """The one ticket of a client's `Idempotency-Key`: hashed again until its check character fits."""
    counter = 0
    while True:
        body = _base32(_digest(secret, f"{client}\n{key}\n{counter}"), _BODY)
        check = check_character(body)
        if check is not None:
            return _dashed(body + check)
        counter += 1


def tracking_code(secrets: Mapping[str, bytes], key_id: str, ticket: str) -> str:
    """A key id (one character of the alphabet) and 55 bits of HMAC over the ticket, as `XXXX-XXXX-XXXX`."""
    return _code(secrets, key_id, f"tracking\n{ticket}")


def subject_code(secrets: Mapping[str, bytes], key_id: str, ticket: str) -> str:
    """The second code of a complaint that somebody filed for somebody else: the one of the person concerned."""
    return _code(secrets, key_id, f"subject\n{ticket}")


def tracking_code_fits(secrets: Mapping[str, bytes], ticket: str, entered: str) -> bool:
    """Whether the code is the one that whoever filed the complaint has, compared in constant time."""
    return _fits(secrets, ticket, entered, tracking_code)


def subject_code_fits(secrets: Mapping[str, bytes], ticket: str, entered: str) -> bool:
    """Whether it is that of the person concerned, compared in constant time."""
    return _fits(secrets, ticket, entered, subject_code)


def follow_id(cause: UUID, step: str) -> UUID:
    """The id of an event that has a cause: doing a step twice yields the same event."""
    return uuid5(cause, step)


def named_id(*parts: object) -> UUID:
    """The id of a thing that has no causing event, from what identifies it."""
    return uuid5(NAMESPACE, "\n".join(str(part) for part in parts))


_Make = Callable[[Mapping[str, bytes], str, str], str]


def _code(secrets: Mapping[str, bytes], key_id: str, message: str) -> str:
    code = key_id + _base32(_digest(secrets[key_id], message), _CODE - 1)
    return "-".join(code[start : start + 4] for start in range(0, _CODE, 4))


def _fits(secrets: Mapping[str, bytes], ticket: str, entered: str, make: _Make) -> bool:
    code = entered.strip().upper().translate(_LOOK_ALIKES)
    if len(code) != _CODE or not code.isascii():
        return False
    known = code[0] if code[0] in secrets else next(iter(secrets))
    return hmac.compare_digest(make(secrets, known, ticket).replace("-", ""), code)


def _digest(secret: bytes, message: str) -> int:
    return int.from_bytes(hmac.digest(secret, message.encode(), hashlib.sha256))


def _base32(number: int, length: int) -> str:
    """The lowest letter first."""
    pairs = [_PAIRS[number >> shift & 1023] for shift in range(0, length * 5, 10)]
    return "".join(pairs)[:length]


def _dashed(body: str) -> str:
    return "-".join((_PREFIX, body[:4], body[4:8], body[8:12], body[12:]))
