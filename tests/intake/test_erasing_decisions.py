"""What is erased when, decided from what the topics say."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.intake.erasing.deciding import (
    Part,
    Rules,
    Told,
    erasure_of,
    is_to_erase,
    is_told_again,
    jobs_of,
    why_erase,
)
from shared.events.complaints import ErasureReason
from shared.ids import draw_ticket, named_id

NOW = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
TICKET = "NTB-C833-HX1X-7X7V-TM"
OTHER = draw_ticket(b"tests", "public", named_id("other"))
ASKED = named_id("asked")
RULES = Rules(keep_for=timedelta(days=730), orphans_after=timedelta(days=1))


def days(number: float) -> datetime:
    """So many days ago."""
    return NOW - timedelta(days=number)


def a_part(at: datetime = NOW, *, is_there: bool = True, has_event: bool = True, name: str = "s-1") -> Part:
    return Part(f"{TICKET}:{name}", at, is_there, ("a" * 32,) if is_there else (), has_event)


@pytest.mark.parametrize(
    ("told", "reason"),
    [
        (Told(), None),
        (Told(request=ASKED), ErasureReason.ASKED),
        (Told(request=ASKED, ended_at=days(1000)), ErasureReason.ASKED),
        (Told(request=ASKED, erased_at=days(1)), ErasureReason.ASKED),
        (Told(ended_at=days(729.9)), None),
        (Told(ended_at=days(730)), ErasureReason.RETENTION),
        (Told(ended_at=days(731), erased_at=days(0.5)), None),
        # It was asked for long before its time was over: what came since goes now.
        (Told(ended_at=days(731), erased_at=days(300)), ErasureReason.RETENTION),
    ],
)
def test_given_what_topics_say_of_a_ticket_when_it_is_looked_at_then_it_is_erased_for_this_reason(
    told: Told, reason: ErasureReason | None
) -> None:
    assert why_erase(told, NOW, RULES) == reason


@pytest.mark.parametrize(
    ("part", "erased_at", "goes"),
    [
        (a_part(days(2)), None, False),
        (a_part(days(2), has_event=False), None, True),
        (a_part(days(0.9), has_event=False), None, False),
        (a_part(days(2), has_event=False, is_there=False), None, False),
        # What was under way when its ticket was erased.
        (a_part(days(0)), days(0.1), True),
        (a_part(days(0)), days(900), True),
        (a_part(days(0.5), is_there=False), days(0.5), False),
        (a_part(days(1), is_there=False), days(1), True),
        (a_part(days(1), is_there=False), days(3), True),
        (a_part(days(1), is_there=False), days(3.1), False),
    ],
)
def test_given_a_part_of_a_ticket_that_is_not_due_when_it_is_looked_at_then_what_came_late_or_is_nobodys_goes(
    part: Part, erased_at: datetime | None, *, goes: bool
) -> None:
    assert is_to_erase(part, erased_at, NOW, RULES) is goes


@given(st.floats(0, 10), st.floats(0, 10))
def test_given_an_erasure_when_it_is_told_every_day_then_that_ends_after_three_days(told: float, erased: float) -> None:
    again = is_told_again(days(told), days(erased), NOW, RULES)

    assert again == (told >= 1 and erased <= 3)


def test_given_one_cause_when_two_passes_tell_of_it_then_the_erasure_has_one_id_and_another_cause_another() -> None:
    asked, over = Told(request=ASKED), Told(ended_at=days(800))

    ids = [
        erasure_of(TICKET, told, reason, at).event_id
        for told, reason in ((asked, ErasureReason.ASKED), (over, ErasureReason.RETENTION))
        for at in (NOW, days(1))
    ]

    assert ids[0] == ids[1] != ids[2] == ids[3]
    again = erasure_of(TICKET, Told(ended_at=days(0)), ErasureReason.RETENTION, NOW)
    assert again.event_id not in ids


def test_given_due_tickets_and_single_parts_when_jobs_are_made_then_only_due_ones_are_told_of() -> None:
    event = erasure_of(OTHER, Told(request=ASKED), ErasureReason.ASKED, NOW)
    parts = [a_part(), a_part(name="f-1"), Part(f"{OTHER}:s-1", NOW, is_there=True, photos=("b" * 32,))]

    jobs = {job.ticket: job for job in jobs_of({OTHER: event}, parts, {OTHER: {"c" * 32}})}

    assert jobs[TICKET].event is None
    assert jobs[TICKET].keys == [f"{TICKET}:s-1", f"{TICKET}:f-1"]
    assert jobs[TICKET].photos == {"a" * 32}
    assert jobs[OTHER].event == event
    assert jobs[OTHER].photos == {"b" * 32, "c" * 32}


def test_given_a_due_ticket_without_any_part_when_jobs_are_made_then_it_is_told_of_all_the_same() -> None:
    event = erasure_of(OTHER, Told(request=ASKED), ErasureReason.ASKED, NOW)

    assert [(job.ticket, job.keys, job.event) for job in jobs_of({OTHER: event}, [], {})] == [(OTHER, [], event)]
