"""Templates, rendered once per language and case, and filled in per recipient."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any, Final

import structlog
from jinja2 import ChainableUndefined, Environment, FileSystemLoader, Template, Undefined, meta

from shared.events.notices import Channel

log = structlog.get_logger(__name__)

TEMPLATES: Final = Path(__file__).parent / "templates"
_GAP: Final = re.compile("\x02([a-z_]+)\x03")
_BLANK_LINES: Final = re.compile(r"\n\s*\n")

Segments = tuple[str, ...]
"""Literal text and the names of gaps, in turn."""
Key = tuple[object, ...]


@dataclass(frozen=True, slots=True)
class Saying:
    """What a message says: the template's name, what it decides by, and what it repeats."""

    name: str
    choices: Mapping[str, str]
    """Of few values each; `language` is one."""
    values: Mapping[str, str]
    """Empty: there is none."""


@dataclass(frozen=True, slots=True)
class Filled:
    """One mail, in words."""

    subject: str
    text: str
    html: str


class Forms:
    """Keeps forms, for rendering costs ten times what filling in does.

    What a template decides by is part of what its form is kept under: the choices that it looks at, and which of its
    values are there at all.
    """

    def __init__(self, templates: Path = TEMPLATES, undefined: type[Undefined] | None = None) -> None:
        chosen = undefined or _reporting()
        self._templates = templates
        self._html = self._environment("html", chosen, autoescape=True)
        self._text = self._environment("text", chosen, autoescape=False)
        self._words: dict[str, Mapping[str, Any]] = {}
        self._names: dict[str, frozenset[str]] = {}
        self._mails: dict[Key, tuple[Segments, Segments, Segments]] = {}
        self._texts: dict[Key, Segments] = {}

    def words(self, language: str) -> Mapping[str, Any]:
        """What enumerated words are called."""
        if language not in self._words:
            content = (self._templates / language / "words.json").read_text("utf-8")
            self._words[language] = json.loads(content)
        return self._words[language]

    def names(self, template: str) -> frozenset[str]:
        """What the template, and those that it is made of, look at."""
        if template not in self._names:
            self._names[template] = frozenset(self._names_in(template))
        return self._names[template]

    def mail(self, saying: Saying) -> Filled:
        template = f"{saying.choices['language']}/mail/{saying.name}.j2"
        key = self._key(template, saying)
        form = self._mails.get(key)
        if form is None:
            subject, text, html = self.rendered(template, self._with_gaps(saying))
            form = self._mails[key] = _segments(subject), _segments(text), _segments(html)
        escaped = {name: escape(value) for name, value in saying.values.items()}
        return Filled(_filled(form[0], saying.values), _filled(form[1], saying.values), _filled(form[2], escaped))

    def text(self, saying: Saying, channel: Channel) -> str:
        """One line for a telephone: a block of the channel's template."""
        template = f"{saying.choices['language']}/{channel}.j2"
        key = (saying.name, *self._key(template, saying))
        form = self._texts.get(key)
        if form is None:
            rendered = _block(self._text.get_template(template), saying.name, self._with_gaps(saying))
            form = self._texts[key] = _segments(" ".join(rendered.split()))
        return _filled(form, saying.values)

    def digest(self, context: Mapping[str, Any]) -> Filled:
        """No two are alike, so nothing is kept of them."""
        template = f"{context['language']}/mail/digest.j2"
        return Filled(*self.rendered(template, {**context, "words_of": self.words(context["language"])}))

    def rendered(self, template: str, context: Mapping[str, Any]) -> tuple[str, str, str]:
        """Subject, text and HTML."""
        text = self._text.get_template(template)
        body = _BLANK_LINES.sub("\n\n", text.render(context)).strip()
        html = self._html.get_template(template).render(context)
        return _block(text, "subject", context), f"{body}\n", html

    def _key(self, template: str, saying: Saying) -> Key:
        names = self.names(template)
        chosen = (choice for name, choice in saying.choices.items() if name in names)
        return (template, *chosen, frozenset(name for name, value in saying.values.items() if value and name in names))

    def _with_gaps(self, saying: Saying) -> dict[str, Any]:
        gaps = {name: f"\x02{name}\x03" if value else "" for name, value in saying.values.items()}
        return {**saying.choices, **gaps, "words_of": self.words(saying.choices["language"])}

    def _names_in(self, template: str) -> set[str]:
        found: set[str] = set()
        for folder, environment in (("html", self._html), ("text", self._text)):
            source = environment.parse(self._source(folder, template))
            found |= meta.find_undeclared_variables(source)
            for other in meta.find_referenced_templates(source):
                found |= self._names_in(other) if other else set()
        return found

    def _source(self, folder: str, template: str) -> str:
        paths = (self._templates / folder / template, self._templates / template)
        return next(path for path in paths if path.exists()).read_text("utf-8")

    def _environment(self, folder: str, undefined: type[Undefined], *, autoescape: bool) -> Environment:
        # `layout.j2` and `parts.j2` are the folder's own; what is said in a language is one file for both.
        return Environment(
            loader=FileSystemLoader([self._templates / folder, self._templates]),
            autoescape=autoescape,  # noqa: S701 - plain text must not be escaped
            undefined=undefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )


def _block(template: Template, name: str, context: Mapping[str, Any]) -> str:
    return "".join(template.blocks[name](template.new_context(dict(context))))


def _segments(rendered: str) -> Segments:
    return tuple(_GAP.split(rendered))


def _filled(segments: Segments, values: Mapping[str, str]) -> str:
    return "".join(values[segment] if index % 2 else segment for index, segment in enumerate(segments))


def _reporting() -> type[Undefined]:
    """What a template misses is left empty, for a message must go out; it is logged once, by its name."""
    reported: set[str | None] = set()

    class Missing(ChainableUndefined):
        def __init__(self, hint: str | None = None, obj: Any = None, name: str | None = None, *rest: Any) -> None:
            super().__init__(hint, obj, name, *rest)
            if name not in reported:
                reported.add(name)
                log.error("template_variable_missing", name=name)

    return Missing
