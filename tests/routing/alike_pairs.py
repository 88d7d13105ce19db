"""Pairs of made-up complaints that are about one matter or not, made of `alike/facts.json`, always the same ones.

Which part a pair belongs to, its group decides: so no text is in both. Positives are two tellings of one fact, each
with the error of a telephone's position. Hard negatives are tellings of two facts of one street or quarter and one
category, the same text at another place, and the same text long after.
"""

import hashlib
import json
import math
import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import combinations, product
from pathlib import Path
from typing import Any, Final

from services.routing.domain.alike import Matter, Point
from shared.wording import wording_of

_BEGIN: Final = datetime(2026, 3, 2, tzinfo=UTC)
_DEGREE_M: Final = 111_195.0
_KEYS: Final = {"a": "s", "e": "w", "i": "o", "n": "m", "r": "t", "k": "l", "s": "d"}


@dataclass(frozen=True)
class Telling:
    """One complaint."""

    fact: str
    text: str
    matter: Matter


@dataclass(frozen=True)
class Pair:
    """Two complaints; `same`: one matter."""

    id: str
    kind: str
    same: bool
    held_out: bool
    one: Telling
    other: Telling


@cache
def all_pairs() -> tuple[Pair, ...]:
    groups: list[dict[str, Any]] = json.loads((Path(__file__).parent / "alike" / "facts.json").read_text("utf-8"))[
        "groups"
    ]
    return tuple(pair for group in groups for pair in _pairs_of(group))


def is_held_out(group: str) -> bool:
    """Half of the groups, by a digest of their id: settled before anything was tuned."""
    return hashlib.sha256(f"alike/{group}".encode()).digest()[0] % 2 == 0


def _pairs_of(group: dict[str, Any]) -> Iterator[Pair]:
    tellings = {fact["id"]: _tellings(group, fact) for fact in group["facts"]}
    held_out = is_held_out(group["id"])
    for told in tellings.values():
        for one, other in combinations(told, 2):
            yield _pair("same", one, other, held_out=held_out)
        for one in told:
            yield _pair("same text, another place", one, _elsewhere(one), held_out=held_out)
        yield _pair("same text, long after", told[0], _long_after(told[0]), held_out=held_out)
    for first, second in combinations(tellings.values(), 2):
        for one, other in product(first, second):
            yield _pair("another fact of the street", one, other, held_out=held_out)


def _pair(kind: str, one: Telling, other: Telling, *, held_out: bool) -> Pair:
    return Pair(f"{one.fact}/{one.text}/{kind}/{other.text}", kind, kind == "same", held_out, one, other)


def _tellings(group: dict[str, Any], fact: dict[str, Any]) -> list[Telling]:
    name = f"{group['id']}/{fact['id']}"
    lot = random.Random(f"alike/{name}")
    point = _moved(tuple(group["point"]), *fact["at"])
    began = _BEGIN + timedelta(days=random.Random(f"alike/{group['id']}").randrange(60), hours=lot.uniform(0, 48))
    texts = [*fact["texts"], _mistyped(fact["texts"][0], lot)]
    return [_telling(name, text, group["category"], _seen(point, lot), began, lot) for text in texts]


def _telling(name: str, text: str, category: str, point: Point, began: datetime, lot: random.Random) -> Telling:
    received_at = began + timedelta(hours=lot.uniform(0, 9 * 24))
    return Telling(name, text, Matter(category, "52", None, {}, received_at, point, wording_of(text)))


def _seen(point: Point, lot: random.Random) -> Point:
    """Most telephones are right to some 20 m, some far from it."""
    error = 80 if lot.random() < 0.15 else 20
    return _moved(point, lot.gauss(0, error), lot.gauss(0, error))


def _moved(point: tuple[float, ...], east: float, north: float) -> Point:
    return point[0] + north / _DEGREE_M, point[1] + east / (_DEGREE_M * math.cos(math.radians(point[0])))


def _mistyped(text: str, lot: random.Random) -> str:
    """Every fifth word has a wrong letter, or lacks one."""
    words = text.split()
    for index in range(0, len(words), 5):
        word = words[index]
        at = lot.randrange(len(word))
        words[index] = word[:at] + (_KEYS.get(word[at], "") if lot.random() < 0.5 else "") + word[at + 1 :]
    return " ".join(words).lower()


def _elsewhere(one: Telling) -> Telling:
    lot = random.Random(f"elsewhere/{one.fact}/{one.text}")
    assert one.matter.point
    away, angle = lot.uniform(250, 3_000), lot.uniform(0, 2 * math.pi)
    point = _moved(one.matter.point, away * math.cos(angle), away * math.sin(angle))
    return replace(one, fact=f"{one.fact} elsewhere", matter=replace(one.matter, point=point))


def _long_after(one: Telling) -> Telling:
    lot = random.Random(f"after/{one.fact}/{one.text}")
    received_at = one.matter.received_at + timedelta(days=lot.uniform(35, 120))
    return replace(one, fact=f"{one.fact} again", matter=replace(one.matter, received_at=received_at))
