"""Whether a server ended because its disk is full: the one fault that no new start mends."""

import shutil
from pathlib import Path
from typing import Final

_FULL_BELOW: Final = 50_000_000
_FULL: Final = "No space left on device"
_LINES_READ: Final = 15


def why_full(log: Path) -> str:
    """A sentence where the disk of the log is full, or was when the log was written last; else empty."""
    free = shutil.disk_usage(log.parent).free
    if free < _FULL_BELOW:
        return f"The disk is full: {free / 1e6:.0f} MB are free at {log.parent}. Make room there, then start again."
    if any(_FULL in line for line in last_lines(log)):
        return f"The disk was full, its log says ({_FULL}); {free / 1e6:.0f} MB are free at {log.parent} now."
    return ""


def last_lines(log: Path) -> list[str]:
    """The end of a log, as far as a person wants to see it."""
    try:
        return log.read_text(errors="replace").splitlines()[-_LINES_READ:]
    except FileNotFoundError:
        return []
