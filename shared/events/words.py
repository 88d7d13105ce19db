"""What officers wrote: topic `ntbcare.words`, compacted, key `<ticket>:<event_id>`; null erases."""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import StringConstraints

from shared.events.event import Event

Text = Annotated[str, StringConstraints(min_length=1, max_length=5_000)]


class WordsKind(StrEnum):
    """What the words were written for."""

    ACCEPTANCE = "acceptance"
    PROGRESS = "progress"
    RESOLUTION = "resolution"
    QUESTION = "question"
    RETURN = "return"
    DECISION = "decision"
    """A coordinator's: where it goes, why it was rejected, linked or opened again."""
    PUBLICATION = "publication"
    """What the reporter wrote, without what is nobody else's business. For everybody to read."""


class WordsRecorded(Event):
    """The words that go with the case event of the same `event_id`; published before it. For the reporter to read."""

    type: Literal["words.recorded.v1"] = "words.recorded.v1"
    kind: WordsKind
    text: str

    @property
    def key(self) -> str:
        return f"{self.ticket}:{self.event_id}"
