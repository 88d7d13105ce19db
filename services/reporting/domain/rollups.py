"""Months added up beforehand, so that a page costs the numbers that it shows and not the buckets below them."""

from dataclasses import dataclass
from typing import Final, Literal

from services.reporting.domain.figures import PROVINCE
from services.reporting.domain.statistics import Dimension, Question

ALL: Final = "*"
"""Stands for all agencies, or for all categories."""

RollupLevel = Literal["province", "regency", "district"]


@dataclass(frozen=True, slots=True)
class Rollup:
    """One table of sums of a month: by region of the level, and by agency and category where these are kept."""

    level: RollupLevel
    agencies: bool
    categories: bool

    @property
    def shelters(self) -> Literal["all", "bodies of regencies", "none"]:
        """Whose confidential cases are only in it where a bucket alone has enough of them."""
        if self.level == "district" or (self.level == "regency" and (self.agencies or self.categories)):
            return "all"
        return "bodies of regencies" if self.agencies else "none"


ROLLUPS: Final = frozenset(
    {
        *(Rollup("province", agencies, categories) for agencies in (False, True) for categories in (False, True)),
        *(Rollup("regency", *kept) for kept in ((False, False), (True, False), (False, True))),
        *(Rollup("district", *kept) for kept in ((False, False), (False, True))),
    }
)
"""Those that are kept. What needs another one is added up from the buckets."""


def rollup_for(question: Question) -> Rollup | None:
    """The one that answers it for whole months; None: none does.

    Confidential cases are in it as `Rollup.shelters` says.
    """
    agencies = question.agency is not None or Dimension.AGENCY in question.by
    categories = question.category is not None or Dimension.CATEGORY in question.by
    wanted = Rollup(_level(question), agencies, categories)
    return wanted if wanted in ROLLUPS else None


def _level(question: Question) -> RollupLevel:
    if question.is_of_a_district or Dimension.REGION in question.by:
        return question.level_of_rows
    return "province" if question.region in {None, PROVINCE} else "regency"
