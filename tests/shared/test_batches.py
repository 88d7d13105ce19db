import asyncio
from collections.abc import Sequence
from itertools import islice

import pytest

from shared.batches import Batcher
from shared.delays import growing_delays


class Work:
    """Doubles numbers, a batch at a time, when it is let go."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.go = asyncio.Event()

    async def __call__(self, items: Sequence[int]) -> list[int]:
        self.batches.append(list(items))
        await self.go.wait()
        if 13 in items:
            raise ValueError("unlucky")
        return [item * 2 for item in items]


async def asked(batcher: Batcher[int, int], *items: int) -> list[asyncio.Task[int]]:
    """Ask for each, and let all of them be waiting."""
    tasks = [asyncio.create_task(batcher.add(item)) for item in items]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    return tasks


async def test_given_a_batch_under_way_when_more_is_asked_then_it_is_the_next_batch() -> None:
    work = Work()
    batcher = Batcher(work)
    first = await asked(batcher, 1)
    more = await asked(batcher, 2, 3, 4)

    work.go.set()

    assert await asyncio.gather(*first, *more) == [2, 4, 6, 8]
    assert work.batches == [[1], [2, 3, 4]]


async def test_given_more_than_a_batch_holds_when_it_is_asked_then_the_rest_follows() -> None:
    work = Work()
    batcher = Batcher(work, most=2)
    tasks = await asked(batcher, 1, 2, 3, 4, 5)

    work.go.set()

    assert await asyncio.gather(*tasks) == [2, 4, 6, 8, 10]
    assert all(len(batch) <= 2 for batch in work.batches)


async def test_given_a_batch_that_fails_when_others_wait_then_only_its_own_hear_of_it() -> None:
    work = Work()
    batcher = Batcher(work)
    unlucky = await asked(batcher, 13)
    others = await asked(batcher, 1)

    work.go.set()

    assert await asyncio.gather(*others) == [2]
    with pytest.raises(ValueError, match="unlucky"):
        await unlucky[0]


async def test_given_somebody_who_gave_up_when_the_next_batch_is_made_then_it_is_without_them() -> None:
    work = Work()
    batcher = Batcher(work)
    first = await asked(batcher, 1)
    gone, stays = await asked(batcher, 2, 3)
    gone.cancel()
    await asyncio.sleep(0)

    work.go.set()

    assert await asyncio.gather(*first, stays) == [2, 6]
    assert work.batches == [[1], [3]]


def test_given_delays_when_they_grow_then_they_stay_between_half_and_the_longest() -> None:
    delays = list(islice(growing_delays(0.1, 1.0), 8))

    for delay, most in zip(delays, [0.1, 0.2, 0.4, 0.8, 1.0, 1.0, 1.0, 1.0], strict=True):
        assert most / 2 <= delay <= most
