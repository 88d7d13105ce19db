"""Times as people in NTB read them."""

from datetime import datetime
from typing import Final

from shared.events.event import Language
from shared.wita import WITA

_DAYS: Final = {
    Language.INDONESIAN: ("Senin", "Selasa", "Rabu", "Kamis", "Jumat", "Sabtu", "Minggu"),
    Language.ENGLISH: ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
}
_MONTHS: Final = {
    Language.INDONESIAN: ("Jan", "Feb", "Mar", "Apr", "Mei", "Jun", "Jul", "Agu", "Sep", "Okt", "Nov", "Des"),
    Language.ENGLISH: ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
}
_BETWEEN: Final = {Language.INDONESIAN: ".", Language.ENGLISH: ":"}


def in_words(at: datetime, language: Language) -> str:
    """`Jumat 27 Nov 2026 16.00 WITA`."""
    local = at.astimezone(WITA)
    day, month = _DAYS[language][local.weekday()], _MONTHS[language][local.month - 1]
    return f"{day} {local.day} {month} {local.year} {local:%H}{_BETWEEN[language]}{local:%M} WITA"
