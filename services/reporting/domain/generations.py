"""Generations of the read models: what may follow what, how far one is filled, what differs between two.

A generation is one set of collections, filled from the topics by one set of definitions. Exactly one is live: readers
are answered from it.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

FIRST: Final = "1"
_NAME: Final = re.compile(r"[a-z0-9]{1,20}")


class GenerationRefused(Exception):
    """What was asked of a generation cannot be; the text says why, and how to go on."""


class State(StrEnum):
    """Who writes it."""

    BUILDING = "building"
    """A rebuild, which may have been killed."""
    SERVED = "served"
    """The replicas of the service, as events come."""
    DROPPING = "dropping"
    """Nobody any more."""


_AFTER: Final[Mapping[State, frozenset[State]]] = {
    State.BUILDING: frozenset({State.SERVED, State.DROPPING}),
    State.SERVED: frozenset({State.DROPPING}),
    # Again, where the one that dropped it was killed.
    State.DROPPING: frozenset({State.DROPPING}),
}


def states_before(state: State) -> frozenset[State]:
    return frozenset(before for before, after in _AFTER.items() if state in after)


@dataclass(frozen=True, slots=True)
class Progress:
    """How much of the topics a rebuild has read: records, as offsets count them."""

    read: int
    to_read: int
    """What there was when it began."""
    ends: Mapping[str, int] = field(default_factory=dict[str, int])
    """By topic (without the namespace): the same, of each."""

    @property
    def share(self) -> float:
        return min(1.0, self.read / self.to_read) if self.to_read else 1.0


@dataclass(frozen=True, slots=True)
class Generation:
    """One of them, as it is written down."""

    id: str
    definitions: Mapping[str, Any]
    """Of its figures, with a `version`."""
    state: State
    made_at: datetime
    progress: Progress | None = None
    """None: no rebuild made it."""
    moved_at: datetime | None = None
    """When the rebuild was last heard of."""
    is_undecided: bool = False
    """Whether it was handed over and nobody has said yet if it is to answer: its rebuild may have been killed."""

    @property
    def version(self) -> str:
        return str(self.definitions.get("version", "?"))

    @property
    def group(self) -> str:
        """The consumer group that fills it, without the namespace."""
        return f"reporting.{self.id}"


@dataclass(frozen=True, slots=True)
class Known:
    """All generations, and which one answers."""

    live: str
    generations: Mapping[str, Generation]

    @property
    def served(self) -> list[Generation]:
        """Those that the replicas consume."""
        return [one for one in self.generations.values() if one.state is State.SERVED]

    def find(self, name: str) -> Generation:
        """Raises GenerationRefused."""
        if name not in self.generations:
            names = ", ".join(sorted(self.generations))
            raise GenerationRefused(f"There is no generation {name}. There are: {names}.")
        return self.generations[name]

    def check_switch(self, name: str) -> None:
        """Raises GenerationRefused where it cannot become the live one."""
        match self.find(name).state:
            case State.BUILDING:
                raise GenerationRefused(f"Generation {name} is not filled yet: `ntbcare reporting rebuild` does that.")
            case State.DROPPING:
                raise GenerationRefused(f"Generation {name} is being dropped.")
            case State.SERVED:
                pass

    def check_drop(self, name: str) -> None:
        """Raises GenerationRefused where it must stay."""
        self.find(name)
        if name == self.live:
            raise GenerationRefused(
                f"Generation {name} is live: readers are answered from it. First switch to another, with "
                "`ntbcare reporting switch`."
            )

    def name_for_rebuild(self, wanted: str | None) -> str:
        """An unfinished one goes on; else the next number. Raises GenerationRefused."""
        unfinished = sorted(one.id for one in self.generations.values() if one.state is State.BUILDING)
        name = wanted or (unfinished[0] if unfinished else self._next())
        if not _NAME.fullmatch(name):
            raise GenerationRefused("--generation is made of lower-case letters and digits, at most 20 of them.")
        there = self.generations.get(name)
        if there is not None and there.state is not State.BUILDING:
            raise GenerationRefused(f"There is a generation {name} already. Take another name, or drop it first.")
        return name

    def undecided(self, wanted: str | None) -> Generation | None:
        """One whose rebuild was killed with all done but the switch; None where another is unfinished."""
        if any(one.state is State.BUILDING for one in self.generations.values()):
            return None
        found = [one for one in self.served if one.is_undecided and one.id != self.live and wanted in {None, one.id}]
        return max(found, key=lambda one: one.made_at, default=None)

    def _next(self) -> str:
        return str(max((int(name) for name in self.generations if name.isdigit()), default=0) + 1)


def seconds_left(progress: Progress, read_before: int, elapsed_s: float) -> float | None:
    """By the pace since this process began, at `read_before`. None while nothing is known of it."""
    done = progress.read - read_before
    if done <= 0 or elapsed_s <= 0:
        return None
    return max(0, progress.to_read - progress.read) * elapsed_s / done


Totals = Mapping[str, Mapping[str, int]]
"""By month, by figure."""


@dataclass(frozen=True, slots=True)
class Contents:
    """What a generation says, all in all."""

    cases: int
    totals: Totals
    wrong_sums: Sequence["Changed"] = ()
    """Where a table of sums adds up to something else (`new`) than the buckets below it (`old`)."""


@dataclass(frozen=True, slots=True)
class Changed:
    """One number that is another in the new generation."""

    where: str
    """A month, or empty: all of them together."""
    figure: str
    old: int
    new: int


@dataclass(frozen=True, slots=True)
class Unlike:
    """One case that is told otherwise by the new generation."""

    ticket: str
    fields: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    """The live generation beside a new one."""

    old: Contents
    new: Contents
    old_version: str
    new_version: str
    sampled: int
    unlike: Sequence[Unlike] = ()
    is_settled: bool = True
    """No event was under way while the two were read."""

    @property
    def months(self) -> list[Changed]:
        return changes(self.old.totals, self.new.totals)

    @property
    def totals(self) -> list[Changed]:
        return changes({"": over_all(self.old.totals)}, {"": over_all(self.new.totals)})

    @property
    def is_equal(self) -> bool:
        same = self.old.cases == self.new.cases and not self.months and not self.unlike
        return same and not self.new.wrong_sums


def over_all(totals: Totals) -> dict[str, int]:
    """The sum of all months."""
    total: Counter[str] = Counter()
    for figures in totals.values():
        total.update(figures)
    return dict(total)


def changes(old: Totals, new: Totals) -> list[Changed]:
    """A figure that is missing is 0."""
    return [
        Changed(place, figure, before, after)
        for place in sorted(old.keys() | new.keys())
        for figure in sorted(old.get(place, {}).keys() | new.get(place, {}).keys())
        if (before := old.get(place, {}).get(figure, 0)) != (after := new.get(place, {}).get(figure, 0))
    ]


def unlike_fields(old: Mapping[str, Any] | None, new: Mapping[str, Any] | None) -> tuple[str, ...]:
    """Names of the fields that differ; of a document that only one has, all that it has."""
    old, new = old or {}, new or {}
    return tuple(sorted(name for name in old.keys() | new.keys() if old.get(name) != new.get(name)))


def compare_cases(old: Iterable[Mapping[str, Any]], new: Iterable[Mapping[str, Any]]) -> list[Unlike]:
    """Documents by `_id`, each without what differs by nature."""
    olds, news = ({document["_id"]: document for document in documents} for documents in (old, new))
    found = [(name, unlike_fields(olds.get(name), news.get(name))) for name in sorted(olds.keys() | news.keys())]
    return [Unlike(name, fields) for name, fields in found if fields]
