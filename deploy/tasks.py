"""Several things at once."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from typing import Any, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


async def together(*coroutines: Coroutine[Any, Any, Any]) -> list[Any]:
    """Run them at once and return their results; the first failure ends the others and is raised as it is."""
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(coroutine) for coroutine in coroutines]
    except BaseExceptionGroup as failures:
        raise _first(failures) from None
    return [task.result() for task in tasks]


async def each(items: Iterable[Item], do: Callable[[Item], Awaitable[Result]], *, at_once: int) -> list[Result]:
    """Do it with every item, so many at once; results in the order of the items. Fails as `together` does."""
    free = asyncio.Semaphore(at_once)

    async def one(item: Item) -> Result:
        async with free:
            return await do(item)

    return await together(*(one(item) for item in items))


def _first(failures: BaseExceptionGroup[Any]) -> BaseException:
    failure: BaseException = failures
    while isinstance(failure, BaseExceptionGroup):
        failure = failure.exceptions[0]
    return failure
