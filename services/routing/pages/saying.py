"""What pages say of a case, in words: due times with how many working days are left, promises, history."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

from services.routing.api.views import Line
from services.routing.domain.standing import first_due
from services.routing.domain.table import OPEN
from shared.directory import Directory
from shared.events.case import CaseSnapshot, Promise
from shared.events.event import Language
from shared.wita import day_of, in_words, is_working_day

_SOON_DAYS: Final = 2


@dataclass(frozen=True)
class Told:
    """A line and how urgent it is: `late`, `today`, `soon`, `fine` or nothing."""

    text: str
    tone: str = ""


@dataclass(frozen=True)
class Teller:
    """Speaks a language, knows the names, and what day it is."""

    words: Mapping[str, Any]
    language: Language
    directory: Directory
    closed: frozenset[date]
    now: datetime

    def when(self, moment: datetime) -> str:
        return in_words(moment, self.language)

    def agency(self, agency: str | None) -> str:
        known = self.directory.agencies.get(agency or "")
        return known.name.in_language(self.language) if known else agency or self.words["nobody"]

    def category(self, category: str) -> str:
        known = self.directory.categories.get(category)
        return known.name.in_language(self.language) if known else category

    def region(self, region: str | None) -> str:
        known = self.directory.regions.get(region or "")
        return known.name if known else region or ""

    def due(self, case: CaseSnapshot) -> Told:
        """Of the promise that is due first."""
        promise = first_due(case) if case.status in OPEN else None
        if promise is None:
            waits = case.status in OPEN and any(one.is_open and one.is_paused for one in case.promises)
            return Told(self.words["due_paused"] if waits else self.words["no_due"])
        told = self._due(promise)
        return Told(f"{self.words['promise_names'][promise.kind]}: {told.text}", told.tone)

    def _due(self, promise: Promise) -> Told:
        moment = self.when(promise.due_at)
        if promise.due_at < self.now:
            return Told(self.words["due_late"].format(moment), "late")
        before, left = self.words["due_before"].format(moment), self._days_left(promise.due_at)
        if day_of(promise.due_at) == day_of(self.now):
            return Told(f"{before}, {self.words['due_today']}", "today")
        days = self.words["working_day"] if left == 1 else self.words["working_days"].format(left)
        return Told(f"{before}, {days}", "soon" if left <= _SOON_DAYS else "fine")

    def _days_left(self, due_at: datetime) -> int:
        """Working days after today, up to the day that it is due."""
        today = day_of(self.now)
        days = (today + timedelta(days=count) for count in range(1, (day_of(due_at) - today).days + 1))
        return sum(is_working_day(day, self.closed) for day in days)

    def promise(self, promise: Promise) -> Told:
        """How it stands."""
        words = self.words
        if promise.met_at is not None:
            late = promise.met_at > promise.due_at
            told = f"{words['broken'] if late else words['met']}: {self.when(promise.met_at)}"
            return Told(told, "late" if late else "fine")
        if promise.ended_at is not None:
            return Told(words["ended"])
        if promise.is_paused:
            return Told(words["paused"])
        told = self._due(promise)
        if promise.escalations:
            return Told(f"{told.text}; {words['escalated'].format(promise.escalations)}", told.tone)
        return told

    def facts_of(self, line: Line) -> list[str]:
        """What an event says besides that it happened."""
        return [text for name, value in (line.facts or {}).items() for text in self._fact(name, value)]

    def _fact(self, name: str, value: Any) -> Iterator[str]:
        match name:
            case "agency" | "suggested" | "coordinator" | "holder":
                yield self.agency(value)
            case "reason":
                yield self.words["reasons"].get(value, value)
            case "level" | "outcome":
                yield self.words[f"{name}s"][value]
            case "promise":
                yield self.words["promise_names"][value]
            case "due_at":
                yield self.when(datetime.fromisoformat(value))
            case "from_category":
                yield self.category(value)
            case "officer" | "linked_to":
                yield str(value)
            case "rating":
                yield f"{value}/5"
            case "parts":
                yield ", ".join(value)
            case _:
                pass
