"""Events as Kafka records: CloudEvents 1.0, binary mode."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final, Protocol, cast, get_args

from aiokafka import ConsumerRecord
from pydantic import BaseModel, ValidationError

from shared.errors import Rejected
from shared.events.directory import DirectoryRecorded
from shared.events.envelope import UnknownCaseEvent
from shared.events.event import SLUG, Event
from shared.ids import named_id, parse_ticket
from shared.lenient import read_any_header_name
from shared.topics import CASES, EVENT_TOPICS, Topic
from shared.traces import trace_in, traceparent

read_any_header_name()

Record = ConsumerRecord[bytes | None, bytes | None]

DEAD_LETTER: Final = "dead_letter_"
"""What the headers that parking adds begin with."""
ORIGIN: Final = "dead_letter_topic"
"""Header of a parked or re-driven record: the topic, without the namespace, that it was read from first."""
RESUME: Final = "consumers.resume.v1"
"""Type of the record that lets a service's paused consumers go on. It says nothing else."""
_PART: Final = re.compile(SLUG)
"""The ids of words are such too."""
_LARGEST_NUMBER: Final = 2**63 - 1
_LONG_NUMBER: Final = re.compile(rb"[0-9_]{19}")
_ALL_TYPES: Final = frozenset(name for topic in EVENT_TOPICS for name in topic.types)


class Unknown(StrEnum):
    """What a consumer does with a type that it doesn't know, because a newer replica published it."""

    PARK = "park"
    SKIP = "skip"
    ENVELOPE = "envelope"
    """Read what all case events have in common."""


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A record on its way out: to publish now, or stored in an outbox."""

    id: str
    topic: str
    """Without the namespace."""
    key: str
    type: str
    value: bytes | None
    """None: a tombstone."""
    at: datetime
    trace: str = ""
    """As `shared.traces` has it."""

    @property
    def ref(self) -> str:
        """Tells the records of a document apart: words have the id of the event that names them."""
        return f"{self.topic}:{self.id}"

    def headers(self, service: str, trace: str = "") -> list[tuple[str, bytes]]:
        return [
            ("ce_id", self.id.encode()),
            ("ce_type", self.type.encode()),
            ("ce_source", f"/ntbcare/{service}/{self.topic}".encode()),
            ("ce_time", self.at.isoformat().encode()),
            ("ce_specversion", b"1.0"),
            ("content-type", b"application/json"),
            ("traceparent", traceparent(trace or self.trace).encode()),
        ]


class _Named(Protocol):
    """What every event of a topic has, besides what they have in common."""

    type: str
    key: str
    """Of the topics that are not keyed by ticket."""


@dataclass(frozen=True, slots=True)
class Received:
    """A record that was understood."""

    topic: Topic
    """Where it was published first, also when it came back by re-drive."""
    key: str
    ticket: str
    """Empty for a record of the directory."""
    event: Any
    """The model of its type; None is a tombstone."""
    trace: str
    record: Record


def to_record(topic: Topic, event: Event, trace: str = "") -> Outgoing:
    """Encode an event for its topic."""
    named = cast("_Named", event)
    key = event.ticket if topic.keyed_by == "ticket" else named.key
    value = event.model_dump_json(exclude_none=True).encode()
    return Outgoing(str(event.event_id), topic.name, key, named.type, value, event.occurred_at, trace)


def directory_record(recorded: DirectoryRecorded) -> Outgoing:
    value = recorded.model_dump_json(exclude_none=True).encode()
    event_id = named_id(recorded.key, recorded.revision)
    return Outgoing(str(event_id), "directory", recorded.key, recorded.type, value, recorded.recorded_at)


def tombstone(topic: Topic, key: str) -> Outgoing:
    """A record that erases a key of a compacted topic."""
    now = datetime.now(UTC)
    return Outgoing(str(named_id(topic.name, key, "erased", now)), topic.name, key, "erased.v1", None, now)


def told_headers(record: Record) -> Iterator[tuple[str, bytes]]:
    """A record's headers, without those that Kafka lets be null."""
    headers = cast("Sequence[tuple[str, bytes | None]]", record.headers)
    return ((name, value) for name, value in headers if value is not None)


def read_headers(record: Record) -> dict[str, str]:
    """Decode a record's headers; raises Rejected where one is not UTF-8."""
    try:
        return {name: value.decode() for name, value in told_headers(record)}
    except UnicodeDecodeError:
        reason = "a header is not UTF-8"
        raise Rejected(reason) from None


def read_record(record: Record, topics: Mapping[str, Topic], unknown: Unknown) -> Received | None:
    """Understand one record. None: its type is not known and to be skipped.

    `topics` maps full topic names to topics; a re-driven record names its origin in a header.
    Raises Rejected with the reason where it can never be understood.
    """
    headers = read_headers(record)
    topic = topics.get(record.topic) or _origin(headers, topics)
    key = text_key(record)
    trace = trace_in(headers.get("traceparent", ""))
    if record.value is None:
        return Received(topic, key, _ticket_of_tombstone(topic, key), None, trace, record)
    model = _model(topic, headers, unknown)
    if model is None:
        return None
    event = _validated(model, record.value)
    ticket = event.ticket if isinstance(event, Event) else ""
    if key != (ticket if topic.keyed_by == "ticket" else cast("Any", event).key):
        reason = "the key does not belong to the body"
        raise Rejected(reason)
    return Received(topic, key, ticket, event, trace, record)


def _origin(headers: Mapping[str, str], topics: Mapping[str, Topic]) -> Topic:
    name = headers.get(ORIGIN)
    topic = next((topic for topic in topics.values() if topic.name == name), None)
    if topic is None:
        reason = "a re-driven record without a known origin"
        raise Rejected(reason)
    return topic


def text_key(record: Record) -> str:
    """Raises Rejected where there is none, or it is not UTF-8."""
    if not record.key:
        reason = "no key"
        raise Rejected(reason)
    try:
        return record.key.decode()
    except UnicodeDecodeError:
        reason = "the key is not UTF-8"
        raise Rejected(reason) from None


def _ticket_of_tombstone(topic: Topic, key: str) -> str:
    if not topic.compact:
        reason = "null on a topic that is not compacted"
        raise Rejected(reason)
    if topic.keyed_by == "entry":
        return ""
    told, _, part = key.partition(":")
    try:
        ticket = parse_ticket(told)
    except ValueError:
        reason = "the key holds no ticket"
        raise Rejected(reason) from None
    # Stores keep it as the name of a field: with a dot or a dollar it would be another field's.
    if ticket != told or not _PART.fullmatch(part):
        reason = "the key names no part"
        raise Rejected(reason)
    return ticket


def _model(topic: Topic, headers: Mapping[str, str], unknown: Unknown) -> type[BaseModel] | None:
    kind = headers.get("ce_type")
    if kind is None:
        reason = "no ce_type header"
        raise Rejected(reason)
    if kind in topic.types:
        return topic.types[kind]
    if kind in _ALL_TYPES:
        reason = f"an event of another topic: {kind}"
        raise Rejected(reason)
    if unknown is Unknown.SKIP:
        return None
    if unknown is Unknown.ENVELOPE and topic is CASES:
        return UnknownCaseEvent
    reason = f"unknown ce_type: {kind[:80]}"
    raise Rejected(reason)


def _validated(model: type[BaseModel], value: bytes) -> BaseModel:
    try:
        event = model.model_validate_json(value)
    except ValidationError as error:
        faults = error.errors(include_url=False, include_context=False, include_input=False)
        raise Rejected("; ".join(f"{_place(fault['loc'])}: {fault['type']}" for fault in faults[:5])) from None
    if _LONG_NUMBER.search(value) and not _fits(event.model_dump()):
        raise Rejected("a number is longer than 8 bytes")
    return event


def _fits(told: Any) -> bool:
    """Whether no store is asked to keep a number that it cannot keep."""
    if isinstance(told, int):
        return abs(told) <= _LARGEST_NUMBER
    inner = told.values() if isinstance(told, Mapping) else told if isinstance(told, list | tuple) else ()
    return all(_fits(one) for one in cast("Iterable[Any]", inner))


def _place(parts: tuple[int | str, ...]) -> str:
    """Where the fault is. Keys of what has free keys came from outside, and are not repeated."""
    return ".".join(str(part) if part in _NAMES or isinstance(part, int) else "?" for part in parts) or "body"


def _names_in(told: Any) -> Iterator[str]:
    """Fields and tags of a model and of all that it is made of."""
    if isinstance(told, type) and issubclass(told, BaseModel):
        for name, field in told.model_fields.items():
            yield name
            if name in {"type", "kind"}:
                yield str(field.default)
            yield from _names_in(field.annotation)
    for part in get_args(told):
        yield from _names_in(part)


_NAMES: Final = frozenset(name for topic in EVENT_TOPICS for model in topic.types.values() for name in _names_in(model))
