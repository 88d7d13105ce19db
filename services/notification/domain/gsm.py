"""GSM 03.38, the alphabet of SMS: 160 septets are one message; a letter outside of it makes that 70. Pure."""

import unicodedata
from typing import Final

_BASIC: Final = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENSION: Final = frozenset("\f^{}\\[~]|€")
"""Each takes two septets."""
_ALL: Final = _BASIC | _EXTENSION
_INSTEAD: Final = str.maketrans(
    dict.fromkeys("\u2018\u2019\u201a\u201b\u2032\u00b4\u0060", "'")
    | dict.fromkeys("\u201c\u201d\u201e\u201f\u00ab\u00bb\u2033", '"')
    | dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2212", "-")
    | dict.fromkeys("\u2022\u00b7\u25cf", "*")
    | {
        "\t": " ",
        "\u2044": "/",
        "\u00d7": "x",
        "\u00f0": "d",
        "\u00fe": "th",
        "\u0142": "l",
        "\u0141": "L",
        "\u0131": "i",
    }
    | {"\u0153": "oe", "\u0152": "OE", "\u20b9": "Rs", "\u2192": "->", "\u00a9": "(c)", "\u00ae": "(R)"}
)
_UNKNOWN: Final = "?"


def septets(text: str) -> int | None:
    """How much room it takes; None for a text that is not of this alphabet."""
    if not _ALL.issuperset(text):
        return None
    return len(text) + sum(letter in _EXTENSION for letter in text)


def to_gsm(text: str) -> str:
    """The same in letters of the alphabet: without the accents that it lacks; `?` for what has no likeness in it."""
    if _BASIC.issuperset(text):
        return text
    return "".join(_likeness(letter) for letter in text.translate(_INSTEAD))


def _likeness(letter: str) -> str:
    if letter in _ALL:
        return letter
    parts = (
        part for part in unicodedata.normalize("NFKD", letter).translate(_INSTEAD) if not unicodedata.combining(part)
    )
    known = [part for part in parts if part in _ALL]
    return "".join(known) or ("" if _adds_nothing(letter) else _UNKNOWN)


def _adds_nothing(letter: str) -> bool:
    """Marks that sit on other letters, and what is not seen."""
    return unicodedata.category(letter) in {"Mn", "Me", "Cf", "Cc"}
