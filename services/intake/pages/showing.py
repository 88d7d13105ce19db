"""What the form shows: the categories in plain words, what was suggested, the places, and what is wrong."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from services.intake.pages.filled import PROXY, REGIONS, SUBJECT, Filled
from services.intake.suggestions import Suggestions
from services.intake.uploads import Position, names_of
from shared.directory import Directory
from shared.events.directory import Category, Region
from shared.events.event import Language
from shared.wita import day_of

Options = Sequence[tuple[str, str]]
_LENGTHS: Final[Mapping[str, int]] = {"regency": 5, "district": 8, "village": 13}
"""Of the codes."""


@dataclass(frozen=True)
class Suggested:
    """A category that the words speak for."""

    id: str
    name: str
    words: str
    percent: int


@dataclass(frozen=True)
class Told:
    """What is said about a form that came: faults by field, and one sentence on top."""

    faults: Mapping[str, str] = field(default_factory=dict[str, str])
    sentence: str = ""
    again: bool = False
    """It can be sent again as it is."""
    offered: Position | None = None
    """Where a photo that just came was taken."""


NOTHING = Told()


@dataclass(frozen=True)
class FormView:
    """The form in a language, for a template."""

    directory: Directory
    words: Mapping[str, Any]
    language: Language
    filled: Filled
    suggestions: Sequence[Suggested]
    told: Told

    @property
    def category(self) -> Category | None:
        return self.directory.categories.get(self.filled["category"])

    @property
    def categories(self) -> list[Category]:
        return self.directory.categories_on(day_of(datetime.now(UTC)))

    @property
    def particular(self) -> list[Category]:
        """Those of which something is asked or said."""
        told = ("questions", "emergency", "confidential", "anonymous", "photo_required")
        return [one for one in self.categories if any(getattr(one, name) for name in told)]

    @property
    def groups(self) -> list[tuple[str, Options]]:
        """The categories under plain headings."""
        found = dict[str, list[tuple[str, str]]]()
        for one in self.categories:
            heading = self.words["groups"].get(one.id.partition(".")[0], self.words["groups"]["other"])
            found.setdefault(heading, []).append((one.id, self.say(one.name)))
        return list(found.items())

    @property
    def alarm(self) -> list[tuple[str, str]]:
        """Whom to call first, with the numbers' names: of what was chosen, or else of what is likely."""
        likely = self.suggestions[0].id if self.suggestions else ""
        category = self.category or self.directory.categories.get(likely)
        return self.numbers(category) if category else []

    @property
    def looks_near(self) -> bool:
        """Whether others may have complained of it where everybody may read that."""
        known, placed = self.category, self.filled["latitude"] or len(self.filled.chosen) > 1
        return bool(known and placed and not known.confidential and not self.filled["confidential"])

    @property
    def near_fields(self) -> Options:
        """What the page of near cases is asked, by its names."""
        told = {"kategori": self.filled["category"], "isi": self.filled["text"], "wilayah": self.filled.region or ""}
        point = {"lintang": self.filled["latitude"], "bujur": self.filled["longitude"]}
        return [(name, value) for name, value in (told | point).items() if value]

    @property
    def is_for_other(self) -> bool:
        """Whether what is asked of the person concerned stands open."""
        return self.filled.is_for_other or any(self.error(name) for name in (*PROXY, *SUBJECT))

    def numbers(self, category: Category) -> list[tuple[str, str]]:
        return [(number, self.words["numbers"].get(number, "")) for number in category.emergency]

    def say(self, label: Any) -> str:
        return label.in_language(self.language)

    def answer_of(self, code: str, chosen: str) -> str:
        """What was chosen, in words."""
        questions = self.category.questions if self.category else ()
        found = [option for one in questions if one.code == code for option in one.options if option.code == chosen]
        return self.say(found[0].label) if found else chosen

    def regions(self, name: str) -> Options:
        """What can be chosen from in a field: what lies in what was chosen before it."""
        place = REGIONS.index(name)
        above = self.filled.chosen[:place]
        within = above[-1] if above else "52"
        return [(one.id, one.name) for one in regions_in(self.directory, within, name)] if len(above) == place else []

    def place_of(self, code: str | None) -> str:
        return names_of(code, self.directory.regions)

    def error(self, name: str) -> str:
        return self.told.faults.get(name, "")


def regions_in(directory: Directory, within: str, level: str) -> list[Region]:
    """Those of a level (`regency`, `district`, `village`), by name."""
    length = _LENGTHS[level]
    found = [one for one in directory.regions.values() if len(one.id) == length and one.id.startswith(f"{within}.")]
    return sorted(found, key=lambda one: one.name)


def suggested_for(text: str, suggest: Suggestions, directory: Directory, language: Language) -> list[Suggested]:
    return [
        Suggested(one.category, _name(directory, one.category, language), ", ".join(one.words), round(100 * sure))
        for one in (suggest(text) if text else ())
        for sure in (one.confidence,)
    ]


def _name(directory: Directory, category: str, language: Language) -> str:
    return directory.categories[category].name.in_language(language)
