"""Every event, reason and code has words in both languages."""

from enum import StrEnum
from typing import Any, get_args

import pytest

from services.reporting.domain.case import Step
from services.reporting.domain.narrator import Narrator
from services.reporting.domain.sentences import SENTENCES
from services.reporting.domain.terms import (
    DELIVERIES,
    FOLLOW_UPS,
    LEVELS,
    NOTICES,
    PROMISES,
    RECIPIENTS,
    REJECTION_REASONS,
    RETURN_REASONS,
    ROLES,
    STATUSES,
    TRIAGE_REASONS,
    URGENCIES,
    WRITINGS,
    Terms,
)
from shared.events.case import EscalationLevel, PromiseKind, Role, Status
from shared.events.cases import CaseEvent
from shared.events.complaints import FollowUp
from shared.events.event import Language, Urgency
from shared.events.notices import NoticeEvent, NoticeKind, Recipient
from shared.events.reasons import FollowUpKind, RejectionReason, ReturnReason, TriageReason
from shared.wita import in_full_words
from tests.reporting.escalated import DUE_AT, a_named_directory
from tests.reporting.samples import RECEIVED_AT, ticket


def a_told_step(kind: str, facts: dict[str, Any], **changes: Any) -> Step:
    same: dict[str, Any] = {
        "case_id": ticket(1),
        "at": RECEIVED_AT,
        "event_id": "e",
        "actor": "officer",
        "actor_agency": "PUPR-52.03",
        "agency": "PUPR-52.03",
        "status": "assigned",
        "words": None,
    }
    return Step(type=kind, facts=facts, **(same | changes))


def types_of(union: Any) -> set[str]:
    return {model.model_fields["type"].default for model in get_args(union)}


def test_given_all_types_of_events_when_sentences_are_looked_up_then_each_has_one() -> None:
    assert types_of(get_args(CaseEvent)[0]) <= set(SENTENCES)
    assert types_of(get_args(NoticeEvent)[0]) == set(DELIVERIES)
    without_words = {"processing.restricted.v1", "erasure.requested.v1"}
    assert types_of(FollowUp) - set(WRITINGS) == without_words


@pytest.mark.parametrize(
    ("codes", "terms"),
    [
        (Status, STATUSES),
        (Urgency, URGENCIES),
        (PromiseKind, PROMISES),
        (EscalationLevel, LEVELS),
        (Role, ROLES),
        (TriageReason, TRIAGE_REASONS),
        (ReturnReason, RETURN_REASONS),
        (RejectionReason, REJECTION_REASONS),
        (FollowUpKind, FOLLOW_UPS),
        (NoticeKind, NOTICES),
        (Recipient, RECIPIENTS),
    ],
)
def test_given_all_codes_when_terms_are_looked_up_then_each_has_one(codes: type[StrEnum], terms: Terms) -> None:
    assert set(codes) == set(terms)


@pytest.mark.parametrize(
    ("kind", "facts", "told"),
    [
        (
            "case.assigned.v1",
            {"agency": "PUPR-52.03", "rule": "coordinator"},
            "Aduan diteruskan kepada Dinas PUPR Kabupaten Lombok Timur. Dasarnya: keputusan koordinator.",
        ),
        (
            "case.returned.v1",
            {"reason": "not_our_task"},
            "Dinas PUPR Kabupaten Lombok Timur mengembalikan aduan, karena bukan tugas instansi tersebut.",
        ),
        (
            "case.returned.v1",
            {"reason": "other_region", "suggested": "PLN"},
            (
                "Dinas PUPR Kabupaten Lombok Timur mengembalikan aduan, karena wilayahnya berbeda. "
                "Instansi yang disarankan: PLN."
            ),
        ),
        (
            "case.reclassified.v1",
            {"from_category": "road.damage", "from_urgency": "urgent", "moved": ["response", "resolution"]},
            (
                "Kategori diubah; semula Jalan rusak, mendesak. "
                "Tenggat yang berubah: jawaban pertama kepada pelapor, penyelesaian."
            ),
        ),
        (
            "case.resolved.v1",
            {"photos": ["a", "b"]},
            "Dinas PUPR Kabupaten Lombok Timur menyatakan aduan selesai ditangani. Jumlah foto bukti: 2.",
        ),
        (
            "case.resolved.v1",
            {"photos": []},
            "Dinas PUPR Kabupaten Lombok Timur menyatakan aduan selesai ditangani.",
        ),
        (
            "case.closed.v1",
            {"reason": "confirmed", "rating": 2},
            "Pelapor membenarkan penyelesaian; aduan ditutup. Penilaian pelapor: 2 dari 5.",
        ),
        (
            "case.split.v1",
            {"parts": [f"{ticket(1)}.1", f"{ticket(1)}.2"]},
            "Dinas PUPR Kabupaten Lombok Timur membagi penanganan dengan instansi lain: bagian 1, 2.",
        ),
        (
            "follow_up.refused.v1",
            {"follow_up": "confirm", "cause": "c", "allowed": ["supplement"]},
            (
                "Permintaan pelapor (konfirmasi penyelesaian) tidak dapat diproses saat itu. "
                "Yang dapat dilakukan: tambahan keterangan."
            ),
        ),
        (
            "promise.breached.v1",
            {"promise": "resolution", "due_at": "2026-03-12T08:00:00Z"},
            "Tenggat penyelesaian dilanggar; batas waktunya Kamis, 12 Maret 2026 pukul 16.00 WITA.",
        ),
        ("case.merged.v1", {}, "Peristiwa lain: case.merged.v1."),
    ],
)
def test_given_a_step_when_it_is_told_then_its_facts_are_in_the_sentence(
    kind: str, facts: dict[str, Any], told: str
) -> None:
    narrator = Narrator(a_named_directory(), Language.INDONESIAN)

    assert narrator.tell(a_told_step(kind, facts)) == told


def test_given_names_with_braces_when_a_step_is_told_then_they_are_only_text() -> None:
    narrator = Narrator(a_named_directory(), Language.ENGLISH)

    told = narrator.tell(a_told_step("case.assigned.v1", {"agency": "{by}", "rule": "{0.x}"}))

    assert told == "The complaint was passed on to {by}. Decided by: the routing rule {0.x}."


def test_given_a_step_of_a_part_when_it_is_told_then_the_part_is_named() -> None:
    narrator = Narrator(a_named_directory(), Language.INDONESIAN)

    step = a_told_step("case.progressed.v1", {}, case_id=f"{ticket(1)}.2", actor_agency="PLN")

    assert narrator.tell(step) == "Bagian 2: PLN menyampaikan tindak lanjut."
    assert narrator.actor(step) == "petugas, PLN"


def test_given_a_moment_when_it_is_told_then_it_is_in_words_of_the_language() -> None:
    assert in_full_words(DUE_AT, Language.INDONESIAN) == "Kamis, 12 Maret 2026 pukul 16.00 WITA"
    assert in_full_words(DUE_AT, Language.ENGLISH) == "Thursday, 12 March 2026 at 16:00 WITA"
