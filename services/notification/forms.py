"""Templates, rendered once per language and case, and filled in per recipient."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined

TEMPLATES: Final = Path(__file__).parent / "templates"
_GAP: Final = re.compile("\x02([a-z_]+)\x03")
_BLANK_LINES: Final = re.compile(r"\n\s*\n")

Segments = tuple[str, ...]
"""Literal text and the names of gaps, in turn."""


@dataclass(frozen=True, slots=True)
class Filled:
    """One message, in words."""

    subject: str
    text: str
    html: str


@dataclass(frozen=True, slots=True)
class Form:
    """A message with gaps."""

    subject: Segments
    text: Segments
    html: Segments

    def fill(self, values: Mapping[str, str]) -> Filled:
        escaped = {name: escape(value) for name, value in values.items()}
        return Filled(_filled(self.subject, values), _filled(self.text, values), _filled(self.html, escaped))


class Forms:
    """Keeps forms, for rendering costs ten times what filling in does.

    What a template decides by is part of what its form is kept under: the choices, and which values are there at all.
    """

    def __init__(self) -> None:
        self._html = _environment("html", autoescape=True)
        self._text = _environment("text", autoescape=False)
        self._kept: dict[tuple[object, ...], Form] = {}

    def form(self, name: str, choices: Mapping[str, str], values: Mapping[str, str]) -> Form:
        """The form of template `<language>/<name>`; `choices` has few values each, `language` is one."""
        present = frozenset(key for key, value in values.items() if value)
        key = (name, *choices.items(), present)
        form = self._kept.get(key)
        if form is None:
            gaps = {gap: f"\x02{gap}\x03" if gap in present else "" for gap in values}
            form = self._kept[key] = self._render(f"{choices['language']}/{name}.j2", {**choices, **gaps})
        return form

    def _render(self, template: str, values: Mapping[str, str]) -> Form:
        text = self._text.get_template(template)
        subject = "".join(text.blocks["subject"](text.new_context(dict(values))))
        body = _BLANK_LINES.sub("\n\n", text.render(values)).strip()
        html = self._html.get_template(template).render(values)
        return Form(_segments(subject), _segments(f"{body}\n"), _segments(html))


def _environment(folder: str, *, autoescape: bool) -> Environment:
    # `layout.j2` and `parts.j2` are the folder's own; what is said in a language is one file for both.
    return Environment(
        loader=FileSystemLoader([TEMPLATES / folder, TEMPLATES]),
        autoescape=autoescape,  # noqa: S701 - plain text must not be escaped
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )


def _segments(rendered: str) -> Segments:
    return tuple(_GAP.split(rendered))


def _filled(segments: Segments, values: Mapping[str, str]) -> str:
    return "".join(values[segment] if index % 2 else segment for index, segment in enumerate(segments))
