"""Whoever speaks on the public pages, at a moment of the test's own."""

from datetime import UTC, datetime
from typing import Final

from services.reporting.pages.saying import Speaker
from shared.directory import Directory
from shared.events.event import Language
from shared.pages.rendering import Pages
from tests.reporting.samples import a_directory

PAGES: Final = Pages("services.reporting.pages", "")
NOW: Final = datetime(2026, 4, 10, 2, 0, tzinfo=UTC)
"""A Friday, 10:00 WITA."""


def a_speaker(language: Language = Language.INDONESIAN, names: Directory | None = None, now: datetime = NOW) -> Speaker:
    return Speaker(PAGES.words(language), language, names or a_directory(), now)
