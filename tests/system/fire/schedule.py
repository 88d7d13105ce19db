"""Which faults come, in which order and for how long: all of it follows from the seed."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import chain
from random import Random
from typing import Final

SERVICES: Final = ("intake", "routing", "notification", "reporting")
BROKER: Final = "broker"
"""One of the three, by the seed."""
BROKERS: Final = "brokers"
PRIMARY: Final = "primary"
"""Whichever member of the replica set takes writes when the fault comes."""
MEMBERS: Final = "members"
_TOGETHER: Final = 0.25
"""So many of the faults come two at once."""


class Kind(StrEnum):
    KILL = "killed"
    STOP = "stopped"
    DROP = "cut off"
    DELAY = "delayed"
    RESET = "reset"
    LOSE = "unanswered"
    IN_TURN = "restarted in turn"
    FILL = "out of disk"
    SKEW = "out of time"


@dataclass(frozen=True)
class Fault:
    """One thing that goes wrong."""

    kind: Kind
    target: str
    lasts_s: float
    number: int
    """What there is more than one of: which broker; which way and how far a clock goes wrong."""

    def __str__(self) -> str:
        return f"{self.target} {self.kind}"


TARGETS: Final[dict[Kind, tuple[str, ...]]] = {
    Kind.KILL: (*SERVICES, BROKER, PRIMARY),
    Kind.STOP: (*SERVICES, BROKER, PRIMARY),
    Kind.DROP: (BROKERS, MEMBERS),
    Kind.DELAY: (BROKERS, MEMBERS),
    Kind.RESET: (BROKERS, MEMBERS),
    Kind.LOSE: (BROKERS, MEMBERS),
    Kind.IN_TURN: (BROKERS,),
    Kind.FILL: (BROKER, PRIMARY),
    Kind.SKEW: SERVICES,
}


def every_fault(seed: int, longest_s: float) -> list[tuple[Fault, ...]]:
    """Each kind at each target once, in any order, some two at once."""
    random = Random(seed)
    places = [(kind, target) for kind, targets in TARGETS.items() for target in targets]
    random.shuffle(places)
    return list(_grouped([_fault(random, *place, longest_s) for place in places], random))


def each_kind(seed: int, longest_s: float) -> list[tuple[Fault, ...]]:
    """Each kind once, somewhere; services, brokers and database are all killed."""
    random = Random(seed)
    places = [(kind, random.choice(targets)) for kind, targets in TARGETS.items() if kind is not Kind.KILL]
    places += [(Kind.KILL, target) for target in (random.choice(SERVICES), BROKER, PRIMARY)]
    random.shuffle(places)
    return [(_fault(random, *place, longest_s),) for place in places]


def _fault(random: Random, kind: Kind, target: str, longest_s: float) -> Fault:
    return Fault(kind, target, round(random.uniform(longest_s / 2, longest_s), 1), random.randrange(6))


def _grouped(faults: Sequence[Fault], random: Random) -> Iterator[tuple[Fault, ...]]:
    """Two at once never hit the same place, and never brokers or members twice: a majority of them must be left."""
    for first in range(0, len(faults), 2):
        pair = tuple(faults[first : first + 2])
        apart = len({_layer(fault.target) for fault in pair}) == len(pair)
        yield from [pair] if apart and random.random() < _TOGETHER * 2 else [(fault,) for fault in pair]


def _layer(target: str) -> str:
    return {BROKER: BROKERS, PRIMARY: MEMBERS}.get(target, target)


def number_of(schedule: Sequence[Sequence[Fault]]) -> int:
    return len(list(chain.from_iterable(schedule)))
