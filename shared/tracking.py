"""Whether a tracking code is right, and how often it may be wrong."""

import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from math import ceil
from typing import Final

from shared.ids import subject_code_fits, tracking_code_fits
from shared.problems import Problem

MOST_TRIES: Final = 10
WINDOW_S: Final = 3600.0
_MOST_TICKETS: Final = 20_000


class CodeCheck:
    """Checks codes in this process, without a database."""

    def __init__(self, keys: Mapping[str, bytes], headers: Mapping[str, str] | None = None) -> None:
        self._keys = keys
        self._headers = dict(headers or {})
        """Of every refusal."""
        self._tries = Tries()

    def check(self, ticket: str, code: str) -> bool:
        """Return whether it is the code of the person concerned, for whom somebody else filed the complaint.

        Raises a 403 or 429 Problem for a wrong code; a right one is accepted however many wrong ones came before.

        Anyone can send wrong codes for a public ticket, so a lock that held for the right one too would shut out the
        reporter as often as anyone liked. It would protect nothing either: 55 bits of HMAC are not guessed, and
        whoever could send the right code would not be guessing.
        """
        if tracking_code_fits(self._keys, ticket, code):
            return False
        if subject_code_fits(self._keys, ticket, code):
            return True
        locked = self._tries.seconds_locked(ticket)
        if locked:
            detail = f"{MOST_TRIES} wrong codes within an hour; please try again later."
            raise Problem(429, "Too many wrong codes", detail, headers=self._headers | {"Retry-After": str(locked)})
        self._tries.note_wrong(ticket)
        detail = "Compare it with the one on your receipt."
        raise Problem(403, "The tracking code does not fit", detail, headers=self._headers)


class Tries:
    """Counts wrong codes by ticket, each for an hour from its first, in this process. Memory is bounded."""

    def __init__(self, clock: Callable[[], float] = time.monotonic, most_tickets: int = _MOST_TICKETS) -> None:
        self._clock = clock
        self._most_tickets = most_tickets
        self._wrong: OrderedDict[str, tuple[float, int]] = OrderedDict()
        """Beginning and number by ticket, the oldest beginning first."""

    def seconds_locked(self, ticket: str) -> int:
        """How long further wrong codes are refused unanswered; 0: they are told that they are wrong."""
        began, number = self._current(ticket)
        return ceil(began + WINDOW_S - self._clock()) if number >= MOST_TRIES else 0

    def note_wrong(self, ticket: str) -> None:
        began, number = self._current(ticket)
        self._wrong[ticket] = began, number + 1
        if len(self._wrong) > self._most_tickets:
            self._wrong.popitem(last=False)

    def _current(self, ticket: str) -> tuple[float, int]:
        now = self._clock()
        began, number = self._wrong.get(ticket, (now, 0))
        if now - began < WINDOW_S:
            return began, number
        del self._wrong[ticket]
        return now, 0
