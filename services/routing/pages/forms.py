"""A form for each deed, made from its fields; what was filled in becomes the deed again."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import cached_property
from typing import Any, Final, cast, get_args

from services.routing.domain.deeds import Deed
from services.routing.domain.table import Action
from shared.directory import Directory
from shared.events.case import CaseSnapshot
from shared.events.event import Language, Urgency

Options = Sequence[tuple[str, str]]
_LEFT_OUT: Final = {"photos"}
"""They were posted to intake before; the page names them."""
_LISTS: Final = {"parts", "photos"}
_PARTS: Final[Mapping[str, tuple[str, ...]]] = {
    "budget": ("budget.year", "budget.line"),
    "parts": ("parts.0.agency", "parts.0.text"),
}


@dataclass(frozen=True)
class Field:
    """One field of a form."""

    name: str
    kind: str
    """`words`, `line`, `number`, `choice` or `switch`."""
    label: str
    required: bool
    options: Options = ()
    value: str = ""
    error: str = ""


@dataclass(frozen=True)
class Form:
    """What an action asks for."""

    action: Action
    address: str
    fields: tuple[Field, ...]
    open: bool = False
    templates: Options = ()
    """Id and name of words to begin with."""
    takes_photos: bool = False


@dataclass(frozen=True)
class Filled:
    """What was sent and did not do, to be shown again."""

    address: str
    values: Mapping[str, str]
    errors: Mapping[str, str]


@dataclass(frozen=True)
class Choices:
    """What can be chosen from, in a language, today."""

    directory: Directory
    words: Mapping[str, Any]
    language: Language
    day: date

    def of(self, field: str, annotation: Any, case: CaseSnapshot) -> Options:
        name = field.rpartition(".")[2]
        if name == "agency":
            return self.agencies
        if name == "category":
            return self.categories
        if name == "officer":
            officers = [one for one in self.directory.officers.values() if one.agency == case.agency]
            return [(one.id, one.name) for one in officers if one.valid_on(self.day)]
        if name == "urgency":
            return [(urgency.value, self.words["urgencies"][urgency]) for urgency in Urgency]
        reasons = next((kind for kind in (annotation, *get_args(annotation)) if _is_enum(kind)), None)
        return [(reason, self.words["reasons"][reason]) for reason in reasons or ()]

    @cached_property
    def agencies(self) -> Options:
        agencies = self.directory.agencies.values()
        valid = [one for one in agencies if one.valid_on(self.day) and one.escalation is None]
        return [(one.id, f"{one.name.in_language(self.language)} ({one.id})") for one in sorted(valid, key=_by_id)]

    @cached_property
    def categories(self) -> Options:
        valid = self.directory.categories_on(self.day)
        return [(one.id, one.name.in_language(self.language)) for one in valid]

    def templates(self, case: CaseSnapshot) -> Options:
        fitting = [
            one
            for one in self.directory.templates.values()
            if one.agency in {None, case.agency} and one.category in {None, case.category} and one.valid_on(self.day)
        ]
        return [(one.id, one.name.in_language(self.language)) for one in fitting]

    def template(self, name: str | None) -> str:
        known = self.directory.templates.get(name or "")
        return known.text.in_language(self.language) if known else ""


def form_of(deed: type[Deed], address: str, case: CaseSnapshot, choices: Choices, filled: Filled | None) -> Form:
    mine = filled if filled is not None and filled.address == address else None
    fields = tuple(_fields(deed, case, choices, mine))
    has_words = any(field.kind == "words" for field in fields)
    templates = choices.templates(case) if has_words else ()
    return Form(deed.action, address, fields, mine is not None, templates, "photos" in deed.model_fields)


def _fields(deed: type[Deed], case: CaseSnapshot, choices: Choices, filled: Filled | None) -> Iterator[Field]:
    for name, info in deed.model_fields.items():
        for path in () if name in _LEFT_OUT else _PARTS.get(name, (name,)):
            options = choices.of(path, info.annotation, case)
            label = "note_text" if (deed.action, path) == (Action.NOTE, "text") else path
            yield Field(
                name=path,
                kind=_kind(path, info.annotation, options),
                label=choices.words["fields"][label],
                required=info.is_required(),
                options=options,
                value=filled.values.get(path, "") if filled else "",
                error=filled.errors.get(path, "") if filled else "",
            )


def _kind(path: str, annotation: Any, options: Options) -> str:
    name = path.rpartition(".")[2]
    if annotation is bool:
        return "switch"
    if name == "text":
        return "words"
    if name == "year":
        return "number"
    return "choice" if options or name in {"officer", "agency"} else "line"


def read_values(values: Mapping[str, str]) -> dict[str, Any]:
    """Nested as the fields' names say; what was left empty is left out."""
    read: dict[str, Any] = {}
    for path, value in values.items():
        if not value.strip():
            continue
        *above, name = path.split(".")
        place: Any = read
        for step in above:
            place = place.setdefault(step, {})
        place[name] = True if value == "on" else value
    for name in _LISTS & read.keys():
        read[name] = list(cast("dict[str, Any]", read[name]).values())
    return read


def _is_enum(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, StrEnum)


def _by_id(agency: Any) -> str:
    return agency.id
