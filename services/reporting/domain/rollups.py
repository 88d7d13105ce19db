"""Months and days added up beforehand, so that a page costs the numbers that it shows, not the buckets below them."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal

from services.reporting.domain.figures import CONFIDENTIAL, COUNTED, PROVINCE
from services.reporting.domain.statistics import Dimension, Question, Sheltered
from services.reporting.domain.tallies import LATE

ALL: Final = "*"
"""Stands for all agencies, or for all categories."""

KEPT_BY_DAY: Final = frozenset(f"{prefix}{figure}" for figure in (*COUNTED, LATE) for prefix in ("", CONFIDENTIAL))
"""Figures that are added up by day; the others are asked for by month alone."""

Period = Literal["day", "month"]
RollupLevel = Literal["whole", "province", "regency", "district"]
"""`whole`: the province, with every confidential case, where `province` has not all of them."""


@dataclass(frozen=True, slots=True)
class Rollup:
    """One table of sums of months or days: by region of the level, and by agency and category where these are kept."""

    level: RollupLevel
    agencies: bool
    categories: bool
    period: Period = "month"

    @property
    def name(self) -> str:
        """Of the level, by which its cells are told from those of another period."""
        return self.level if self.period == "month" else f"{self.level} by day"

    def holds(self, figures: Iterable[str]) -> bool:
        return self.period == "month" or KEPT_BY_DAY.issuperset(figures)

    @property
    def shelters(self) -> Literal["all", "bodies of regencies", "none"]:
        """Whose confidential cases are only in it where a bucket alone has enough of them."""
        if self.period == "day":
            return "none" if self.level == "whole" else "all"
        if self.level == "district" or (self.level == "regency" and (self.agencies or self.categories)):
            return "all"
        return "bodies of regencies" if self.agencies else "none"


ROLLUPS: Final = frozenset(
    {
        *(Rollup("province", agencies, categories) for agencies in (False, True) for categories in (False, True)),
        *(Rollup("regency", *kept) for kept in ((False, False), (True, False), (False, True))),
        *(Rollup("district", *kept) for kept in ((False, False), (False, True))),
        Rollup("whole", agencies=False, categories=False, period="day"),
        Rollup("province", agencies=False, categories=False, period="day"),
        Rollup("province", agencies=False, categories=True, period="day"),
        Rollup("regency", agencies=False, categories=False, period="day"),
    }
)
"""Those that are kept. What needs another one is added up from the buckets."""


def rollup_for(question: Question, period: Period, sheltered: Sheltered) -> Rollup | None:
    """The one that answers it for whole months, or for days; None: none does.

    Confidential cases are in it as `Rollup.shelters` says.
    """
    agencies = question.agency is not None or Dimension.AGENCY in question.by
    categories = question.category is not None or Dimension.CATEGORY in question.by
    is_whole = period == "day" and sheltered is Sheltered.NONE
    wanted = Rollup("whole" if is_whole else _level(question), agencies, categories, period)
    return wanted if wanted in ROLLUPS else None


def _level(question: Question) -> RollupLevel:
    if question.is_of_a_district or Dimension.REGION in question.by:
        return question.level_of_rows
    return "province" if question.region in {None, PROVINCE} else "regency"
