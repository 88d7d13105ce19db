"""Words by which a public case is found: what of it is public, brought down to stems at the time of writing.

The Indonesian stemmer is Snowball's. English words go through it too, the same in a case and in a question, so they
are found as they are written.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any, Final

import snowballstemmer

from services.reporting.domain.case import Head, StoredCase
from services.reporting.domain.publications import public_words
from services.reporting.domain.views import agency_name, category_name, region_name
from shared.directory import Directory
from shared.events.event import region_levels
from shared.ids import parse_ticket
from shared.sheltering import told_region

MOST_STEMS: Final = 400
"""Of one case. Names come first, then what was published, then progress, the newest first."""
MOST_ASKED: Final = 8
"""So many words of a question count; more of them would find the same or nothing."""

_SHORTEST: Final = 2
_LONGEST: Final = 40
"""What is longer is cut: nobody types more of it."""
_WORD: Final = re.compile(r"[^\W_]+")
_STOP_LINES: Final = (
    "ada adalah agar akan atau bagi bahwa bisa dan dalam dapat dari dengan di hal ini itu jadi jika juga kami karena",
    "ke kepada kita lagi maka mereka nya oleh pada para saat saja sangat saya sebagai sebelum secara sedang sehingga",
    "seperti serta setelah sudah supaya tapi telah tentang tersebut tetapi tidak untuk yang",
    "an and are as at be by for from has have in is it its not of on or our that the their there this to was we were",
    "with you your",
)
_STOP_WORDS: Final = frozenset(word for line in _STOP_LINES for word in line.split())
_INSIDE_WORDS: Final = frozenset("'\u2019\u02bc")
"""As in Jum'at."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What somebody looks for: the case of this ticket, or where none is, those that have all these words."""

    ticket: str | None = None
    words: tuple[str, ...] = ()


def ask(entered: str) -> Wanted:
    """Neither ticket nor words: it holds nothing that can be looked for."""
    try:
        ticket = parse_ticket(entered)
    except ValueError:
        ticket = None
    return Wanted(ticket, tuple(dict.fromkeys(words_of(entered)))[:MOST_ASKED])


def found_by(stored: StoredCase, names: Directory) -> list[str]:
    """Sorted stems of all that is public of the case; none where it is not public."""
    head = stored.head
    if head is None or not head.public:
        return []
    stems = dict[str, None]()
    for text in _public_texts(stored, head, names):
        for stem in words_of(text):
            stems.setdefault(stem)
            if len(stems) == MOST_STEMS:
                return sorted(stems)
    return sorted(stems)


def words_of(text: str) -> Iterator[str]:
    """Stems in the order of the text, without short words and those that every text has."""
    decomposed = unicodedata.normalize("NFKD", text).casefold()
    letters = (letter for letter in decomposed if letter not in _INSIDE_WORDS and not unicodedata.combining(letter))
    for word in _WORD.findall("".join(letters)):
        if len(word) >= _SHORTEST and word not in _STOP_WORDS:
            yield _stem(word[:_LONGEST])


@lru_cache(50_000)
def _stem(word: str) -> str:
    return _stemmer().stemWord(word)


@cache
def _stemmer() -> Any:
    return snowballstemmer.stemmer("indonesian")


def _public_texts(stored: StoredCase, head: Head, names: Directory) -> Iterator[str]:
    yield from _names(head, names)
    words = public_words(stored)
    newest_first = sorted(stored.history.items(), reverse=True)
    ids = dict.fromkeys((_published(head), *(step.words for _, step in newest_first)))
    yield from (text for event_id in ids if event_id and (text := words.get(event_id)))


def _published(head: Head) -> str:
    return (head.snapshot.publication or "").partition(":")[2]


def _names(head: Head, names: Directory) -> Iterable[str]:
    case = head.snapshot
    labels = [label for label in (category_name(names, case.category), agency_name(names, case.agency)) if label]
    yield from (words for label in labels for words in (label.id, label.en))
    yield case.agency or ""
    region = told_region(case.region, case.category, names)
    yield from (region_name(names, code) or "" for code in (region_levels(region) if region else ()))
