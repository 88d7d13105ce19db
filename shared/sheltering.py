"""Where a sensitive complaint happened is told only roughly. Pure.

Its facts are public like those of every case that is not confidential. But a rare matter in one village names a
household to everybody who lives there; a regency, with hundreds of thousands of people, does not.
"""

from typing import Final

from shared import directory
from shared.directory import Directory
from shared.events.event import region_levels

REGENCY: Final = 2
"""Which level of regions it is."""


def is_sensitive(category: str, names: Directory) -> bool:
    """Also every category that forces a switch on: an earlier case of it may be public."""
    return directory.is_sensitive(category, names.categories)


def told_region(region: str | None, category: str, names: Directory) -> str | None:
    """At most the regency of what is sensitive."""
    if region is None or not is_sensitive(category, names):
        return region
    return region_levels(region)[:REGENCY][-1]
