"""Waiting for a condition, with a limit: never for a time."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar, cast, overload

Value = TypeVar("Value")

PATIENCE: Final = 3
"""Limits are for a machine that does nothing else; one of two busy cores may need so many times as long."""
SLACK_S: Final = 3.0
"""What such a machine may add to a time that is promised."""


@overload
async def until(look: Callable[[], Awaitable[Value | None]], limit_s: float = 20, every_s: float = 0.01) -> Value: ...
@overload
async def until(look: Callable[[], Value | None], limit_s: float = 20, every_s: float = 0.01) -> Value: ...
async def until(look: Callable[[], object], limit_s: float = 20, every_s: float = 0.01) -> object:
    """Return the first true thing that `look` gives; raises TimeoutError long after the limit."""
    async with asyncio.timeout(limit_s * PATIENCE):
        while True:
            found = look()
            if isinstance(found, Awaitable):
                found = await cast("Awaitable[object]", found)
            if found:
                return found
            await asyncio.sleep(every_s)
