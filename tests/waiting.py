"""Waiting for a condition, with a limit: never for a time."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar, cast, overload

Value = TypeVar("Value")


@overload
async def until(look: Callable[[], Awaitable[Value | None]], limit_s: float = 20, every_s: float = 0.01) -> Value: ...
@overload
async def until(look: Callable[[], Value | None], limit_s: float = 20, every_s: float = 0.01) -> Value: ...
async def until(look: Callable[[], object], limit_s: float = 20, every_s: float = 0.01) -> object:
    """Return the first true thing that `look` gives; raises TimeoutError after the limit."""
    async with asyncio.timeout(limit_s):
        while True:
            found = look()
            if isinstance(found, Awaitable):
                found = await cast("Awaitable[object]", found)
            if found:
                return found
            await asyncio.sleep(every_s)
