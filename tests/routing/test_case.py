from contextlib import nullcontext
from datetime import UTC, datetime, timedelta

import pytest

from services.routing.domain.agency import Accept, Delegate, Forward, Progress, PutOnBudget, Resolve, Return, Split
from services.routing.domain.case import act, act_on_part, check_link
from services.routing.domain.coordination import Assign, Decide, Link, Override, Reclassify, Reject, Unlink, Uphold
from services.routing.domain.deeds import Ask, Deed, DeedFaulty, Note
from services.routing.domain.draft import Actor, Case
from services.routing.domain.follow_ups import follow
from services.routing.domain.publication import Publish, Restrict, check_photos
from services.routing.domain.table import ActionRefused
from shared.events.case import PromiseKind, Role, Status
from shared.events.cases import (
    CaseAssigned,
    CaseClosed,
    CaseOfficerAssigned,
    CaseOpened,
    CaseReclassified,
    CaseReturned,
    CaseTriaged,
    CaseUnpublished,
)
from shared.events.complaints import ContactChanged, FollowUp, QuestionAnswered, ResolutionConfirmed, ResolutionDisputed
from shared.events.envelope import CaseEnvelope
from shared.events.reasons import RejectionReason, ReturnReason, TriageReason
from shared.events.words import WordsKind, WordsRecorded
from shared.ids import named_id
from shared.wita import WITA
from tests.routing.examples import (
    AT,
    SETDA,
    TICKET,
    a_complaint,
    a_ticket,
    an_accepted_case,
    an_assigned_case,
    an_opening,
    by,
    done,
    standing,
    the_rulebook,
)

KINDS = set(PromiseKind)
HOUR = timedelta(hours=1)


def test_given_a_complaint_that_a_rule_claims_when_it_is_opened_then_it_is_received_and_assigned() -> None:
    opened, assigned = an_opening().events

    assert isinstance(opened, CaseOpened)
    assert isinstance(assigned, CaseAssigned)
    assert (opened.sequence, opened.case.status, opened.case.agency) == (1, Status.RECEIVED, None)
    assert (assigned.sequence, assigned.case.status, assigned.case.agency) == (2, Status.ASSIGNED, "PUPR-52.03")
    assert assigned.rule == "road-regency"


def test_given_a_complaint_that_no_rule_claims_when_it_is_opened_then_a_coordinator_must_decide() -> None:
    opened, triaged = an_opening(category="other", answers={}).events

    assert isinstance(opened, CaseOpened)
    assert isinstance(triaged, CaseTriaged)
    assert (triaged.case.status, triaged.coordinator) == (Status.IN_TRIAGE, "BIRO-ORGANISASI")
    assert {promise.kind for promise in triaged.case.promises} == {PromiseKind.RESPONSE, PromiseKind.VERIFICATION}


def test_given_one_complaint_when_it_is_opened_twice_then_the_events_have_the_same_ids() -> None:
    first, again = an_opening(), an_opening()

    assert [event.event_id for event in first.events] == [event.event_id for event in again.events]
    assert len({event.event_id for event in first.events}) == len(first.events)


def test_given_an_important_complaint_when_it_is_assigned_then_all_four_clocks_say_when() -> None:
    promises = {promise.kind: promise for promise in an_assigned_case().snapshot.promises}

    assert promises[PromiseKind.RESPONSE].due_at == AT + timedelta(hours=24)
    assert promises[PromiseKind.VERIFICATION].due_at == datetime(2026, 11, 27, 16, tzinfo=WITA)
    assert promises[PromiseKind.FIRST_FOLLOW_UP].due_at == datetime(2026, 12, 1, 16, tzinfo=WITA)
    # 60 working days after 24 November 2026: 4 in November, 21 in December, 19 in January, 16 in February.
    assert promises[PromiseKind.RESOLUTION].due_at == datetime(2027, 2, 23, 16, tzinfo=WITA)
    assert promises[PromiseKind.VERIFICATION].met_at == AT
    assert {kind for kind, promise in promises.items() if promise.met_at} == {PromiseKind.VERIFICATION}


@pytest.mark.parametrize(("category", "hours"), [("water.drought", 1), ("env.waste", 24), ("road.light", 48)])
def test_given_an_urgency_when_a_case_is_opened_then_a_person_responds_in_time(category: str, hours: int) -> None:
    response = an_opening(category=category, answers={}).case.snapshot.promise(PromiseKind.RESPONSE)

    assert response is not None
    assert response.due_at - response.started_at == timedelta(hours=hours)


def test_given_a_paper_of_long_ago_when_it_is_entered_then_its_clocks_ran_then() -> None:
    received_at = datetime(2021, 3, 1, 2, 0, tzinfo=UTC)

    snapshot = an_opening(received_at=received_at, historical=True).case.snapshot

    assert snapshot.historical
    assert {promise.started_at for promise in snapshot.promises} == {received_at}


def kinds(case: Case) -> set[PromiseKind]:
    return {promise.kind for promise in case.snapshot.promises if promise.met_at is not None}


def in_triage() -> Case:
    return an_opening(category="other", answers={}).case


def returned(agency: str | None = None) -> Return:
    return Return(reason=ReturnReason.NOT_OUR_TASK, agency=agency, text="Jalan nasional")


@pytest.mark.parametrize(
    ("deed", "status", "met"),
    [
        (Accept(), Status.ACCEPTED, set[PromiseKind]()),
        (Accept(text="Kami periksa besok"), Status.ACCEPTED, {PromiseKind.RESPONSE}),
        (Progress(text="Alat di lokasi"), Status.IN_PROGRESS, {PromiseKind.RESPONSE, PromiseKind.FIRST_FOLLOW_UP}),
        (Ask(text="Di sisi mana?"), Status.AWAITING_REPORTER, {PromiseKind.RESPONSE, PromiseKind.FIRST_FOLLOW_UP}),
        (Resolve(text="Sudah ditambal"), Status.RESOLVED, KINDS - {PromiseKind.VERIFICATION}),
    ],
)
def test_given_an_assigned_case_when_its_agency_acts_then_state_and_promises_follow(
    deed: Deed, status: Status, met: set[PromiseKind]
) -> None:
    change = act(an_assigned_case(), deed, by(at=AT + 3 * HOUR), the_rulebook())

    assert change.case.snapshot.status is status
    assert kinds(change.case) == met | {PromiseKind.VERIFICATION}
    event = change.events[-1]
    assert isinstance(event, CaseEnvelope)
    assert (event.sequence, event.case) == (3, change.case.snapshot)


def test_given_words_when_an_agency_acts_then_the_event_names_them_and_holds_none() -> None:
    change = act(an_assigned_case(), Progress(text="Alat sudah di lokasi"), by(), the_rulebook())

    words, event = change.events
    assert isinstance(words, WordsRecorded)
    assert isinstance(event, CaseEnvelope)
    assert event.words == words.key == f"{event.ticket}:{event.event_id}"
    assert "Alat" not in event.model_dump_json()
    assert change.texts == {str(event.event_id): "Alat sudah di lokasi"}


def test_given_an_action_when_it_is_done_then_the_history_says_who_did_it_and_the_event_only_in_which_role() -> None:
    change = act(an_assigned_case(), Accept(), by(), the_rulebook())

    (line,), (event,) = change.history, change.events
    assert (line.actor, line.role, line.agency, line.sequence) == ("ani", Role.OFFICER, "PUPR-52.03", 3)
    assert "ani" not in event.model_dump_json()


def test_given_a_met_promise_when_more_is_done_then_it_stays_as_it_was() -> None:
    case = done(an_assigned_case(), Progress(text="Mulai"), at=AT + HOUR).case

    later = done(case, Progress(text="Lanjut"), at=AT + 9 * HOUR).case

    response = later.snapshot.promise(PromiseKind.RESPONSE)
    assert response is not None
    assert response.met_at == AT + HOUR


def test_given_a_return_with_the_right_agency_when_it_is_known_then_that_one_gets_it_and_no_clock_restarts() -> None:
    before = an_assigned_case()

    change = done(before, returned("PUPR-PERKIM"), at=AT + HOUR)

    assert [type(event) for event in change.events] == [WordsRecorded, CaseReturned, CaseAssigned]
    after = change.case.snapshot
    assert (after.status, after.agency, after.returns) == (Status.ASSIGNED, "PUPR-PERKIM", 1)
    assert after.promises == before.snapshot.promises
    assert [(holding.agency, holding.since, holding.until) for holding in after.holdings] == [
        ("PUPR-52.03", AT, AT + HOUR),
        ("PUPR-PERKIM", AT + HOUR, None),
    ]


def test_given_a_return_that_names_nobody_when_it_is_made_then_a_coordinator_decides() -> None:
    change = done(an_assigned_case(), returned())

    triaged = change.events[-1]
    assert isinstance(triaged, CaseTriaged)
    assert (triaged.reason, triaged.coordinator) == (TriageReason.RETURNED, "BIRO-ORGANISASI")
    assert change.case.snapshot.holdings[-1].agency == "BIRO-ORGANISASI"


def test_given_two_returns_when_a_third_comes_then_a_coordinators_decision_binds() -> None:
    case = an_assigned_case()
    for agency, right in (("PUPR-52.03", "PUPR-PERKIM"), ("PUPR-PERKIM", "BPJN"), ("BPJN", "PUPR-52.03")):
        change = done(case, returned(right), actor=Actor(Role.OFFICER, "x", agency))
        case = change.case
    triaged = change.events[-1]
    assert isinstance(triaged, CaseTriaged)
    assert triaged.reason is TriageReason.RETURNED_THRICE
    with pytest.raises(ActionRefused):
        done(case, Assign(agency="BPJN"), actor=SETDA)

    decided = done(case, Decide(agency="BPJN", text="Jalan nasional"), actor=SETDA).case

    assert (decided.snapshot.agency, decided.snapshot.bound) == ("BPJN", True)
    with pytest.raises(ActionRefused) as refused:
        done(decided, returned(), actor=Actor(Role.OFFICER, "x", "BPJN"))
    assert "binds" in refused.value.why


@pytest.mark.parametrize(
    ("deed", "field"),
    [
        (returned("PUPR-52.03"), "agency"),
        (returned("NOBODY"), "agency"),
        (returned("PERKIM"), "agency"),
        (returned("SEKDA"), "agency"),
        (Forward(agency="DIKPORA", text="x"), "agency"),
        (Delegate(officer="nobody"), "officer"),
        (PutOnBudget.model_validate({"budget": {"year": 2025, "line": "Jalan"}, "text": "x"}), "budget.year"),
        (Split(parts=()), "parts"),
        (Split.model_validate({"parts": [{"agency": "PUPR-52.03", "text": "x"}]}), "parts.0.agency"),
    ],
    ids=lambda value: value if isinstance(value, str) else type(value).__name__,
)
def test_given_a_deed_with_a_wrong_value_when_it_is_done_then_the_field_is_named(deed: Deed, field: str) -> None:
    with pytest.raises(DeedFaulty) as faulty:
        done(an_assigned_case(), deed)

    assert faulty.value.field == field


def test_given_a_complaint_about_a_body_when_it_is_to_get_the_case_then_it_never_does() -> None:
    case = an_opening(category="integrity.levy", about="PUPR-52.03", answers={}).case

    for deed in (Override(agency="PUPR-52.03", text="x"),):
        with pytest.raises(DeedFaulty) as faulty:
            done(case, deed, actor=SETDA)
        assert "complaint is about" in faulty.value.why


@pytest.mark.parametrize("office", ["SEKDA", "GUBERNUR"])
def test_given_an_office_that_is_told_of_broken_promises_when_it_is_to_get_the_case_then_it_never_does(
    office: str,
) -> None:
    case = an_accepted_case()

    with pytest.raises(DeedFaulty) as faulty:
        done(case, Override(agency=office, text="x"), actor=SETDA)

    assert (faulty.value.field, faulty.value.why) == ("agency", "is told of broken promises and is given no cases")


def test_given_a_body_outside_when_a_case_is_forwarded_then_it_has_it_with_the_clocks_that_run() -> None:
    case = an_accepted_case()

    change = done(case, Forward(agency="PLN", text="Tiang listrik"))

    assert (change.case.snapshot.status, change.case.snapshot.agency) == (Status.ASSIGNED, "PLN")
    dues = [promise.due_at for promise in case.snapshot.promises]
    assert [promise.due_at for promise in change.case.snapshot.promises] == dues


def test_given_an_absent_officer_when_a_case_is_for_them_then_the_stand_in_gets_it() -> None:
    change = done(an_accepted_case(), Delegate(officer="dedi"))

    event = change.events[-1]
    assert isinstance(event, CaseOfficerAssigned)
    assert (event.officer, event.stands_in_for) == ("ani", "dedi")


def test_given_a_case_on_the_budget_track_when_it_is_read_then_it_says_year_and_line() -> None:
    deed = PutOnBudget.model_validate({"budget": {"year": 2027, "line": "Peningkatan jalan"}, "text": "Tahun depan"})

    snapshot = done(an_accepted_case(), deed).case.snapshot

    assert snapshot.budget is not None
    assert (snapshot.status, snapshot.budget.year, snapshot.budget.line) == (
        Status.IN_PROGRESS,
        2027,
        "Peningkatan jalan",
    )


def test_given_a_split_case_when_a_part_is_open_then_the_whole_cannot_be_resolved() -> None:
    parts = {"parts": [{"agency": "PLN", "text": "Pindahkan tiang"}, {"agency": "PDAM-52.03", "text": "Pipa"}]}
    case = done(an_accepted_case(), Split.model_validate(parts)).case
    assert [part.case_id for part in case.snapshot.parts] == [f"{TICKET}.1", f"{TICKET}.2"]
    with pytest.raises(ActionRefused) as refused:
        done(case, Resolve(text="Selesai"))
    assert "parts" in refused.value.why

    for number, deed in ((1, Accept()), (1, Resolve(text="Dipindah")), (2, returned())):
        actor = Actor(Role.OFFICER, "x", "PLN")
        case = act_on_part(case, f"{TICKET}.{number}", deed, by(actor, case.sequence), the_rulebook()).case

    assert [part.status for part in case.snapshot.parts] == [Status.RESOLVED, Status.REJECTED]
    assert done(case, Resolve(text="Selesai")).case.snapshot.status is Status.RESOLVED


def test_given_a_note_when_it_is_written_then_nothing_leaves_the_desk() -> None:
    change = done(an_accepted_case(), Note(text="Pelapor sudah ditelepon"))

    assert change.events == ()
    assert change.case.sequence == an_accepted_case().sequence
    assert [line.type for line in change.history] == ["note"]
    assert list(change.texts.values()) == ["Pelapor sudah ditelepon"]


def test_given_a_rejection_when_it_is_made_then_open_clocks_end_and_the_reporter_was_answered() -> None:
    change = done(in_triage(), Reject(reason=RejectionReason.IN_COURT, text="Sedang di pengadilan"), actor=SETDA)

    promises = {promise.kind: promise for promise in change.case.snapshot.promises}
    assert (promises[PromiseKind.RESPONSE].met_at, promises[PromiseKind.VERIFICATION].met_at) == (AT, AT)
    assert not any(promise.is_open for promise in promises.values())


def test_given_a_linked_case_when_it_is_unlinked_then_it_goes_on_with_the_clocks_that_it_had() -> None:
    before = an_accepted_case()
    linked = done(before, Link(ticket=a_ticket(1)), actor=SETDA, at=AT + HOUR).case
    assert linked.snapshot.status is Status.CLOSED
    assert not any(promise.is_open for promise in linked.snapshot.promises)

    after = done(linked, Unlink(), actor=SETDA, at=AT + 2 * HOUR).case

    assert (after.snapshot.status, after.snapshot.linked_to) == (Status.ACCEPTED, None)
    assert after.snapshot.promises == before.snapshot.promises


@pytest.mark.parametrize(
    "to",
    [None, standing(linked_to=a_ticket(2)), standing(status=Status.REJECTED), standing(confidential=True)],
)
def test_given_a_case_that_cannot_go_on_when_another_is_linked_to_it_then_it_is_refused(to: Case | None) -> None:
    with pytest.raises(DeedFaulty):
        check_link(an_accepted_case(), to)


def test_given_two_confidential_cases_when_one_is_linked_to_the_other_then_it_may_be() -> None:
    check_link(standing(confidential=True), standing(confidential=True))


def test_given_another_category_when_a_case_is_reclassified_then_open_promises_count_from_their_own_start() -> None:
    case = an_accepted_case()

    change = done(case, Reclassify(category="road.light"), actor=SETDA, at=AT + 5 * HOUR)

    event = change.events[-1]
    assert isinstance(event, CaseReclassified)
    assert (event.from_category, event.moved) == ("road.damage", (PromiseKind.RESPONSE,))
    response = change.case.snapshot.promise(PromiseKind.RESPONSE)
    assert response is not None
    assert (response.started_at, response.due_at) == (AT, AT + 48 * HOUR)


def test_given_a_published_case_when_it_becomes_confidential_then_nothing_is_public_any_more() -> None:
    published = done(an_accepted_case(), Publish(text="Jalan rusak"), actor=SETDA)
    words = published.events[0]
    assert isinstance(words, WordsRecorded)
    assert (words.kind, published.case.snapshot.publication) == (WordsKind.PUBLICATION, words.key)

    change = done(published.case, Restrict(confidential=True), actor=SETDA)

    assert isinstance(change.events[-1], CaseUnpublished)
    assert change.erased == (str(words.event_id),)
    assert change.case.snapshot.publication is None


def test_given_nothing_to_switch_on_when_a_case_is_restricted_then_it_is_refused() -> None:
    with pytest.raises(DeedFaulty):
        done(standing(confidential=True), Restrict(confidential=True), actor=SETDA)


def an_answer(cls: type[ResolutionDisputed] | type[QuestionAnswered], at: datetime) -> FollowUp:
    return cls(event_id=named_id(cls.__name__, at), ticket=TICKET, occurred_at=at, part="f-1")


def test_given_a_question_when_it_is_answered_then_the_work_goes_on_where_it_stood() -> None:
    asked = done(an_accepted_case(), Ask(text="Di sisi mana?"), at=AT).case

    change = follow(asked, an_answer(QuestionAnswered, AT + 26 * HOUR), AT + 26 * HOUR, the_rulebook())

    assert change.case.snapshot.status is Status.ACCEPTED
    resolution = change.case.snapshot.promise(PromiseKind.RESOLUTION)
    assert resolution is not None
    # Asked on Tuesday, answered on Wednesday: two working days more than 23 February.
    assert resolution.due_at == datetime(2027, 2, 25, 16, tzinfo=WITA)


def test_given_a_dispute_when_the_coordinator_upholds_then_the_resolution_counts_from_when_it_was_made() -> None:
    resolved = done(an_accepted_case(), Resolve(text="Selesai"), at=AT + HOUR).case
    disputed = follow(resolved, an_answer(ResolutionDisputed, AT + 9 * HOUR), AT + 9 * HOUR, the_rulebook()).case
    assert (disputed.snapshot.status, disputed.snapshot.disputed) == (Status.IN_PROGRESS, True)
    assert disputed.snapshot.promise(PromiseKind.RESOLUTION).met_at is None  # type: ignore[union-attr]

    change = done(disputed, Uphold(text="Sudah benar"), actor=SETDA, at=AT + 30 * HOUR)

    closed = change.events[-1]
    assert isinstance(closed, CaseClosed)
    assert (closed.reason, closed.case.status) == ("upheld", Status.CLOSED)
    assert closed.case.promise(PromiseKind.RESOLUTION).met_at == AT + HOUR  # type: ignore[union-attr]


def test_given_a_dispute_when_the_coordinator_overrides_then_another_agency_has_it() -> None:
    resolved = done(an_accepted_case(), Resolve(text="Selesai")).case

    case = done(resolved, Override(agency="BPJN", text="Belum"), actor=SETDA, at=AT + HOUR).case

    assert (case.snapshot.status, case.snapshot.agency) == (Status.ASSIGNED, "BPJN")
    assert case.snapshot.promise(PromiseKind.RESOLUTION).is_open  # type: ignore[union-attr]
    assert case.snapshot.closes_at is None


def test_given_a_rejected_case_when_it_is_overridden_then_its_clocks_go_on() -> None:
    rejected = done(in_triage(), Reject(reason=RejectionReason.INCOMPLETE, text="x"), actor=SETDA).case

    case = done(rejected, Override(agency="BPJN", text="y"), actor=SETDA, at=AT + HOUR).case

    assert (case.snapshot.status, case.snapshot.agency) == (Status.ASSIGNED, "BPJN")
    assert {promise.kind for promise in case.snapshot.promises if promise.is_open} == {
        PromiseKind.FIRST_FOLLOW_UP,
        PromiseKind.RESOLUTION,
    }


def test_given_a_confirmation_when_it_comes_then_the_case_is_closed_with_its_rating() -> None:
    resolved = done(an_accepted_case(), Resolve(text="Selesai")).case
    confirmed = ResolutionConfirmed(event_id=named_id("c"), ticket=TICKET, occurred_at=AT, rating=4)

    event = follow(resolved, confirmed, AT, the_rulebook()).events[-1]

    assert isinstance(event, CaseClosed)
    assert (event.reason, event.rating) == ("confirmed", 4)


def test_given_another_contact_when_it_is_told_then_nothing_is_announced_and_the_case_knows_it() -> None:
    told = ContactChanged(event_id=named_id("c"), ticket=TICKET, occurred_at=AT, part="f-9", has_contact=False)

    change = follow(an_assigned_case(), told, AT, the_rulebook())

    assert (change.events, change.contact, change.case.snapshot.has_contact) == ((), "f-9", False)


def test_given_a_complaint_in_a_vanished_category_when_it_is_opened_then_nothing_is_lost() -> None:
    change = an_opening(category="road.flying")

    assert (change.case.ticket, change.case.sequence) == (a_complaint().ticket, 2)
    assert change.case.snapshot.status is Status.IN_TRIAGE


@pytest.mark.parametrize(
    ("photos", "is_refused"),
    [
        ((), False),
        (("a",), False),
        (("a", "b"), False),
        (("c",), True),
        (("a", "a-redacted"), True),
        (("a", "a"), True),
    ],
)
def test_given_photos_of_a_case_when_they_are_published_then_each_is_of_it_and_shown_once(
    photos: tuple[str, ...], *, is_refused: bool
) -> None:
    originals = {"a": "a", "a-redacted": "a", "b": "b"}

    with pytest.raises(DeedFaulty) if is_refused else nullcontext():
        check_photos(Publish(text="Jalan rusak", photos=photos), originals.get)
