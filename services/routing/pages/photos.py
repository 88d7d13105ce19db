"""What the page of a case shows of its photos, and which of them can be published."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Final, Self

from starlette.datastructures import QueryParams

from services.routing.domain.table import Action
from services.routing.pages.forms import Filled
from services.routing.photos import CasePhotos

MOST_ADDED: Final = 5


@dataclass(frozen=True)
class Choice:
    """What can be published of one photo: itself, or a redacted copy."""

    name: str
    number: int
    """Of its original, among those of its kind."""
    kind: str
    """`reported` or `evidence`."""
    is_copy: bool
    is_chosen: bool


@dataclass(frozen=True)
class Album:
    """Photos of a case with what was just posted to intake, which the page's address names."""

    photos: CasePhotos
    added: tuple[str, ...]
    """Evidence for the next resolution."""
    choices: tuple[Choice, ...]

    @classmethod
    def of(cls, photos: CasePhotos, asked: QueryParams, filled: Filled | None) -> Self:
        named = asked.getlist("photo")
        if asked.get("action") != Action.PUBLISH:
            return cls(
                photos, tuple(filter(photos.is_evidence, named))[:MOST_ADDED], tuple(_choices(photos, (), filled))
            )
        return cls(photos, (), tuple(_choices(photos, named, filled)))

    @property
    def copies(self) -> list[str]:
        """Redacted ones that are chosen."""
        return [one.name for one in self.choices if one.is_copy and one.is_chosen]

    def address(self, name: str, *, thumbnail: bool = False) -> str | None:
        """None: it can only be named."""
        return self.photos.key.address(name, thumbnail=thumbnail) if self.photos.key else None


def _choices(photos: CasePhotos, named: Collection[str], filled: Filled | None) -> Iterator[Choice]:
    """Nothing is chosen at first but copies that were just made."""
    values = filled.values.items() if filled else ()
    sent = [value for name, value in values if name.startswith("photos.")]
    for kind, names in (("reported", photos.reported), ("evidence", photos.evidence)):
        for number, original in enumerate(names, 1):
            yield Choice(original, number, kind, is_copy=False, is_chosen=original in sent)
            for copy in dict.fromkeys((*photos.published, *named, *sent)):
                if copy != original and photos.original_of(copy) == original:
                    yield Choice(copy, number, kind, is_copy=True, is_chosen=copy in {*named, *sent})
