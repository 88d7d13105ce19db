"""Durations as people in NTB read them."""

from datetime import timedelta
from typing import Final

from shared.events.event import Language

_HOUR: Final = timedelta(hours=1)


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
