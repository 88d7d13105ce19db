"""What Open311 tells of a case, from stored cases in memory."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.reporting.domain.georeport import (
    UPDATES,
    Span,
    Voice,
    state_of,
    statuses_of,
    to_request,
    to_update,
    window,
)
from services.reporting.domain.sentences import SENTENCES
from shared.events.case import PromiseKind, Status
from shared.events.event import Language
from tests.reporting.escalated import as_stored
from tests.reporting.samples import (
    RECEIVED_AT,
    a_directory,
    a_lifecycle,
    a_promise,
    a_step,
    hours,
    some_words,
    ticket,
)

ENGLISH = Voice(a_directory(), Language.ENGLISH)
NOW = datetime(2026, 4, 10, tzinfo=UTC)
CELL = "-8.60,116.10"


def told(*records: Any, voice: Voice = ENGLISH, extended: bool = False) -> dict[str, Any]:
    request = to_request(as_stored(*records), voice, extended=extended)
    assert request is not None
    return request


def test_given_a_resolved_case_when_told_then_it_has_all_fields_of_the_specification() -> None:
    promises = (a_promise(PromiseKind.RESOLUTION, 240),)
    records = [
        *a_lifecycle(1, cell=CELL),
        a_step(1, 5, "resolved", status=Status.RESOLVED, cell=CELL, promises=promises),
    ]

    request = told(*records)

    assert request == {
        "service_request_id": ticket(1),
        "status": "closed",
        "status_notes": "En PUPR-52.03 said that it is resolved. Sudah kami tambal",
        "service_name": "en road.damage",
        "service_code": "road.damage",
        "description": None,
        "agency_responsible": "en PUPR-52.03",
        "service_notice": None,
        "requested_datetime": RECEIVED_AT,
        "updated_datetime": RECEIVED_AT + hours(4),
        "expected_datetime": RECEIVED_AT + hours(240),
        "address": "Sepit, Keruak, Lombok Timur, Nusa Tenggara Barat",
        "address_id": "52.03.01.2001",
        "zipcode": None,
        "lat": -8.59,
        "long": 116.11,
        "media_url": None,
    }


def test_given_a_new_case_when_told_in_indonesian_then_names_and_sentences_are_indonesian() -> None:
    voice = Voice(a_directory(), Language.INDONESIAN)

    request = told(a_step(1, 1, "opened", status=Status.RECEIVED, agency=None, region=None), voice=voice)

    assert (request["status"], request["service_name"]) == ("open", "id road.damage")
    assert request["status_notes"] == "Aduan diterima dan tenggatnya mulai berjalan."
    assert [request[name] for name in ("agency_responsible", "address", "address_id", "lat", "long")] == [None] * 5
    assert request["expected_datetime"] is None


def test_given_a_confidential_case_when_told_then_there_is_nothing() -> None:
    stored = as_stored(*a_lifecycle(1, confidential=True))

    assert to_request(stored, ENGLISH) is None
    assert [to_update(stored, sequence, ENGLISH) for sequence in range(1, 5)] == [None] * 4


def test_given_a_sensitive_category_when_told_then_the_place_is_a_regency_without_a_point() -> None:
    records = a_lifecycle(1, category="social.violence", cell=CELL)

    request = told(*records)

    assert (request["address"], request["address_id"]) == ("Lombok Timur, Nusa Tenggara Barat", "52.03")
    assert (request["lat"], request["long"]) == (None, None)


def test_given_words_of_a_resolution_when_told_then_only_progress_and_publications_are_public() -> None:
    secret, public = some_words(1, 4, "Hanya untuk pelapor"), some_words(1, 5, "Jalan berlubang di Sepit")
    status = {"status": Status.RESOLVED}
    records = [
        *a_lifecycle(1)[:-2],
        secret,
        a_step(1, 4, "resolved", words=secret.key, **status),
        public,
        a_step(1, 5, "case.published.v1", words=public.key, publication=public.key, **status),
    ]

    request = told(*records, extended=True)

    assert request["description"] == "Jalan berlubang di Sepit"
    assert "Hanya untuk pelapor" not in str(request)
    assert request["notes"][-1]["description"] == "A summary was published. Jalan berlubang di Sepit"


def test_given_a_publication_that_was_taken_back_when_told_then_the_description_is_gone() -> None:
    public = some_words(1, 2, "Jalan berlubang di Sepit")
    records = [
        a_step(1, 1),
        public,
        a_step(1, 2, "case.published.v1", words=public.key, publication=public.key),
        a_step(1, 3, "case.unpublished.v1"),
    ]

    request = told(*records)

    assert request["description"] is None
    assert "berlubang" not in str(request)


def test_given_a_case_that_was_closed_and_reopened_when_closed_again_then_that_is_when_it_was_updated() -> None:
    closed = {"status": Status.CLOSED}
    records = [
        a_step(1, 1),
        a_step(1, 2, "resolved", status=Status.RESOLVED),
        a_step(1, 3, "case.reopened.v1", status=Status.IN_PROGRESS),
        a_step(1, 4, "resolved", status=Status.RESOLVED),
        a_step(1, 5, "case.closed.v1", **closed),
        a_step(1, 6, "case.published.v1", **closed),
    ]

    request, reopened = told(*records), told(*records[:3])

    assert request["updated_datetime"] == RECEIVED_AT + hours(4)
    assert (reopened["status"], reopened["updated_datetime"]) == ("open", RECEIVED_AT + hours(3))


def test_given_extensions_when_told_then_the_state_is_told_finely_and_every_step_is_a_note() -> None:
    records = a_lifecycle(1)

    request = told(*records, extended=True)

    assert request["extended_attributes"] == {
        "status": "resolved",
        "status_name": "resolved",
        "urgency": "important",
        "agency": "PUPR-52.03",
        "historical": False,
        "sequence": 4,
        "last_event_datetime": RECEIVED_AT + hours(4),
    }
    assert [note["type"] for note in request["notes"]] == [
        "case.opened.v1",
        "case.assigned.v1",
        "case.progressed.v1",
        "case.resolved.v1",
    ]


def test_given_progress_when_told_as_an_update_then_it_has_its_words() -> None:
    stored = as_stored(*a_lifecycle(1))

    update = to_update(stored, 3, ENGLISH, extended=True)

    assert update == {
        "update_id": f"{ticket(1)}-3",
        "service_request_id": ticket(1),
        "status": "open",
        "description": "En PUPR-52.03 told of progress. Sudah kami tambal",
        "updated_datetime": RECEIVED_AT + hours(3),
        "media_url": None,
        "external_status_code": "in_progress",
    }


def test_given_a_step_inside_an_office_when_told_as_an_update_then_there_is_nothing() -> None:
    stored = as_stored(a_step(1, 1), a_step(1, 2, "case.officer_assigned.v1"))

    assert to_update(stored, 2, ENGLISH) is None
    assert to_update(stored, 9, ENGLISH) is None


def test_given_all_steps_when_compared_with_the_sentences_then_each_update_can_be_told() -> None:
    assert set(UPDATES) <= set(SENTENCES)


@pytest.mark.parametrize("status", list(Status))
def test_given_a_status_when_it_is_open_or_closed_then_a_search_for_that_state_finds_it(status: Status) -> None:
    state = state_of(status)

    assert status in statuses_of([state])
    assert status in statuses_of(["open", "closed"])
    assert state == ("closed" if status in {"resolved", "closed", "rejected", "withdrawn"} else "open")


def test_given_no_state_of_ours_when_searched_for_then_it_is_refused() -> None:
    with pytest.raises(KeyError):
        statuses_of(["completed"])


@pytest.mark.parametrize(
    ("start", "end", "span"),
    [
        (None, None, Span(NOW - timedelta(days=90), None)),
        (None, NOW - timedelta(days=9), Span(NOW - timedelta(days=99), NOW - timedelta(days=9))),
        (NOW - timedelta(days=200), None, Span(NOW - timedelta(days=200), NOW - timedelta(days=110))),
        (NOW - timedelta(days=90), NOW, Span(NOW - timedelta(days=90), NOW)),
        (NOW, NOW, Span(NOW, NOW)),
    ],
)
def test_given_dates_when_a_window_is_made_then_it_is_at_most_90_days(
    start: datetime | None, end: datetime | None, span: Span
) -> None:
    assert window(start, end, NOW) == span


@pytest.mark.parametrize(
    ("start", "words"), [(NOW + timedelta(days=1), "is after"), (NOW - timedelta(days=91), "more than 90 days")]
)
def test_given_a_window_that_cannot_be_when_asked_for_then_it_says_why(start: datetime, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        window(start, NOW, NOW)
