"""How often a tracking code may be wrong."""

import time
from collections import OrderedDict
from collections.abc import Callable
from math import ceil
from typing import Final

MOST_TRIES: Final = 10
WINDOW_S: Final = 3600.0
_MOST_TICKETS: Final = 20_000


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
