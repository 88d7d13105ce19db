"""The forms by which reporters follow up: shown by reporting, and again by intake where something was amiss.

One table for both, so that what one shows the other takes. What is done with a form is intake's alone.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final, Literal
from uuid import UUID, uuid4

HOME: Final = "/lapor"
"""Where they are posted to: `/lapor/<ticket>/<name of the form>`."""
CODE_FIELD, CSRF_FIELD, KEY_FIELD, SEEN_FIELD = "code", "csrf", "key", "seen"
TAKE_OVER: Final = "take-over"
"""The one form that takes the code of the person concerned."""
_SATISFACTION: Final = ("5", "4", "3", "2", "1")
_CHANNELS: Final = ("", "email", "whatsapp", "sms")
_LANGUAGES: Final = ("id", "en")


@dataclass(frozen=True, slots=True)
class Field:
    """One field. Its label and its fault are in the words, under its name."""

    name: str
    kind: Literal["words", "line", "rating", "choice", "hidden"] = "line"
    required: bool = False
    options: tuple[str, ...] = ()
    input_type: str = "text"
    autocomplete: str = "off"
    most: int = 200
    """Letters."""


_WORDS: Final = Field("text", "words", required=True, most=5_000)
_COMMENT: Final = Field("text", "words", most=5_000)
FORMS: Final[Mapping[str, tuple[Field, ...]]] = {
    "supplements": (_WORDS,),
    "answers": (_WORDS,),
    "confirmation": (Field("rating", "rating", options=_SATISFACTION), _COMMENT),
    "dispute": (_WORDS,),
    "withdrawal": (_COMMENT,),
    "contact": (
        Field("name", autocomplete="name"),
        Field("email", input_type="email", autocomplete="email"),
        Field("phone", input_type="tel", autocomplete="tel", most=30),
        Field("prefers", "choice", options=_CHANNELS),
        Field("language", "choice", options=_LANGUAGES),
    ),
    TAKE_OVER: (
        Field("name", required=True, autocomplete="name"),
        Field("email", input_type="email", autocomplete="email"),
        Field("phone", input_type="tel", autocomplete="tel", most=30),
    ),
    "no-contact": (Field("name", "hidden"), Field("language", "hidden")),
    "restriction": (Field("restricted", "hidden"),),
    "permission": (Field("restricted", "hidden"),),
    "erasure": (),
}
"""By the last part of the address."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """One form as it is shown."""

    name: str
    ticket: str
    csrf: str = ""
    key: UUID = field(default_factory=uuid4)
    """Pressed twice it is done once."""
    seen: int = 0
    """The newest event of the case that the page knew, so that the next page can wait for a newer one."""
    values: Mapping[str, str] = field(default_factory=dict[str, str])
    faults: tuple[str, ...] = ()
    """Names of fields."""
    asks_code: bool = False
    """The session is over, or there never was one."""

    @property
    def action(self) -> str:
        return f"{HOME}/{self.ticket}/{self.name}"

    @property
    def fields(self) -> tuple[Field, ...]:
        return FORMS[self.name]

    def with_faults(self, faults: tuple[str, ...]) -> "Form":
        return replace(self, faults=faults)


def faults_in_order(form: Form, names: Iterable[str]) -> tuple[str, ...]:
    """Those that are fields of the form, in their order there."""
    wrong = set(names)
    return tuple(known for known in (CODE_FIELD, *(one.name for one in form.fields)) if known in wrong)
