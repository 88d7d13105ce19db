"""What the file for the Ombudsman says."""

from datetime import UTC, datetime
from typing import Any

import pytest

from services.reporting.domain.dossier import make_dossier
from services.reporting.domain.offers import broken_promises, offered_at
from services.reporting.domain.projection import Erased
from services.reporting.domain.promises import record_promise
from shared.events.case import EscalationLevel, Holding, Pause, Promise, Status, SubCase
from shared.events.cases import CaseResolved
from shared.events.complaints import ContactChanged, ResolutionDisputed
from shared.events.event import Language
from shared.events.notices import NoticeFailed, NoticeKind, Recipient
from shared.events.personal import PersonalRecorded
from shared.ids import named_id
from tests.reporting.escalated import (
    ACCEPTANCE,
    DUE_AT,
    NOW,
    OFFERED_AT,
    SUPPLEMENT,
    TEXT,
    a_dossier,
    a_named_directory,
    an_escalation,
    an_event,
    as_stored,
    follow_up_promise,
    resolution_promise,
    the_offer,
    until_the_governor,
    until_the_ombudsman,
)
from tests.reporting.samples import RECEIVED_AT, a_personal_part, hours, some_words, ticket


def test_given_a_case_at_the_governor_when_the_file_is_made_then_there_is_none_and_what_is_missing_is_known() -> None:
    stored = as_stored(*until_the_governor())

    dossier = make_dossier(stored, a_named_directory(), Language.INDONESIAN, NOW)

    assert dossier is None
    assert offered_at(stored) is None
    [broken] = broken_promises(stored)
    assert (broken.promise, broken.steps_taken, broken.level) == ("first_follow_up", 3, "governor")
    assert broken.next_step_at == OFFERED_AT


@pytest.mark.parametrize(
    "changes",
    [{"met_at": OFFERED_AT}, {"ended_at": OFFERED_AT}, {"pauses": (Pause(started_at=DUE_AT + hours(24)),)}],
)
def test_given_a_broken_promise_that_no_longer_waits_when_it_is_asked_then_no_step_follows(
    changes: dict[str, Any],
) -> None:
    promise = follow_up_promise(escalations=2, escalates_at=OFFERED_AT, **changes)
    stored = as_stored(an_escalation(8, 2, EscalationLevel.SEKDA, OFFERED_AT, promises=(promise,)))

    [broken] = broken_promises(stored)

    assert broken.next_step_at is None


def test_given_an_offer_when_the_file_is_made_then_it_tells_the_whole_case() -> None:
    dossier = a_dossier(*until_the_ombudsman())

    assert (dossier.ticket, dossier.offered_at, dossier.made_at) == (ticket(1), OFFERED_AT, NOW)
    assert dossier.category_name == "Jalan rusak"
    assert dossier.region_name == "Sepit, Keruak, Lombok Timur"
    assert dossier.agency_name == "Dinas PUPR Kabupaten Lombok Timur"
    assert [(writing.title, writing.text) for writing in dossier.writings] == [
        ("Isi aduan", TEXT),
        ("Tambahan keterangan", SUPPLEMENT),
    ]
    assert [(answer.question, answer.answer) for answer in dossier.answers] == [
        ("Jalan apakah ini?", "Jalan kabupaten")
    ]
    assert [line.sequence for line in dossier.history] == [1, 2, 3, 4, 5, 6, 7, 8]
    assert dossier.history[2].words == ACCEPTANCE
    assert dossier.history[7].told.startswith("Eskalasi langkah 4: karena tenggat tindak lanjut pertama dilanggar")
    assert [(notice.message, notice.recipient, notice.outcome) for notice in dossier.notices] == [
        ("aduan diteruskan", "pelapor", "terkirim")
    ]
    assert "Undang-Undang Nomor 37 Tahun 2008 tentang Ombudsman Republik Indonesia" in dossier.laws


def test_given_an_offer_when_the_file_is_made_in_english_then_all_names_and_sentences_are() -> None:
    dossier = a_dossier(*until_the_ombudsman(), language=Language.ENGLISH)

    assert (dossier.category_name, dossier.status_name) == ("Damaged road", "accepted by the agency")
    assert dossier.writings[0].title == "The complaint"
    assert dossier.answers[0].answer == "Road of the regency"
    assert dossier.promises[0].outcome_name == "broken: not met"
    assert dossier.history[1].told == (
        "The complaint was passed on to Public Works Agency, Lombok Timur. Decided by: the routing rule road-class."
    )
    assert dossier.laws[1] == "Law 25/2009 on public services"


def test_given_an_offer_when_the_case_is_resolved_later_then_the_file_is_still_there_and_says_how_late() -> None:
    met = follow_up_promise(met_at=DUE_AT + hours(24 * 20 + 3))
    resolved = an_event(CaseResolved, 9, NOW - hours(1), {}, status=Status.RESOLVED, promises=(met,))

    dossier = a_dossier(*until_the_ombudsman(), resolved)

    [promise] = dossier.promises
    assert (promise.outcome, promise.broken, promise.late_days, promise.late) == ("late", True, 20, "20 hari 3 jam")


def test_given_texts_that_were_erased_when_the_file_is_made_then_it_says_so() -> None:
    records = until_the_ombudsman()
    words = some_words(1, 3)

    dossier = a_dossier(*records, Erased("personal", f"{ticket(1)}:p1"), Erased("words", words.key))

    assert [(writing.text, writing.erased) for writing in dossier.writings] == [(None, True), (SUPPLEMENT, False)]
    assert [(line.words, line.words_erased) for line in dossier.history if line.sequence in {2, 3}] == [
        (None, False),
        (None, True),
    ]


def test_given_a_text_that_is_not_here_yet_when_the_file_is_made_then_it_is_not_called_erased() -> None:
    late = [record for record in until_the_ombudsman() if not isinstance(record, PersonalRecorded)]

    dossier = a_dossier(*late)

    assert (dossier.writings[0].text, dossier.writings[0].erased) == (None, False)


def test_given_a_dispute_a_new_contact_and_a_text_of_no_event_when_the_file_is_made_then_words_are_in_order() -> None:
    at = NOW - hours(2)
    dispute = ResolutionDisputed(event_id=named_id("dispute"), ticket=ticket(1), occurred_at=at, part="f-2")
    contact = ContactChanged(
        event_id=named_id("contact"), ticket=ticket(1), occurred_at=at, part="f-3", has_contact=True
    )
    texts = [a_personal_part(1, text, part) for part, text in (("f-2", "Belum."), ("f-3", ""), ("f-9", "Halo."))]

    dossier = a_dossier(dispute, contact, *texts, *until_the_ombudsman())

    assert [(writing.title, writing.at, writing.text) for writing in dossier.writings] == [
        ("Isi aduan", RECEIVED_AT, TEXT),
        ("Tambahan keterangan", RECEIVED_AT + hours(48), SUPPLEMENT),
        ("Sanggahan atas penyelesaian", at, "Belum."),
        ("Tulisan lain dari pelapor", None, "Halo."),
    ]


def test_given_hand_overs_and_parts_when_the_file_is_made_then_it_says_who_had_what_how_long() -> None:
    moved_at = RECEIVED_AT + hours(49)
    offer = the_offer(
        holdings=(
            Holding(agency="BIRO-ORGANISASI", since=RECEIVED_AT, until=moved_at),
            Holding(agency="PUPR-52.03", since=moved_at),
        ),
        parts=(SubCase(case_id=f"{ticket(1)}.1", agency="PLN", status=Status.ASSIGNED, since=NOW - hours(5)),),
    )

    dossier = a_dossier(*until_the_governor(), offer)

    assert [(holder.agency_name, holder.part, holder.until, holder.held) for holder in dossier.holders] == [
        ("BIRO-ORGANISASI", None, moved_at, "2 hari 1 jam"),
        ("Dinas PUPR Kabupaten Lombok Timur", None, None, "33 hari 23 jam"),
        ("PLN", "1", None, "5 jam"),
    ]


def test_given_a_message_that_failed_when_the_file_is_made_then_it_says_why() -> None:
    failed = NoticeFailed(
        event_id=named_id("failed"),
        ticket=ticket(1),
        occurred_at=NOW,
        cause=named_id(ticket(1), 2),
        kind=NoticeKind.NEW_CASE,
        recipient=Recipient.AGENCY,
        agency="PUPR-52.03",
        attempts=3,
        reason="550",
    )

    dossier = a_dossier(*until_the_ombudsman(), failed)

    notice = dossier.notices[-1]
    assert (notice.recipient, notice.outcome, notice.reason) == (
        "Dinas PUPR Kabupaten Lombok Timur",
        "gagal terkirim",
        "550",
    )


@pytest.mark.parametrize(
    ("promise", "outcome", "late"),
    [
        (follow_up_promise(), "broken", "28 hari 18 jam"),
        (follow_up_promise(breached_at=None, met_at=DUE_AT), "kept", None),
        (follow_up_promise(met_at=DUE_AT + hours(0.5)), "late", "kurang dari satu jam"),
        (follow_up_promise(ended_at=DUE_AT + hours(24)), "broken", "1 hari"),
        (follow_up_promise(breached_at=None, ended_at=DUE_AT), "ended", None),
        (resolution_promise(), "open", None),
        (resolution_promise(pauses=(Pause(started_at=NOW - hours(3)),)), "paused", None),
        # A late resolution was disputed: that it counted as done for a day is nobody's delay.
        (
            follow_up_promise(pauses=(Pause(started_at=DUE_AT, ended_at=DUE_AT + hours(24)),)),
            "broken",
            "27 hari 18 jam",
        ),
        # It broke while it was disputed; then the resolution, which was in time, was upheld.
        (follow_up_promise(met_at=DUE_AT - hours(1)), "kept", None),
    ],
)
def test_given_a_promise_when_it_is_told_then_outcome_and_lateness_fit(
    promise: Promise, outcome: str, late: str | None
) -> None:
    told = record_promise(promise, NOW, Language.INDONESIAN)

    assert (told.outcome, told.late, told.broken) == (outcome, late, late is not None)


def test_given_an_open_pause_after_the_breach_when_lateness_is_told_then_it_stands_still() -> None:
    promise = follow_up_promise(pauses=(Pause(started_at=DUE_AT + hours(48)),))

    early, late = (record_promise(promise, at, Language.ENGLISH) for at in (DUE_AT + hours(72), NOW))

    assert early.late == late.late == "2 days"
    assert late.pauses[0].ended_at is None
    assert late.started_at == datetime(2026, 3, 5, 2, 30, tzinfo=UTC)
