"""What a process does with its memory once it has begun."""

import ctypes
import gc
from contextlib import suppress


def settle_memory() -> None:
    """What a process holds once it runs stays: the collector walked through it again and again.

    That took a quarter of a service's time, and half of a rebuild's. What starting took is given back to the system: 5
    to 10 MB that glibc would keep.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 20)
    with suppress(AttributeError, OSError, TypeError):
        ctypes.CDLL(None).malloc_trim(0)
