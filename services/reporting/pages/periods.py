"""Which time a page is about, and which one it is compared with."""

import calendar
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final, Self

_DAYS: Final = 30
LAST_DAYS, THIS_MONTH, TWELVE_MONTHS, ALL = "30-hari", "bulan-ini", "12-bulan", "semua"
KINDS: Final = (LAST_DAYS, THIS_MONTH, TWELVE_MONTHS, ALL)
"""As they stand in addresses, the default first."""


@dataclass(frozen=True, slots=True)
class Period:
    """Days of receipt (WITA), both included; None: open."""

    kind: str
    first: date | None
    last: date | None

    @classmethod
    def of(cls, kind: str, today: date) -> Self:
        """Of an unknown kind the default."""
        match kind:
            case "bulan-ini":
                return cls(kind, today.replace(day=1), today)
            case "12-bulan":
                return cls(kind, months_before(today, 11), today)
            case "semua":
                return cls(kind, None, None)
            case _:
                return cls(LAST_DAYS, today - timedelta(days=_DAYS - 1), today)

    @property
    def before(self) -> "Period | None":
        """As long a time, right before it; None: there is none before everything."""
        if self.first is None or self.last is None:
            return None
        match self.kind:
            case "bulan-ini":
                first = months_before(self.first, 1)
                last = min(first + (self.last - self.first), self.first - timedelta(days=1))
            case "12-bulan":
                first, last = months_before(self.first, 12), months_before(self.last, 12, on=self.last.day)
            case _:
                first, last = self.first - timedelta(days=_DAYS), self.first - timedelta(days=1)
        return Period(self.kind, first, last)

    @property
    def asked(self) -> Mapping[str, str]:
        """As filters of the list of cases."""
        bounds = {"dari": self.first, "sampai": self.last}
        return {name: day.isoformat() for name, day in bounds.items() if day is not None}


def months_before(day: date, months: int, *, on: int = 1) -> date:
    """That day of the month so many months earlier; its last one where it is shorter."""
    year, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    return date(year, month + 1, min(on, calendar.monthrange(year, month + 1)[1]))
