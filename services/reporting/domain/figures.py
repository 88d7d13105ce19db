"""Where a case counts: a bucket's count is the number of its cases that have a figure."""

from dataclasses import dataclass
from typing import Final, Self

from shared.events.case import CaseSnapshot
from shared.events.event import region_levels
from shared.wita import day_of

PROVINCE: Final = "52"
NO_AGENCY: Final = "-"

COUNTS: Final = ("received", "followed_up", "done", "rejected")
LINKED: Final = "linked"
SUPPORTS: Final = tuple(f"supports_{bit}" for bit in range(12))
"""A case counts for those that add up to its supporters: the first stands for one, each next for twice as many."""
COUNTED: Final = (*COUNTS, LINKED, *SUPPORTS)
CONFIDENTIAL: Final = "confidential_"
"""Stands before the figures of cases that are confidential, which are kept apart."""
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


def bucket_of(case: CaseSnapshot, agency: str | None) -> Bucket:
    """That of the body for which it counts."""
    district = levels_of(case.region)[:_DISTRICT][-1]
    return Bucket(day_of(case.received_at).isoformat(), district, agency or NO_AGENCY, case.category)
