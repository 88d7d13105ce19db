"""What a text is about, plain enough to compare: people write the same thing in many ways.

Understands the short forms of messages, and words for one thing in Indonesian, English, and some Sasak and Mbojo
(`wording.json`). Whoever keeps a wording keeps what somebody wrote: it is erased with the text.
"""

import json
import re
import unicodedata
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, Final

from rapidfuzz.fuzz import ratio
from rapidfuzz.process import extractOne

_WORD: Final = re.compile(r"[a-z]+|\d+")
_DRAWN_OUT: Final = re.compile(r"(.)\1{2,}")
_ENDINGS: Final = ("nya", "kah", "lah", "kan")
_SHORTEST: Final = 3
_SHORTEST_STEM: Final = 4
_MOST: Final = 80
_SAME_NAME: Final = 82
"""Percent of letters: a typo or an ending apart."""
_MISTYPED: Final = 88
_LONG: Final = 5
"""Letters: a shorter word is too easily mistaken for another."""
_MATTER: Final = "~"
_NUMBER: Final = "#"


@dataclass(frozen=True, slots=True)
class Wording:
    """A text as what it speaks of."""

    matters: frozenset[str]
    """Things that many complaints speak of, whatever they are called."""
    names: frozenset[str]
    """All other words: mostly names of places and people."""
    numbers: frozenset[str]
    """`rt3`, `sdn2`: those that are said of something."""

    @property
    def size(self) -> int:
        return len(self.matters) + len(self.names) + len(self.numbers)

    def to_words(self) -> list[str]:
        """As plain words, to be kept."""
        matters = (f"{_MATTER}{word}" for word in sorted(self.matters))
        numbers = (f"{_NUMBER}{word}" for word in sorted(self.numbers))
        return [*matters, *numbers, *sorted(self.names)]

    @classmethod
    def of_words(cls, words: Collection[str]) -> "Wording":
        """What `to_words` gave."""
        return cls(
            frozenset(word[1:] for word in words if word[0] == _MATTER),
            frozenset(word for word in words if word[0] not in {_MATTER, _NUMBER}),
            frozenset(word[1:] for word in words if word[0] == _NUMBER),
        )


@dataclass(frozen=True, slots=True)
class Comparison:
    """How two texts stand to each other; parts from 0 to 1."""

    matters: float
    """Of what they speak of, how much both do."""
    names: float
    """How many of the names that are said both say."""
    both_name: bool
    """Whether each says at least one."""
    contradict: bool
    """They say different numbers of one thing: another house, another school."""

    @property
    def alike(self) -> float:
        """One number for whoever wants one: names tell more than matters, which the category says already."""
        if self.contradict:
            return 0.0
        return 0.4 * self.matters + 0.6 * self.names if self.both_name else 0.7 * self.matters


def wording_of(text: str) -> Wording:
    """What the text speaks of; of a very long one only the beginning."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().casefold()
    matters, names, numbers = set[str](), set[str](), set[str]()
    before = ""
    for word in _WORD.findall(plain)[: 3 * _MOST]:
        if word.isdigit():
            if before in _lexicon().labels:
                numbers.add(f"{before}{int(word)}")
        else:
            said = _meaning(word)
            if said.startswith(_MATTER):
                matters.add(said[1:])
            elif said:
                names.add(said)
        before = word
        if len(names) >= _MOST:
            break
    return Wording(frozenset(matters), frozenset(names), frozenset(numbers))


def compare(one: Wording, other: Wording) -> Comparison:
    """The same whichever comes first."""
    said = len(one.matters) + len(other.matters)
    return Comparison(
        matters=2 * len(one.matters & other.matters) / said if said else 0.0,
        names=_common_names(one.names, other.names),
        both_name=bool(one.names and other.names),
        contradict=_contradict(one.numbers, other.numbers),
    )


def _common_names(one: frozenset[str], other: frozenset[str]) -> float:
    fewer, more = sorted((one, other), key=lambda names: (len(names), sorted(names)))
    if not fewer:
        return 0.0
    common = fewer & more
    left = more - common
    alike = sum(any(ratio(word, known, score_cutoff=_SAME_NAME) for known in left) for word in fewer - common)
    both = len(common) + alike
    # Who writes little may mean the same as who writes much; who writes as much and says half of it does not.
    return (both / len(fewer) + both / (len(fewer) + len(more) - both)) / 2


def _contradict(one: frozenset[str], other: frozenset[str]) -> bool:
    for number in one - other:
        label = number.rstrip("0123456789")
        said = {known for known in other if known.rstrip("0123456789") == label}
        if said and not said & one:
            return True
    return False


@lru_cache(50_000)
def _meaning(word: str) -> str:
    """`~` and the matter, a name, or nothing."""
    lexicon = _lexicon()
    plain = _DRAWN_OUT.sub(r"\1", word)
    plain = lexicon.short.get(plain, plain)
    for form in _forms(plain):
        if form in lexicon.small:
            return ""
        if form in lexicon.matters:
            return _MATTER + lexicon.matters[form]
    meant = extractOne(plain, lexicon.long, scorer=ratio, score_cutoff=_MISTYPED) if len(plain) >= _LONG else None
    if meant is not None:
        return _MATTER + lexicon.matters[meant[0]]
    return plain if len(plain) >= _SHORTEST else ""


def _forms(word: str) -> list[str]:
    ends = [end for end in _ENDINGS if word.endswith(end) and len(word) - len(end) >= _SHORTEST_STEM]
    return [word, *(word.removesuffix(end) for end in ends)]


@dataclass(frozen=True, slots=True)
class _Lexicon:
    small: frozenset[str]
    short: Mapping[str, str]
    matters: Mapping[str, str]
    labels: frozenset[str]
    long: tuple[str, ...]


@cache
def _lexicon() -> _Lexicon:
    read: dict[str, Any] = json.loads(Path(__file__).with_name("wording.json").read_text("utf-8"))
    matters = {word: words[0] for words in read["matters"] for word in words}
    long = tuple(word for word in matters if len(word) >= _LONG)
    return _Lexicon(frozenset(read["small"]), read["short"], matters, frozenset(read["labels"]), long)
