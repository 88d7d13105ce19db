"""Waiting for MongoDB."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

import structlog
from pymongo.errors import PyMongoError

from shared.delays import growing_delays
from shared.mongo import is_passing

Result = TypeVar("Result")
log = structlog.get_logger(__name__)

_FIRST_S: Final = 0.1
_LONGEST_S: Final = 10.0


async def patiently(act: Callable[[], Awaitable[Result]]) -> Result:
    """Do it until MongoDB does it; raises what will not pass by itself."""
    delays = growing_delays(_FIRST_S, _LONGEST_S)
    while True:
        try:
            return await act()
        except PyMongoError as error:
            _raise_lasting(error)
            seconds = next(delays)
            log.warning("sender_waits", error=type(error).__name__, seconds=round(seconds, 1))
        await asyncio.sleep(seconds)


def _raise_lasting(error: PyMongoError) -> None:
    if not is_passing(error):
        raise error
