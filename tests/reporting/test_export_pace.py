"""How slow a reader of a file may be."""

import pytest

from services.reporting.exporting import LEAST_BYTES_A_SECOND, TAKEN_WITHIN_S, Pace, TooSlow

PIECE = 64 * 1024


class Reader:
    """Takes pieces of 64 kB, each in so many seconds of a clock of its own."""

    def __init__(self) -> None:
        self.now = 1_000.0
        self.pace = Pace(lambda: self.now)

    def take(self, seconds: float) -> None:
        with self.pace.waiting(PIECE):
            self.now += seconds


def test_given_a_reader_that_takes_each_piece_just_in_time_when_a_minute_is_over_then_it_is_not_waited_for() -> None:
    """Four of these held every place for as long as the file lasted: four days for 400 MB."""
    reader = Reader()
    reader.take(TAKEN_WITHIN_S - 1)

    with pytest.raises(TooSlow):
        reader.take(TAKEN_WITHIN_S - 1)


def test_given_a_poor_line_when_it_takes_what_it_can_then_the_file_is_told_to_its_end() -> None:
    reader = Reader()

    for _ in range(1_000):
        reader.take(PIECE / LEAST_BYTES_A_SECOND)


def test_given_a_reader_that_was_away_for_half_a_minute_when_it_comes_back_then_it_goes_on() -> None:
    reader = Reader()

    reader.take(30)
    for _ in range(100):
        reader.now += 30  # The rows took so long.
        reader.take(0.1)
