"""How long HTTP waits for MongoDB. What consumers read and write keeps the longer limits of `shared.mongo`."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Final

from pymongo import timeout
from pymongo.errors import NetworkTimeout

ANSWERS_WITHIN_S: Final = 3.0
"""So long somebody who asks over HTTP waits for the database before the answer is 503."""
_LONGER_S: Final = 0.2


@asynccontextmanager
async def within(seconds: float) -> AsyncGenerator[None]:
    """Raises a PyMongoError that passes when the time is over. Also a decorator of whole methods."""
    # The driver gives up first and frees its thread; what waits for one of motor's few threads it does not see.
    async with answered_within(seconds + _LONGER_S):
        with timeout(seconds):
            yield


@asynccontextmanager
async def answered_within(seconds: float) -> AsyncGenerator[None]:
    """Raises NetworkTimeout when the time is over, whatever it was spent on; what others began goes on."""
    try:
        async with asyncio.timeout(seconds):
            yield
    except TimeoutError:
        msg = f"no answer within {seconds} s"
        raise NetworkTimeout(msg) from None
