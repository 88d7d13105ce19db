"""What officers wrote: topic `ntbcare.words`, compacted, key `<ticket>:<event_id>`; null erases."""

from enum import StrEnum
from typing import Literal

from shared.events.event import Event


class WordsKind(StrEnum):
    """What the words were written for."""

    ACCEPTANCE = "acceptance"
    PROGRESS = "progress"
    RESOLUTION = "resolution"


class WordsRecorded(Event):
    """The words that go with the case event of the same `event_id`; published before it. For the reporter to read."""

    type: Literal["words.recorded.v1"] = "words.recorded.v1"
    kind: WordsKind
    text: str

    @property
    def key(self) -> str:
        return f"{self.ticket}:{self.event_id}"
