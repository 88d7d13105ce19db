"""Which category the words speak for: keywords are counted, nothing is learnt, and anybody can say why.

A keyword is a stem, or several in a row. Each that is found gives its category as many points as it has words, shared
with the other categories that have the same one. How sure it is: the category's points over those of all, and one.
"""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

MOST: Final = 3
"""So many are suggested."""
_LONG_ENOUGH: Final = 5
"""Letters of a stem that any ending may follow. Shorter ones begin too many other words."""
_ENDINGS: Final = ("", "nya", "ku", "mu", "an", "kan", "i", "lah", "kah", "pun")
_ENGLISH_ENDINGS: Final = ("s", "es", "ed", "ing")
_BEGINNINGS: Final = (
    *("meng", "meny", "men", "mem", "me", "peng", "peny", "pen", "pem", "per", "pe"),
    *("ber", "ter", "di", "ke", "se"),
)
"""Of Indonesian, the longer ones first."""
_WORD: Final = re.compile(r"[^\W_]+")


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A category, how sure it is (above 0, below 1), and the words of the text that speak for it."""

    category: str
    confidence: float
    words: tuple[str, ...]


class Suggester:
    """Made once of all keywords."""

    def __init__(self, keywords: Mapping[str, Iterable[str]]) -> None:
        """The keywords of every category."""
        self._owners: dict[tuple[str, ...], set[str]] = defaultdict(set)
        for category, own in keywords.items():
            for keyword in own:
                self._owners[tuple(words_of(keyword))].add(category)
        self._owners.pop((), None)
        self._stems = {stem for keyword in self._owners for stem in keyword}
        self._by_first: dict[str, list[tuple[str, ...]]] = defaultdict(list)
        for keyword in sorted(self._owners):
            self._by_first[keyword[0]].append(keyword)

    def suggest(self, text: str) -> list[Suggestion]:
        """At most `MOST`, the surest first; where they are alike, in the order of their names."""
        points, spoken = dict[str, float](), dict[str, dict[str, None]]()
        for keyword, told in self._found(text).items():
            owners = self._owners[keyword]
            for category in owners:
                points[category] = points.get(category, 0) + len(keyword) / len(owners)
                spoken.setdefault(category, {}).update(dict.fromkeys(told))
        total = sum(points[category] for category in sorted(points))
        ranked = sorted(points, key=lambda category: (-points[category], category))[:MOST]
        return [Suggestion(name, points[name] / (total + 1), tuple(spoken[name])) for name in ranked]

    def _found(self, text: str) -> dict[tuple[str, ...], list[str]]:
        """Every keyword that is in the text, with the words that it was found in first, in the text's order."""
        words = words_of(text)
        stems = {word: self._stems_in(word) for word in set(words)}
        found = dict[tuple[str, ...], list[str]]()
        for place, word in enumerate(words):
            for first in sorted(stems[word]):
                for keyword in self._by_first.get(first, ()):
                    run = words[place : place + len(keyword)]
                    if keyword not in found and _fits(keyword, [stems[one] for one in run]):
                        found[keyword] = run
        return found

    def _stems_in(self, word: str) -> set[str]:
        return {stem for stem in _stems_of(word) if stem in self._stems}


def words_of(text: str) -> list[str]:
    """In lower case, without accents and signs."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    return _WORD.findall("".join(letter for letter in plain if not unicodedata.combining(letter)))


def _stems_of(word: str) -> Iterator[str]:
    """Whatever it may come from, with or without an Indonesian beginning."""
    yield from _without_endings(word, (*_ENDINGS, *_ENGLISH_ENDINGS))
    for beginning in _BEGINNINGS:
        if word.startswith(beginning):
            yield from _without_endings(word[len(beginning) :], _ENDINGS)


def _without_endings(word: str, endings: Iterable[str]) -> Iterator[str]:
    yield from (word[:end] for end in range(_LONG_ENOUGH, len(word)))
    yield from (word.removesuffix(ending) for ending in endings)


def _fits(keyword: tuple[str, ...], run: Sequence[set[str]]) -> bool:
    return len(run) == len(keyword) and all(stem in stems for stem, stems in zip(keyword, run, strict=True))
