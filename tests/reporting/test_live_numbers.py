"""The stream of the start page's numbers."""

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import aclosing

import pytest
from pymongo.errors import NetworkTimeout

from services.reporting.pages.live import Live, TooManyListeners
from tests.waiting import until


class Counting:
    """Remembers how often somebody looked."""

    def __init__(self) -> None:
        self.received = 1
        self.looks = 0
        self.is_away = False

    async def look(self) -> dict[str, float | None]:
        self.looks += 1
        if self.is_away:
            raise NetworkTimeout("away")
        return {"received": self.received}


async def numbers_of(stream: AsyncGenerator[str]) -> dict[str, int]:
    """The next ones, whatever beats between."""
    async with asyncio.timeout(5):
        async for told in stream:
            if told.startswith("data: "):
                assert told.endswith("\n\n")
                return json.loads(told.removeprefix("data: "))
    raise AssertionError("the stream ended")


async def test_given_a_listener_when_numbers_change_then_they_come_and_what_is_the_same_does_not() -> None:
    counting = Counting()
    live = Live(counting.look, every_s=0.005)

    async with aclosing(live.listen(beats_every_s=0.05)) as stream:
        first = await numbers_of(stream)
        looks = counting.looks
        await until(lambda: counting.looks > looks + 3)
        beat = await anext(stream)
        counting.received = 2
        second = await numbers_of(stream)

    assert (first, beat, second) == ({"received": 1}, ": still here\n\n", {"received": 2})


async def test_given_many_listeners_when_they_all_listen_then_one_look_serves_them_all() -> None:
    counting = Counting()
    live = Live(counting.look, every_s=60)
    streams = [live.listen() for _ in range(50)]

    told = await asyncio.gather(*(numbers_of(stream) for stream in streams))

    assert told == [{"received": 1}] * 50
    assert counting.looks == 1
    await asyncio.gather(*(stream.aclose() for stream in streams))


async def test_given_the_last_listener_when_it_leaves_then_nobody_looks_any_more_until_one_comes() -> None:
    counting = Counting()
    live = Live(counting.look, every_s=0.001)
    async with aclosing(live.listen()) as stream:
        await numbers_of(stream)

    await until(lambda: "live numbers" not in {task.get_name() for task in asyncio.all_tasks()})

    async with aclosing(live.listen()) as again:
        assert await numbers_of(again) == {"received": 1}


async def test_given_as_many_listeners_as_may_when_another_comes_then_it_is_refused_until_one_leaves() -> None:
    live = Live(Counting().look, most=2)
    first, second = live.listen(), live.listen()
    await numbers_of(first)
    await numbers_of(second)

    with pytest.raises(TooManyListeners):
        live.listen()
    await first.aclose()

    async with aclosing(live.listen()) as third:
        assert await numbers_of(third) == {"received": 1}
    await second.aclose()


async def test_given_its_time_when_it_is_over_then_the_stream_ends() -> None:
    live = Live(Counting().look)

    async with asyncio.timeout(5):
        told = [part async for part in live.listen(lasts_s=0.05, beats_every_s=0.02)]

    assert told[0] == 'data: {"received": 1}\n\n'
    assert set(told[1:]) <= {": still here\n\n"}


async def test_given_a_database_that_is_away_when_somebody_listens_then_the_numbers_come_when_it_is_back() -> None:
    counting = Counting()
    counting.is_away = True
    live = Live(counting.look, every_s=0.005)

    async with aclosing(live.listen(beats_every_s=0.01)) as stream:
        assert await anext(stream) == ": still here\n\n"
        counting.is_away = False
        assert await numbers_of(stream) == {"received": 1}


async def test_given_listeners_when_the_server_leaves_then_their_streams_end_at_once() -> None:
    live = Live(Counting().look)
    streams = [live.listen() for _ in range(3)]
    await asyncio.gather(*(numbers_of(stream) for stream in streams))

    async with asyncio.timeout(5):
        waiting = [asyncio.create_task(anext(stream, "")) for stream in streams]
        live.end()
        left = await asyncio.gather(*waiting)

    assert left == ["", "", ""]
