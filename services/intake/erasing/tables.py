"""Millions of tickets in little memory: numbers in a row instead of objects."""

from array import array
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Final

import numpy as np

from shared.ids import ALPHABET, check_character, parse_ticket

_DIGITS: Final = str.maketrans(ALPHABET, "0123456789abcdefghijklmnopqrstuv")
_BODY: Final = 13
_BYTES: Final = 9
_ROW: Final = np.dtype([("ticket", f"S{_BYTES}"), ("order", "<u4"), ("at", "<u4")])
_HIGHEST: Final = 2**32 - 1
_PREFIX: Final = "NTB-"


class Moments:
    """At most one moment a ticket, to the second; 17 bytes each. First everything is put in, then it is asked."""

    def __init__(self) -> None:
        self._put = bytearray()
        self._rows: np.ndarray = np.empty(0, _ROW)

    def put(self, ticket: str, order: int, at: datetime | None) -> None:
        """Of a ticket the highest order counts, whenever it comes; None: it has no moment any more."""
        order = min(order, _HIGHEST)
        self._put += packed(ticket) + order.to_bytes(4, "little") + _seconds(at).to_bytes(4, "little")

    def settle(self) -> None:
        """Call it before asking."""
        rows = np.frombuffer(self._put, _ROW)
        self._put = bytearray()
        rows = rows[np.lexsort((rows["order"], rows["ticket"]))]
        is_last = np.ones(len(rows), bool)
        is_last[:-1] = rows["ticket"][1:] != rows["ticket"][:-1]
        self._rows = rows[is_last]

    def of(self, tickets: Sequence[str]) -> list[datetime | None]:
        """In the same order."""
        if not tickets or not len(self._rows):
            return [None] * len(tickets)
        wanted = np.array([packed(ticket) for ticket in tickets], f"S{_BYTES}")
        places = np.minimum(np.searchsorted(self._rows["ticket"], wanted), len(self._rows) - 1)
        found = self._rows[places]
        seconds = np.where(found["ticket"] == wanted, found["at"], 0)
        return [_moment(int(second)) for second in seconds]

    def until(self, moment: datetime) -> Iterator[str]:
        """Tickets whose moment is not after this one."""
        rows = self._rows[(self._rows["at"] > 0) & (self._rows["at"] <= _seconds(moment))]
        for ticket in rows["ticket"]:
            yield unpacked(bytes(ticket))


class Names:
    """Which names there are, 8 bytes each. One that is not there is said to be with a chance of one in 10^12."""

    def __init__(self) -> None:
        self._put = array("Q")
        self._sorted: np.ndarray = np.empty(0, np.uint64)

    def put(self, name: str) -> None:
        self._put.append(_hashed(name))

    def settle(self) -> None:
        """Call it before asking."""
        self._sorted, self._put = np.sort(np.frombuffer(self._put, np.uint64)), array("Q")

    def has(self, names: Sequence[str]) -> list[bool]:
        """In the same order."""
        if not names or not len(self._sorted):
            return [False] * len(names)
        wanted = np.array([_hashed(name) for name in names], np.uint64)
        places = np.minimum(np.searchsorted(self._sorted, wanted), len(self._sorted) - 1)
        return list(map(bool, self._sorted[places] == wanted))


def packed(ticket: str) -> bytes:
    """The ticket without its check character, which follows from the rest."""
    body = ticket.removeprefix(_PREFIX).replace("-", "")[:_BODY]
    return int(body.translate(_DIGITS), len(ALPHABET)).to_bytes(_BYTES)


def unpacked(number: bytes) -> str:
    """NumPy leaves out zeros at the end."""
    left, letters = int.from_bytes(number.ljust(_BYTES, b"\0")), list[str]()
    for _ in range(_BODY):
        left, digit = divmod(left, len(ALPHABET))
        letters.append(ALPHABET[digit])
    body = "".join(reversed(letters))
    return parse_ticket(f"{body}{check_character(body)}")


def _hashed(name: str) -> int:
    return int.from_bytes(blake2b(name.encode(), digest_size=8).digest())


def _seconds(moment: datetime | None) -> int:
    return 0 if moment is None else max(1, min(int(moment.timestamp()), _HIGHEST))


def _moment(seconds: int) -> datetime | None:
    return datetime.fromtimestamp(seconds, UTC) if seconds else None
