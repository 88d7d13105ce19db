"""Ending tasks."""

import asyncio
from collections.abc import Collection
from contextlib import AbstractAsyncContextManager, nullcontext
from typing import Any

Task = asyncio.Task[Any]


async def end_tasks(
    tasks: Collection[Task], *, again_s: float, between: AbstractAsyncContextManager[Any] | None = None
) -> None:
    """Cancel them until all have ended, whatever with. `between`: held while they are cancelled.

    Cancelling once is not enough on Python 3.11: `asyncio.wait_for`, which MongoDB's driver uses, hands on what it
    waited for instead of a cancel that comes in the same turn of the loop. A task that winds up takes less than
    `again_s`.
    """
    left = set(tasks)
    while left:
        async with between or nullcontext():
            for task in left:
                task.cancel()
        _, left = await asyncio.wait(left, timeout=again_s)
    await asyncio.gather(*tasks, return_exceptions=True)
