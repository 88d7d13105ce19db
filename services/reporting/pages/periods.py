"""Which time a page is about, and which one it is compared with."""

import calendar
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final, Self

_DAYS: Final = 30
LAST_DAYS, THIS_MONTH, TWELVE_MONTHS, ALL = "30-hari", "bulan-ini", "12-bulan", "semua"
KINDS: Final = (LAST_DAYS, THIS_MONTH, TWELVE_MONTHS, ALL)
"""As they stand in addresses."""


@dataclass(frozen=True, slots=True)
class Period:
    """Days of receipt (WITA), both included; None: open. The month that it is is taken whole, to its last day."""

    kind: str
    first: date | None
    last: date | None
    today: date

    @classmethod
    def of(cls, kind: str, today: date, usual: str = LAST_DAYS) -> Self:
        """Of an unknown kind the usual one."""
        last = month_away(today, 0, on=31)
        match kind if kind in KINDS else usual:
            case "bulan-ini":
                return cls(THIS_MONTH, today.replace(day=1), last, today)
            case "12-bulan":
                return cls(TWELVE_MONTHS, month_away(today, -11), last, today)
            case "semua":
                return cls(ALL, None, None, today)
            case _:
                return cls(LAST_DAYS, today - timedelta(days=_DAYS - 1), today, today)

    @property
    def until(self) -> date | None:
        """The last day of it that has come."""
        return min(self.last, self.today) if self.last else None

    @property
    def before(self) -> "Period | None":
        """As long a time, right before it; None: there is none before everything."""
        if self.first is None or self.until is None:
            return None
        match self.kind:
            case "bulan-ini":
                first, last = month_away(self.first, -1), month_away(self.first, -1, on=self.until.day)
            case "12-bulan":
                first, last = month_away(self.first, -12), month_away(self.until, -12, on=self.until.day)
            case _:
                first, last = self.first - timedelta(days=_DAYS), self.first - timedelta(days=1)
        return Period(self.kind, first, last, self.today)

    @property
    def is_within_a_month(self) -> bool:
        """Whether the cases of any figure can be listed."""
        return self.kind in {LAST_DAYS, THIS_MONTH}

    @property
    def asked(self) -> Mapping[str, str]:
        """As filters of the list of cases."""
        bounds = {"dari": self.first, "sampai": self.until}
        return {name: day.isoformat() for name, day in bounds.items() if day is not None}


def month_away(day: date, months: int, *, on: int = 1) -> date:
    """That day of the month so many months later; its last one where it is shorter."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(on, calendar.monthrange(year, month + 1)[1]))
