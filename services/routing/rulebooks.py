"""The rulebook of the directory as it is now."""

from collections.abc import Callable

from services.routing.domain.rulebook import Rulebook
from shared.directory import Directory

CALENDAR = STANDARD = "52"
EXTRA_CALENDAR = "52-extra"
"""Collective leave and the like, which coordinators add: the delivered calendar goes on being renewed beside it."""


def rulebook_source(directory: Directory, on_change: list[Callable[[str], None]]) -> Callable[[], Rulebook]:
    """Make the rulebook anew when the directory changed; where what all need went away, the last one holds.

    That is: the calendar, the standard and whoever coordinates. The directory's publisher puts them back.

    Raises KeyError while they never were there.
    """
    made: list[Rulebook] = []
    changed: list[str] = []
    on_change.append(changed.append)

    def current() -> Rulebook:
        coordinated = any(agency.coordinates for agency in directory.agencies.values())
        complete = CALENDAR in directory.calendars and STANDARD in directory.standards and coordinated
        if not made or (changed and complete):
            changed.clear()
            made[:] = [
                Rulebook(
                    agencies=dict(directory.agencies),
                    categories=dict(directory.categories),
                    rules=sorted(directory.rules.values(), key=lambda rule: rule.position),
                    calendar=directory.calendars[CALENDAR],
                    standard=directory.standards[STANDARD],
                    officers=dict(directory.officers),
                    extra=directory.calendars.get(EXTRA_CALENDAR),
                )
            ]
        return made[0]

    return current
