"""What residents are and wrote: topic `ntbcare.personal`, compacted, key `<ticket>:<part>`; null erases."""

from typing import Literal

from pydantic import Field

from shared.events.event import Event, Fact, Language, Slug
from shared.events.notices import Channel


class Subject(Fact):
    """The person concerned, where somebody else files for them."""

    name: str
    email: str | None = None
    phone: str | None = None
    """E.164."""


class PersonalRecorded(Event):
    """Who complained, how to reach them, what they wrote and where exactly."""

    type: Literal["personal.recorded.v1"] = "personal.recorded.v1"
    part: Slug
    text: str
    language: Language = Language.INDONESIAN
    name: str | None = None
    email: str | None = None
    phone: str | None = None
    """E.164."""
    prefers: Channel | None = None
    """How they like to be told, of the ways that they gave."""
    latitude: float | None = Field(default=None, ge=-90, le=90)
    longitude: float | None = Field(default=None, ge=-180, le=180)
    address: str | None = None
    photos: tuple[Slug, ...] = ()
    """Names at intake."""
    subject: Subject | None = None
    """For whom it is filed; then `name` and the ways to be reached are those of who files."""
    source: str | None = None
    """Where it came from, for what an operator keyed in: the address of a post, the number of a letter."""

    @property
    def key(self) -> str:
        return f"{self.ticket}:{self.part}"
