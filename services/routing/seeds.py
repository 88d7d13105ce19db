"""The directory as it is delivered: what `data/` holds, and the calendar of the `holidays` package."""

import json
from datetime import datetime
from importlib.resources import files
from typing import Final, TypeVar

from holidays.countries.indonesia import Indonesia

from shared.events.directory import Agency, Calendar, Category, ClosedDay, Entry, Region, Rule
from shared.events.event import Fact
from shared.events.standards import Standard

_CALENDAR: Final = "52"
_ESTIMATED: Final = Indonesia.estimated_label.removeprefix("%s")

_Fact = TypeVar("_Fact", bound=Fact)


def seed_entries(years: range) -> list[Entry]:
    """Every delivered entry; the calendar has the holidays of `years`."""
    return [
        *_read("agencies.json", Agency),
        *_read("categories.json", Category),
        *_read("rules.json", Rule),
        *_read("standard.json", Standard),
        *_read("regions.json", Region),
        seed_calendar(years),
    ]


def seeded_years(now: datetime, since: int = 2018, ahead: int = 2) -> range:
    """Of the calendar."""
    return range(since, now.year + ahead + 1)


def seed_calendar(years: range) -> Calendar:
    """Public and government holidays of Indonesia; the package says which days it only estimates."""
    days = Indonesia(years=years, expand=False, language="id", categories=("public", "government"))
    closed = [
        ClosedDay(day=day, name=name.replace(_ESTIMATED, ""), estimated=_ESTIMATED in name)
        for day, name in sorted(days.items())
    ]
    return Calendar(id=_CALENDAR, closed=tuple(closed))


def _read(name: str, kind: type[_Fact]) -> list[_Fact]:
    text = files("services.routing").joinpath("data", name).read_text(encoding="utf-8")
    return [kind.model_validate(row) for row in json.loads(text)]
