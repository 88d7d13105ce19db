"""The clock of Nusa Tenggara Barat."""

from datetime import date, datetime, timedelta, timezone
from typing import Final

WITA: Final = timezone(timedelta(hours=8), "WITA")
"""Asia/Makassar, which has no daylight saving."""


def day_of(moment: datetime) -> date:
    """The day that it is there."""
    return moment.astimezone(WITA).date()
