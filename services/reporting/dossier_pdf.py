"""Prints the file for the Ombudsman as PDF, by Typst. Nothing is fetched: template and fonts are of this machine."""

import asyncio
import json
from dataclasses import asdict
from datetime import datetime
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from services.reporting.domain.dossier import Dossier
from shared.wita import in_full_words

TEMPLATES: Final = Path(__file__).parent / "templates"
AT_ONCE: Final = 1
"""Typst uses all processors for one file already."""
MOST_WAITING: Final = 20
_REMEMBERED: Final = 10
"""Typst keeps what it laid out, and so what people wrote, until so many later compilations made no use of it."""


class PrinterBusy(Exception):
    """So many wait already that another one would wait too long."""


class DossierPrinter:
    """Prints in threads, a few at once."""

    def __init__(self, most_waiting: int = MOST_WAITING) -> None:
        self._turns = asyncio.Semaphore(AT_ONCE)
        self._most_waiting = most_waiting
        self._asked = 0

    async def print(self, dossier: Dossier) -> bytes:
        """Raises PrinterBusy."""
        if self._asked >= AT_ONCE + self._most_waiting:
            raise PrinterBusy
        self._asked += 1
        try:
            async with self._turns:
                return await asyncio.to_thread(render, dossier)
        finally:
            self._asked -= 1


def render(dossier: Dossier) -> bytes:
    """The PDF. Data goes in as JSON, never as markup, so nobody's text can be code."""
    # Most replicas never print one, and Typst takes some 30 MB.
    typst: Any = import_module("typst")
    pdf: bytes = typst.compile(
        TEMPLATES / "dossier.typ",
        root=TEMPLATES,
        ignore_system_fonts=True,
        sys_inputs={"dossier": to_json(dossier)},
        timestamp=dossier.made_at,
    )
    for _ in range(_REMEMBERED + 1):
        typst.compile(b"", root=TEMPLATES, ignore_system_fonts=True)
    return pdf


def to_json(dossier: Dossier) -> str:
    """Times are in words."""

    def worded(value: object) -> str:
        if isinstance(value, datetime):
            return in_full_words(value, dossier.language)
        raise TypeError(type(value).__name__)

    return json.dumps(asdict(dossier), default=worded)
