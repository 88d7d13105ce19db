"""What the public pages say, in words: numbers, names, days, due times with how many working days are left."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

from services.reporting.domain.moments import length_in_words
from shared.directory import Directory
from shared.events.event import Language
from shared.wita import day_in_words, day_of, in_words, is_working_day, month_in_words

NOTHING: Final = "\N{EN DASH}"
_SOON_DAYS: Final = 2


@dataclass(frozen=True, slots=True)
class Told:
    """A line and how urgent it is: `late`, `today`, `soon`, `fine` or nothing."""

    text: str
    tone: str = ""


@dataclass(frozen=True, slots=True)
class Speaker:
    """Speaks a language, knows the names, and what time it is."""

    words: Mapping[str, Any]
    language: Language
    names: Directory
    now: datetime

    @property
    def today(self) -> date:
        return day_of(self.now)

    def number(self, number: float | None) -> str:
        """`1.234` in Indonesian, `1,234` in English; a dash for None."""
        if number is None:
            return NOTHING
        told = f"{number:,.1f}" if isinstance(number, float) else f"{number:,}"
        return told if self.language is Language.ENGLISH else told.translate(str.maketrans(",.", ".,"))

    def percent(self, share: float | None) -> str:
        """`66,5 %`; a dash of nothing."""
        return NOTHING if share is None else f"{self.number(float(share))} %"

    def when(self, moment: datetime) -> str:
        return in_words(moment, self.language)

    def day(self, day: date) -> str:
        return day_in_words(day, self.language)

    def month(self, month: str) -> str:
        return month_in_words(month, self.language)

    def length(self, length: timedelta) -> str:
        return length_in_words(length, self.language)

    def agency(self, agency: str | None) -> str:
        known = self.names.agencies.get(agency or "")
        return known.name.in_language(self.language) if known else agency or self.words["nobody"]

    def category(self, category: str | None) -> str:
        known = self.names.categories.get(category or "")
        return known.name.in_language(self.language) if known else category or NOTHING

    def region(self, region: str | None) -> str:
        known = self.names.regions.get(region or "")
        return known.name if known else region or self.words["no_region"]

    def place(self, region: str | None) -> str:
        """From the finest region known up to the regency."""
        codes = [region[:end] for end in (13, 8, 5) if region and len(region) >= end]
        return ", ".join(self.region(code) for code in codes) or self.region(region)

    def due(self, due_at: datetime) -> Told:
        """`sebelum Jumat 27 Nov 2026 16.00 WITA, 2 hari kerja lagi`."""
        moment = self.when(due_at)
        if due_at < self.now:
            late = self.length(self.now - due_at)
            return Told(self.words["due_late"].format(moment=moment, late=late), "late")
        before, left = self.words["due_before"].format(moment), self.days_left(due_at)
        if day_of(due_at) == self.today:
            return Told(f"{before}, {self.words['due_today']}", "today")
        days = self.words["working_day"] if left == 1 else self.words["working_days"].format(left)
        return Told(f"{before}, {days}", "soon" if left <= _SOON_DAYS else "fine")

    def days_left(self, due_at: datetime) -> int:
        """Working days after today, up to the day that it is due."""
        days = (self.today + timedelta(days=count) for count in range(1, (day_of(due_at) - self.today).days + 1))
        closed = self.closed()
        return sum(is_working_day(day, closed) for day in days)

    def next_working_day(self) -> date:
        closed = self.closed()
        days = (self.today + timedelta(days=count) for count in range(1, 30))
        return next((day for day in days if is_working_day(day, closed)), self.today + timedelta(days=1))

    def closed(self) -> frozenset[date]:
        return frozenset(day.day for calendar in self.names.calendars.values() for day in calendar.closed)
