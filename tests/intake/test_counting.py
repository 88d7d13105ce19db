from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.intake.counting import BoundedMemory, Counts, read_rates


@dataclass
class Clock:
    now: float = 1_000_000.0

    def __call__(self) -> float:
        return self.now


def test_given_a_limit_when_it_is_reached_then_the_wait_is_what_is_left_of_the_window() -> None:
    clock = Clock()
    counts = Counts(100, clock)
    rates = read_rates("2/minute")
    first = [counts.hit(rates, "complaints", "192.0.2.1") for _ in range(2)]
    clock.now += 20.5

    reached = counts.hit(rates, "complaints", "192.0.2.1")

    assert first == [None, None]
    assert reached is not None
    assert (reached.amount, reached.window_s, reached.wait_s) == (2, 60, 40)


def test_given_a_limit_that_was_reached_when_the_window_is_over_then_there_is_room_again() -> None:
    clock = Clock()
    counts, rates = Counts(100, clock), read_rates("1/minute")
    counts.hit(rates, "complaints", "a")
    clock.now += 30
    refused = counts.hit(rates, "complaints", "a")
    clock.now += 30

    again = counts.hit(rates, "complaints", "a")

    assert refused is not None
    assert again is None


def test_given_two_rates_when_the_wider_is_reached_then_it_is_told() -> None:
    clock = Clock()
    counts, rates = Counts(100, clock), read_rates("2/second; 3/hour")
    for _ in range(3):
        clock.now += 1
        assert counts.hit(rates, "complaints", "a") is None
    clock.now += 1

    reached = counts.hit(rates, "complaints", "a")

    assert reached is not None
    assert (reached.amount, reached.window_s) == (3, 3600)


def test_given_two_visitors_and_two_wishes_when_they_are_counted_then_each_by_itself() -> None:
    counts, rates = Counts(100, Clock()), read_rates("1/minute")

    room = [counts.hit(rates, name, who) for name in ("complaints", "support") for who in ("a", "b")]

    assert room == [None] * 4


def test_given_an_attacker_with_many_addresses_when_each_is_new_then_memory_stays_as_it_is() -> None:
    memory = BoundedMemory(1_000, Clock())
    for number in range(1_000):
        memory.incr(f"complaints/{number}", 60)

    for number in range(1_000, 20_000):
        memory.incr(f"complaints/{number}", 60)

    assert len(memory) == 1_000
    assert memory.get("complaints/19999") == 1
    assert memory.get("complaints/1") == 0


def test_given_a_clock_that_is_set_back_when_somebody_asks_then_they_do_not_wait_longer_than_a_window() -> None:
    clock = Clock()
    counts, rates = Counts(100, clock), read_rates("1/minute")
    counts.hit(rates, "complaints", "a")
    clock.now -= 3600

    assert counts.hit(rates, "complaints", "a") is None


def test_given_a_limit_when_it_is_looked_at_then_it_says_what_the_next_hit_would_meet_and_counts_none() -> None:
    clock = Clock()
    counts, rates = Counts(100, clock), read_rates("2/minute; 3/hour")
    looks = list[bool]()

    for later in (0, 1, 1, 60, 60):
        clock.now += later
        looks += [counts.is_reached(rates, "form_at_ease", "a") for _ in range(3)]
        looks.append(counts.hit(rates, "form_at_ease", "a") is not None)

    assert looks == [False] * 8 + [True] * 4 + [False] * 4 + [True] * 4
    assert not counts.is_reached(rates, "form_at_ease", "b")


@given(
    amount=st.integers(1, 5),
    hits=st.lists(st.tuples(st.sampled_from("abc"), st.floats(0, 40, allow_nan=False)), max_size=60),
)
def test_given_any_hits_when_time_moves_forward_then_never_more_than_the_limit_in_a_window(
    amount: int, hits: list[tuple[str, float]]
) -> None:
    clock = Clock()
    counts, rates = Counts(100, clock), read_rates(f"{amount}/minute")
    let_in: dict[str, list[float]] = {}
    began: dict[str, float] = {}

    for who, later in hits:
        clock.now += later
        if clock.now >= began.get(who, 0) + 60:
            began[who], let_in[who] = clock.now, []
        reached = counts.hit(rates, "complaints", who)
        if reached is None:
            let_in[who].append(clock.now)
        else:
            assert len(let_in[who]) == amount
            assert 1 <= reached.wait_s <= 60
            assert clock.now + reached.wait_s >= began[who] + 60
        assert len(let_in[who]) <= amount


@pytest.mark.parametrize("written", ["", "many", "5", "5/blink"])
def test_given_what_is_no_rate_when_it_is_read_then_it_is_refused(written: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - the library's words
        read_rates(written)
