"""What residents are and wrote: topic `ntbcare.personal`, compacted, key `<ticket>:<part>`; null erases."""

from typing import Literal

from pydantic import Field

from shared.events.event import Event, Language, Slug
from shared.events.notices import Channel


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

    @property
    def key(self) -> str:
        return f"{self.ticket}:{self.part}"
