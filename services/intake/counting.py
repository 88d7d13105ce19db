"""How often somebody asked, in the memory of this process: a storage for the `limits` library that stays small.

The library's own starts a thread every hundredth of a second, looks at all keys each time, and keeps as many as anyone
likes to send.
"""

import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import ceil

from limits import RateLimitItem, parse_many
from limits.storage import Storage
from limits.strategies import FixedWindowRateLimiter


class BoundedMemory(Storage):
    """Counters, each for one window from its first hit. Of too many the one that began first is forgotten."""

    STORAGE_SCHEME = None

    def __init__(self, most: int, clock: Callable[[], float] = time.time) -> None:
        super().__init__()
        self._most = most
        self._clock = clock
        self._counters: OrderedDict[str, tuple[float, int]] = OrderedDict()
        """When each ends, and its number; the oldest beginning first."""

    def __len__(self) -> int:
        return len(self._counters)

    @property
    def base_exceptions(self) -> type[Exception]:
        return ValueError

    def incr(self, key: str, expiry: float, amount: int = 1) -> int:
        now = self._clock()
        ends, number = self._counters.get(key, (0.0, 0))
        # A clock that was set back must not make a window longer.
        if not now < ends <= now + expiry:
            self._counters.pop(key, None)
            ends, number = now + expiry, 0
            self._make_room()
        number += amount
        self._counters[key] = ends, number
        return number

    def get(self, key: str) -> int:
        ends, number = self._counters.get(key, (0.0, 0))
        return number if self._clock() < ends else 0

    def get_expiry(self, key: str) -> float:
        return self._counters.get(key, (self._clock(), 0))[0]

    def check(self) -> bool:
        return True

    def reset(self) -> int:
        number = len(self._counters)
        self._counters.clear()
        return number

    def clear(self, key: str) -> None:
        self._counters.pop(key, None)

    def _make_room(self) -> None:
        if len(self._counters) >= self._most:
            self._counters.popitem(last=False)


@dataclass(frozen=True, slots=True)
class Reached:
    """A limit that was reached: so many within so many seconds."""

    amount: int
    window_s: int
    wait_s: int
    """Until there is room again; at least 1."""


class Counts:
    """Counts by name and by who. A hit that is refused counts too, but makes no window longer."""

    def __init__(self, most: int, clock: Callable[[], float] = time.time) -> None:
        self.memory = BoundedMemory(most, clock)
        self._clock = clock
        self._limiter = FixedWindowRateLimiter(self.memory)

    def hit(self, rates: Sequence[RateLimitItem], name: str, who: str) -> Reached | None:
        """The first limit that this one is beyond; None: there is room."""
        for rate in rates:
            if not self._limiter.hit(rate, name, who):
                left_s = self._limiter.get_window_stats(rate, name, who).reset_time - self._clock()
                return Reached(rate.amount, rate.get_expiry(), max(1, ceil(left_s)))
        return None

    def is_reached(self, rates: Sequence[RateLimitItem], name: str, who: str) -> bool:
        """Whether the next hit would be beyond a limit. This look is none."""
        return not all(self._limiter.test(rate, name, who) for rate in rates)


def read_rates(written: str) -> tuple[RateLimitItem, ...]:
    """`20/minute`, `5/second; 100/hour`. Raises ValueError."""
    return tuple(parse_many(written))
