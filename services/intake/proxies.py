"""Complaints that somebody files for somebody else (UU 25/2009, article 42), as they come in."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints

from services.intake.contacts import Email, Phone
from services.intake.domain.complaints import FiledFor
from shared.events.complaints import Mandate, Proxy
from shared.events.personal import Subject
from shared.ids import subject_code, tracking_code


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)


class SubjectBody(_Body):
    """The person concerned, and how to reach them once they take it over."""

    name: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    email: Email | None = None
    phone: Phone | None = None


class ProxyBody(_Body):
    """Somebody files for somebody else, who said that they may (UU 25/2009, article 42)."""

    kind: Proxy
    mandate: Mandate
    subject: SubjectBody

    def to_filed_for(self) -> FiledFor:
        return FiledFor(self.kind, self.mandate, Subject(**self.subject.model_dump()))


def codes_of(ticket: str, keys: Mapping[str, bytes], *, filed_for: bool) -> dict[str, str]:
    """What the answer to a complaint tells: one code, or a second one for the person concerned."""
    newest = next(iter(keys))
    codes = {"tracking_code": tracking_code(keys, newest, ticket)}
    return codes | {"subject_code": subject_code(keys, newest, ticket)} if filed_for else codes
