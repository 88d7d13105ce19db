"""What becomes of a case when what is personal of it is erased, or may not be used."""

import pytest

from services.routing.domain.agency import Progress, Resolve
from services.routing.domain.case import act
from services.routing.domain.deeds import Note
from services.routing.domain.draft import Case, Change
from services.routing.domain.erasing import Written, erase
from services.routing.domain.follow_ups import follow
from services.routing.domain.publication import Publish
from services.routing.domain.table import ActionRefused
from shared.events.case import Status
from shared.events.cases import CaseProcessingRestricted, CaseUnpublished
from shared.events.complaints import ComplaintErased, ErasureReason, ErasureRequested, ProcessingRestricted
from shared.events.envelope import CaseEnvelope
from shared.ids import named_id
from tests.routing.examples import AT, PUPR, SETDA, TICKET, an_assigned_case, by, done, standing, the_rulebook


def an_erasure(reason: ErasureReason = ErasureReason.ASKED, number: int = 1) -> ComplaintErased:
    return ComplaintErased(event_id=named_id("erased", number), ticket=TICKET, occurred_at=AT, reason=reason)


def a_restriction(number: int, *, restricted: bool) -> ProcessingRestricted:
    return ProcessingRestricted(
        event_id=named_id("restriction", number), ticket=TICKET, occurred_at=AT, restricted=restricted
    )


def restricted(case: Case, *switches: str) -> Change:
    change = Change(case)
    for number, switch in enumerate(switches):
        event = a_restriction(number, restricted=switch == "on")
        change = change.then(follow(change.case, event, AT, the_rulebook()))
    return change


def kinds(change: Change) -> list[str]:
    return [event.kind for event in change.events if isinstance(event, CaseEnvelope)]


def test_given_words_of_officers_when_the_person_is_erased_then_all_of_them_go_and_the_case_stays_as_it_is() -> None:
    first = act(an_assigned_case(), Progress(text="Sudah kami telepon Ibu Siti"), by(PUPR, 1), the_rulebook())
    second = act(first.case, Note(text="Rumahnya di sebelah masjid"), by(PUPR, 2), the_rulebook())
    whole = first.then(second)

    change = erase(whole.case, an_erasure(), Written.of(whole.texts, whole.history), the_rulebook())

    assert set(change.erased) == set(whole.texts)
    assert len(change.erased) == 2
    assert change.case.snapshot == whole.case.snapshot
    assert change.events == ()
    assert [(line.type, (line.facts or {})["reason"]) for line in change.history] == [("complaint.erased.v1", "asked")]


def test_given_words_since_the_erasure_when_it_is_told_again_then_only_what_was_erased_is_erased_again() -> None:
    before = act(an_assigned_case(), Progress(text="Sudah kami telepon Ibu Siti"), by(PUPR, 1), the_rulebook())
    erasure = erase(before.case, an_erasure(), Written.of(before.texts, before.history), the_rulebook())
    since = act(erasure.case, Resolve(text="Sudah ditambal"), by(PUPR, 2), the_rulebook())
    history = [*before.history, *erasure.history, *since.history]

    again = erase(since.case, an_erasure(), Written.of(since.texts, history), the_rulebook())

    assert again.erased == tuple(before.texts)
    assert (again.case, again.history, again.events) == (since.case, (), ())


def test_given_something_public_when_the_person_is_erased_then_it_is_public_no_more() -> None:
    published = act(an_assigned_case(), Publish(text="Jalan rusak"), by(SETDA, 1), the_rulebook())

    retention = an_erasure(ErasureReason.RETENTION)
    change = erase(published.case, retention, Written.of(published.texts, published.history), the_rulebook())

    assert change.erased == tuple(published.texts)
    assert kinds(change) == ["case.unpublished.v1"]
    assert change.case.snapshot.publication is None


@pytest.mark.parametrize("status", Status)
def test_given_any_state_when_the_reporter_asks_for_erasure_then_it_is_written_down_and_nothing_else(
    status: Status,
) -> None:
    case = standing(status=status)
    asked = ErasureRequested(event_id=named_id("asked"), ticket=TICKET, occurred_at=AT)

    change = follow(case, asked, AT, the_rulebook())

    assert change.case.snapshot == case.snapshot
    assert change.events == ()
    assert [line.type for line in change.history] == ["erasure.requested.v1"]


def test_given_something_public_when_processing_is_restricted_then_it_is_taken_back_and_nothing_can_be_published() -> (
    None
):
    published = done(an_assigned_case(), Publish(text="Jalan rusak"), actor=SETDA)

    change = restricted(published.case, "on", "on")

    assert kinds(change) == ["case.processing_restricted.v1", "case.unpublished.v1"]
    assert [type(event) for event in change.events] == [CaseProcessingRestricted, CaseUnpublished]
    assert change.case.snapshot.processing_restricted
    assert change.erased == tuple(published.texts)
    with pytest.raises(ActionRefused) as refused:
        done(change.case, Publish(text="Jalan rusak"), actor=SETDA)
    assert refused.value.why == "the reporter restricted their data"


def test_given_a_restriction_when_it_is_taken_back_then_the_case_is_as_before_and_may_be_published() -> None:
    case = an_assigned_case()

    change = restricted(case, "on", "off")

    assert [event.reason for event in change.events if isinstance(event, CaseProcessingRestricted)] == [
        "asked",
        "taken_back",
    ]
    assert change.case.snapshot == case.snapshot
    assert done(change.case, Publish(text="Jalan rusak"), actor=SETDA).case.snapshot.publication
