"""A case as somebody at the desk sees it."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from services.routing.domain.access import Person, allowed_for, allowed_on_parts
from services.routing.domain.draft import Entry
from services.routing.domain.table import Action
from services.routing.photos import CasePhotos
from services.routing.store.documents import StoredCase
from services.routing.store.families import Family
from shared.events.case import CaseSnapshot
from shared.events.personal import Subject


class ComplaintText(BaseModel):
    """What the reporter wrote."""

    text: str
    address: str | None = None
    latitude: float | None = None
    longitude: float | None = None


class Identity(BaseModel):
    """Who the reporter is, as they last said, and where the complaint came from."""

    name: str | None = None
    email: str | None = None
    phone: str | None = None
    channel: str
    source: str | None = None
    """The address of a post, the number of a letter: where an operator has it from."""
    subject: Subject | None = None
    """For whom they filed it."""

    @classmethod
    def of(cls, stored: StoredCase) -> "Identity":
        person, written = stored.personal.get(stored.contact, {}), stored.personal.get(stored.part, {})
        known = {name: person.get(name) for name in ("name", "email", "phone")}
        came = {name: written.get(name) for name in ("source", "subject")}
        return cls.model_validate({**known, **came, "channel": stored.case.snapshot.channel})


class PhotoView(BaseModel):
    """A photo of the case; both addresses show it for an hour at least, to whoever has them."""

    name: str
    is_evidence: bool
    """Of the agency's work; others came with the complaint."""
    address: str | None
    """None where the desk was not given the key of photos."""
    thumbnail_address: str | None


class Line(Entry):
    """A line of the history with what was written. Null where it did not come yet or was erased."""

    text: str | None = None


class DeskCase(BaseModel):
    """A case as somebody at the desk sees it."""

    ticket: str
    sequence: int
    revision: int
    """To be sent as `If-Match` with what is done next."""
    case: CaseSnapshot
    mandate: str | None
    """How the person concerned said that somebody else may file; who that is stands in `case.proxy`."""
    answers: Mapping[str, str]
    complaint: ComplaintText | None
    """None before it came, after it was erased, and while it is withheld."""
    withheld: bool
    """There is a text, and the reporter restricted the processing of it. For an agency: whether there is one or not."""
    allowed: tuple[Action, ...]
    """What you can do now."""
    allowed_parts: Mapping[str, tuple[Action, ...]]
    """And with which part of it."""

    @classmethod
    def of(cls, stored: StoredCase, person: Person) -> "DeskCase":
        return cls(**_seen(stored, person))


class DeskCaseInFull(DeskCase):
    """With all that happened."""

    history: tuple[Line, ...]
    supports: int
    """Others who say that they have the same trouble."""
    reporters: int
    """With the reporter, those of the cases that are linked to this one, and all who support one of them."""
    linked: tuple[str, ...]
    """Some of these cases."""
    photos: tuple[PhotoView, ...]
    """Without those whose use the reporter restricted."""

    @classmethod
    def in_full(
        cls, stored: StoredCase, person: Person, supports: int, family: Family, *, photos: CasePhotos
    ) -> "DeskCaseInFull":
        return cls(
            **_seen(stored, person),
            photos=tuple(_photo_view(name, photos) for name in photos.originals),
            history=tuple(history_of(stored)),
            supports=supports,
            reporters=family.reporters,
            linked=family.linked,
        )


def _seen(stored: StoredCase, person: Person) -> dict[str, Any]:
    case, written = stored.case, complaint_of(stored)
    return {
        "ticket": case.ticket,
        "sequence": case.sequence,
        "revision": stored.revision,
        "case": case.snapshot,
        "mandate": stored.mandate,
        "answers": stored.answers,
        "complaint": ComplaintText.model_validate(written) if written else None,
        "withheld": is_withheld(stored, person),
        "allowed": allowed_for(person, case.snapshot),
        "allowed_parts": allowed_on_parts(person, case.snapshot),
    }


def _photo_view(name: str, photos: CasePhotos) -> PhotoView:
    key = photos.key
    return PhotoView(
        name=name,
        is_evidence=name in photos.evidence,
        address=key.address(name) if key else None,
        thumbnail_address=key.address(name, thumbnail=True) if key else None,
    )


def complaint_of(stored: StoredCase) -> Mapping[str, Any] | None:
    """What the reporter wrote, unless they restricted the processing of it."""
    return None if stored.case.snapshot.processing_restricted else stored.personal.get(stored.part)


def is_withheld(stored: StoredCase, person: Person) -> bool:
    """Who sees everything is told that there is a text; an agency is not."""
    restricted, there = stored.case.snapshot.processing_restricted, bool(stored.personal.get(stored.part))
    return restricted and (there or not person.sees_all)


def history_of(stored: StoredCase) -> list[Line]:
    """The first line first."""
    return [Line(**entry.model_dump(), text=_text_of(stored, entry)) for entry in stored.history]


def _text_of(stored: StoredCase, entry: Entry) -> str | None:
    if entry.part is not None and stored.case.snapshot.processing_restricted:
        return None
    if entry.part is not None:
        return stored.personal.get(entry.part, {}).get("text") or None
    return stored.texts.get(entry.words) if entry.words else None
