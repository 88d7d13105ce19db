import asyncio

from shared.tasks import end_tasks


async def test_given_a_task_that_loses_a_cancel_when_it_is_ended_then_it_is_cancelled_again() -> None:
    cancels: list[int] = []

    async def loses_the_first() -> None:
        while True:
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                cancels.append(1)
                if len(cancels) > 1:
                    raise

    task = asyncio.create_task(loses_the_first())
    await asyncio.sleep(0)
    lock = asyncio.Lock()

    async with asyncio.timeout(5):
        await end_tasks([task], again_s=0.01, between=lock)

    assert task.cancelled()
    assert not lock.locked()


async def test_given_a_task_that_winds_up_when_it_is_ended_then_it_is_cancelled_once() -> None:
    wound_up: list[str] = []

    async def winds_up() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            await asyncio.sleep(0.01)
            wound_up.append("all of it")

    task = asyncio.create_task(winds_up())
    await asyncio.sleep(0)

    await end_tasks([task], again_s=5)

    assert wound_up == ["all of it"]


async def test_given_a_task_that_broke_when_it_is_ended_then_its_error_is_nobodys() -> None:
    async def breaks() -> None:
        raise ValueError

    task = asyncio.create_task(breaks())
    await asyncio.sleep(0)

    await end_tasks([task], again_s=5)

    assert isinstance(task.exception(), ValueError)
