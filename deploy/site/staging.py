"""What the site is built from: `docs/` as it lies there, two files of the root, and the pages that are drawn.

Links of the sources work where the repository is read. What they name outside of the site (code, folders) becomes plain
text here, for the site does not know where the repository is kept.
"""

import posixpath
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Final

from deploy.site.api_pages import draw_apis
from deploy.site.event_pages import draw_events

SOURCES: Final = Path("docs")
_OF_THE_ROOT: Final = {"DECISIONS.md": "decisions.md", "CHANGELOG.md": "changelog.md"}
_LINK: Final = re.compile(r"(!?)\[((?:[^\[\]]|\[[^\]]*\])*)\]\(([^)\s]+)\)")


class LinkBroken(Exception):
    """A page names a file that is neither in the site nor in the repository."""


def stage(folder: Path) -> None:
    """Fill an empty folder. Raises LinkBroken."""
    pages = {str(path): _place(path) for path in sorted(SOURCES.rglob("*.md"))} | _OF_THE_ROOT
    for source, place in pages.items():
        text = Path(source).read_text(encoding="utf-8")
        # The builder's pages would fetch the program that draws these from another host.
        _write(folder / place, relink(text, source, pages).replace("```mermaid", "```text"))
    for place, text in (draw_apis() | draw_events()).items():
        _write(folder / place, text)
    shutil.copytree(SOURCES / "screenshots", folder / "screenshots")


def relink(text: str, source: str, pages: dict[str, str]) -> str:
    """The text with its links as they are in the site. `pages` maps paths in the repository to those in the site.

    Raises LinkBroken.
    """
    return _LINK.sub(_relinking(source, pages), text)


def _relinking(source: str, pages: dict[str, str]) -> Callable[[re.Match[str]], str]:
    here = pages[source]

    def changed(match: re.Match[str]) -> str:
        mark, words, target = match.groups()
        path, hash_sign, anchor = target.partition("#")
        if not path or "://" in path or path.startswith("mailto:"):
            return match.group()
        named = posixpath.normpath(posixpath.join(posixpath.dirname(source), path))
        place = _find(named, pages)
        if place is not None:
            return f"{mark}[{words}]({posixpath.relpath(place, posixpath.dirname(here))}{hash_sign}{anchor})"
        if not Path(named).exists():
            raise LinkBroken(f"{source} links to {named}, which is not there")
        return words

    return changed


def _find(named: str, pages: dict[str, str]) -> str | None:
    """Where a file or folder of the repository is in the site."""
    for one in (named, f"{named}/README.md"):
        if one in pages:
            return pages[one]
    is_picture = named.startswith("docs/screenshots/") and Path(named).is_file()
    return named.removeprefix("docs/") if is_picture else None


def _place(path: Path) -> str:
    inside = path.relative_to(SOURCES)
    return str(inside.with_name("index.md") if inside.name == "README.md" else inside)


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
