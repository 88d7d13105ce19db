"""What the reporter's page makes of what is stored."""

from typing import Any
from uuid import uuid4

import pytest

from services.reporting.pages.own_case import Awaited, show_own_case
from shared.events.case import PromiseKind, Status
from shared.events.cases import FollowUpRefused
from shared.events.complaints import ContactChanged
from shared.events.event import Language
from shared.events.reasons import FollowUpKind
from tests.reporting.escalated import as_stored
from tests.reporting.samples import (
    RECEIVED_AT,
    a_lifecycle,
    a_personal_part,
    a_promise,
    a_step,
    a_submission,
    a_supplement,
    hours,
    ticket,
)
from tests.reporting.speaking import a_speaker

SUPPLEMENT = a_supplement(1)
CAUSE = uuid4()


def a_contact(part: str, after: int) -> ContactChanged:
    at = RECEIVED_AT + hours(after)
    return ContactChanged(event_id=uuid4(), ticket=ticket(1), occurred_at=at, part=part, has_contact=True)


def a_refusal(sequence: int) -> FollowUpRefused:
    envelope = a_step(1, sequence).model_dump(exclude={"type"})
    return FollowUpRefused.model_validate(envelope | {"follow_up": FollowUpKind.ANSWER, "cause": CAUSE})


@pytest.mark.parametrize(
    ("records", "is_there"),
    [
        ([], False),
        ([SUPPLEMENT], False),
        ([a_personal_part(1, "Dalam", "f-1")], False),
        ([SUPPLEMENT, a_personal_part(1, "Dalam", "f-1")], True),
    ],
)
def test_given_a_supplement_when_the_page_waits_for_it_then_event_and_words_must_both_be_there(
    records: list[Any], *, is_there: bool
) -> None:
    awaited = Awaited("supplements", str(SUPPLEMENT.event_id), 4)

    assert awaited.is_there(as_stored(*a_lifecycle(1), *records)) is is_there


@pytest.mark.parametrize("form", ["answers", "confirmation", "dispute", "withdrawal"])
def test_given_what_changes_the_case_when_the_page_waits_for_it_then_a_newer_event_ends_the_wait(form: str) -> None:
    awaited = Awaited(form, str(CAUSE), 4)

    assert not awaited.is_there(None)
    assert not awaited.is_there(as_stored(*a_lifecycle(1)))
    assert awaited.is_there(as_stored(*a_lifecycle(1), a_step(1, 5)))


@pytest.mark.parametrize("form", ["answers", "supplements"])
def test_given_a_refusal_when_the_page_after_it_is_shown_then_it_says_so_and_a_refusal_of_something_else_does_not(
    form: str,
) -> None:
    stored = as_stored(*a_lifecycle(1), a_refusal(5))

    mine = show_own_case(stored, a_speaker(), Awaited(form, str(CAUSE), 4), csrf="")
    other = show_own_case(stored, a_speaker(), Awaited(form, str(uuid4()), 5), csrf="")

    assert mine.outcome is not None
    assert other.outcome is not None
    assert (mine.outcome.kind, other.outcome.kind) == ("refused", "under_way")
    assert Awaited(form, str(CAUSE), 4).is_there(stored)


def test_given_changed_contacts_when_the_form_is_filled_in_then_the_last_change_counts_in_any_order() -> None:
    changes = [a_contact("f-2", 9), a_contact("f-1", 3)]
    parts = [a_personal_part(1, "", "f-1", email="a@mail.example"), a_personal_part(1, "", "f-2", phone="+6281")]

    for records in ([*changes, *parts], [*reversed(parts), *reversed(changes)]):
        page = show_own_case(as_stored(*a_lifecycle(1), *records), a_speaker(), None, csrf="")
        assert page.forms["contact"].values == {"phone": "+6281", "language": "id"}


def test_given_a_broken_and_a_running_promise_when_the_page_is_shown_then_what_is_late_comes_first_with_its_rule() -> (
    None
):
    late = a_promise(PromiseKind.FIRST_FOLLOW_UP, 24)
    late = late.model_copy(update={"breached_at": late.due_at})
    running = a_promise(PromiseKind.RESOLUTION, 24 * 90)

    page = show_own_case(as_stored(a_step(1, 1, promises=(running, late))), a_speaker(), None, csrf="")

    assert page.now is not None
    assert page.now.following.tone == "late"
    assert page.now.rule == "5 hari kerja sejak diteruskan ke instansi"


@pytest.mark.parametrize("language", list(Language))
@pytest.mark.parametrize("status", list(Status))
def test_given_any_state_when_it_is_told_to_the_reporter_then_there_is_a_sentence_for_it(
    status: Status, language: Language
) -> None:
    stored = as_stored(a_submission(1), a_step(1, 1, status=status))

    page = show_own_case(stored, a_speaker(language), None, csrf="")

    assert page.state.endswith(".")
    assert "{" not in page.state
    assert page.forms.keys() >= {"contact", "no-contact"}
