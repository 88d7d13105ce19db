"""Waiting for MongoDB."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

import structlog
from pymongo.errors import PyMongoError

from shared.mongo import is_passing

Result = TypeVar("Result")
log = structlog.get_logger(__name__)

_FIRST_S: Final = 0.1
_LONGEST_S: Final = 10.0


async def patiently(act: Callable[[], Awaitable[Result]]) -> Result:
    """Do it until MongoDB does it; raises what will not pass by itself."""
    seconds = _FIRST_S
    while True:
        try:
            return await act()
        except PyMongoError as error:
            _raise_lasting(error)
            log.warning("sender_waits", error=type(error).__name__, seconds=round(seconds, 1))
        await asyncio.sleep(seconds * random.uniform(0.5, 1))  # noqa: S311 - jitter, no secret
        seconds = min(seconds * 2, _LONGEST_S)


def _raise_lasting(error: PyMongoError) -> None:
    if not is_passing(error):
        raise error
