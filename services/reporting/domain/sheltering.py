"""What else is told only roughly of a sensitive complaint; its region is as in `shared/sheltering.py`."""

from shared.directory import Directory
from shared.events.event import region_levels
from shared.sheltering import REGENCY, is_sensitive


def sensitive_categories(names: Directory) -> list[str]:
    return sorted(category for category in names.categories if is_sensitive(category, names))


def told_cell(cell: str | None, category: str, names: Directory) -> str | None:
    return None if is_sensitive(category, names) else cell


def is_below_regency(region: str | None) -> bool:
    return region is not None and len(region_levels(region)) > REGENCY
