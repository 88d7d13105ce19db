"""The rulebook of the directory as it is now."""

from collections.abc import Callable

from services.routing.domain.rulebook import Rulebook
from shared.directory import Directory

CALENDAR = STANDARD = "52"
EXTRA_CALENDAR = "52-extra"
"""Collective leave and the like, which coordinators add: the delivered calendar goes on being renewed beside it."""


def rulebook_source(directory: Directory, on_change: list[Callable[[str], None]]) -> Callable[[], Rulebook]:
    """Make the rulebook anew when the directory changed. Raises KeyError while calendar or standard are missing."""
    made: list[Rulebook] = []
    on_change.append(lambda _: made.clear())

    def current() -> Rulebook:
        if not made:
            made.append(
                Rulebook(
                    agencies=dict(directory.agencies),
                    categories=dict(directory.categories),
                    rules=sorted(directory.rules.values(), key=lambda rule: rule.position),
                    calendar=directory.calendars[CALENDAR],
                    standard=directory.standards[STANDARD],
                    officers=dict(directory.officers),
                    extra=directory.calendars.get(EXTRA_CALENDAR),
                )
            )
        return made[0]

    return current
