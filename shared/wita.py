"""The clock of Nusa Tenggara Barat, and how its times are told."""

from collections.abc import Collection
from datetime import date, datetime, timedelta, timezone
from typing import Final

from shared.events.event import Language

WITA: Final = timezone(timedelta(hours=8), "WITA")
"""Asia/Makassar, which has no daylight saving."""


_FRIDAY: Final = 4


def day_of(moment: datetime) -> date:
    """The day that it is there."""
    return moment.astimezone(WITA).date()


def is_working_day(day: date, closed: Collection[date]) -> bool:
    """Monday to Friday, less the closed days."""
    return day.weekday() <= _FRIDAY and day not in closed


_DAYS: Final = {
    Language.INDONESIAN: ("Senin", "Selasa", "Rabu", "Kamis", "Jumat", "Sabtu", "Minggu"),
    Language.ENGLISH: ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
}
_MONTHS: Final = {
    Language.INDONESIAN: (
        *("Januari", "Februari", "Maret", "April", "Mei", "Juni"),
        *("Juli", "Agustus", "September", "Oktober", "November", "Desember"),
    ),
    Language.ENGLISH: (
        *("January", "February", "March", "April", "May", "June"),
        *("July", "August", "September", "October", "November", "December"),
    ),
}
_SHORT: Final = 3
_BETWEEN: Final = {Language.INDONESIAN: ".", Language.ENGLISH: ":"}
_AT: Final = {Language.INDONESIAN: "pukul", Language.ENGLISH: "at"}


def in_words(moment: datetime, language: Language) -> str:
    """`Jumat 27 Nov 2026 16.00 WITA`."""
    local = moment.astimezone(WITA)
    day, month = _DAYS[language][local.weekday()], _MONTHS[language][local.month - 1][:_SHORT]
    return f"{day} {local.day} {month} {local.year} {_clock(local, language)}"


def in_full_words(moment: datetime, language: Language) -> str:
    """`Jumat, 27 November 2026 pukul 16.00 WITA`."""
    local = moment.astimezone(WITA)
    day, month = _DAYS[language][local.weekday()], _MONTHS[language][local.month - 1]
    return f"{day}, {local.day} {month} {local.year} {_AT[language]} {_clock(local, language)}"


def day_in_words(day: date, language: Language) -> str:
    """`27 Nov 2026`."""
    return f"{day.day} {_MONTHS[language][day.month - 1][:_SHORT]} {day.year}"


def month_in_words(month: str, language: Language) -> str:
    """`November 2026` for `2026-11`."""
    year, number = month.split("-")
    return f"{_MONTHS[language][int(number) - 1]} {year}"


def _clock(local: datetime, language: Language) -> str:
    return f"{local:%H}{_BETWEEN[language]}{local:%M} WITA"
