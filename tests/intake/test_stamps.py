import hashlib
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.intake.domain.stamps import Pace, Sent, Suspicion, is_worked, make_stamp, suspect, wait_left, work_left
from shared.problems import Problem
from tests.intake.gates import a_door
from tests.shared.fakes import FakePublisher

KEY = b"dev-ticket"
AT = datetime(2026, 11, 30, 4, tzinfo=UTC)
PACE = Pace(bits=10)
STAMP = make_stamp(KEY, AT, "n1")


def later(seconds: float) -> datetime:
    return AT + timedelta(seconds=seconds)


def work_for(stamp: str, bits: int) -> str:
    return next(str(number) for number in count() if is_worked(stamp, str(number), bits))


@pytest.mark.parametrize(
    ("sent", "at", "many", "suspicion"),
    [
        (Sent(STAMP), later(20), False, None),
        (Sent(STAMP), later(3), False, None),
        (Sent(STAMP), later(2.9), False, Suspicion.TOO_FAST),
        (Sent(STAMP), AT - timedelta(seconds=5), False, Suspicion.TOO_FAST),
        (Sent(STAMP), later(14 * 86_400), False, None),
        (Sent(STAMP), later(14 * 86_400 + 1), False, Suspicion.TOO_OLD),
        (Sent(STAMP, trap="https://spam.example"), later(20), False, Suspicion.TRAPPED),
        (Sent(STAMP, trap=" "), later(20), False, None),
        (Sent(""), later(20), False, Suspicion.FORGED),
        (Sent(STAMP.replace("n1", "n2")), later(20), False, Suspicion.FORGED),
        (Sent("9" + STAMP[1:]), later(20), False, Suspicion.FORGED),
        (Sent(make_stamp(b"other", AT, "n1")), later(20), False, Suspicion.FORGED),
        (Sent("é.n1.x"), later(20), False, Suspicion.FORGED),
        (Sent(STAMP), later(20), True, Suspicion.TOO_MANY),
        (Sent(STAMP, work="1"), later(20), True, Suspicion.TOO_MANY),
        (Sent(STAMP, work=work_for(STAMP, 10)), later(20), True, None),
        (Sent(STAMP), later(60), True, None),
    ],
)
def test_given_a_form_when_it_is_looked_at_then_only_what_a_person_could_send_is_taken(
    sent: Sent, at: datetime, *, many: bool, suspicion: Suspicion | None
) -> None:
    assert suspect(KEY, sent, at, PACE, many=many) is suspicion


@pytest.mark.parametrize("work", ["", "x", "-1", "²", "1" * 21, "0x1"])
def test_given_what_is_no_number_when_it_is_sent_as_work_then_it_is_none(work: str) -> None:
    assert not is_worked(STAMP, work, 0)


@given(st.integers(0, 5_000))
def test_given_any_number_when_it_is_sent_as_work_then_its_hash_decides(number: int) -> None:
    zeros = 256 - int.from_bytes(hashlib.sha256(f"{STAMP}:{number}".encode()).digest()).bit_length()

    assert is_worked(STAMP, str(number), 4) == (zeros >= 4)


def test_given_work_for_one_stamp_when_it_is_sent_with_another_then_it_counts_for_nothing() -> None:
    other = make_stamp(KEY, AT, "n2")

    assert not is_worked(other, work_for(STAMP, 16), 16)


def test_given_a_form_of_too_many_when_it_is_asked_how_long_to_wait_then_it_is_taken_after_that() -> None:
    wait_s = wait_left(Sent(STAMP), later(20), PACE)

    assert suspect(KEY, Sent(STAMP), later(20 + wait_s), PACE, many=True) is None


@pytest.mark.parametrize(
    ("sent", "at", "bits"),
    [
        (Sent(STAMP), AT, 10),
        (Sent(STAMP), later(59.9), 10),
        (Sent(STAMP), later(60), 0),
        (Sent(STAMP, work="1"), later(20), 10),
        (Sent(STAMP, work=work_for(STAMP, 10)), later(20), 0),
        (Sent(""), later(20), 0),
        (Sent("x"), later(20), 0),
        (Sent(STAMP.replace("n1", "n2")), later(20), 0),
    ],
)
def test_given_a_form_of_many_when_it_is_shown_then_work_is_left_where_it_would_help(
    sent: Sent, at: datetime, bits: int
) -> None:
    assert work_left(KEY, sent, at, PACE) == bits


async def test_given_one_address_when_its_forms_are_shown_then_work_is_asked_only_once_many_came_and_none_is_counted(
    publisher: FakePublisher,
) -> None:
    async with a_door(publisher, form_at_ease="1/minute") as door:
        gate, asked = door.gate, list[int]()

        def look(peer: str = "192.0.2.1", work: str = "") -> None:
            asked.extend(gate.work_for_form(peer, Sent(stamp, work=work)) for _ in range(2))

        stamp = gate.stamp()
        look()
        door.clock.moment += 10
        gate.look_at_form("192.0.2.1", Sent(stamp))
        look()
        look(work=work_for(stamp, 16))
        look(peer="192.0.2.9")
        door.disaster(hours=1)
        look()

    assert asked == [0, 0, 16, 16, 0, 0, 0, 0, 0, 0]


async def test_given_limits_that_are_off_when_a_form_is_shown_then_no_work_is_asked(publisher: FakePublisher) -> None:
    async with a_door(publisher, form_at_ease="1/minute", enabled=False) as door:
        stamp = door.gate.stamp()
        for _ in range(3):
            door.gate.look_at_form("192.0.2.1", Sent(stamp))

        assert door.gate.work_for_form("192.0.2.1", Sent(stamp)) == 0


async def test_given_one_address_when_it_sends_many_forms_then_it_waits_or_works_and_not_in_a_disaster(
    publisher: FakePublisher,
) -> None:
    async with a_door(publisher, form_at_ease="1/minute") as door:
        gate = door.gate
        first, second = gate.stamp(), gate.stamp()
        door.clock.moment += 10
        gate.look_at_form("192.0.2.1", Sent(first))
        with pytest.raises(Problem) as refused:
            gate.look_at_form("192.0.2.1", Sent(second))
        gate.look_at_form("192.0.2.1", Sent(second, work=work_for(second, 16)))
        gate.look_at_form("192.0.2.9", Sent(second))
        door.disaster(hours=1)
        gate.look_at_form("192.0.2.1", Sent(second))

    assert first != second
    assert (refused.value.status, refused.value.body["suspicion"]) == (429, "too_many")
    assert 50 <= int(refused.value.headers["Retry-After"]) <= 52


async def test_given_a_program_when_it_fills_in_what_nobody_sees_then_the_form_is_not_taken(
    publisher: FakePublisher,
) -> None:
    async with a_door(publisher) as door:
        stamp = door.gate.stamp()
        door.clock.moment += 10
        with pytest.raises(Problem) as refused:
            door.gate.look_at_form("192.0.2.1", Sent(stamp, trap="x"))

    assert (refused.value.status, refused.value.body["suspicion"]) == (403, "trapped")
