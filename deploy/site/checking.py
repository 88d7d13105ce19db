"""What the builder does not look for: pages outside of the navigation, loads from other hosts, links into nothing."""

from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote, urlsplit

_LOADING: Final = {"script": "src", "img": "src", "iframe": "src", "source": "src", "video": "src", "audio": "src"}
_LOADED_RELATIONS: Final = {"stylesheet", "preload", "preconnect", "dns-prefetch", "icon", "modulepreload", "manifest"}

_MERMAID: Final = "//unpkg.com/mermaid"
"""What the builder's script fetches where a page has such a drawing."""


class _Page(HTMLParser):
    """`links` are followed by a reader, `loads` by the browser alone; `anchors` are where links may end."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.loads: list[str] = []
        self.anchors: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = {name: value or "" for name, value in attrs}
        self.anchors |= {told[name] for name in ("id", "name") if name in told}
        if tag == "a" and "href" in told:
            self.links.append(told["href"])
        if tag == "link" and set(told.get("rel", "").split()) & _LOADED_RELATIONS:
            self.loads.append(told.get("href", ""))
        if "mermaid" in told.get("class", "").split():
            self.loads.append(_MERMAID)
        if tag in _LOADING and _LOADING[tag] in told:
            self.loads.append(told[_LOADING[tag]])


def faults(nav: list[Any], staged: Path, built: Path) -> list[str]:
    """One sentence each. `nav` is the configuration's, `staged` the Markdown, `built` the HTML."""
    pages = {path: _Page(path.read_text(encoding="utf-8")) for path in sorted(built.rglob("*.html"))}
    return [*_outside_nav(nav, staged), *_foreign(pages), *_foreign_styles(built), *_broken(pages, built)]


def _outside_nav(nav: list[Any], staged: Path) -> Iterator[str]:
    listed, there = set(_listed(nav)), {str(path.relative_to(staged)) for path in staged.rglob("*.md")}
    yield from (f"{page} is not in the navigation of zensical.toml" for page in sorted(there - listed))
    yield from (f"the navigation of zensical.toml names {page}, which is not there" for page in sorted(listed - there))


def _listed(nav: list[Any]) -> Iterator[str]:
    for entry in nav:
        for value in entry.values() if isinstance(entry, dict) else [entry]:
            yield from _listed(value) if isinstance(value, list) else [value]


def _foreign(pages: dict[Path, _Page]) -> Iterator[str]:
    for path, page in pages.items():
        yield from (f"{path} loads {load}" for load in page.loads if urlsplit(load).netloc)


def _foreign_styles(built: Path) -> Iterator[str]:
    for path in sorted(built.rglob("*.css")):
        text = path.read_text(encoding="utf-8").replace(" ", "").replace('"', "").replace("'", "")
        if any(load in text for load in ("url(http", "url(//", "@importhttp", "@import//")):
            yield f"{path} loads from another host"


def _broken(pages: dict[Path, _Page], built: Path) -> Iterator[str]:
    for path, page in pages.items():
        if path.name == "404.html":
            continue
        for link in (*page.links, *page.loads):
            parts = urlsplit(link)
            if parts.scheme or parts.netloc or not link:
                continue
            target = _target(path, unquote(parts.path), built)
            if not target.exists():
                yield f"{path} links to {link}, which is not there"
            elif parts.fragment and target in pages and unquote(parts.fragment) not in pages[target].anchors:
                yield f"{path} links to {link}, and no such heading is there"


def _target(page: Path, link: str, built: Path) -> Path:
    if not link:
        return page
    found = built / link.lstrip("/") if link.startswith("/") else page.parent / link
    found = Path(*_normal(found.parts))
    return found / "index.html" if found.is_dir() else found


def _normal(parts: tuple[str, ...]) -> list[str]:
    kept: list[str] = []
    for part in parts:
        if part == ".." and kept:
            kept.pop()
        else:
            kept.append(part)
    return kept
