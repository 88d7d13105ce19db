"""The form as it was filled in: what a browser sends, and what a complaint is made of."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final
from uuid import UUID, uuid4

from starlette.datastructures import FormData, UploadFile

from services.intake.domain.stamps import STAMP, TRAP, WORK, Sent
from services.intake.uploads import MOST_PHOTOS
from shared.events.directory import Category
from shared.events.event import Language
from shared.wita import WITA

PLACE: Final = ("latitude", "longitude", "address")
REGIONS: Final = ("regency", "district", "village")
"""From the largest to the finest."""
PERSON: Final = ("name", "email", "phone", "prefers")
SWITCHES: Final = ("anonymous", "confidential")
PROXY: Final = {"proxy": "kind", "mandate": "mandate"}
SUBJECT: Final = {"subject_name": "name", "subject_phone": "phone", "subject_email": "email"}
"""Of the person concerned. Both by the fields of the form, with their names in the API."""
KEYED_IN: Final = ("channel", "received_at", "source", "language")
"""What an operator says of a complaint that came another way; the language is the reporter's."""
GUARD: Final = (STAMP, TRAP, WORK)
"""What tells a person from a program."""
TRIED: Final = "tried"
"""The contact that was sent before, where nobody knows whether it arrived."""
_CHANGED: Final = "changed"
_ASKED: Final = ("text", "category", "suggested", *PLACE, *REGIONS, *PERSON, *PROXY, *SUBJECT, *SWITCHES)
_FIELDS: Final = (*_ASKED, *KEYED_IN, *GUARD, TRIED)
ANSWER: Final = "answers."
_PHOTO: Final = "photos"


@dataclass(frozen=True)
class Filled:
    """One form. Everything in it is as it was typed."""

    key: UUID
    """Makes one complaint of it, however often it is sent."""
    values: Mapping[str, str] = field(default_factory=dict[str, str])
    photos: tuple[str, ...] = ()

    def __getitem__(self, name: str) -> str:
        return self.values.get(name, "")

    def with_values(self, **values: str) -> "Filled":
        return replace(self, values={**self.values, **values})

    def with_photos(self, photos: Iterable[str]) -> "Filled":
        return replace(self, photos=tuple(dict.fromkeys(photos))[:MOST_PHOTOS])

    @property
    def guard(self) -> Sent:
        return Sent(*(self[name] for name in GUARD))

    @property
    def is_fresh(self) -> bool:
        """Nothing was entered yet."""
        return not self.photos and self.values.keys() <= set(GUARD)

    @property
    def chosen(self) -> list[str]:
        """The regions, from the largest on, as far as each lies in the one before."""
        found = list[str]()
        for name in REGIONS:
            if not self[name] or not self[name].startswith(f"{found[-1]}." if found else "52."):
                break
            found.append(self[name])
        return found

    @property
    def region(self) -> str | None:
        """The finest that was chosen."""
        return self.chosen[-1] if self.chosen else None

    @property
    def is_for_other(self) -> bool:
        """Something was said of a person that it is filed for, if not all that is needed."""
        return any(self[name] for name in (*PROXY, *SUBJECT))

    def to_body(self, category: Category | None, language: Language, *, keyed_in: bool = False) -> dict[str, Any]:
        """What `POST /v1/complaints` would be sent; what was left empty is left out.

        `keyed_in`: by an operator, with how it came, which must be said.
        """
        place = {name: self[name] for name in PLACE if self[name]} | ({"region": self.region} if self.region else {})
        person = {name: self[name] for name in PERSON if self[name]} | {"language": language}
        asked = {question.code for question in category.questions} if category else set[str]()
        answers = {code: self[ANSWER + code] for code in asked if self[ANSWER + code]}
        switches = {name: bool(self[name]) or bool(getattr(category, name, False)) for name in SWITCHES}
        words = {name: self[name] for name in ("text", "category")}
        body = {**words, "location": place, "reporter": person, "answers": answers, "photos": self.photos, **switches}
        body |= {"proxy": self._proxy()} if self.is_for_other else {}
        body |= self._keyed_in(person) if keyed_in else {}
        return body | ({"suggested": self["suggested"]} if self["suggested"] else {})

    def _keyed_in(self, person: Mapping[str, Any]) -> dict[str, Any]:
        told: dict[str, Any] = {"channel": self["channel"]}
        told |= {"source": self["source"]} if self["source"] else {}
        told |= {"received_at": _in_wita(self["received_at"])} if self["received_at"] else {}
        return told | ({"reporter": {**person, "language": self["language"]}} if self["language"] else {})

    def _proxy(self) -> dict[str, Any]:
        subject = {told: self[name] for name, told in SUBJECT.items() if self[name]}
        return {told: self[name] for name, told in PROXY.items() if self[name]} | {"subject": subject}

    @property
    def contact(self) -> str:
        """Who and how to reach them, in one line, as the script tells it too."""
        return "|".join(self[name] for name in PERSON)

    @property
    def is_corrected(self) -> bool:
        """Whether a try that may have arrived told of another contact: of two with one key the first counts."""
        return self[TRIED] not in {"", self.contact}

    def tried(self) -> "Filled":
        """As it is after a try that may have arrived."""
        return self.with_values(**{TRIED: _CHANGED if self.is_corrected else self.contact})

    def hidden(self) -> list[tuple[str, str]]:
        """Everything, by names, for a page that does not show it as fields."""
        return [*self.values.items(), *((_PHOTO, name) for name in self.photos)]


def a_new_form() -> Filled:
    return Filled(uuid4())


def read_form(sent: FormData) -> tuple[Filled, Sequence[UploadFile]]:
    """What was filled in, and the files that came along. A key that is none is replaced."""
    told = {name: value for name, value in sent.multi_items() if isinstance(value, str)}
    values = {
        name: value.replace("\r\n", "\n").strip()
        for name, value in told.items()
        if (name in _FIELDS or name.startswith(ANSWER)) and value.strip()
    }
    names = [name for name in sent.getlist(_PHOTO) if isinstance(name, str) and name]
    files = [file for file in sent.getlist("photo") if isinstance(file, UploadFile) and file.filename]
    return Filled(_key(told.get("key", "")), values).with_photos(names), files


def _in_wita(entered: str) -> datetime | str:
    """A time without a zone is WITA; what is none becomes an empty string, which no endpoint takes for one."""
    try:
        moment = datetime.fromisoformat(entered)
    except ValueError:
        return ""
    return moment if moment.tzinfo else moment.replace(tzinfo=WITA)


def _key(sent: str) -> UUID:
    try:
        key = UUID(sent)
    except ValueError:
        return uuid4()
    # One that everybody can guess would show somebody else's complaint.
    return key if 0 < key.int < 2**128 - 1 else uuid4()
