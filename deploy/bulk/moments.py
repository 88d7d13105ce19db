"""Days and times as people in Indonesia write them."""

import re
from datetime import datetime
from typing import Final

from shared.wita import WITA

_MONTHS: Final = {
    "januari": 1,
    "februari": 2,
    "maret": 3,
    "april": 4,
    "mei": 5,
    "juni": 6,
    "juli": 7,
    "agustus": 8,
    "september": 9,
    "oktober": 10,
    "november": 11,
    "desember": 12,
    "pebruari": 2,
    "nopember": 11,
    "january": 1,
    "february": 2,
    "march": 3,
    "may": 5,
    "june": 6,
    "july": 7,
    "august": 8,
    "october": 10,
    "december": 12,
    "agu": 8,
    "ags": 8,
    "okt": 10,
    "des": 12,
    "peb": 2,
    "nop": 11,
}
_CLOCK: Final = r"(?:[ ,T]+(?:pukul|jam|pkl\.?)?\s*(\d{1,2})[.:](\d{2})(?:[.:]\d{2})?)?(?:\s*(?:wita|wib))?"
_NUMBERS: Final = re.compile(r"(\d{1,2})[-/. ](\d{1,2})[-/. ](\d{4})" + _CLOCK, re.IGNORECASE)
_WORDS: Final = re.compile(r"(?:\w+,\s*)?(\d{1,2})[ -]([a-z]{3,})[ -](\d{4})" + _CLOCK, re.IGNORECASE)
_SHORT: Final = 3


def read_moment(entered: str) -> datetime:
    """`17/08/2021`, `17-8-2021 14.30`, `17 Agustus 2021 pukul 14.30 WITA`, `2021-08-17`, `2021-08-17T14:30+08:00`.

    The day comes before the month. WITA where nothing else is said; a day alone is its beginning. Raises ValueError.
    """
    text = " ".join(entered.split())
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = _written(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=WITA)


def _written(text: str) -> datetime:
    numbers, words = _NUMBERS.fullmatch(text), _WORDS.fullmatch(text)
    found = numbers or words
    if found is None:
        msg = "is no day that is understood, such as 17/08/2021 or 17 Agustus 2021 14.30"
        raise ValueError(msg)
    if re.search(r"\bwib\b", text, re.IGNORECASE):
        msg = "is in WIB; write it in WITA, or as 2021-08-17T14:30+07:00"
        raise ValueError(msg)
    day, month, year, hour, minute = found.groups()
    number = int(month) if numbers else _month(month)
    return datetime(int(year), number, int(day), int(hour or 0), int(minute or 0), tzinfo=WITA)


def _month(name: str) -> int:
    known = name.lower()
    found = _MONTHS.get(known) or next((n for full, n in _MONTHS.items() if full[:_SHORT] == known), None)
    if found is None:
        msg = f"{name} is no month"
        raise ValueError(msg)
    return found
