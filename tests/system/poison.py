"""Records that can never be understood, one of each kind, with what becomes of them."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from shared.dead_letters import OFFSET, PARTITION, REFERENCE
from shared.events.case import CaseSnapshot, Role, Status
from shared.events.complaints import ComplaintSubmitted
from shared.events.envelope import UnknownCaseEvent
from shared.events.event import Urgency
from shared.events.personal import PersonalRecorded
from shared.ids import draw_ticket
from shared.records import ORIGIN, Outgoing, to_record
from shared.topics import CASES, COMPLAINTS, CONSUMERS, LARGEST_RECORD, NOTICES, PERSONAL, REDRIVES, WORDS, Topic

AT: Final = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)

Header = tuple[str, bytes]


@dataclass(frozen=True)
class Poison:
    """One record, and the services that must park it, each with its reason."""

    topic: Topic
    key: bytes | None
    value: bytes | None
    headers: tuple[Header, ...]
    reasons: Mapping[str, str]
    fits: bool = True
    """Whether it can be parked with its bytes, as far as its size goes."""


def one_of_each(number: int) -> list[Poison]:
    """Records of different kinds, of tickets that nobody else uses."""
    return [
        *_on_complaints(number),
        *_too_long(number),
        *_on_what_people_wrote(number),
        *_on_cases_and_notices(number),
        *_redriven(number),
    ]


def _everywhere(topic: Topic, reason: str) -> dict[str, str]:
    return {service: reason for service, topics in CONSUMERS.items() if topic in topics}


def _on_complaints(number: int) -> Iterator[Poison]:
    good = a_submission(f"complaint {number}")
    key, value, headers = _parts(good)
    body = json.loads(value)
    another = a_submission(f"another {number}").key.encode()
    for broken_key, broken_value, reason in (
        (key, b'{"ticket": ', "body: json_invalid"),
        (key, b"", "body: json_invalid"),
        (key, b"\x00\xff\xfe", "body: json_invalid"),
        (key, b"[1, 2]", "body: model_type"),
        (key, _json(body | {"category": 7}), "category: string_type"),
        (key, _json(body | {"received_at": "2026-11-24T08:00:00"}), "received_at: timezone_aware"),
        (key, None, "null on a topic that is not compacted"),
        (None, value, "no key"),
        (b"\xff\xfe", value, "the key is not UTF-8"),
        (another, value, "the key does not belong to the body"),
    ):
        yield Poison(COMPLAINTS, broken_key, broken_value, headers, _everywhere(COMPLAINTS, reason))
    unknown = "unknown ce_type: complaint.exploded.v1"
    for ce_type, reasons in (
        (None, _everywhere(COMPLAINTS, "no ce_type header")),
        (b"case.opened.v1", _everywhere(COMPLAINTS, "an event of another topic: case.opened.v1")),
        (b"\xff\xfe", _everywhere(COMPLAINTS, "a header is not UTF-8")),
        # Notification skips what it does not know; what a complaint says must not be lost to the others.
        (b"complaint.exploded.v1", {"routing": unknown, "reporting": unknown}),
    ):
        yield Poison(COMPLAINTS, key, value, _typed(headers, ce_type), reasons)


def _too_long(number: int) -> Iterator[Poison]:
    """Publish them compressed: the broker counts what it stores, the letter is not compressed."""
    key, _, headers = _parts(a_submission(f"long {number}"))
    for length, fits in ((1_048_300, True), (LARGEST_RECORD - 100, False), (LARGEST_RECORD * 2, False)):
        value = b'"' + b"9" * length + b'"'
        yield Poison(COMPLAINTS, key, value, headers, _everywhere(COMPLAINTS, "body: model_type"), fits=fits)


def _on_what_people_wrote(number: int) -> Iterator[Poison]:
    key, value, headers = _parts(a_part(f"person {number}"))
    another = a_part(f"another person {number}").key.encode()
    wrong_place = _json(json.loads(value) | {"latitude": 999})
    words = _typed(headers, b"words.recorded.v1")
    for topic, broken_key, broken_value, reason in (
        (PERSONAL, key, wrong_place, "latitude: less_than_equal"),
        (PERSONAL, another, value, "the key does not belong to the body"),
        (PERSONAL, b"nobody:s-1", None, "the key holds no ticket"),
        (WORDS, key, value, "type: literal_error; kind: missing"),
    ):
        its_headers = words if topic is WORDS else headers
        yield Poison(topic, broken_key, broken_value, its_headers, _everywhere(topic, reason))


def _on_cases_and_notices(number: int) -> Iterator[Poison]:
    key, value, headers = _parts(a_submission(f"case {number}"))
    yield Poison(CASES, key, b"{", _typed(headers, b"case.opened.v1"), _everywhere(CASES, "body: json_invalid"))
    # Of a type that nobody knows reporting reads what all case events have in common; here that is missing.
    missing = "case_id: missing; sequence: missing; actor: missing; case: missing"
    yield Poison(CASES, key, value, _typed(headers, b"case.exploded.v1"), {"reporting": missing})
    yield Poison(NOTICES, key, b"{", _typed(headers, b"notice.failed.v1"), _everywhere(NOTICES, "body: json_invalid"))


def _redriven(number: int) -> Iterator[Poison]:
    """What re-drive never writes, on the topics that only it writes."""
    key, value, headers = _parts(a_part(f"redriven {number}"))
    places = ((), (b"personal", b"first", b"last"), (b"personal", b"999", b"0"))
    for (service, topic), place in zip(REDRIVES.items(), places, strict=True):
        reference = [(REFERENCE, b"1"), *zip((ORIGIN, PARTITION, OFFSET), place, strict=False)]
        yield Poison(topic, key, value, headers, {service: "a re-driven record without a known origin"})
        yield Poison(topic, key, value, (*headers, *reference), {service: "a reference to no record"})


def an_unknown_event(seed: str) -> Outgoing:
    """Of a type that a newer replica publishes, with all that case events have in common."""
    ticket = draw_ticket(b"poison", seed, UUID(int=1))
    case = CaseSnapshot(status=Status.RECEIVED, category="road.damage", urgency=Urgency.ORDINARY, received_at=AT)
    event = UnknownCaseEvent(
        event_id=UUID(int=1),
        ticket=ticket,
        occurred_at=AT,
        case_id=ticket,
        sequence=1,
        actor=Role.OFFICER,
        case=case,
        type="case.exploded.v1",
    )
    return to_record(CASES, event)


def a_submission(seed: str) -> Outgoing:
    ticket = draw_ticket(b"poison", seed, UUID(int=1))
    complaint = ComplaintSubmitted(
        event_id=UUID(int=1),
        ticket=ticket,
        occurred_at=AT,
        digest="0" * 64,
        part="s-1",
        category="road.damage",
        received_at=AT,
    )
    return to_record(COMPLAINTS, complaint)


def a_part(seed: str) -> Outgoing:
    ticket = draw_ticket(b"poison", seed, UUID(int=1))
    part = PersonalRecorded(
        event_id=UUID(int=1), ticket=ticket, occurred_at=AT, part="s-1", text="Jalan rusak", name="Maryam Racun"
    )
    return to_record(PERSONAL, part)


def _parts(outgoing: Outgoing) -> tuple[bytes, bytes, tuple[Header, ...]]:
    return outgoing.key.encode(), outgoing.value or b"", tuple(outgoing.headers("tests"))


def _typed(headers: tuple[Header, ...], ce_type: bytes | None) -> tuple[Header, ...]:
    others = tuple(header for header in headers if header[0] != "ce_type")
    return others if ce_type is None else (*others, ("ce_type", ce_type))


def _json(body: Mapping[str, Any]) -> bytes:
    return json.dumps(body).encode()
