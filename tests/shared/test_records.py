import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from aiokafka import ConsumerRecord

from shared.errors import Rejected
from shared.events.case import CaseSnapshot, Role, Status
from shared.events.cases import CaseOpened
from shared.events.envelope import UnknownCaseEvent
from shared.events.event import Urgency
from shared.events.personal import PersonalRecorded
from shared.records import Outgoing, Record, Unknown, read_record, to_record
from shared.topics import CASES, COMPLAINTS, PERSONAL

TICKET = "NTB-C833-HX1X-7X7V-TM"
AT = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
TOPICS = {"ntbcare.cases": CASES, "ntbcare.personal": PERSONAL, "ntbcare.complaints": COMPLAINTS}
OPENED = CaseOpened(
    event_id=UUID("00000000-0000-4000-8000-000000000001"),
    ticket=TICKET,
    occurred_at=AT,
    case_id=TICKET,
    sequence=1,
    actor=Role.RULE,
    case=CaseSnapshot(status=Status.RECEIVED, category="road.damage", urgency=Urgency.IMPORTANT, received_at=AT),
)


def a_record(
    outgoing: Outgoing,
    *,
    topic: str = "ntbcare.cases",
    value: bytes | None = b"",
    key: bytes | None = b"",
    headers: Sequence[tuple[str, bytes]] | None = None,
) -> Record:
    return ConsumerRecord(
        topic=topic,
        partition=0,
        offset=7,
        timestamp=0,
        timestamp_type=0,
        key=outgoing.key.encode() if key == b"" else key,
        value=outgoing.value if value == b"" else value,
        checksum=None,
        serialized_key_size=0,
        serialized_value_size=0,
        headers=tuple(outgoing.headers("routing")) if headers is None else tuple(headers),
    )


def test_given_an_event_when_it_is_published_and_read_then_it_is_the_same() -> None:
    outgoing = to_record(CASES, OPENED, trace="0af7651916cd43dd8448eb211c80319c")

    received = read_record(a_record(outgoing), TOPICS, Unknown.PARK)

    assert received is not None
    assert received.event == OPENED
    assert (received.ticket, received.trace) == (TICKET, "0af7651916cd43dd8448eb211c80319c")


def test_given_an_event_when_it_is_encoded_then_cloudevents_headers_say_what_it_is() -> None:
    headers = dict(to_record(CASES, OPENED).headers("routing"))

    assert headers["ce_id"] == b"00000000-0000-4000-8000-000000000001"
    assert headers["ce_type"] == b"case.opened.v1"
    assert headers["ce_source"] == b"/ntbcare/routing/cases"
    assert headers["ce_specversion"] == b"1.0"
    assert headers["content-type"] == b"application/json"
    assert headers["traceparent"].startswith(b"00-")


def test_given_a_tombstone_when_it_is_read_then_key_and_ticket_are_known() -> None:
    part = PersonalRecorded(event_id=OPENED.event_id, ticket=TICKET, occurred_at=AT, part="s-1", text="Jalan rusak")

    record = a_record(to_record(PERSONAL, part), topic="ntbcare.personal", value=None)
    received = read_record(record, TOPICS, Unknown.PARK)

    assert received is not None
    assert (received.event, received.key, received.ticket) == (None, f"{TICKET}:s-1", TICKET)


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"value": b"{"}, "json_invalid"),
        ({"value": b"[]"}, "model_type"),
        ({"value": b"{}"}, "event_id: missing"),
        ({"value": None}, "null on a topic"),
        ({"key": None}, "no key"),
        ({"key": b"\xff"}, "the key is not UTF-8"),
        ({"key": b"NTB-other"}, "the key does not belong"),
        ({"headers": []}, "no ce_type"),
        ({"headers": [("ce_type", b"\xff\xfe")]}, "a header is not UTF-8"),
        ({"headers": [("ce_type", None)]}, "no ce_type"),
        ({"headers": [("ce_type", b"complaint.submitted.v1")]}, "an event of another topic"),
        ({"headers": [("ce_type", b"case.exploded.v9")]}, "unknown ce_type"),
        ({"topic": "ntbcare.routing.redrive"}, "without a known origin"),
    ],
)
def test_given_a_poison_record_when_it_is_read_then_the_reason_is_said(changed: dict[str, bytes], reason: str) -> None:
    record = a_record(to_record(CASES, OPENED), **changed)  # type: ignore[arg-type]

    with pytest.raises(Rejected, match=reason):
        read_record(record, TOPICS, Unknown.PARK)


@pytest.mark.parametrize("key", [TICKET, f"{TICKET}:", f"{TICKET}:a.b", f"{TICKET}:$set", f"{TICKET.lower()}:s-1"])
def test_given_a_tombstone_of_no_part_when_it_is_read_then_no_store_has_to_keep_its_name(key: str) -> None:
    record = a_record(to_record(CASES, OPENED), topic="ntbcare.personal", key=key.encode(), value=None)

    with pytest.raises(Rejected, match="the key names no part"):
        read_record(record, TOPICS, Unknown.PARK)


def test_given_what_a_resident_wrote_in_a_bad_record_when_it_is_rejected_then_the_reason_does_not_repeat_it() -> None:
    record = a_record(to_record(CASES, OPENED), value=b'{"ticket": "call me on 0812345678"}')

    with pytest.raises(Rejected) as rejected:
        read_record(record, TOPICS, Unknown.PARK)

    assert "0812345678" not in rejected.value.reason


def test_given_keys_of_somebodys_own_in_a_bad_record_when_it_is_rejected_then_the_reason_does_not_repeat_them() -> None:
    body = {"event_id": str(OPENED.event_id), "ticket": TICKET, "occurred_at": AT.isoformat(), "digest": "d"}
    body |= {"part": "s-1", "category": "road.damage", "received_at": AT.isoformat(), "answers": {"Sitti 0812": "x"}}
    headers = [("ce_type", b"complaint.submitted.v1")]
    record = a_record(
        to_record(CASES, OPENED), topic="ntbcare.complaints", value=json.dumps(body).encode(), headers=headers
    )

    with pytest.raises(Rejected) as rejected:
        read_record(record, TOPICS, Unknown.PARK)

    assert rejected.value.reason == "answers.?.?: string_pattern_mismatch"


@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [
        ("occurred_at", "0001-01-01T00:00:00+14:00", "occurred_at: value_error"),
        ("occurred_at", "9999-12-31T23:59:59Z", "occurred_at: value_error"),
        ("sequence", 2**63, "a number is longer than 8 bytes"),
        ("sequence", f"+{10**30}", "a number is longer than 8 bytes"),
        ("case", {"returns": 10**400}, "a number is longer than 8 bytes"),
        ("case", {"cell": "-99.99,116.52"}, "case.cell: value_error"),
        ("case", {"cell": "-08.66,999.99"}, "case.cell: value_error"),
        ("case", {"received_at": "1989-12-31T23:59:59Z"}, "case.received_at: value_error"),
    ],
)
def test_given_a_time_a_place_or_a_number_that_is_none_when_it_is_read_then_the_record_is_rejected(
    field: str, value: Any, reason: str
) -> None:
    body = OPENED.model_dump(mode="json", exclude_none=True)
    body[field] = body[field] | value if isinstance(value, dict) else value
    record = a_record(to_record(CASES, OPENED), value=json.dumps(body).encode())

    with pytest.raises(Rejected) as rejected:
        read_record(record, TOPICS, Unknown.PARK)

    assert rejected.value.reason == reason


@pytest.mark.parametrize("traceparent", [None, b"", b"zz", b"00-Sitti 081234567890123456789012-1-01"])
def test_given_a_trace_that_is_none_when_the_record_is_read_then_it_has_none(traceparent: bytes | None) -> None:
    headers: Any = [("ce_type", b"case.opened.v1"), ("traceparent", traceparent)]

    received = read_record(a_record(to_record(CASES, OPENED), headers=headers), TOPICS, Unknown.PARK)

    assert received is not None
    assert received.trace == ""


def test_given_a_type_of_a_newer_replica_when_the_policy_is_to_skip_then_nothing_is_read() -> None:
    record = a_record(to_record(CASES, OPENED), headers=[("ce_type", b"case.merged.v1")])

    assert read_record(record, TOPICS, Unknown.SKIP) is None


def test_given_a_type_of_a_newer_replica_when_the_envelope_is_wanted_then_the_present_is_read() -> None:
    value = OPENED.model_dump_json().replace("case.opened.v1", "case.merged.v1").encode()
    record = a_record(to_record(CASES, OPENED), value=value, headers=[("ce_type", b"case.merged.v1")])

    received = read_record(record, TOPICS, Unknown.ENVELOPE)

    assert received is not None
    assert isinstance(received.event, UnknownCaseEvent)
    assert (received.event.kind, received.event.case) == ("case.merged.v1", OPENED.case)


def test_given_a_redriven_record_when_it_is_read_then_it_counts_as_its_origins() -> None:
    outgoing = to_record(CASES, OPENED)
    headers = [*outgoing.headers("routing"), ("dead_letter_topic", b"cases")]

    received = read_record(a_record(outgoing, topic="ntbcare.reporting.redrive", headers=headers), TOPICS, Unknown.PARK)

    assert received is not None
    assert received.topic is CASES
