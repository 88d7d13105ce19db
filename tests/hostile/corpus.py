"""One good record of every event type and every kind of directory entry: what mutations start from."""

import json
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, Final
from uuid import UUID

from services.routing.seeds import seed_entries
from shared.events.directory import (
    Absence,
    Client,
    ClientRole,
    DirectoryRecorded,
    Door,
    Entry,
    Label,
    Officer,
    Template,
)
from shared.ids import draw_ticket, named_id
from shared.records import directory_record
from shared.topics import CASES, COMPLAINTS, DIRECTORY, EVENT_TOPICS, NOTICES, PERSONAL, WORDS, Topic

AT: Final = "2026-11-24T08:00:00Z"
MARK: Final = "Maryam Rahasia"
"""Stands in all that is personal, so that it can be looked for where it must not be."""
KINDS: Final = tuple(kind for topic in EVENT_TOPICS for kind in topic.types)
Header = tuple[str, bytes | None]


@dataclass(frozen=True)
class Wire:
    """A record as a producer hands it over."""

    topic: Topic
    kind: str
    key: bytes | None
    value: bytes | None
    headers: tuple[Header, ...]

    def with_body(self, body: Any) -> "Wire":
        """With lone surrogates, NaN and numbers of any length, where the body has such."""
        return replace(self, value=json.dumps(body).encode())


CASE: Final[dict[str, Any]] = {
    "status": "assigned",
    "category": "road.damage",
    "region": "52.03.07",
    "cell": "-08.66,116.52",
    "agency": "PUPR-52.03",
    "urgency": "important",
    "has_contact": True,
    "received_at": AT,
    "promises": [
        {"kind": "response", "started_at": AT, "due_at": "2026-11-25T08:00:00Z"},
        {"kind": "resolution", "started_at": AT, "due_at": "2026-12-25T08:00:00Z", "pauses": [{"started_at": AT}]},
    ],
    "holdings": [{"agency": "PUPR-52.03", "since": AT}],
    "budget": {"year": 2027, "line": "Pemeliharaan jalan"},
}
OF_COMPLAINTS: Final[dict[str, dict[str, Any]]] = {
    "complaint.submitted.v1": {
        "digest": "d" * 64,
        "part": "s-1",
        "category": "road.damage",
        "region": "52.03.07",
        "cell": "-08.66,116.52",
        "answers": {"road_class": "regency"},
        "has_contact": True,
        "received_at": AT,
        "photos": 1,
    },
    "complaint.supplemented.v1": {"part": "f-1"},
    "question.answered.v1": {"part": "f-2"},
    "resolution.confirmed.v1": {"rating": 5, "part": "f-3"},
    "resolution.disputed.v1": {"part": "f-4"},
    "complaint.withdrawn.v1": {"part": "f-5"},
    "contact.changed.v1": {"part": "f-6", "has_contact": True},
    "processing.restricted.v1": {"restricted": True},
    "erasure.requested.v1": {},
    "complaint.erased.v1": {"reason": "asked"},
    "complaint.supported.v1": {},
}
OF_CASES: Final[dict[str, dict[str, Any]]] = {
    "case.opened.v1": {},
    "case.triaged.v1": {"reason": "no_rule", "rule": "road", "coordinator": "BIRO-ORGANISASI"},
    "case.assigned.v1": {"agency": "PUPR-52.03", "rule": "road"},
    "case.officer_assigned.v1": {"officer": "ani"},
    "case.accepted.v1": {},
    "case.returned.v1": {"reason": "not_our_task", "suggested": "PUPR-PERKIM"},
    "case.forwarded.v1": {"agency": "PUPR-PERKIM"},
    "case.reclassified.v1": {"from_category": "other", "from_urgency": "ordinary", "moved": ["resolution"]},
    "case.restricted.v1": {},
    "case.processing_restricted.v1": {"reason": "asked"},
    "case.progressed.v1": {},
    "case.information_requested.v1": {},
    "case.resumed.v1": {},
    "case.resolved.v1": {"photos": ["a" * 32]},
    "case.reopened.v1": {"reason": "disputed"},
    "case.closed.v1": {"reason": "confirmed", "rating": 4},
    "case.rejected.v1": {"reason": "in_court"},
    "case.withdrawn.v1": {},
    "case.published.v1": {"photos": ["b" * 32]},
    "case.unpublished.v1": {},
    "case.linked.v1": {"linked_to": "NTB-C833-HX1X-7X7V-TM", "similarity": 0.9},
    "case.concluded.v1": {"linked_to": "NTB-C833-HX1X-7X7V-TM", "outcome": "resolved", "cause": str(UUID(int=8))},
    "case.unlinked.v1": {"linked_to": "NTB-C833-HX1X-7X7V-TM"},
    "case.split.v1": {"parts": []},
    "follow_up.refused.v1": {"follow_up": "dispute", "cause": str(UUID(int=9)), "allowed": ["supplement"]},
    "promise.breached.v1": {"promise": "response", "due_at": AT, "holder": "PUPR-52.03"},
    "case.escalated.v1": {"promise": "response", "step": 1, "level": "agency_head", "holder": "PUPR-52.03"},
}
OF_NOTICES: Final[dict[str, dict[str, Any]]] = {
    "notice.sent.v1": {"attempts": 1},
    "notice.delivered.v1": {"attempts": 1},
    "notice.failed.v1": {"attempts": 3, "reason": "550"},
    "notice.suppressed.v1": {"reason": "old"},
}
_NOTICE: Final = {"cause": str(UUID(int=5)), "kind": "received", "recipient": "reporter", "channel": "email"}
_PERSON: Final[dict[str, Any]] = {
    "text": f"Jalan rusak di depan rumah {MARK}",
    "name": MARK,
    "phone": "+6281234567890",
    "latitude": -8.65,
    "longitude": 116.53,
    "address": f"Jl. {MARK} 7, Selong",
    "photos": ["a" * 32],
    "subject": {"name": MARK, "email": "maryam@rahasia.example"},
    "source": MARK,
}
_SEQUENCES: Final = {kind: sequence for sequence, kind in enumerate(OF_CASES, start=1)}
_MADE_UP: Final[tuple[Entry, ...]] = (
    Officer(
        id="ani",
        name="Ani",
        agency="PUPR-52.03",
        email="ani@dinas.example",
        absences=(Absence.model_validate({"absent_from": "2026-01-01", "absent_before": "2026-01-05"}),),
    ),
    Template(id="receipt", name=Label(id="Terima", en="Receipt"), text=Label(id="Kami terima.", en="Received.")),
    Client.model_validate(
        {"id": "post", "name": "Post", "role": ClientRole.OPERATOR, "token_digest": "0" * 64, "issued_at": AT}
    ),
    Door(),
)


def a_ticket(number: int, seed: int = 0) -> str:
    return draw_ticket(b"hostile", str(seed), named_id(number))


def a_good(kind: str, ticket: str, number: int = 0) -> Wire:
    """A record of the type. Case events are one case's, of sequence 1 and up; `number` chooses among entries."""
    if kind in OF_COMPLAINTS:
        # As intake has it: who supports two complaints is somebody else for each.
        own = {"supporter": str(named_id("support", ticket))} if kind == "complaint.supported.v1" else {}
        return _event(COMPLAINTS, ticket, kind, OF_COMPLAINTS[kind] | own)
    if kind in OF_CASES:
        return _step(ticket, kind)
    if kind in OF_NOTICES:
        return _event(NOTICES, ticket, kind, _NOTICE | OF_NOTICES[kind])
    if kind in PERSONAL.types:
        return a_part(ticket)
    return _words(ticket) if kind in WORDS.types else _entries()[number % len(_entries())]


def a_submission(ticket: str) -> Wire:
    return _event(COMPLAINTS, ticket, "complaint.submitted.v1", OF_COMPLAINTS["complaint.submitted.v1"])


def a_part(ticket: str, part: str = "s-1", **fields: Any) -> Wire:
    return _event(PERSONAL, ticket, "personal.recorded.v1", _PERSON | {"part": part} | fields, key=f"{ticket}:{part}")


def _step(ticket: str, kind: str) -> Wire:
    fields, sequence = OF_CASES[kind], _SEQUENCES[kind]
    case = CASE | ({"linked_to": fields["linked_to"]} if kind == "case.linked.v1" else {})
    common = {"case_id": ticket, "sequence": sequence, "actor": "officer", "actor_agency": "PUPR-52.03", "case": case}
    return _event(CASES, ticket, kind, common | fields)


def _words(ticket: str) -> Wire:
    kind = "words.recorded.v1"
    fields = {"kind": "progress", "text": f"Kami temui {MARK}"}
    return _event(WORDS, ticket, kind, fields, key=f"{ticket}:{named_id(ticket, kind)}")


def _event(topic: Topic, ticket: str, kind: str, fields: dict[str, Any], key: str | None = None) -> Wire:
    body = {"type": kind, "event_id": str(named_id(ticket, kind)), "ticket": ticket, "occurred_at": AT} | fields
    return Wire(topic, kind, (key or ticket).encode(), json.dumps(body).encode(), _headers(kind))


def _headers(kind: str) -> tuple[Header, ...]:
    return (
        ("ce_id", str(UUID(int=3)).encode()),
        ("ce_type", kind.encode()),
        ("ce_source", b"/ntbcare/hostile"),
        ("ce_time", AT.encode()),
        ("ce_specversion", b"1.0"),
        ("content-type", b"application/json"),
        ("traceparent", b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
    )


@cache
def _entries() -> list[Wire]:
    """Of every kind some; those that the platform has itself are the ones that hurt."""
    seeds = [*seed_entries(range(2026, 2028)), *_MADE_UP]
    chosen = {kind: [one for one in seeds if one.kind == kind][:12] for kind in dict.fromkeys(s.kind for s in seeds)}
    records = [
        directory_record(DirectoryRecorded.model_validate({"revision": 1, "recorded_at": AT, "entry": entry}))
        for entries in chosen.values()
        for entry in entries
    ]
    return [
        Wire(DIRECTORY, one.type, one.key.encode(), one.value, _headers("directory.recorded.v1")) for one in records
    ]
