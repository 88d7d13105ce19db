"""Times and durations as people in NTB read them."""

from datetime import datetime, timedelta
from typing import Final

from shared.events.event import Language
from shared.wita import WITA

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
_HOUR: Final = timedelta(hours=1)


def in_words(at: datetime, language: Language) -> str:
    """`Jumat, 27 November 2026 pukul 16.00 WITA`."""
    local = at.astimezone(WITA)
    day = f"{_DAYS[language][local.weekday()]}, {local.day} {_MONTHS[language][local.month - 1]} {local.year}"
    if language is Language.ENGLISH:
        return f"{day} at {local:%H:%M} WITA"
    return f"{day} pukul {local:%H.%M} WITA"


def length_in_words(length: timedelta, language: Language) -> str:
    """`3 hari 5 jam`: whole days of 24 hours and whole hours, never rounded up."""
    days, hours = length.days, length.seconds // 3600
    if length < _HOUR:
        return "less than an hour" if language is Language.ENGLISH else "kurang dari satu jam"
    if language is Language.INDONESIAN:
        parts = [(days, "hari"), (hours, "jam")]
    else:
        parts = [(days, "day" if days == 1 else "days"), (hours, "hour" if hours == 1 else "hours")]
    return " ".join(f"{number} {unit}" for number, unit in parts if number)
