from shared.tracking import Tries


class Clock:
    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


def test_given_ten_wrong_codes_when_the_next_is_tried_then_the_ticket_is_locked_until_the_hour_is_over() -> None:
    clock = Clock()
    tries = Tries(clock)
    for _ in range(10):
        tries.note_wrong("A")
        clock.seconds += 60

    locked = tries.seconds_locked("A")

    assert locked == 3000
    assert tries.seconds_locked("B") == 0


def test_given_a_locked_ticket_when_the_hour_is_over_then_it_may_be_tried_again() -> None:
    clock = Clock()
    tries = Tries(clock)
    for _ in range(10):
        tries.note_wrong("A")

    clock.seconds += 3600

    assert tries.seconds_locked("A") == 0


def test_given_nine_wrong_codes_when_the_next_is_tried_then_it_may_be() -> None:
    tries = Tries(Clock())
    for _ in range(9):
        tries.note_wrong("A")

    locked = tries.seconds_locked("A")

    assert locked == 0


def test_given_more_tickets_than_there_is_room_for_when_one_is_added_then_the_oldest_is_forgotten() -> None:
    tries = Tries(Clock(), most_tickets=2)
    for ticket in ["A"] * 10 + ["B"] * 10:
        tries.note_wrong(ticket)

    tries.note_wrong("C")

    assert tries.seconds_locked("A") == 0
    assert tries.seconds_locked("B") == 3600
