"""How long to wait before trying again."""

import random
from collections.abc import Iterator
from typing import Final

_JITTER: Final = random.SystemRandom()


def growing_delays(first_s: float, longest_s: float) -> Iterator[float]:
    """Seconds without end, doubled each time up to the longest.

    Each is shortened by up to half, so that many who wait for one thing do not come back at once.
    """
    delay = first_s
    while True:
        yield delay * _JITTER.uniform(0.5, 1)
        delay = min(delay * 2, longest_s)
