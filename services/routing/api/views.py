"""A case as somebody at the desk sees it."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from services.routing.domain.access import Person, allowed_for, allowed_on_parts
from services.routing.domain.draft import Entry
from services.routing.domain.table import Action
from services.routing.store.documents import StoredCase
from services.routing.store.families import Family
from shared.events.case import CaseSnapshot


class ComplaintText(BaseModel):
    """What the reporter wrote."""

    text: str
    address: str | None = None
    latitude: float | None = None
    longitude: float | None = None


class Identity(BaseModel):
    """Who the reporter is, as they last said."""

    name: str | None = None
    email: str | None = None
    phone: str | None = None


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
    answers: Mapping[str, str]
    complaint: ComplaintText | None
    """None before it came and after it was erased."""
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

    @classmethod
    def in_full(cls, stored: StoredCase, person: Person, supports: int, family: Family) -> "DeskCaseInFull":
        return cls(
            **_seen(stored, person),
            history=tuple(history_of(stored)),
            supports=supports,
            reporters=family.reporters,
            linked=family.linked,
        )


def _seen(stored: StoredCase, person: Person) -> dict[str, Any]:
    case, written = stored.case, stored.personal.get(stored.part)
    return {
        "ticket": case.ticket,
        "sequence": case.sequence,
        "revision": stored.revision,
        "case": case.snapshot,
        "answers": stored.answers,
        "complaint": ComplaintText.model_validate(written) if written else None,
        "allowed": allowed_for(person, case.snapshot),
        "allowed_parts": allowed_on_parts(person, case.snapshot),
    }


def history_of(stored: StoredCase) -> list[Line]:
    """The first line first."""
    return [Line(**entry.model_dump(), text=_text_of(stored, entry)) for entry in stored.history]


def _text_of(stored: StoredCase, entry: Entry) -> str | None:
    if entry.part is not None:
        return stored.personal.get(entry.part, {}).get("text") or None
    return stored.texts.get(entry.words) if entry.words else None
