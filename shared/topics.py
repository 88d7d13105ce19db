"""Every topic, once: who writes it, what it holds, how long. Created by `ntbcare topics apply`."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Any, Final, Literal, get_args, get_origin

from pydantic import BaseModel

from shared.events.cases import CaseEvent
from shared.events.complaints import ComplaintEvent
from shared.events.directory import DirectoryRecorded
from shared.events.notices import NoticeEvent
from shared.events.personal import PersonalRecorded
from shared.events.words import WordsRecorded

FOR_EVER: Final = None
LARGEST_RECORD: Final = 2 * 1024 * 1024
"""Bytes of what may be parked: a record of the largest size with the headers that parking adds."""
_THREE_FOLD: Final = 3
_DAY: Final = timedelta(days=1)


def _models(union: Any) -> dict[str, type[BaseModel]]:
    """Map each `type` of a union of events to its model."""
    members = get_args(get_args(union)[0]) if get_origin(union) is Annotated else (union,)
    return {member.model_fields["type"].default: member for member in members}


@dataclass(frozen=True, eq=False)
class Topic:
    """One topic. `name` is without the namespace that a deployment puts before it."""

    name: str
    writer: str
    types: dict[str, type[BaseModel]]
    keyed_by: Literal["ticket", "part", "entry", "original"] = "ticket"
    compact: bool = False
    retention: timedelta | None = FOR_EVER
    partitions: int | None = None
    """None: as many as the deployment's setting says."""
    max_message_bytes: int | None = None
    """None: the broker's own limit, 1 MiB where nobody changed it."""

    def full_name(self, namespace: str) -> str:
        return f"{namespace}.{self.name}"

    def config(self, replication: int) -> dict[str, str]:
        """Topic settings as the broker names them, values as the broker prints them."""
        config = {"min.insync.replicas": "2" if replication >= _THREE_FOLD else "1"}
        if self.max_message_bytes is not None:
            config["max.message.bytes"] = str(self.max_message_bytes)
        if self.compact:
            return config | {
                "cleanup.policy": "compact",
                "max.compaction.lag.ms": _milliseconds(_DAY),
                "segment.ms": _milliseconds(_DAY / 2),
                "delete.retention.ms": _milliseconds(30 * _DAY),
            }
        kept = "-1" if self.retention is None else _milliseconds(self.retention)
        return config | {"cleanup.policy": "delete", "retention.ms": kept}


def short_name(full_name: str) -> str:
    """Without the namespace, which holds no dot."""
    return full_name.partition(".")[2]


def _milliseconds(duration: timedelta) -> str:
    return str(duration // timedelta(milliseconds=1))


COMPLAINTS: Final = Topic("complaints", "intake", _models(ComplaintEvent))
PERSONAL: Final = Topic("personal", "intake", _models(PersonalRecorded), keyed_by="part", compact=True)
CASES: Final = Topic("cases", "routing", _models(CaseEvent))
WORDS: Final = Topic("words", "routing", _models(WordsRecorded), keyed_by="part", compact=True)
NOTICES: Final = Topic("notices", "notification", _models(NoticeEvent), retention=400 * _DAY)
DIRECTORY: Final = Topic(
    "directory", "routing", _models(DirectoryRecorded), keyed_by="entry", compact=True, partitions=1
)

EVENT_TOPICS: Final = (COMPLAINTS, PERSONAL, CASES, WORDS, NOTICES, DIRECTORY)
CONSUMERS: Final = {
    "routing": (COMPLAINTS, PERSONAL),
    "notification": (COMPLAINTS, PERSONAL, CASES, WORDS),
    "reporting": (COMPLAINTS, PERSONAL, CASES, WORDS, NOTICES),
}
"""What each service's consumer group reads; all services also follow the directory, without a group."""
ALSO_READ: Final = {"intake": (COMPLAINTS, PERSONAL, CASES), "routing": (CASES,)}
"""What a service reads without a group: intake's janitor looks for what may be erased, routing at its start whether its
database is behind what it said of cases."""


def _parking(name: str, writer: str) -> Topic:
    """A topic of records that other topics held first."""
    kept = 90 * _DAY
    return Topic(name, writer, {}, "original", retention=kept, partitions=3, max_message_bytes=LARGEST_RECORD)


DEAD_LETTERS: Final = {service: _parking(f"{service}.dead-letters", service) for service in CONSUMERS}
REDRIVES: Final = {service: _parking(f"{service}.redrive", "cli") for service in CONSUMERS}
ALL_TOPICS: Final = (*EVENT_TOPICS, *DEAD_LETTERS.values(), *REDRIVES.values())


def written_by(name: str) -> tuple[Topic, ...]:
    """Of a service, or of the CLI."""
    return tuple(topic for topic in ALL_TOPICS if topic.writer == name)


def read_by(service: str) -> tuple[Topic, ...]:
    """The directory, what its group reads and what is re-driven to it, and what it reads besides."""
    again = (REDRIVES[service],) if service in REDRIVES else ()
    return (DIRECTORY, *CONSUMERS.get(service, ()), *again, *ALSO_READ.get(service, ()))
