"""Prints PDFs by Typst. Nothing is fetched: templates and fonts are of this machine."""

import asyncio
from dataclasses import dataclass
from datetime import datetime
from importlib import import_module
from pathlib import Path
from typing import Any, Final

TEMPLATES: Final = Path(__file__).parent / "templates"
AT_ONCE: Final = 1
"""Typst uses all processors for one file already."""
MOST_WAITING: Final = 20
_REMEMBERED: Final = 10
"""Typst keeps what it laid out, and so what people wrote, until so many later compilations made no use of it."""


class PrinterBusy(Exception):
    """So many wait already that another one would wait too long."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """What is to be printed."""

    template: str
    told: str
    """JSON: data, never markup, so nobody's text can be code."""
    made_at: datetime


class Printer:
    """Prints in threads, a few at once."""

    def __init__(self, most_waiting: int = MOST_WAITING) -> None:
        self._turns = asyncio.Semaphore(AT_ONCE)
        self._most_waiting = most_waiting
        self._asked = 0

    async def print(self, sheet: Sheet) -> bytes:
        """Raises PrinterBusy."""
        if self._asked >= AT_ONCE + self._most_waiting:
            raise PrinterBusy
        self._asked += 1
        try:
            async with self._turns:
                return await asyncio.to_thread(render, sheet)
        finally:
            self._asked -= 1


def render(sheet: Sheet) -> bytes:
    """The PDF."""
    # Most replicas never print one, and Typst takes some 30 MB.
    typst: Any = import_module("typst")
    pdf: bytes = typst.compile(
        TEMPLATES / sheet.template,
        root=TEMPLATES,
        ignore_system_fonts=True,
        sys_inputs={"told": sheet.told},
        timestamp=sheet.made_at.replace(microsecond=0),
    )
    for _ in range(_REMEMBERED + 1):
        typst.compile(b"", root=TEMPLATES, ignore_system_fonts=True)
    return pdf
