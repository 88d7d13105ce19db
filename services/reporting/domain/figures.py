"""What a case counts as, and where: a bucket's count is the number of its cases that have a figure."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, Self

from shared.events.case import CaseSnapshot, Promise, PromiseKind
from shared.events.event import region_levels
from shared.wita import day_of

PROVINCE: Final = "52"
NO_AGENCY: Final = "-"

COUNTS: Final = ("received", "followed_up", "done", "rejected")
CONFIDENTIAL: Final = "confidential_"
"""Stands before the counts of cases that are confidential, which are kept apart."""
EDGES: Final = (1, 2, 4, 8, 12, 24, 48, 72, 96, 120, 168, 240, 336, 504, 720, 1080, 1440, 2160, 2880)
"""Upper edges of the histograms' bins, in hours since receipt; what took longer is `beyond`."""
FOLLOW_UP, RESOLUTION = "follow_up", "resolution"

# By value, for some of these states are still to come.
_COUNTED_AS: Final = {"resolved": "done", "closed": "done", "rejected": "rejected"}
_ENDED: Final = frozenset({"closed", "rejected", "withdrawn"})
_DISTRICT: Final = 3


@dataclass(frozen=True, slots=True)
class Bucket:
    """Cases received in one day or month, in one district, held by one agency, about one category."""

    start: str
    """`2026-03-05`, or `2026-03` for a month."""
    region: str
    """The district; the regency or the province where no more is known."""
    agency: str
    category: str

    @property
    def key(self) -> str:
        return f"{self.start}|{self.region}|{self.agency}|{self.category}"

    @property
    def month(self) -> Self:
        return type(self)(self.start[:7], self.region, self.agency, self.category)

    @property
    def period(self) -> str:
        return "month" if self.start == self.month.start else "day"

    @classmethod
    def parse(cls, key: str) -> Self:
        return cls(*key.split("|"))


def levels_of(region: str | None) -> tuple[str, ...]:
    return region_levels(region) if region else (PROVINCE,)


def bucket_of(case: CaseSnapshot) -> Bucket:
    district = levels_of(case.region)[:_DISTRICT][-1]
    return Bucket(day_of(case.received_at).isoformat(), district, case.agency or NO_AGENCY, case.category)


def figures_of(case: CaseSnapshot) -> list[str]:
    """All that the case counts as. What was entered afterwards counts, but says nothing about times."""
    times = [] if case.historical else [*_durations(case), *_promises(case)]
    return [*_counts(case), *times]


def _counts(case: CaseSnapshot) -> Iterator[str]:
    prefix = CONFIDENTIAL if case.confidential else ""
    yield f"{prefix}received"
    if _is_met(case, PromiseKind.FIRST_FOLLOW_UP):
        yield f"{prefix}followed_up"
    if case.status.value in _COUNTED_AS:
        yield f"{prefix}{_COUNTED_AS[case.status.value]}"


def _is_met(case: CaseSnapshot, kind: PromiseKind) -> bool:
    promise = case.promise(kind)
    return promise is not None and promise.met_at is not None


def _durations(case: CaseSnapshot) -> Iterator[str]:
    for name, kind in ((FOLLOW_UP, PromiseKind.FIRST_FOLLOW_UP), (RESOLUTION, PromiseKind.RESOLUTION)):
        promise = case.promise(kind)
        if promise is not None and promise.met_at is not None:
            yield duration_figure(name, promise.met_at - case.received_at)


def duration_figure(name: str, duration: timedelta) -> str:
    edge = next((edge for edge in EDGES if duration <= timedelta(hours=edge)), None)
    return f"{name}_beyond" if edge is None else f"{name}_within_{edge}"


def _promises(case: CaseSnapshot) -> Iterator[str]:
    for promise in case.promises:
        if promise.met_at is not None or (promise.ended_at is None and case.status.value not in _ENDED):
            yield f"{promise.kind.value}_{_outcome(promise)}"


def _outcome(promise: Promise) -> str:
    """An open promise counts by the day it is due, so that a reader can tell which are overdue on any later day."""
    if promise.met_at is None:
        return "open_" + day_of(promise.due_at).isoformat().replace("-", "")
    return "on_time" if promise.met_at <= promise.due_at else "late"
