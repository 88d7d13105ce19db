import asyncio
from typing import Any

import pytest
from prometheus_client import generate_latest

from services.notification.breaker import Breaker
from services.notification.domain.attempts import Answer, NotTried, Taken
from shared.metrics import REGISTRY


def a_breaker(**options: Any) -> Breaker:
    defaults: dict[str, Any] = {"channel": "test", "first_s": 0.05, "longest_s": 0.05}
    return Breaker(**defaults | options)


def reachable(channel: str) -> str:
    lines = generate_latest(REGISTRY).decode().splitlines()
    return next(line for line in lines if f'ntbcare_channel_reachable{{channel="{channel}"' in line).rpartition(" ")[2]


async def taken() -> Answer:
    return Taken()


async def test_given_a_closed_breaker_when_it_rests_then_nothing_is_tried() -> None:
    breaker = a_breaker(first_s=30, longest_s=30)

    breaker.rest("401")
    answer = await breaker.through(taken)

    assert answer == NotTried()
    assert breaker.resting


async def test_given_a_rest_when_it_is_over_then_one_goes_ahead_and_the_others_wait_for_it() -> None:
    breaker, under_way, go = a_breaker(), list[int](), asyncio.Event()
    breaker.rest("401")
    await breaker.rested()

    async def attempt(number: int) -> Answer:
        under_way.append(number)
        await go.wait()
        breaker.worked()
        return Taken()

    attempts = [asyncio.create_task(breaker.through(lambda number=n: attempt(number))) for n in range(5)]
    await asyncio.wait(attempts, timeout=0.02)
    first = list(under_way)
    go.set()
    answers = await asyncio.gather(*attempts)

    assert first == [0]
    assert answers == [Taken()] * 5


async def test_given_a_rest_when_the_first_fails_again_then_the_others_are_not_tried() -> None:
    breaker, tried = a_breaker(), list[int]()
    breaker.rest("401")
    await breaker.rested()

    async def attempt(number: int) -> Answer:
        tried.append(number)
        breaker.rest("401", 30)
        return NotTried()

    answers = await asyncio.gather(*(breaker.through(lambda number=n: attempt(number)) for n in range(5)))

    assert tried == [0]
    assert answers == [NotTried()] * 5


async def test_given_a_first_attempt_that_is_cancelled_when_the_next_comes_then_it_is_the_first() -> None:
    breaker, hanging = a_breaker(), asyncio.Event()
    breaker.rest("401")
    await breaker.rested()

    async def hang() -> Answer:
        await hanging.wait()
        return Taken()

    stuck = asyncio.create_task(breaker.through(hang))
    await asyncio.wait([stuck], timeout=0.02)
    stuck.cancel()
    answer = await breaker.through(taken)

    assert answer == Taken()


@pytest.mark.parametrize(("failures", "rests"), [(2, False), (3, True)])
async def test_given_failures_in_a_row_when_they_are_a_few_then_it_rests(failures: int, rests: bool) -> None:  # noqa: FBT001
    breaker = a_breaker(first_s=30)

    for _ in range(failures):
        breaker.failed("500")

    assert breaker.resting is rests


async def test_given_a_success_between_failures_when_they_are_many_then_it_goes_on() -> None:
    breaker = a_breaker(first_s=30)

    for _ in range(10):
        breaker.failed("500")
        breaker.worked()

    assert not breaker.resting


async def test_given_many_failures_of_one_moment_when_it_rests_then_they_count_once() -> None:
    breaker = a_breaker(longest_s=1_000)

    for _ in range(20):
        breaker.rest("timeout")

    async with asyncio.timeout(5):
        await breaker.rested()


async def test_given_failures_one_after_the_other_when_it_rests_then_each_time_for_longer() -> None:
    breaker = a_breaker(first_s=0.01, longest_s=1_000)

    for _ in range(4):
        breaker.rest("timeout")
        await breaker.rested()
    breaker.rest("timeout")

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.07):
            await breaker.rested()


async def test_given_a_gateway_that_asks_for_a_rest_when_others_failed_with_it_then_the_longest_counts() -> None:
    breaker = a_breaker(first_s=0.01)

    breaker.rest("timeout")
    breaker.rest("429", 0.4)
    breaker.rest("429", 0.02)

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.2):
            await breaker.rested()
    async with asyncio.timeout(5):
        await breaker.rested()


async def test_given_a_success_of_before_when_it_comes_during_a_rest_then_the_rest_goes_on() -> None:
    breaker = a_breaker(first_s=30, longest_s=30)
    breaker.rest("401")

    breaker.worked()

    assert await breaker.through(taken) == NotTried()


async def test_given_a_channel_when_it_rests_and_works_again_then_the_gauge_says_so() -> None:
    breaker = a_breaker(channel="gauged")
    at_first = reachable("gauged")

    breaker.rest("401")
    meanwhile = reachable("gauged")
    await breaker.rested()
    breaker.worked()

    assert (at_first, meanwhile, reachable("gauged")) == ("1.0", "0.0", "1.0")


async def test_given_an_unproven_breaker_when_it_is_proven_then_it_probes_until_it_works() -> None:
    breaker, probes = a_breaker(first_s=0.001, longest_s=0.001, proven=False), list[int]()

    async def probe() -> None:
        probes.append(len(probes))
        if len(probes) < 3:
            breaker.rest("OSError")
        else:
            breaker.worked()

    await asyncio.gather(breaker.prove(probe), breaker.prove(probe))

    assert probes == [0, 1, 2]


async def test_given_one_recipient_who_fails_again_and_again_when_others_work_then_it_goes_on() -> None:
    breaker = a_breaker(first_s=30)

    for _ in range(9):
        breaker.failed("timeout", "siti@example.id")

    assert not breaker.resting


async def test_given_messages_that_failed_when_it_can_only_be_reached_then_the_gauge_waits_for_one_that_goes_out() -> (
    None
):
    breaker = a_breaker(channel="hanging")
    for number in range(3):
        breaker.failed("timeout", number + 1)
    await breaker.rested()

    breaker.opened()
    opened = reachable("hanging")
    breaker.failed("timeout", 4)
    again = breaker.resting
    await breaker.rested()
    breaker.worked()

    assert (opened, again, reachable("hanging")) == ("0.0", True, "1.0")
