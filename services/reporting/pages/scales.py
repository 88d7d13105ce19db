"""Classes of a figure: their bounds, names and colours. A colour never stands alone."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from services.reporting.pages.charts import nice_step
from services.reporting.pages.saying import Speaker

CLASSES: Final = 5
_WHOLE: Final = 100
_TENTH: Final = 0.1


@dataclass(frozen=True, slots=True)
class Scale:
    """Class 0 is nothing, or nothing to tell; the others are as wide as the step."""

    step: float
    of_shares: bool = False
    """A share of 0 tells something, so it lies in the first class."""

    @classmethod
    def of(cls, values: Iterable[float | None]) -> "Scale":
        """As wide as the largest value asks; of whole numbers whole."""
        known = [value for value in values if value is not None]
        smallest = _TENTH if any(isinstance(value, float) for value in known) else 1
        return cls(round(nice_step(max(known, default=0) / CLASSES, smallest), 1))

    @classmethod
    def shares(cls) -> "Scale":
        """Always the same, so that two maps can be compared."""
        return cls(_WHOLE / CLASSES, of_shares=True)

    def class_of(self, value: float | None) -> int:
        if value is None or (not value and not self.of_shares):
            return 0
        return min(CLASSES, max(1, math.ceil(round(value / self.step, 6))))

    def name(self, tone: int, say: Speaker) -> str:
        """`sedikit`."""
        return say.words["share_classes" if self.of_shares else "classes"][tone]

    def legend(self, say: Speaker) -> "list[Key]":
        return [Key(tone, self.name(tone, say), self._between(tone, say)) for tone in range(CLASSES + 1)]

    def _between(self, tone: int, say: Speaker) -> str:
        """`6-10`; empty of nothing."""
        if not tone:
            return ""
        unit = " %" if self.of_shares else ""
        bounds = [round(number * self.step, 1) for number in (tone - 1, tone)]
        above, upto = (say.number(int(bound) if bound == int(bound) else bound) for bound in bounds)
        return say.words["above_upto"].format(above=above, upto=f"{upto}{unit}")


@dataclass(frozen=True, slots=True)
class Key:
    """One class of the legend."""

    tone: int
    name: str
    between: str
