"""Numbers, times and periods as the public pages say them."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

import pytest

from services.reporting.pages.navigation import PLACES, WAYS_IN
from services.reporting.pages.periods import Period, month_away
from services.reporting.pages.site import own_path
from shared.events.directory import Calendar, ClosedDay
from shared.events.event import Language
from tests.reporting.samples import a_directory
from tests.reporting.speaking import PAGES, a_speaker


def leaves(words: Mapping[str, Any], path: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in words.items():
        found |= leaves(value, f"{path}/{name}") if isinstance(value, dict) else {f"{path}/{name}": value}
    return found


def test_given_both_languages_when_their_words_are_compared_then_none_is_missing_and_they_take_the_same_values() -> (
    None
):
    indonesian, english = (leaves(PAGES.words(language)) for language in Language)

    assert indonesian.keys() == english.keys()
    fields = [name for name in indonesian if "{" in str(indonesian[name]) or "{" in str(english[name])]
    assert [name for name in fields if str(indonesian[name]).count("{") != str(english[name]).count("{")] == []


def test_given_the_menu_when_it_is_shown_then_every_place_has_a_name() -> None:
    words = PAGES.words(Language.INDONESIAN)["places"]

    assert set(words) >= {*PLACES, *WAYS_IN}


@pytest.mark.parametrize(
    ("number", "indonesian", "english"),
    [(1234567, "1.234.567", "1,234,567"), (66.5, "66,5", "66.5"), (1234.5, "1.234,5", "1,234.5"), (None, "–", "–")],  # noqa: RUF001
)
def test_given_a_number_when_it_is_told_then_it_is_written_as_the_language_does(
    number: float | None, indonesian: str, english: str
) -> None:
    told = [a_speaker(language).number(number) for language in Language]

    assert told == [indonesian, english]


def test_given_a_due_time_when_it_is_told_then_closed_days_are_no_working_days() -> None:
    """Friday; Monday is closed, so Tuesday is the next working day."""
    closed = Calendar(id="52", closed=(ClosedDay(day=date(2026, 4, 13), name="Libur"),))
    names = a_directory()
    names.calendars["52"] = closed
    say = a_speaker(names=names)

    told = say.due(datetime(2026, 4, 14, 8, 0, tzinfo=UTC))

    assert told.text == "sebelum Selasa 14 Apr 2026 16.00 WITA, 1 hari kerja lagi"
    assert told.tone == "soon"
    assert say.next_working_day() == date(2026, 4, 14)


@pytest.mark.parametrize(
    ("due_at", "text", "tone"),
    [
        (datetime(2026, 4, 10, 8, 0, tzinfo=UTC), "sebelum Jumat 10 Apr 2026 16.00 WITA, hari ini", "today"),
        (datetime(2026, 4, 20, 8, 0, tzinfo=UTC), "sebelum Senin 20 Apr 2026 16.00 WITA, 6 hari kerja lagi", "fine"),
        (datetime(2026, 4, 9, 1, 0, tzinfo=UTC), "tenggatnya Kamis 9 Apr 2026 09.00 WITA, lewat 1 hari 1 jam", "late"),
    ],
)
def test_given_a_due_time_when_it_is_told_then_its_tone_says_how_near_it_is(
    due_at: datetime, text: str, tone: str
) -> None:
    told = a_speaker().due(due_at)

    assert (told.text, told.tone) == (text, tone)


@pytest.mark.parametrize(
    ("kind", "first", "last", "before"),
    [
        ("30-hari", date(2026, 3, 3), date(2026, 4, 1), (date(2026, 2, 1), date(2026, 3, 2))),
        ("bulan-ini", date(2026, 4, 1), date(2026, 4, 30), (date(2026, 3, 1), date(2026, 3, 1))),
        ("12-bulan", date(2025, 5, 1), date(2026, 4, 30), (date(2024, 5, 1), date(2025, 4, 1))),
    ],
)
def test_given_a_kind_of_period_when_it_is_the_first_of_april_then_it_and_the_one_before_have_these_days(
    kind: str, first: date, last: date, before: tuple[date, date]
) -> None:
    period = Period.of(kind, date(2026, 4, 1))

    assert (period.first, period.last, period.until) == (first, last, date(2026, 4, 1))
    assert period.before is not None
    assert (period.before.first, period.before.last) == before


def test_given_everything_or_an_unknown_kind_when_the_period_is_made_then_nothing_is_before_all_time() -> None:
    today = date(2026, 4, 1)

    assert Period.of("semua", today).before is None
    assert Period.of("nonsense", today) == Period.of("30-hari", today)


@pytest.mark.parametrize(
    ("months", "on", "day"),
    [(-1, 31, date(2024, 2, 29)), (1, 31, date(2024, 4, 30)), (-3, 1, date(2023, 12, 1)), (10, 1, date(2025, 1, 1))],
)
def test_given_a_day_of_march_when_months_are_gone_then_the_day_exists(months: int, on: int, day: date) -> None:
    march = date(2024, 3, 31)

    assert month_away(march, months, on=on) == day


@pytest.mark.parametrize(
    ("wanted", "path"),
    [
        ("/peta?waktu=semua", "/peta?waktu=semua"),
        ("https://evil.example/", "/"),
        ("//evil.example/", "/"),
        ("/\\evil.example", "/"),
        ("javascript:alert(1)", "/"),
        ("/x\r\nSet-Cookie: a=b", "/"),
        ("", "/"),
    ],
)
def test_given_where_to_go_back_when_the_language_was_chosen_then_nobody_is_sent_elsewhere(
    wanted: str, path: str
) -> None:
    assert own_path(wanted) == path
