"""What each figure counts: versioned data, so that anyone can read it, and changing one is changing no code."""

from collections.abc import Iterable, Iterator
from datetime import date
from enum import StrEnum
from functools import cached_property
from typing import Literal, Self

from pydantic import Field, PositiveInt, model_validator

from shared.events.case import PromiseKind, Status
from shared.events.directory import Label
from shared.events.event import Fact, Slug, Urgency


class CountsFor(StrEnum):
    """Whose figure it is."""

    HOLDER = "holder"
    """Of the body that has the case now."""
    THEN = "then"
    """Of the body that had it when the promise was met or broken, or when the step was taken."""
    ACTOR = "actor"
    """Of every body that took such a step."""


class Outcome(StrEnum):
    """How a promise stands. One that is broken may be overdue as well."""

    KEPT = "kept"
    LATE = "late"
    """Met after it was due."""
    BROKEN = "broken"
    """Past due and not met, whether or not the case ended since."""
    OVERDUE = "overdue"
    """Past due, not met, and nobody but government is waited for."""


class Figure(Fact):
    """A number of cases: those for which everything holds that is said here."""

    id: Slug
    name: Label
    about: Label
    counts_for: CountsFor = CountsFor.HOLDER
    statuses: tuple[Status, ...] = ()
    urgencies: tuple[Urgency, ...] = ()
    promise: PromiseKind | Literal["any"] | None = None
    outcomes: tuple[Outcome, ...] = ()
    step: str | None = None
    """A type of case event that happened."""
    reasons: tuple[str, ...] = ()
    """Of the step."""
    rating: int | None = Field(default=None, ge=1, le=5)
    """That the step gave."""
    linked: bool = False
    """Whether it counts only those that go on in another case."""
    historical: bool = False
    """Whether it counts what was entered afterwards, which says nothing about times."""
    listed: bool = False
    """Whether the cases that it counts now can be listed over all agencies and years."""
    share_of: tuple[Slug, ...] = ()
    """Its share is told of the sum of these."""

    @model_validator(mode="after")
    def _can_be_told(self) -> Self:
        if bool(self.promise) != bool(self.outcomes):
            raise ValueError(f"{self.id}: a promise and its outcomes go together")
        if (self.reasons or self.rating) and not self.step:
            raise ValueError(f"{self.id}: reasons and ratings are those of a step")
        if self.counts_for is CountsFor.ACTOR and not self.step:
            raise ValueError(f"{self.id}: only a step has an actor")
        if self.counts_for is CountsFor.THEN and not (self.step or self.promise not in {None, "any"}):
            raise ValueError(f"{self.id}: says of no one moment who had the case")
        return self


class Duration(Fact):
    """How long the body that met a promise had the case until then, without pauses; kept as a histogram."""

    id: Slug
    name: Label
    about: Label
    promise: PromiseKind


class Definitions(Fact):
    """One version of all of them."""

    version: PositiveInt
    valid_from: date = Field(alias="from")
    note: Label
    """What is new in it."""
    figures: tuple[Figure, ...]
    durations: tuple[Duration, ...]
    edges_hours: tuple[PositiveInt, ...]
    """Upper edges of the histograms' bins."""
    edges_days: tuple[PositiveInt, ...]
    """The same, of how long cases lay somewhere."""
    rough: tuple[str, ...] = ()
    """Beginnings of categories whose cases count only for their regency: in a village they would name a household."""

    @model_validator(mode="after")
    def _fit_together(self) -> Self:
        ids = [figure.id for figure in self.figures]
        twice = {name for name in ids if ids.count(name) > 1}
        missing = {name for figure in self.figures for name in figure.share_of} - set(ids)
        missing |= set(REQUIRED) - set(ids)
        for name, edges in (("edges_hours", self.edges_hours), ("edges_days", self.edges_days)):
            if list(edges) != sorted(set(edges)):
                raise ValueError(f"{name} must rise")
        if twice or missing:
            raise ValueError(f"twice: {sorted(twice)}, missing: {sorted(missing)}")
        return self

    @cached_property
    def by_id(self) -> dict[str, Figure]:
        return {figure.id: figure for figure in self.figures}

    @property
    def counted(self) -> list[str]:
        """Every name under which cases are counted, bins of durations included."""
        bins = [f"{each.id}_within_{edge}" for each in self.durations for edge in self.edges_hours]
        return [*self.by_id, *bins, *(f"{each.id}_beyond" for each in self.durations)]

    def needed_for(self, figures: Iterable[str]) -> list[str]:
        """The figures, and those that their shares are of."""
        named = [name for figure in figures for name in (figure, *self.by_id[figure].share_of)]
        return list(dict.fromkeys(named))

    def differing(self, other: "Definitions") -> Iterator[str]:
        """Ids of figures and durations that are new, gone or say something else."""
        mine = {each.id: each for each in (*self.figures, *self.durations)}
        others = {each.id: each for each in (*other.figures, *other.durations)}
        return (name for name in sorted(mine.keys() | others.keys()) if mine.get(name) != others.get(name))


REQUIRED = ("received", "followed_up", "done", "rejected", "late", "urgent_open")
"""The pages and the API name these; every version has them."""
