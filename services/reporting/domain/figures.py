"""Where a case counts: a bucket's count is the number of its cases that have a figure."""

import re
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
OF_A_REGENCY: Final = r"-\d\d\.\d\d$"
"""How the ids of bodies end whose place is a regency."""
DUE_ON: Final = "due_on_"
SITS: Final = "sits_"
STAYED: Final = "stayed_"
HEXAGON: Final = "hex_"
RESERVED: Final = (CONFIDENTIAL, DUE_ON, SITS, STAYED, HEXAGON)
"""Beginnings of names under which cases are counted and which no definition gives."""
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


def is_of_a_regency(agency: str | None) -> bool:
    return agency is not None and re.search(OF_A_REGENCY, agency) is not None


def bucket_of(case: CaseSnapshot, agency: str | None) -> Bucket:
    """That of the body for which it counts."""
    district = levels_of(case.region)[:_DISTRICT][-1]
    return Bucket(day_of(case.received_at).isoformat(), district, agency or NO_AGENCY, case.category)
